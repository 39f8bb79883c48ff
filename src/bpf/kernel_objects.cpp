// SPDX-License-Identifier: BSD-2-Clause
// Ids, descriptors and bpf_*_info. What only fdinfo tells (memory) is read from there, of our own descriptor.
#include "bpf/kernel_objects.h"

#include "base/error.h"
#include "bpf/kernel_hooks.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <string_view>
#include <unistd.h>

namespace corescope {

namespace {

constexpr size_t kCutName = BPF_OBJ_NAME_LEN - 1; // a name of this length may have been longer

std::string known_or_number(const char* name, uint32_t type)
{
	return name ? name : "type " + std::to_string(type);
}

std::string text_of(const char* bytes, size_t most) { return {bytes, strnlen(bytes, most)}; }

uint64_t memory_of(int fd)
{
	FILE* file = std::fopen(("/proc/self/fdinfo/" + std::to_string(fd)).c_str(), "re");
	if (!file)
		return 0;
	char line[256];
	constexpr std::string_view kKey = "memlock:";
	uint64_t bytes = 0;
	while (std::fgets(line, sizeof(line), file))
		if (std::strncmp(line, kKey.data(), kKey.size()) == 0) {
			bytes = std::strtoull(line + kKey.size(), nullptr, 10);
			break;
		}
	std::fclose(file);
	return bytes;
}

// The first function of a program is its entry.
std::string entry_name(int fd, const bpf_prog_info& known)
{
	if (!known.btf_id || !known.nr_func_info || known.func_info_rec_size < sizeof(bpf_func_info) ||
		known.nr_func_info > 4096 || known.func_info_rec_size > 4096)
		return "";
	std::vector<char> records(size_t{known.nr_func_info} * known.func_info_rec_size);
	bpf_prog_info info = {};
	info.nr_func_info = known.nr_func_info;
	info.func_info_rec_size = known.func_info_rec_size;
	info.func_info = reinterpret_cast<uint64_t>(records.data());
	uint32_t size = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &size) || !info.nr_func_info)
		return "";
	bpf_func_info first;
	std::memcpy(&first, records.data(), sizeof(first));
	return type_name(known.btf_id, first.type_id);
}

// What a prog_array leads to.
std::vector<uint32_t> programs_in(int fd, uint32_t entries)
{
	std::vector<uint32_t> ids;
	for (uint32_t key = 0; key < entries; key++)
		if (uint32_t id = 0; !bpf_map_lookup_elem(fd, &key, &id) && id)
			ids.push_back(id);
	return ids;
}

} // namespace

Descriptor::~Descriptor()
{
	if (fd_ >= 0)
		close(fd_);
}

std::string prog_type_name(uint32_t type)
{
	if (type == 32) // newer than this libbpf
		return "netfilter";
	return known_or_number(libbpf_bpf_prog_type_str(static_cast<bpf_prog_type>(type)), type);
}
std::string map_type_name(uint32_t type)
{
	if (type == 33)
		return "arena";
	return known_or_number(libbpf_bpf_map_type_str(static_cast<bpf_map_type>(type)), type);
}
std::string link_type_name(uint32_t type)
{
	static const char* const kNewer[] = {"netfilter", "tcx", "uprobe_multi", "netkit", "sockmap"};
	const char* name = libbpf_bpf_link_type_str(static_cast<bpf_link_type>(type));
	if (!name && type >= 10 && type < 10 + std::size(kNewer))
		name = kNewer[type - 10];
	return known_or_number(name, type);
}
std::string attach_type_name(uint32_t type)
{
	static const char* const kNewer[] = {"struct_ops", "netfilter", "tcx_ingress", "tcx_egress",
		"trace_uprobe_multi", "cgroup_unix_connect", "cgroup_unix_sendmsg", "cgroup_unix_recvmsg",
		"cgroup_unix_getpeername", "cgroup_unix_getsockname", "netkit_primary", "netkit_peer",
		"trace_kprobe_session", "trace_uprobe_session"};
	const char* name = libbpf_bpf_attach_type_str(static_cast<bpf_attach_type>(type));
	if (!name && type >= 44 && type < 44 + std::size(kNewer))
		name = kNewer[type - 44];
	return known_or_number(name, type);
}

std::vector<uint32_t> object_ids(ObjectKind kind)
{
	std::vector<uint32_t> ids;
	uint32_t id = 0;
	for (;;) {
		const int error = kind == ObjectKind::prog ? bpf_prog_get_next_id(id, &id)
			: kind == ObjectKind::map              ? bpf_map_get_next_id(id, &id)
												   : bpf_link_get_next_id(id, &id);
		if (error == 0) {
			ids.push_back(id);
			continue;
		}
		if (errno == ENOENT)
			return ids;
		if (errno == EPERM || errno == EACCES)
			throw Error(kNoPermission,
				"the kernel does not show its BPF programs: that takes the capability CAP_SYS_ADMIN; run it as "
				"root (sudo)");
		if (errno == EINVAL && kind == ObjectKind::link) // before 5.8
			return ids;
		throw Error(
			kUnavailable, std::string("the kernel does not list its BPF objects: ") + std::strerror(errno));
	}
}

Descriptor object_by_id(ObjectKind kind, uint32_t id)
{
	const int fd = kind == ObjectKind::prog ? bpf_prog_get_fd_by_id(id)
		: kind == ObjectKind::map           ? bpf_map_get_fd_by_id(id)
											: bpf_link_get_fd_by_id(id);
	return Descriptor(fd < 0 ? -1 : fd);
}

std::optional<ObjectId> object_of(int fd)
{
	char what[64] = {};
	if (readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), what, sizeof(what) - 1) < 0)
		return std::nullopt;
	const std::string_view name = what;
	const auto is = [&](std::string_view kind) { return name.find(kind) != std::string_view::npos; };
	if (is("bpf-prog")) {
		bpf_prog_info info = {};
		uint32_t size = sizeof(info);
		if (!bpf_obj_get_info_by_fd(fd, &info, &size))
			return ObjectId{ObjectKind::prog, info.id};
	} else if (is("bpf-map")) {
		bpf_map_info info = {};
		uint32_t size = sizeof(info);
		if (!bpf_obj_get_info_by_fd(fd, &info, &size))
			return ObjectId{ObjectKind::map, info.id};
	} else if (is("bpf_link") || is("bpf-link")) {
		bpf_link_info info = {};
		uint32_t size = sizeof(info);
		if (!bpf_obj_get_info_by_fd(fd, &info, &size))
			return ObjectId{ObjectKind::link, info.id};
	}
	return std::nullopt;
}

std::optional<KernelProg> prog_info(int fd)
{
	KernelProg prog;
	bpf_prog_info info = {};
	prog.map_ids.resize(64); // the kernel's own limit
	info.nr_map_ids = static_cast<uint32_t>(prog.map_ids.size());
	info.map_ids = reinterpret_cast<uint64_t>(prog.map_ids.data());
	uint32_t size = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return std::nullopt;
	prog.map_ids.resize(std::min<size_t>(info.nr_map_ids, prog.map_ids.size()));
	prog.id = info.id;
	prog.type = info.type;
	prog.name = text_of(info.name, sizeof(info.name));
	if (prog.name.size() == kCutName)
		if (const std::string whole = entry_name(fd, info); whole.substr(0, kCutName) == prog.name)
			prog.name = whole;
	for (const unsigned char byte : info.tag) {
		char hex[3];
		std::snprintf(hex, sizeof(hex), "%02x", byte);
		prog.tag += hex;
	}
	prog.loaded_boot_ns = info.load_time;
	prog.uid = info.created_by_uid;
	prog.gpl = info.gpl_compatible;
	prog.xlated_bytes = info.xlated_prog_len;
	prog.jited_bytes = info.jited_prog_len;
	prog.verified_insns = info.verified_insns;
	prog.memory_bytes = memory_of(fd);
	prog.btf_id = info.btf_id;
	prog.target_obj_id = info.attach_btf_obj_id;
	prog.target_btf_id = info.attach_btf_id;
	prog.run_ns = info.run_time_ns;
	prog.runs = info.run_cnt;
	prog.recursion_misses = info.recursion_misses;
	return prog;
}

std::optional<KernelMap> map_info(int fd)
{
	bpf_map_info info = {};
	uint32_t size = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return std::nullopt;
	KernelMap map;
	map.id = info.id;
	map.type = info.type;
	map.name = text_of(info.name, sizeof(info.name));
	map.key_bytes = info.key_size;
	map.value_bytes = info.value_size;
	map.max_entries = info.max_entries;
	map.flags = info.map_flags;
	map.memory_bytes = memory_of(fd);
	map.btf_id = info.btf_id;
	if (info.type == BPF_MAP_TYPE_PROG_ARRAY)
		map.prog_ids = programs_in(fd, info.max_entries);
	return map;
}

std::string type_name(uint32_t btf_obj_id, uint32_t type_id)
{
	// The kernel's own types are 5 MB: nobody wants them twice.
	static std::map<uint32_t, std::unique_ptr<btf, decltype(&btf__free)>> seen;
	auto found = seen.find(btf_obj_id);
	if (found == seen.end()) {
		btf* types = btf__load_from_kernel_by_id(btf_obj_id);
		if (!types && kernel_types()) // a module's stand on the kernel's
			types = btf__load_from_kernel_by_id_split(btf_obj_id, kernel_types());
		found = seen.emplace(btf_obj_id, std::unique_ptr<btf, decltype(&btf__free)>(types, btf__free)).first;
	}
	const btf_type* type = found->second ? btf__type_by_id(found->second.get(), type_id) : nullptr;
	const char* name = type ? btf__name_by_offset(found->second.get(), type->name_off) : nullptr;
	return name ? name : "";
}

std::string target_name(const KernelProg& prog)
{
	if (!prog.target_btf_id)
		return "";
	// With 0 as the object it is the kernel's own.
	if (!prog.target_obj_id) {
		const btf_type* type = kernel_types() ? btf__type_by_id(kernel_types(), prog.target_btf_id) : nullptr;
		return type ? btf__name_by_offset(kernel_types(), type->name_off) : "";
	}
	return type_name(prog.target_obj_id, prog.target_btf_id);
}

} // namespace corescope
