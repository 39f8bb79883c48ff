// SPDX-License-Identifier: BSD-2-Clause
// Attachments without a link that are not of a device: each cgroup is asked, and each perf event.
#include "bpf/attachments.h"
#include "system/cgroup.h"

#include <bpf/bpf.h>

#include <cstring>
#include <fcntl.h>
#include <ftw.h>
#include <iterator>

namespace corescope {

namespace {

// enum bpf_attach_type: those that a cgroup takes.
constexpr uint32_t kCgroupHooks[] = {BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_EGRESS,
	BPF_CGROUP_INET_SOCK_CREATE, BPF_CGROUP_INET_SOCK_RELEASE, BPF_CGROUP_SOCK_OPS, BPF_CGROUP_DEVICE,
	BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET6_BIND, BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_INET6_CONNECT,
	BPF_CGROUP_INET4_POST_BIND, BPF_CGROUP_INET6_POST_BIND, BPF_CGROUP_UDP4_SENDMSG, BPF_CGROUP_UDP6_SENDMSG,
	BPF_CGROUP_UDP4_RECVMSG, BPF_CGROUP_UDP6_RECVMSG, BPF_CGROUP_SYSCTL, BPF_CGROUP_GETSOCKOPT,
	BPF_CGROUP_SETSOCKOPT, BPF_CGROUP_INET4_GETPEERNAME, BPF_CGROUP_INET6_GETPEERNAME,
	BPF_CGROUP_INET4_GETSOCKNAME, BPF_CGROUP_INET6_GETSOCKNAME};

Attachments* g_found; // nftw() passes nothing on
size_t g_root;        // length of the mount's path

int look(const char* path, const struct stat*, int type, FTW*)
{
	if (type != FTW_D)
		return 0;
	const Descriptor cgroup(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (!cgroup)
		return 0;
	for (const uint32_t hook : kCgroupHooks) {
		uint32_t ids[64], flags = 0, count = std::size(ids);
		if (bpf_prog_query(cgroup.get(), static_cast<bpf_attach_type>(hook), 0, &flags, ids, &count))
			continue;
		for (uint32_t i = 0; i < count; i++)
			g_found->emplace(
				ids[i], Attachment{attach_type_name(hook), path[g_root] ? path + g_root : "/", 0, true});
	}
	return 0;
}

} // namespace

void find_on_cgroups(Attachments& found)
{
	const std::string root = cgroup2_mount();
	if (root.empty())
		return;
	g_found = &found;
	g_root = root.size();
	nftw(root.c_str(), look, 16, FTW_PHYS | FTW_MOUNT);
}

std::optional<Attachment> perf_attachment(const holder& perf)
{
	char name[4096] = {};
	uint32_t size = sizeof(name), prog = 0, kind = 0;
	__u64 offset = 0, address = 0;
	if (bpf_task_fd_query(perf.pid, perf.fd, 0, name, &size, &prog, &kind, &offset, &address)) {
		if (errno == EOPNOTSUPP || errno == ENOTSUP) // a counter or a clock: the kernel does not tell which
			return Attachment{"perf_event", "", 0, false};
		return std::nullopt;
	}
	static const char* const kKinds[] = {"raw_tp", "tp", "kprobe", "kretprobe", "uprobe", "uretprobe"};
	Attachment found{kind < std::size(kKinds) ? kKinds[kind] : "perf_event", name, 0, false};
	if (kind == BPF_FD_TYPE_UPROBE || kind == BPF_FD_TYPE_URETPROBE)
		found.target += ':';
	if (offset) {
		char text[32];
		std::snprintf(text, sizeof(text), "+0x%llx", static_cast<unsigned long long>(offset));
		found.target += text;
	}
	return found;
}

} // namespace corescope
