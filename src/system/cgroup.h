// SPDX-License-Identifier: BSD-2-Clause
// From the cgroup id that the kernel half reports to a path, and from the path to the systemd unit, container
// and pod that it belongs to. Ids are those of bpf_get_current_cgroup_id: the kernfs id of a cgroup2
// directory, never reused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace corescope {

// What a path says; empty where it says nothing. Paths are a custom, not an interface: show `path` as well.
struct Attribution {
	std::string path;      // below the cgroup2 mount, "/" for its root
	std::string unit;      // innermost .service or .scope, else .slice; spelled as in the path, \x2d included
	std::string container; // id (64 hex digits), or name where the runtime has only that (lxc, machine)
	std::string runtime; // docker, podman, containerd, cri-o, lxc, machine …; empty if the path does not tell
	std::string pod;     // Kubernetes pod uid, with dashes
};

// One part of it, and its key in outputs; none where cgroups are told one by one.
struct CgroupLabel {
	const char* key = nullptr;
	std::string Attribution::*of = nullptr;
};

// Pure: looks at nothing but the text.
Attribution attribute(std::string_view cgroup_path);

// Id to attribution, by file handle in a few microseconds (needs CAP_DAC_READ_SEARCH), else by walking the
// tree. One for a process, not for several threads at once.
class CgroupResolver {
public:
	static constexpr size_t kDefaultLimit = 16384;

	// Finds the cgroup2 mount; where there is none every lookup answers nullptr. Keeps at least `limit` of
	// the ids used last, at most twice as many.
	explicit CgroupResolver(size_t limit = kDefaultLimit);
	~CgroupResolver();
	CgroupResolver(const CgroupResolver&) = delete;
	CgroupResolver& operator=(const CgroupResolver&) = delete;

	// nullptr: no such cgroup (any more), which is asked again after a second. Holds until the next call.
	const Attribution* lookup(uint64_t id);

	// Whom to ask for the path of one that is no longer there; "" if they do not know it either.
	void ask_also(std::function<std::string(uint64_t id)> source) { source_ = std::move(source); }

	bool available() const { return mount_fd_ >= 0; }
	bool by_handle() const { return by_handle_; }
	void use_tree_walk() { by_handle_ = false; } // for tests, and where handles are known to be refused
	size_t cached() const { return young_.size() + old_.size(); }

private:
	struct Entry {
		Attribution attribution;
		uint64_t absent_since_ns = 0; // 0: present
	};
	using Cache = std::unordered_map<uint64_t, Entry>;

	Entry& remember(uint64_t id, Entry&& entry);
	enum class Answer { kFound, kAbsent, kUnknown };
	Answer resolve(uint64_t id, std::string& path);
	Answer resolve_by_handle(uint64_t id, std::string& path);
	Answer resolve_by_walk(uint64_t id, std::string& path);

	std::string mount_;
	int mount_fd_ = -1;
	bool by_handle_ = true;
	std::function<std::string(uint64_t)> source_;
	size_t limit_;
	uint64_t next_walk_ns_ = 0;
	Cache young_; // two generations: when the young one is full the old one goes
	Cache old_;
};

// Where cgroup2 is mounted, "" if nowhere. The second takes the text of /proc/PID/mountinfo.
std::string cgroup2_mount();
std::string cgroup2_mount_in(std::string_view mountinfo);

// All below: a path in the file system, or one below the cgroup2 mount ("/system.slice/x.service", also
// without the first slash). Errors are Error: kUsage if it is none or lies in a v1 hierarchy, kUnavailable
// without cgroup2.
std::string cgroup_directory(const std::string& path); // the directory in the file system
uint64_t cgroup_id(const std::string& path);
// Depth below the mount (root 0), which is the kernel's cgroup->level unless we are in a cgroup namespace.
unsigned cgroup_level(const std::string& path);

// Its path below the root of the hierarchy, as the kernel tells it at its tracepoints; for whoever is in a cgroup
// namespace of its own, from there on.
std::string cgroup_kernel_path(const std::string& path);

// The directory of a running systemd unit; a name without a suffix is a service. A system unit comes before a
// user's. Error kUnavailable if it is not running, kUsage if several users run one of that name.
std::string find_unit(const std::string& name);

// The directory of a running container: its id, at least four digits of its beginning, or its name where the path has
// only that. Of a container within a container the outer one. Error as find_unit.
std::string find_container(const std::string& id);

} // namespace corescope
