// SPDX-License-Identifier: BSD-2-Clause
// The programs, maps and links that this kernel holds, whoever has made them, as bpf(2) tells of them. An object that goes
// between its id and its descriptor is left out: it was not there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include <linux/bpf.h>

namespace corescope {

class Descriptor {
public:
	explicit Descriptor(int fd = -1) : fd_(fd) {}
	~Descriptor();
	Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
	Descriptor& operator=(Descriptor&& other) noexcept
	{
		std::swap(fd_, other.fd_);
		return *this;
	}
	int get() const { return fd_; }
	explicit operator bool() const { return fd_ >= 0; }

private:
	int fd_;
};

struct KernelProg {
	uint32_t id = 0;
	uint32_t type = 0;
	std::string name; // whole, from its types where the kernel's own 15 bytes are all used
	std::string tag;  // 16 hex digits
	uint64_t loaded_boot_ns = 0;
	uid_t uid = 0;
	bool gpl = false;
	uint64_t xlated_bytes = 0;
	uint64_t jited_bytes = 0; // 0: interpreted, or not told
	uint64_t verified_insns = 0;
	uint64_t memory_bytes = 0;
	uint32_t btf_id = 0;
	uint32_t target_obj_id = 0; // types of the kernel or a module, or a program
	uint32_t target_btf_id = 0; // what in there it was loaded for; 0: for nothing of that kind
	std::vector<uint32_t> map_ids;
	uint64_t run_ns = 0, runs = 0, recursion_misses = 0;
};

struct KernelMap {
	uint32_t id = 0;
	uint32_t type = 0;
	std::string name;
	uint32_t key_bytes = 0, value_bytes = 0, max_entries = 0, flags = 0;
	uint64_t memory_bytes = 0;
	uint32_t btf_id = 0;
	std::vector<uint32_t> prog_ids; // programs that it contains: a prog_array's
};

struct KernelLink {
	uint32_t id = 0;
	uint32_t type = 0;
	uint32_t prog_id = 0;
	std::string kind;   // as a section would be named: raw_tp, tp, kprobe, cgroup …
	std::string target; // what it is attached to
	uint64_t cgroup_id = 0;
	uint32_t ifindex = 0;
};

// "tracing", "ringbuf" …; "type 77" for what this program does not know.
std::string prog_type_name(uint32_t type);
std::string map_type_name(uint32_t type);
std::string link_type_name(uint32_t type);
std::string attach_type_name(uint32_t type);

enum class ObjectKind { prog, map, link };
// Throws Error(kNoPermission) where this process may not see them.
std::vector<uint32_t> object_ids(ObjectKind kind);
// -1 inside: it is gone.
Descriptor object_by_id(ObjectKind kind, uint32_t id);
// The kind and id of what a descriptor (of ours) is; nullopt if it is none of BPF.
struct ObjectId {
	ObjectKind kind;
	uint32_t id;
};
std::optional<ObjectId> object_of(int fd);

std::optional<KernelProg> prog_info(int fd);
std::optional<KernelMap> map_info(int fd);

// Of a function in a kernel's, module's or program's types; "" if it can't be told.
std::string type_name(uint32_t btf_obj_id, uint32_t type_id);
// What a program was loaded for: a hook of the kernel or a function of another program.
std::string target_name(const KernelProg& prog);

} // namespace corescope
