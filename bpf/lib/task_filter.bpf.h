// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Which tasks a tool that tells events is asked for: by process, thread, parent, user and cgroup. All rodata: a test that
// is off does not exist after the verifier. The user half: configure_task_filter() in src/cli/task_filter.h.
#pragma once

#include "lib/filter.bpf.h"

const volatile __u32 only_pid = 0; // 0: all, as the next two
const volatile __u32 only_tid = 0;
const volatile __u32 only_ppid = 0;
const volatile bool by_uid = false;
const volatile __u32 only_uid = 0;

// task: the one that the event is about, task_now() or a tracepoint's argument.
static __always_inline bool is_wanted(struct task_struct *task)
{
	if (only_pid && task_read(task, tgid) != (int)only_pid)
		return false;
	if (only_tid && task_read(task, pid) != (int)only_tid)
		return false;
	if (by_uid && task_read(task, cred, uid.val) != only_uid)
		return false;
	if (only_ppid && task_read(task, real_parent, tgid) != (int)only_ppid)
		return false;
	return in_cgroup(task);
}
