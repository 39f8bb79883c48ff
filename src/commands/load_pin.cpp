// SPDX-License-Identifier: BSD-2-Clause
// See load_pin.h. A folder gets its name by one rename when all is in it. The BPF file system holds no plain files, so
// that the list of what belongs to it is kept in a map: name, kind and id of each, by which `unload` knows its own.
#include "commands/load_pin.h"

#include "base/error.h"
#include "bpf/pin.h"
#include "output/escape.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <linux/magic.h>
#include <set>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr const char* kList = "corescope_load"; // the map with the list; also how unload knows the folder
constexpr size_t kLongestName = 80;

enum class What : uint32_t { map, program, link };

struct Pinned {
	char name[kLongestName];
	What what;
	uint32_t id;
};

[[noreturn]] void refuse(const std::string& what, int error)
{
	throw Error(error == EPERM || error == EACCES ? kNoPermission
			: error == EEXIST                     ? kTempFail
												  : kUnavailable,
		what + ": " + std::strerror(error));
}

// id of what a descriptor is of; 0 if it is of another kind.
uint32_t id_of(What what, int fd)
{
	union {
		bpf_map_info map;
		bpf_prog_info program;
		bpf_link_info link;
	} about;
	std::memset(&about, 0, sizeof(about));
	uint32_t size = what == What::map ? sizeof(about.map)
		: what == What::program       ? sizeof(about.program)
									  : sizeof(about.link);
	if (bpf_obj_get_info_by_fd(fd, &about, &size) != 0)
		return 0;
	return what == What::map ? about.map.id : what == What::program ? about.program.id : about.link.id;
}

// What kind of BPF object a descriptor is of, as /proc names it: the ids of different kinds may be equal.
bool is_kind(What what, int fd)
{
	char path[64], target[64] = {};
	std::snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, target, sizeof(target) - 1) < 0)
		return true; // without /proc the id alone must do
	const char* kind = what == What::map ? "bpf-map" : what == What::program ? "bpf-prog" : "bpf_link";
	const char* other = what == What::link ? "bpf-link" : kind;
	return std::strstr(target, kind) || std::strstr(target, other);
}

std::string name_for(const char* prefix, const std::string& name, std::set<std::string>& used)
{
	std::string wanted = prefix + name;
	for (char& byte : wanted)
		if (byte == '.' || byte == '/') // which the file system refuses
			byte = '_';
	wanted.resize(std::min(wanted.size(), kLongestName - 8));
	std::string unique = wanted;
	for (unsigned i = 1; !used.insert(unique).second; i++)
		unique = wanted + "_" + std::to_string(i);
	return unique;
}

// A folder that is being filled; gone again if it is not published.
class NewFolder {
public:
	explicit NewFolder(const std::string& path) : path_(path)
	{
		while (path_.size() > 1 && path_.back() == '/')
			path_.pop_back();
		const size_t slash = path_.rfind('/');
		const std::string parent = slash == path_.npos ? "." : slash == 0 ? "/" : path_.substr(0, slash);
		struct statfs about;
		if (statfs(parent.c_str(), &about) != 0)
			refuse("--pin: " + parent, errno);
		if (about.f_type != static_cast<decltype(about.f_type)>(BPF_FS_MAGIC)) {
			if (statfs(path_.c_str(), &about) == 0 &&
				about.f_type == static_cast<decltype(about.f_type)>(BPF_FS_MAGIC))
				throw Error(
					kUsage, "--pin: " + path_ + " is a BPF file system itself: name a new folder in it");
			throw Error(kUsage,
				"--pin: " + path_ + " does not lie in a BPF file system; that is " + kBpffs +
					" (mount -t bpf bpf " + kBpffs + ")");
		}
		if (path_.substr(slash + 1).find('.') != std::string::npos)
			throw Error(kUsage, "--pin: the BPF file system takes no '.' in a name");
		if (access(path_.c_str(), F_OK) == 0)
			throw Error(kTempFail,
				"--pin: " + path_ + " is there already; `corescope unload` removes what load has pinned");
		hidden_ = parent + "/corescope-load-" + random_id();
		if (mkdir(hidden_.c_str(), 0700) != 0)
			refuse("--pin: cannot make " + hidden_, errno);
	}
	~NewFolder()
	{
		if (hidden_.empty())
			return;
		for (const std::string& name : used_)
			unlink((hidden_ + "/" + name).c_str());
		rmdir(hidden_.c_str());
	}
	NewFolder(const NewFolder&) = delete;
	NewFolder& operator=(const NewFolder&) = delete;

	void add(What what, const std::string& name, int fd)
	{
		const char* prefix = what == What::map ? "map_" : what == What::program ? "prog_" : "link_";
		const std::string as = name_for(prefix, name, used_);
		if (bpf_obj_pin(fd, (hidden_ + "/" + as).c_str()) != 0) {
			const int error = errno;
			if (what == What::link && error == EINVAL)
				throw Error(kUnavailable,
					"--pin: this kernel cannot keep the link of " + name +
						" (of perf events and probes it can since 5.15)");
			refuse("--pin: cannot pin " + name, error);
		}
		Pinned one = {};
		as.copy(one.name, sizeof(one.name) - 1);
		one.what = what;
		one.id = id_of(what, fd);
		list_.push_back(one);
	}

	void publish()
	{
		LIBBPF_OPTS(bpf_map_create_opts, opts);
		const int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, kList, sizeof(uint32_t), sizeof(Pinned),
			static_cast<uint32_t>(list_.size()), &opts);
		if (fd < 0)
			refuse("--pin: cannot make the list of what is pinned", errno);
		for (uint32_t i = 0; i < list_.size(); i++)
			bpf_map_update_elem(fd, &i, &list_[i], BPF_ANY);
		const int error = bpf_obj_pin(fd, (hidden_ + "/" + kList).c_str()) == 0 ? 0 : errno;
		close(fd);
		if (error)
			refuse("--pin: cannot pin the list of what is pinned", error);
		used_.insert(kList);
		if (rename(hidden_.c_str(), path_.c_str()) != 0)
			refuse("--pin: " + path_, errno == ENOTEMPTY ? EEXIST : errno);
		hidden_.clear();
	}

	size_t count() const { return list_.size(); }
	const std::string& path() const { return path_; }

private:
	std::string path_, hidden_;
	std::set<std::string> used_;
	std::vector<Pinned> list_;
};

} // namespace

void pin_object(LoadedObject& object, const std::string& path)
{
	for (const auto& one : object.attachments())
		if (!one->link)
			throw Error(kUnavailable,
				"--pin: " + one->where + " is a tc filter and no link, which alone can be pinned");
	NewFolder folder(path);
	const bpf_map* map;
	bpf_object__for_each_map(map, object.get()) if (bpf_map__fd(map) >= 0)
		folder.add(What::map, bpf_map__name(map), bpf_map__fd(map));
	for (const bpf_program* program : object.programs())
		folder.add(What::program, bpf_program__name(program), bpf_program__fd(program));
	// Links come last: until there is one, nothing outlives us.
	for (const auto& one : object.attachments())
		folder.add(What::link, one->program ? bpf_program__name(one->program) : "struct_ops",
			bpf_link__fd(one->link));
	folder.publish();
	for (const auto& one : object.attachments())
		bpf_link__disconnect(one->link); // its end would disable a perf event for the pin too
	const auto number = [](size_t count, const char* what) {
		return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
	};
	const size_t hooks = object.attachments().size();
	std::printf("%s %s, pinned in %s; end that by: corescope unload %s\n",
		number(object.programs().size(), "program").c_str(),
		hooks ? ("at " + number(hooks, "hook") + " left running").c_str() : "loaded, hooked in nowhere",
		folder.path().c_str(), folder.path().c_str());
}

void unpin_object(const std::string& path)
{
	const std::string list_path = path + "/" + kList;
	const int list = bpf_obj_get(list_path.c_str());
	if (list < 0) {
		if (errno == EPERM || errno == EACCES)
			refuse(list_path, errno);
		throw Error(kDataError,
			path + ": was not made by `corescope load --pin` (there is no " + kList +
				"): nothing is removed");
	}
	bpf_map_info about = {};
	uint32_t size = sizeof(about);
	std::vector<Pinned> all;
	if (bpf_obj_get_info_by_fd(list, &about, &size) != 0 || about.value_size != sizeof(Pinned)) {
		close(list);
		throw Error(kDataError, list_path + ": is no list that this version knows: nothing is removed");
	}
	for (uint32_t i = 0; i < about.max_entries; i++) {
		Pinned one;
		if (bpf_map_lookup_elem(list, &i, &one) == 0 && one.name[0] &&
			!std::memchr(one.name, '/', sizeof(one.name)))
			all.push_back(one);
	}
	close(list);
	size_t changed = 0;
	for (size_t i = all.size(); i-- > 0;) { // links first: nothing runs any more while the rest goes
		all[i].name[kLongestName - 1] = 0;
		const std::string file = path + "/" + all[i].name;
		const int fd = bpf_obj_get(file.c_str());
		const bool ours = fd >= 0 && is_kind(all[i].what, fd) && id_of(all[i].what, fd) == all[i].id;
		if (fd >= 0)
			close(fd);
		if (ours) {
			if (unlink(file.c_str()) != 0)
				refuse("cannot remove " + file, errno);
		} else if (fd >= 0) {
			changed++;
			std::fprintf(stderr, "unload: %s is no longer what load pinned there: it stays\n", file.c_str());
		}
	}
	unlink(list_path.c_str());
	if (rmdir(path.c_str()) != 0 && (errno != ENOTEMPTY || !changed))
		std::fprintf(stderr, "unload: %s stays: it holds what load has not put there\n", path.c_str());
}

void tell_auto_pins(const LoadedObject& object)
{
	const bpf_map* map;
	bpf_object__for_each_map(map, object.get()) if (bpf_map__is_pinned(map))
		std::fprintf(stderr, "load: map '%s' stays pinned at %s, as the object asks\n", bpf_map__name(map),
			bpf_map__pin_path(map));
}

} // namespace corescope
