// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Who a task is: numbers on the host and in its own PID namespace, parent, user, cgroup, name.
//
// `task` is a typed pointer (a tracepoint's argument or task_now()): its members are read by plain loads, which cost
// nothing here, where a helper call costs tens of nanoseconds. What task_now() gives has no type before 5.11: what
// may be the current task is read with task_read(), and what is a tracepoint's argument for sure, with member().
#pragma once

#include "lib/compat.bpf.h"
#include "lib/view.bpf.h"

#define PIDNS_DEEPEST 32      // include/linux/pid_namespace.h: MAX_PID_NS_LEVEL
#define PF_KTHREAD 0x00200000 // include/linux/sched.h

static __always_inline struct task_struct *task_now(void)
{
	if (TYPED_HOOKS && has_helper(get_current_task_btf))
		return bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}

// As two numbers where that can be (since 6.2), which takes a tenth of the 40 ns that a helper takes.
static __always_inline void task_comm(char *comm, struct task_struct *task)
{
#ifndef WITHOUT_BTF
	if (bpf_rdonly_cast) {
		const struct timespec64 *halves =
			bpf_rdonly_cast(&task->comm, bpf_core_type_id_kernel(struct timespec64));
		__u64 first = halves->tv_sec, second = halves->tv_nsec;

		__builtin_memcpy(comm, &first, sizeof(first));
		__builtin_memcpy(comm + sizeof(first), &second, sizeof(second));
		return;
	}
#endif
	bpf_probe_read_kernel(comm, TASK_COMM_BYTES, &task->comm);
}

static __always_inline __u64 task_cgroup(struct task_struct *task)
{
	return task_read(task, cgroups, dfl_cgrp, kn, id);
}

// The number of `pid` in the namespace where its owner lives; `host` when that is the first namespace.
static __always_inline __u32 own_number(struct pid *pid, __u32 host)
{
	__u64 level = BPF_CORE_READ(pid, level);
	__u32 number = host;

	// The bound is for the verifier, where `pid` is typed.
	level = opaque(level);
	if (level > 0 && level <= PIDNS_DEEPEST) {
		const void *first = &pid->numbers[0];

		bpf_core_read(&number, sizeof(number), first + level * bpf_core_type_size(struct upid));
	}
	return number;
}

// The inode number of the PID namespace that `pid` was made in, as `ls -l /proc/PID/ns/pid` shows it.
static __always_inline __u32 task_pidns(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	__u64 level = BPF_CORE_READ(pid, level);
	struct pid_namespace *ns = NULL;
	const void *first = &pid->numbers[0];

	level = opaque(level);
	if (level > PIDNS_DEEPEST)
		return 0;
	first += level * bpf_core_type_size(struct upid);
	bpf_core_read(&ns, sizeof(ns), first + bpf_core_field_offset(struct upid, ns));
	return BPF_CORE_READ(ns, ns.inum);
}

// The process' number as it sees itself.
static __always_inline __u32 task_nspid(struct task_struct *task)
{
	return own_number(BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]), task_read(task, tgid));
}

static __always_inline bool task_in_pidns(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_pid, level) > 0;
}
