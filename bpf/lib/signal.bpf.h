// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What sigsnoop and killsnoop share: filters, the sender, the target, and which call a task is in.
#pragma once

#include "lib/event.bpf.h"
#include "lib/filter.bpf.h"
#include "lib/syscall.bpf.h"

#include "sigsnoop.h"

const volatile __u64 only_signals = ~0ULL; // bit n: signal n, for 1..63; bit 0: signal 64
const volatile bool no_probes = false;     // signal 0 is left out
const volatile __u32 only_sender = 0;
const volatile __u32 only_target = 0;

struct task_struct *bpf_task_from_vpid(__s32 pid) __ksym __weak; // since 6.14
struct task_struct *bpf_task_from_pid(__s32 pid) __ksym __weak;  // since 6.2
void bpf_task_release(struct task_struct *task) __ksym __weak;

static __always_inline bool wanted_signal(__u32 sig)
{
	return sig ? only_signals >> (sig & 63) & 1 : !no_probes;
}

static __always_inline bool wanted_sender(struct task_struct *task)
{
	return (!only_sender || task->tgid == (int)only_sender) && in_cgroup(task);
}

static __always_inline void fill_sender(struct sigsnoop_event *e, struct task_struct *task)
{
	e->cgroup = task_cgroup(task);
	e->pid = task->tgid;
	e->tid = task->pid;
	e->uid = task->cred->uid.val;
	e->nspid = task->tgid;
	e->flags |= SIGNAL_SENDER;
	if (task->thread_pid->level > 0) {
		e->nspid = task_nspid(task);
		e->flags |= SIGNAL_IN_PIDNS;
	}
	task_comm(e->comm, task);
}

static __always_inline void fill_target(struct sigsnoop_event *e, struct task_struct *task)
{
	e->tpid = task->tgid;
	e->ttid = task->pid;
	e->tnspid = task->tgid;
	e->flags |= SIGNAL_TARGET;
	if (task->thread_pid->level > 0)
		e->tnspid = task_nspid(task);
	task_comm(e->tcomm, task);
}

static __always_inline void clear_people(struct sigsnoop_event *e)
{
	e->cgroup = 0;
	e->pid = e->tid = e->uid = e->nspid = 0;
	e->tpid = e->ttid = e->tnspid = 0;
	__builtin_memset(e->comm, 0, sizeof(e->comm));
	__builtin_memset(e->tcomm, 0, sizeof(e->tcomm));
}

// Numbers of the six calls (asm/unistd_64.h, asm-generic/unistd.h, asm/unistd_32.h).
static __always_inline enum signal_call native_call(long number)
{
#if defined(__TARGET_ARCH_x86)
	switch (number & ~0x40000000L) { // x32 sets this bit
	case 62: return CALL_KILL;
	case 200: return CALL_TKILL;
	case 234: return CALL_TGKILL;
	case 129: case 524: return CALL_SIGQUEUEINFO;
	case 297: case 536: return CALL_TGSIGQUEUEINFO;
	case 424: return CALL_PIDFD_SEND_SIGNAL;
	}
#else
	switch (number) {
	case 129: return CALL_KILL;
	case 130: return CALL_TKILL;
	case 131: return CALL_TGKILL;
	case 138: return CALL_SIGQUEUEINFO;
	case 240: return CALL_TGSIGQUEUEINFO;
	case 424: return CALL_PIDFD_SEND_SIGNAL;
	}
#endif
	return CALL_NONE;
}

static __always_inline enum signal_call compat_call(long number)
{
	switch (number) { // the same for i386 and 32-bit ARM but for the two queueing calls
	case 37: return CALL_KILL;
	case 238: return CALL_TKILL;
	case 270: case 268: return CALL_TGKILL;
	case 178: return CALL_SIGQUEUEINFO;
	case 335: case 363: return CALL_TGSIGQUEUEINFO;
	case 424: return CALL_PIDFD_SEND_SIGNAL;
	}
	return CALL_NONE;
}

// The call that `task` is in, and what it was given as target and signal.
static __always_inline enum signal_call current_call(struct task_struct *task, int *given, int *sig)
{
	struct pt_regs *regs = syscall_regs(task);
	enum signal_call call;
	unsigned long second, third;

	if (syscall_is_compat(task)) {
		call = compat_call(syscall_number(regs));
		*given = syscall_compat_arg1(regs);
		second = syscall_compat_arg2(regs);
		third = syscall_compat_arg3(regs);
	} else {
		call = native_call(syscall_number(regs));
		*given = syscall_arg1(regs);
		second = syscall_arg2(regs);
		third = syscall_arg3(regs);
	}
	*sig = second;
	if (call == CALL_TGKILL || call == CALL_TGSIGQUEUEINFO) {
		*given = second;
		*sig = third;
	}
	return call;
}
