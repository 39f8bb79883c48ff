// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What sigsnoop and killsnoop share: filters, the sender, the target.
#pragma once

#include "lib/event.bpf.h"
#include "lib/filter.bpf.h"
#include "lib/signal_call.bpf.h"
#include "lib/view.bpf.h"

#define SI_USER_CODE 0 // asm-generic/siginfo.h
#define SI_KERNEL_CODE 0x80

const volatile __u64 only_signals = ~0ULL; // bit n: signal n, for 1..63; bit 0: signal 64
const volatile bool no_probes = false;     // signal 0 is left out
const volatile __u32 only_sender = 0;
const volatile __u32 only_target = 0;

static __always_inline bool wanted_signal(__u32 sig)
{
	return sig ? only_signals >> (sig & 63) & 1 : !no_probes;
}

static __always_inline bool wanted_sender(struct task_struct *task)
{
	return (!only_sender || task_read(task, tgid) == (int)only_sender) && in_cgroup(task);
}

// info is a pointer, or one of two small numbers: 0, sent without details; 1, sent by the kernel
// (SEND_SIG_NOINFO, SEND_SIG_PRIV in include/linux/sched/signal.h).
static __always_inline bool has_info(struct kernel_siginfo *info) { return (unsigned long)info > 1; }

// si_code. The verifier takes info for a pointer that cannot be null and leaves out what follows a test for 0, into
// which the compiler likes to turn a test for 1: hence opaque.
static __always_inline int signal_code(struct kernel_siginfo *info)
{
	if (has_info(info))
		return member(view(info), si_code);
	return opaque((unsigned long)info) == 1 ? SI_KERNEL_CODE : SI_USER_CODE;
}

static __always_inline __u32 task_pgid(struct task_struct *task)
{
	struct pid *group = BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]);
	__u32 number = 0;

	bpf_core_read(&number, sizeof(number), &group->numbers[0].nr);
	return number;
}

static __always_inline void fill_sender(struct sigsnoop_event *e, struct task_struct *task)
{
	e->cgroup = task_cgroup(task);
	e->pid = task_read(task, tgid);
	e->tid = task_read(task, pid);
	e->uid = task_read(task, cred, uid.val);
	e->nspid = e->pid;
	e->flags |= SIGNAL_SENDER;
	if (task_read(task, thread_pid, level) > 0)
		e->nspid = task_nspid(task);
	task_comm(e->comm, task);
}

static __always_inline void fill_target(struct sigsnoop_event *e, struct task_struct *task)
{
	e->tpid = member(task, tgid);
	e->ttid = member(task, pid);
	e->tnspid = member(task, tgid);
	e->flags |= SIGNAL_TARGET;
	if (member(task, thread_pid, level) > 0)
		e->tnspid = task_nspid(task);
	task_comm(e->tcomm, task);
}

static __always_inline void fill_request(struct sigsnoop_event *e, const struct signal_request *r)
{
	e->call = r->call;
	e->given = r->given;
	e->thread = r->thread;
	if (r->group)
		e->flags |= SIGNAL_GROUP;
}

static __always_inline void clear_people(struct sigsnoop_event *e)
{
	e->cgroup = 0;
	e->pid = e->tid = e->uid = e->nspid = 0;
	e->tpid = e->ttid = e->tnspid = e->pgid = 0;
	__builtin_memset(e->comm, 0, sizeof(e->comm));
	__builtin_memset(e->tcomm, 0, sizeof(e->tcomm));
}
