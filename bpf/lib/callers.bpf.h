// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Who made the call that is just ending: the user's part of the current task's stack, by its frame pointers.
#pragma once

#include "lib/task.bpf.h"

#include "user_callers.h"

// ctx: the program's own.
static __always_inline void read_callers(struct user_callers *callers, void *ctx, struct task_struct *task)
{
	long bytes = bpf_get_stack(ctx, callers->ips, sizeof(callers->ips), BPF_F_USER_STACK);

	callers->start_ns = task_read(task, group_leader, start_boottime);
	callers->exec = task_read(task, self_exec_id);
	callers->count = bytes < 0 ? -1 : (__u32)bytes / sizeof(callers->ips[0]);
}
