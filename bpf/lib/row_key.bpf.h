// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Keys of rows that are for a task, its process, name or cgroup, and what such a row bears of the task. The user half:
// src/cli/row_by.h.
#pragma once

#include "lib/filter.bpf.h"

#include "row_key.h"

const volatile __u32 row_by = ROW_BY_OWN; // enum row_by

// False, with a key of zeroes, where rows are for something that the tool knows.
static __always_inline bool task_key(struct row_key *key, struct task_struct *task)
{
	struct task_struct *leader;

	key->a = key->b = 0;
	switch (row_by) {
	case ROW_BY_PID:
		leader = task_read(task, group_leader);
		key->a = task_read(task, tgid);
		key->b = task_read(leader, start_boottime);
		return true;
	case ROW_BY_TID:
		key->a = task_read(task, pid);
		key->b = task_read(task, start_boottime);
		return true;
	case ROW_BY_COMM:
		leader = task_read(task, group_leader);
		bpf_probe_read_kernel_str(key, TASK_COMM_BYTES, &leader->comm);
		return true;
	case ROW_BY_CGROUP: key->a = task_cgroup(task); return true;
	default: return false;
	}
}

static __always_inline void fill_row_task(struct row_task *out, struct task_struct *task)
{
	if (row_by == ROW_BY_TID) {
		task_comm(out->comm, task);
		out->nspid = own_number(BPF_CORE_READ(task, thread_pid), task_read(task, pid));
	} else if (row_by == ROW_BY_PID) {
		task_comm(out->comm, task_read(task, group_leader));
		out->nspid = task_nspid(task);
	}
}
