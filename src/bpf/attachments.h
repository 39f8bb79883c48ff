// SPDX-License-Identifier: BSD-2-Clause
// What programs are attached to: by links, which tell it themselves, and by the older ways, which leave no link: devices'
// XDP and tc filters, cgroups, perf events.
#pragma once

#include "bpf/kernel_objects.h"
#include "holder.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace corescope {

class CgroupResolver;

struct Attachment {
	std::string kind;   // as a section of an object file would begin: tp, raw_tp, kprobe, cgroup, xdp, tc …
	std::string target; // "" if the kernel does not tell
	uint32_t link_id = 0; // 0: without a link, by one of the older ways
	bool lasting = false; // stays when its loader ends, though nothing is pinned
};

std::optional<KernelLink> link_info(int fd, CgroupResolver& cgroups);

// Program id to what it is attached to. Programs of the two below may be attached several times.
using Attachments = std::multimap<uint32_t, Attachment>;

// XDP programs and tc filters of all devices in all network namespaces that a process or /run/netns has. not_seen: how many
// of those could not be entered.
void find_on_devices(Attachments& found, unsigned& not_seen);

// Programs attached to a cgroup (v2) without a link; links' are found too.
void find_on_cgroups(Attachments& found);

// What a perf event of another process has its program for; nullopt if that has gone.
std::optional<Attachment> perf_attachment(const holder& perf);

} // namespace corescope
