// SPDX-License-Identifier: BSD-2-Clause
// What a link is attached to. The layout is the kernel's (include/uapi/linux/bpf.h, struct bpf_link_info), with what is
// newer than the headers this is built with: older kernels leave that zero.
#include "bpf/attachments.h"
#include "system/cgroup.h"

#include <bpf/bpf.h>

#include <cstring>
#include <net/if.h>

namespace corescope {

namespace {

struct LinkInfo {
	uint32_t type, id, prog_id, pad;
	union {
		struct {
			uint64_t name;
			uint32_t name_size;
		} raw_tracepoint;
		struct {
			uint32_t attach_type, target_obj_id, target_btf_id;
		} tracing;
		struct {
			uint64_t id;
			uint32_t attach_type;
		} cgroup;
		struct {
			uint64_t name;
			uint32_t name_size, map_id;
			uint32_t tid, pid;
		} iter;
		struct {
			uint32_t inode, attach_type;
		} netns;
		struct {
			uint32_t index, attach_type;
		} device, map; // xdp, tcx, netkit; struct_ops, sockmap
		struct {
			uint32_t pf, hook;
			int32_t priority;
		} netfilter;
		struct {
			uint64_t addresses;
			uint32_t count, flags;
		} kprobe_multi;
		struct {
			uint64_t path, offsets, counters, cookies;
			uint32_t path_size, count, flags, pid;
		} uprobe_multi;
		struct {
			uint32_t type, pad;
			union {
				struct {
					uint64_t name;
					uint32_t name_size, offset;
				} probe; // uprobe, kprobe, tracepoint: all begin so
				struct {
					uint64_t config;
					uint32_t type;
				} event;
			};
		} perf;
		char room[240]; // what kernels to come may add
	};
};

enum PerfKind : uint32_t {
	kPerfUprobe = 1,
	kPerfUretprobe,
	kPerfKprobe,
	kPerfKretprobe,
	kPerfTracepoint,
	kPerfEvent
};
enum NewerLink : uint32_t { kKprobeMulti = 8, kNetfilter = 10, kTcx, kUprobeMulti, kNetkit, kSockmap };

bool ask(int fd, LinkInfo& info)
{
	uint32_t size = sizeof(info);
	return bpf_obj_get_info_by_fd(fd, &info, &size) == 0;
}

// Asks again with room for a name; place(info, address, size) says where that is wanted.
template <class Place>
std::string ask_name(int fd, const Place& place)
{
	char name[4096] = {};
	LinkInfo info = {};
	place(info, reinterpret_cast<uint64_t>(name), static_cast<uint32_t>(sizeof(name)));
	return ask(fd, info) ? std::string(name, strnlen(name, sizeof(name))) : "";
}

std::string plus(const std::string& name, uint64_t offset)
{
	char text[32];
	std::snprintf(text, sizeof(text), "+0x%llx", static_cast<unsigned long long>(offset));
	return offset ? name + text : name;
}

void describe_perf(int fd, const LinkInfo& info, KernelLink& link)
{
	const auto name = [&] {
		return ask_name(fd, [](LinkInfo& i, uint64_t at, uint32_t size) {
			i.perf.probe.name = at;
			i.perf.probe.name_size = size;
		});
	};
	link.kind = "perf_event";
	switch (info.perf.type) {
	case kPerfUprobe:
	case kPerfUretprobe:
		link.kind = info.perf.type == kPerfUprobe ? "uprobe" : "uretprobe";
		link.target = plus(name() + ":", info.perf.probe.offset);
		break;
	case kPerfKprobe:
	case kPerfKretprobe:
		link.kind = info.perf.type == kPerfKprobe ? "kprobe" : "kretprobe";
		link.target = plus(name(), info.perf.probe.offset);
		break;
	case kPerfTracepoint:
		link.kind = "tp";
		link.target = name();
		break;
	case kPerfEvent:
		link.target = "type " + std::to_string(info.perf.event.type) + " config " +
			std::to_string(info.perf.event.config);
		break;
	}
}

std::string device(uint32_t index)
{
	char name[IF_NAMESIZE];
	return if_indextoname(index, name) ? name : "interface " + std::to_string(index);
}

void describe(int fd, const LinkInfo& info, CgroupResolver& cgroups, KernelLink& link)
{
	switch (info.type) {
	case BPF_LINK_TYPE_RAW_TRACEPOINT:
		link.kind = "raw_tp";
		link.target = ask_name(fd, [](LinkInfo& i, uint64_t at, uint32_t size) {
			i.raw_tracepoint.name = at;
			i.raw_tracepoint.name_size = size;
		});
		break;
	case BPF_LINK_TYPE_TRACING:
		link.kind = attach_type_name(info.tracing.attach_type);
		if (link.kind.compare(0, 6, "trace_") == 0)
			link.kind.erase(0, 6);
		link.target = info.tracing.target_btf_id
			? type_name(info.tracing.target_obj_id, info.tracing.target_btf_id)
			: "";
		break;
	case BPF_LINK_TYPE_CGROUP:
		link.kind = attach_type_name(info.cgroup.attach_type);
		link.cgroup_id = info.cgroup.id;
		if (const Attribution* cgroup = cgroups.lookup(info.cgroup.id))
			link.target = cgroup->path;
		else
			link.target = "cgroup " + std::to_string(info.cgroup.id);
		break;
	case BPF_LINK_TYPE_ITER:
		link.kind = "iter";
		link.target = ask_name(fd, [](LinkInfo& i, uint64_t at, uint32_t size) {
			i.iter.name = at;
			i.iter.name_size = size;
		});
		if (info.iter.map_id)
			link.target += " of map " + std::to_string(info.iter.map_id);
		break;
	case BPF_LINK_TYPE_NETNS:
		link.kind = attach_type_name(info.netns.attach_type);
		link.target = "netns " + std::to_string(info.netns.inode);
		break;
	case BPF_LINK_TYPE_XDP:
	case kTcx:
	case kNetkit:
		link.kind = info.type == BPF_LINK_TYPE_XDP ? "xdp" : attach_type_name(info.device.attach_type);
		link.ifindex = info.device.index;
		link.target = info.device.index ? device(info.device.index) : "a device that has gone";
		break;
	case BPF_LINK_TYPE_PERF_EVENT: describe_perf(fd, info, link); break;
	case BPF_LINK_TYPE_STRUCT_OPS:
	case kSockmap:
		link.kind = link_type_name(info.type);
		link.target = "map " + std::to_string(info.map.index);
		break;
	case kNetfilter:
		link.kind = "netfilter";
		link.target = "family " + std::to_string(info.netfilter.pf) + " hook " +
			std::to_string(info.netfilter.hook) + " priority " + std::to_string(info.netfilter.priority);
		break;
	case kKprobeMulti:
		link.kind = info.kprobe_multi.flags & 1 ? "kretprobe.multi" : "kprobe.multi";
		link.target = std::to_string(info.kprobe_multi.count) + " functions";
		break;
	case kUprobeMulti:
		link.kind = info.uprobe_multi.flags & 1 ? "uretprobe.multi" : "uprobe.multi";
		link.target = ask_name(fd, [](LinkInfo& i, uint64_t at, uint32_t size) {
			i.uprobe_multi.path = at;
			i.uprobe_multi.path_size = size;
		});
		link.target += ":" + std::to_string(info.uprobe_multi.count) + " places";
		break;
	default: link.kind = link_type_name(info.type);
	}
}

} // namespace

std::optional<KernelLink> link_info(int fd, CgroupResolver& cgroups)
{
	LinkInfo info = {};
	if (!ask(fd, info))
		return std::nullopt;
	KernelLink link;
	link.id = info.id;
	link.type = info.type;
	link.prog_id = info.prog_id;
	describe(fd, info, cgroups, link);
	return link;
}

} // namespace corescope
