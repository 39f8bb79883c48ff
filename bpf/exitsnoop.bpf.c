// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// exitsnoop: ends of processes and threads. A process ends with the last of its threads, which need not be the first
// one; what wait4() will say of it is known then, and is read from where wait4() itself reads it.
#include "lib/event.bpf.h"
#include "lib/filter.bpf.h"
#include "lib/view.bpf.h"

#include "exitsnoop.h"

#define SIGNAL_GROUP_EXIT 0x00000004 // include/linux/sched/signal.h
#define THREADS_SUMMED 32
#define TICK_NS 10000000 // the longest there is

const volatile __u32 only_pid = 0;
const volatile bool only_failed = false;
const volatile bool want_threads = false;

// Processes whose last threads end side by side: each of these sees that no other is left, and one may tell it.
struct process_key {
	__u64 start;
	__u64 pid;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 512);
	__type(key, struct process_key);
	__type(value, char);
} told SEC(".maps");

// The scheduler's clock minus CLOCK_MONOTONIC. The two are read at the same moment when a new task is woken.
__s64 clock_ahead = 0;

TRACEPOINT("sched_wakeup_new")
int BPF_PROG(began, struct task_struct *task)
{
	__u64 queued = member(task, sched_info.last_queued);

	if (queued)
		clock_ahead = queued - bpf_ktime_get_ns();
	return 0;
}

// What the current task has run since the scheduler last counted, which it does at ticks and switches: of a short life
// it is the most. It counts on a clock of its own (clock_task), which leaves out interrupts and what a hypervisor took.
static __always_inline __u64 run_uncounted(struct task_struct *task)
{
	__u64 now = bpf_ktime_get_ns() + clock_ahead;
	__s64 counted, here = now - member(task, sched_info.last_arrival);
	struct rq *rq;

	if (!clock_ahead || !bpf_core_field_exists(task->se.cfs_rq))
		return 0;
	rq = BPF_CORE_READ(task, se.cfs_rq, rq);
	counted = now - (BPF_CORE_READ(rq, clock) - BPF_CORE_READ(rq, clock_task)) - member(task, se.exec_start);
	if (here < counted)
		counted = here;
	return counted <= 0 ? 0 : counted < TICK_NS ? counted : TICK_NS;
}

// Adds the process' other threads: those that are gone by now, and those that are still on their way out.
static __always_inline void add_others(
	struct exitsnoop_event *e, struct task_struct *task, struct signal_struct *signal, int threads)
{
	struct list_head *head = &signal->thread_head, *at;

	e->run += member(signal, sum_sched_runtime);
	e->utime += member(signal, utime);
	e->stime += member(signal, stime);
	if (threads < 2)
		return;
	at = BPF_CORE_READ(head, next);
	for (int i = 0; i < THREADS_SUMMED && at && at != head; i++) {
		struct task_struct *other = container_of(at, struct task_struct, thread_node);

		if (other != task) {
			e->run += BPF_CORE_READ(other, se.sum_exec_runtime);
			e->utime += BPF_CORE_READ(other, utime);
			e->stime += BPF_CORE_READ(other, stime);
		}
		at = BPF_CORE_READ(at, next);
	}
	if (at != head)
		e->flags |= EXIT_TIME_PARTIAL;
}

TRACEPOINT("sched_process_exit")
int BPF_PROG(ended, struct task_struct *whom)
{
	struct task_struct *task = view(whom), *leader = member(task, group_leader);
	struct signal_struct *signal = member(task, signal);
	bool thread = member(signal, live.counter) > 0;
	int threads = member(signal, nr_threads);
	struct task_struct *who = thread ? task : leader;
	struct exitsnoop_event *e;
	__u32 code;

	if ((thread && !want_threads) || (only_pid && member(task, tgid) != (int)only_pid) || !in_cgroup(task))
		return 0;
	// Also where the others have been reaped by now: what they ran is summed up then.
	if (!thread && (threads > 1 || member(signal, sum_sched_runtime))) {
		struct process_key key = {member(leader, start_boottime), member(task, tgid)};
		char yes = 1;

		if (bpf_map_update_elem(&told, &key, &yes, BPF_NOEXIST)) {
			if (!want_threads)
				return 0;
			thread = true;
			who = task;
		}
	}
	if (thread || !(member(signal, flags) & SIGNAL_GROUP_EXIT))
		code = member(who, exit_code);
	else
		code = member(signal, group_exit_code);
	if (only_failed && !code)
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->ts = bpf_ktime_get_boot_ns();
	e->cgroup = task_cgroup(task);
	e->age = e->ts - member(who, start_boottime);
	e->run = member(task, se.sum_exec_runtime) + run_uncounted(task);
	e->utime = member(task, utime);
	e->stime = member(task, stime);
	e->pid = member(task, tgid);
	e->tid = member(task, pid);
	e->nspid = task_nspid(task);
	e->ppid = member(task, real_parent, tgid);
	e->uid = member(task, cred, uid.val);
	e->code = code;
	e->flags = thread ? EXIT_THREAD : 0;
	e->maxrss = thread ? 0 : member(signal, maxrss);
	if (!thread)
		add_others(e, task, signal, threads);
	task_comm(e->comm, who);
	task_comm(e->pcomm, member(task, real_parent, group_leader));
	event_submit(e);
	return 0;
}
