// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// cpudist: how long tasks stay on a CPU, or off it, from one switch to the next. Every slice counts, however it
// ended: blocked or preempted. A static tracepoint sees each switch exactly once.
#include "lib/hist.bpf.h"
#include "lib/mark.bpf.h"

#include "cpudist.h"

const volatile bool include_idle = false;
const volatile __u32 only_pid = 0;

static __always_inline bool wanted(struct task_struct *task)
{
	if (!member(task, pid))
		return include_idle && !only_pid && !filter_cgroup;
	if (only_pid && member(task, tgid) != (int)only_pid)
		return false;
	return in_cgroup(task);
}

TRACEPOINT("sched_switch")
int BPF_PROG(on_cpu, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct hist_cpu *cpu = hist_this_cpu();
	bool begins = wanted(next);
	__u64 now;

	if (!cpu || (!begins && !cpu->since_ns))
		return 0;
	now = bpf_ktime_get_ns();
	// A task that was moved into the cgroup while it ran has no beginning of its own.
	if (cpu->since_ns && wanted(prev))
		hist_record(cpu, prev, now - cpu->since_ns);
	if (task_is_dead(prev))
		hist_rename(prev);
	cpu->since_ns = begins ? now : 0;
	return 0;
}

static __always_inline int switched(enum mark_kind kind, struct task_struct *prev, struct task_struct *next)
{
	struct hist_cpu *cpu = hist_this_cpu();
	// A task may come into the cgroup or leave it while it is off: all are marked, and those that are in it when they
	// run again count.
	bool ends = wanted(next) || (filter_cgroup && member(next, pid));
	bool begins = (wanted(prev) || (filter_cgroup && member(prev, pid))) && !task_is_dead(prev);
	__u64 now, off;

	if (!cpu || (!begins && !ends))
		return 0;
	now = bpf_ktime_get_ns();
	if (begins && member(prev, pid))
		mark_set(kind, prev, now);
	else if (begins) // each CPU has its own idle task, and they all bear the number 0
		cpu->idle_since_ns = now;
	if (task_is_dead(prev))
		hist_rename(prev);
	if (!ends)
		return 0;
	if (member(next, pid))
		off = mark_take(kind, next, now);
	else
		off = cpu->idle_since_ns ? now - cpu->idle_since_ns : 0;
	if (off && (!filter_cgroup || wanted(next)))
		hist_record(cpu, next, off);
	return 0;
}

TRACEPOINT("sched_switch")
int BPF_PROG(off_cpu, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(MARK_BY_STORAGE, prev, next);
}

TRACEPOINT("sched_switch")
int BPF_PROG(off_cpu_by_hash, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(MARK_BY_HASH, prev, next);
}
