// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// profile: what runs on each CPU when its sampling event fires. The task is the one that was interrupted.
#include "lib/stack.bpf.h"

#include "profile.h"

const volatile bool include_idle = false;
const volatile __u32 only_pid = 0, only_tid = 0;

SEC("perf_event")
int sample(void *ctx)
{
	struct task_struct *task = task_now();
	__u64 id = bpf_get_current_pid_tgid();
	struct stack_key key = {};

	if ((!(__u32)id && !include_idle) || (only_pid && id >> 32 != only_pid) ||
		(only_tid && (__u32)id != only_tid))
		return 0;
	if (!in_cgroup(task))
		return 0;
	stack_fill_key(&key, task);
	stack_take(ctx, &key.kernel, &key.user);
	stack_count(&key, task, 0);
	return 0;
}
