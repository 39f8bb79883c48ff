// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// runqlat: how long a task that could run waits for a CPU: from its wake-up, or from the moment at which it was taken
// off a CPU against its will, until it is on one. The filters test the task that waits, not the one that wakes it.
#include "lib/hist.bpf.h"
#include "lib/mark.bpf.h"

#include "runqlat.h"

const volatile __u32 only_pid = 0;

static __always_inline bool wanted(struct task_struct *task)
{
	return member(task, pid) && (!only_pid || member(task, tgid) == (int)only_pid) && in_cgroup(task);
}

// Preempted tasks are still in the queue, whatever state they had begun to take on.
static __always_inline bool still_runnable(bool preempt, struct task_struct *prev)
{
	return preempt || !task_state_at_switch(prev);
}

static __always_inline int switched(
	enum mark_kind kind, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct hist_cpu *cpu = hist_this_cpu();
	bool begins = still_runnable(preempt, prev) && wanted(prev);
	__u64 since = 0, now;

	if (!cpu)
		return 0;
	// A mark is taken away whoever the task belongs to by now, so that it is not found at a later switch.
	if (member(next, pid))
		since = mark_remove(kind, next);
	if (!begins)
		mark_drop(kind, prev);
	if (task_is_dead(prev))
		hist_rename(prev);
	if (!begins && !since)
		return 0;
	now = bpf_ktime_get_ns();
	if (begins)
		mark_set(kind, prev, now);
	if (since && wanted(next))
		hist_record(cpu, next, mark_age(since, now));
	return 0;
}

// A task that runs is told as woken too, when somebody wakes it while it is about to sleep: it waits for nothing. One
// that already waits is not to begin anew.
static __always_inline int woken(enum mark_kind kind, struct task_struct *task)
{
	if (!wanted(task) || task_on_cpu(task) || mark_is_set(kind, task))
		return 0;
	mark_set(kind, task, bpf_ktime_get_ns());
	return 0;
}

// First in this file, and so attached first: no mark is left behind by a task that ran before this could see it.
TRACEPOINT("sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(MARK_BY_STORAGE, preempt, prev, next);
}

TRACEPOINT("sched_switch")
int BPF_PROG(on_switch_by_hash, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(MARK_BY_HASH, preempt, prev, next);
}

TRACEPOINT("sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task) { return woken(MARK_BY_STORAGE, task); }

TRACEPOINT("sched_wakeup")
int BPF_PROG(on_wakeup_by_hash, struct task_struct *task) { return woken(MARK_BY_HASH, task); }

TRACEPOINT("sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task) { return woken(MARK_BY_STORAGE, task); }

TRACEPOINT("sched_wakeup_new")
int BPF_PROG(on_wakeup_new_by_hash, struct task_struct *task) { return woken(MARK_BY_HASH, task); }
