// SPDX-License-Identifier: BSD-2-Clause
// Cgroup ids to paths: by file handle, which costs a few microseconds whatever the size of the tree, or by
// walking the tree where handles are refused. Either way once for each id, as a cgroup2 directory is never
// renamed.
#include "system/cgroup.h"

#include "system/cgroup_tree.h"
#include "system/clock.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <utility>

namespace corescope {

constexpr uint64_t kRetryNs = 1'000'000'000;

CgroupResolver::CgroupResolver(size_t limit) : mount_(cgroup2_mount()), limit_(std::max<size_t>(limit, 1))
{
	if (!mount_.empty())
		mount_fd_ = open(mount_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

CgroupResolver::~CgroupResolver()
{
	if (mount_fd_ >= 0)
		close(mount_fd_);
}

CgroupResolver::Entry& CgroupResolver::remember(uint64_t id, Entry&& entry)
{
	if (young_.size() >= limit_) {
		std::swap(old_, young_);
		young_.clear();
	}
	return young_.insert_or_assign(id, std::move(entry)).first->second;
}

const Attribution* CgroupResolver::lookup(uint64_t id)
{
	Entry* entry = nullptr;
	if (const auto young = young_.find(id); young != young_.end()) {
		entry = &young->second;
	} else if (const auto old = old_.find(id); old != old_.end()) {
		Entry used = std::move(old->second);
		old_.erase(old);
		entry = &remember(id, std::move(used));
	}
	if (entry && entry->absent_since_ns == 0)
		return &entry->attribution;
	if (!available() || id == 0)
		return nullptr;
	const uint64_t now = monotonic_ns();
	if (entry && now - entry->absent_since_ns < kRetryNs)
		return nullptr;

	std::string path;
	Answer answer = resolve(id, path);
	if (answer != Answer::kFound && source_) {
		path = source_(id);
		answer = path.empty() ? answer : Answer::kFound;
	}
	switch (answer) {
	case Answer::kFound: return &remember(id, {attribute(path), 0}).attribution;
	case Answer::kAbsent: remember(id, {{}, now}); return nullptr;
	case Answer::kUnknown: break;
	}
	return nullptr;
}

CgroupResolver::Answer CgroupResolver::resolve(uint64_t id, std::string& path)
{
	if (by_handle_) {
		const Answer answer = resolve_by_handle(id, path);
		if (by_handle_)
			return answer;
	}
	return resolve_by_walk(id, path);
}

CgroupResolver::Answer CgroupResolver::resolve_by_handle(uint64_t id, std::string& path)
{
	KernfsHandle handle(id);
	const int fd = open_by_handle_at(mount_fd_, handle.get(), O_PATH | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ESTALE || errno == ENOENT)
			return Answer::kAbsent;
		if (errno != EMFILE && errno != ENFILE && errno != ENOMEM)
			by_handle_ = false; // EPERM and the like do not change any more
		return Answer::kUnknown;
	}
	char link[32];
	char target[PATH_MAX];
	std::snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	const ssize_t length = readlink(link, target, sizeof(target));
	close(fd);
	if (length <= 0 || static_cast<size_t>(length) >= sizeof(target)) {
		by_handle_ = false; // no /proc
		return Answer::kUnknown;
	}
	std::string_view text(target, static_cast<size_t>(length));
	// A group that lies outside what is mounted (a cgroup namespace) is told from the root of the hierarchy.
	for (const std::string_view prefix : {std::string_view("(unreachable)"), std::string_view(mount_)})
		if (text.starts_with(prefix) && (text.size() == prefix.size() || text[prefix.size()] == '/'))
			text.remove_prefix(prefix.size());
	constexpr std::string_view kDeleted = " (deleted)";
	if (text.ends_with(kDeleted))
		text.remove_suffix(kDeleted.size());
	path = text;
	return Answer::kFound;
}

CgroupResolver::Answer CgroupResolver::resolve_by_walk(uint64_t id, std::string& path)
{
	const uint64_t start = monotonic_ns();
	if (start < next_walk_ns_)
		return Answer::kUnknown;
	Answer answer = Answer::kAbsent;
	walk_cgroups(mount_, [&](const std::string& found, uint64_t found_id) {
		if (found_id == id) {
			path = found;
			answer = Answer::kFound;
		} else if (young_.size() < limit_) { // as we are here: the next ids need no walk of their own
			remember(found_id, {attribute(found), 0});
		}
	});
	const uint64_t end = monotonic_ns();
	next_walk_ns_ = end + 9 * (end - start); // a tenth of the time at most, whatever the rate of unknown ids
	return answer;
}

} // namespace corescope
