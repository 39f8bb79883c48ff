// SPDX-License-Identifier: BSD-2-Clause
// The cgroups and units that a user names: where cgroup2 is mounted, which directory is meant, and its id.
#include "base/error.h"
#include "output/escape.h"
#include "system/cgroup.h"
#include "system/cgroup_tree.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <vector>

namespace corescope {

namespace {

std::string safe(std::string_view text)
{
	Buffer out;
	escape_text(out, text);
	return std::string(out.view());
}

struct Mount {
	std::string root;  // which part of the hierarchy is mounted, "/" for all of it
	std::string point; // where
};

// mountinfo writes space, tab, line feed and backslash as \ooo.
std::string unescape_octal(std::string_view text)
{
	std::string plain;
	for (size_t i = 0; i < text.size(); i++) {
		if (text[i] == '\\' && i + 3 < text.size()) {
			plain +=
				static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
			i += 3;
		} else {
			plain += text[i];
		}
	}
	return plain;
}

// proc(5), /proc/PID/mountinfo: id parent major:minor root point options [tags…] - type source super-options
std::vector<Mount> cgroup2_mounts(std::string_view mountinfo)
{
	std::vector<Mount> mounts;
	while (!mountinfo.empty()) {
		const size_t length = std::min(mountinfo.find('\n'), mountinfo.size());
		const std::string_view line = mountinfo.substr(0, length);
		mountinfo.remove_prefix(std::min(length + 1, mountinfo.size()));
		std::vector<std::string_view> words;
		for (size_t at = 0; at < line.size();) {
			const size_t end = std::min(line.find(' ', at), line.size());
			words.push_back(line.substr(at, end - at));
			at = end + 1;
		}
		const auto dash = std::find(words.begin(), words.end(), "-");
		if (words.size() > 5 && words.end() - dash > 1 && dash[1] == "cgroup2")
			mounts.push_back({unescape_octal(words[3]), unescape_octal(words[4])});
	}
	// The whole hierarchy before parts of it; otherwise in the order of the kernel.
	std::stable_partition(mounts.begin(), mounts.end(), [](const Mount& m) { return m.root == "/"; });
	return mounts;
}

std::string read_mountinfo()
{
	std::string text;
	if (FILE* file = std::fopen("/proc/self/mountinfo", "re")) {
		char chunk[4096];
		for (size_t length; (length = std::fread(chunk, 1, sizeof(chunk), file)) > 0;)
			text.append(chunk, length);
		std::fclose(file);
	}
	return text;
}

unsigned depth(std::string_view path)
{
	unsigned count = 0;
	for (size_t i = 0; i < path.size(); i++)
		if (path[i] != '/' && (i == 0 || path[i - 1] == '/'))
			count++;
	return count;
}

bool is_below(std::string_view path, std::string_view directory)
{
	return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string required_mount()
{
	std::string mount = cgroup2_mount();
	if (mount.empty())
		throw Error(kUnavailable,
			"cgroups have no id here: no cgroup2 file system is mounted; mount one with: "
			"mount -t cgroup2 none /sys/fs/cgroup/unified");
	return mount;
}

enum class Kind { kMissing, kOther, kVersion1, kVersion2 };

Kind kind_of(const std::string& path)
{
	struct stat status;
	struct statfs system;
	if (stat(path.c_str(), &status) != 0 || statfs(path.c_str(), &system) != 0)
		return Kind::kMissing;
	if (system.f_type == CGROUP_SUPER_MAGIC)
		return Kind::kVersion1;
	return system.f_type == CGROUP2_SUPER_MAGIC && S_ISDIR(status.st_mode) ? Kind::kVersion2 : Kind::kOther;
}

} // namespace

std::string cgroup2_mount_in(std::string_view mountinfo)
{
	const std::vector<Mount> mounts = cgroup2_mounts(mountinfo);
	return mounts.empty() ? std::string() : mounts.front().point;
}

std::string cgroup2_mount() { return cgroup2_mount_in(read_mountinfo()); }

std::string cgroup_directory(const std::string& path)
{
	if (path.empty())
		throw Error(kUsage, "no cgroup named: the path is empty");
	const Kind as_given = path[0] == '/' ? kind_of(path) : Kind::kMissing;
	std::string directory = path;
	if (as_given != Kind::kVersion2) {
		const std::string mount = required_mount();
		directory = mount + (path[0] == '/' ? "" : "/") + path;
		if (kind_of(directory) != Kind::kVersion2) {
			if (as_given == Kind::kVersion1)
				throw Error(kUsage,
					"cannot select cgroup " + safe(path) +
						": it belongs to a version 1 hierarchy, whose "
						"groups have no id for BPF; name one below " +
						safe(mount));
			if (as_given == Kind::kOther || kind_of(directory) != Kind::kMissing)
				throw Error(kUsage,
					"cannot select cgroup " + safe(path) +
						": it is not a cgroup2 directory; name one below " + safe(mount));
			throw Error(kUsage,
				"no such cgroup: " + safe(path) + " exists neither as a path nor below " + safe(mount) +
					"; systemd-cgls lists them");
		}
	}
	char resolved[PATH_MAX];
	return realpath(directory.c_str(), resolved) ? resolved : directory;
}

uint64_t cgroup_id(const std::string& path)
{
	const std::string directory = cgroup_directory(path);
	KernfsHandle handle;
	int mount_id;
	if (name_to_handle_at(AT_FDCWD, directory.c_str(), handle.get(), &mount_id, 0) == 0 &&
		handle.get()->handle_type == kFileIdKernfs)
		return handle.id();
	struct stat status; // the inode number is the id wherever inode numbers have 64 bits
	if (stat(directory.c_str(), &status) != 0)
		throw Error(kUsage, "no such cgroup: " + safe(path) + ": " + std::strerror(errno));
	return status.st_ino;
}

std::string cgroup_kernel_path(const std::string& path)
{
	const std::string directory = cgroup_directory(path);
	const Mount* best = nullptr;
	const std::vector<Mount> mounts = cgroup2_mounts(read_mountinfo());
	for (const Mount& mount : mounts)
		if (is_below(directory, mount.point) && (!best || mount.point.size() > best->point.size()))
			best = &mount;
	if (!best)
		return directory;
	const std::string whole = (best->root == "/" ? "" : best->root) + directory.substr(best->point.size());
	return whole.empty() ? "/" : whole;
}

unsigned cgroup_level(const std::string& path) { return depth(cgroup_kernel_path(path)); }

std::string find_unit(const std::string& name)
{
	static constexpr std::string_view kSuffixes[] = {
		".service", ".scope", ".slice", ".socket", ".mount", ".swap"};
	if (name.empty() || name.find('/') != std::string::npos)
		throw Error(kUsage, "cannot select unit \"" + safe(name) + "\": that is no name of a systemd unit");
	const bool complete =
		std::any_of(std::begin(kSuffixes), std::end(kSuffixes), [&](std::string_view suffix) {
			return name.size() > suffix.size() && std::string_view(name).ends_with(suffix);
		});
	const std::string unit = complete ? name : name + ".service";
	const std::string mount = required_mount();

	// The system's own first, then users' managers, then what runs within containers; at each the uppermost.
	std::string best, second;
	int best_rank = 3;
	walk_cgroups(mount, [&](const std::string& path, uint64_t) {
		const std::string_view last = std::string_view(path).substr(path.rfind('/') + 1);
		if (last != unit && last != '_' + unit)
			return;
		const bool contained = !attribute(path.substr(0, path.rfind('/'))).container.empty();
		const int rank = contained ? 2 : path.find("/user@") != std::string::npos ? 1 : 0;
		if (rank < best_rank) {
			best = path;
			second.clear();
			best_rank = rank;
		} else if (rank == best_rank && rank > 0 && second.empty()) {
			second = path;
		}
	});
	if (best.empty())
		throw Error(kUnavailable,
			"unit " + safe(unit) + " is not running: there is no cgroup of that name below " + safe(mount) +
				"; start it, or select by --cgroup PATH");
	if (!second.empty())
		throw Error(kUsage,
			"unit " + safe(unit) + " runs more than once: " + safe(best) + " and " + safe(second) +
				"; select one by --cgroup PATH");
	return mount + best;
}

std::string find_container(const std::string& id)
{
	constexpr size_t kLeast = 4, kIdLength = 64;
	if (id.empty() || id.find('/') != std::string::npos)
		throw Error(kUsage, "cannot select container \"" + safe(id) + "\": that is neither an id nor a name");
	const std::string mount = required_mount();
	std::string best, second, best_id, second_id;
	walk_cgroups(mount, [&](const std::string& path, uint64_t) {
		// The uppermost directory of each; upper levels come first.
		const Attribution here = attribute(path);
		const bool whole = here.container == id;
		const bool begins =
			here.container.size() == kIdLength && id.size() >= kLeast && here.container.starts_with(id);
		if (here.container.empty() || (!whole && !begins) || here.container == best_id)
			return;
		if (best.empty() || (whole && best_id != id)) {
			best = path;
			best_id = here.container;
			if (whole)
				second.clear();
		} else if (best_id != id && second.empty()) {
			second = path;
			second_id = here.container;
		}
	});
	if (best.empty())
		throw Error(kUnavailable,
			"no container " + safe(id) + " is running: no cgroup below " + safe(mount) +
				" has that id, or begins with it (4 digits at least); names that a runtime keeps to itself are not "
				"in the path: ask it for the id, or select by --cgroup PATH");
	if (!second.empty())
		throw Error(kUsage,
			"container " + safe(id) + " is more than one: " + best_id + " and " + second_id +
				"; give more of its id");
	return mount + best;
}

} // namespace corescope
