// SPDX-License-Identifier: BSD-2-Clause
// The user half of bpf/lib/task_filter.bpf.h.
#pragma once

#include "cli/values.h"

#include <cstdint>

namespace corescope {

struct TaskFilter {
	Pid pid{}, tid{}, ppid{}; // 0: all
	UserId uid{};
};

// Called by a tool's configure().
template <class Skel>
void configure_task_filter(Skel& skel, const TaskFilter& wanted)
{
	skel.rodata->only_pid = static_cast<uint32_t>(wanted.pid.value);
	skel.rodata->only_tid = static_cast<uint32_t>(wanted.tid.value);
	skel.rodata->only_ppid = static_cast<uint32_t>(wanted.ppid.value);
	skel.rodata->by_uid = wanted.uid.given;
	skel.rodata->only_uid = wanted.uid.value;
}

} // namespace corescope
