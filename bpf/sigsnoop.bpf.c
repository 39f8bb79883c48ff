// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// sigsnoop: every signal that the kernel generates, for whatever reason, where the kernel decides what becomes of it.
#include "lib/signal.bpf.h"

const volatile bool only_calls = false;  // those that a system call sent
const volatile bool only_failed = false; // those that were not delivered

// Linux' own numbers; vmlinux.h has no macros (asm-generic/siginfo.h, asm-generic/signal.h).
#define SIGKILL 9
#define SIGALRM 14
#define SIGCHLD 17
#define SIGSTOP 19
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGIO 29
#define SI_SIGIO_CODE (-5)
#define THREADS_LOOKED_AT 128

static __always_inline bool blocks(const void *task, __u32 sig)
{
	return BPF_CORE_READ((const struct task_struct *)task, blocked.sig[0]) >> ((sig - 1) & 63) & 1;
}

// Whether all threads of a process block the signal; head: the address of signal->thread_head. Not when there are too
// many to look at: then the kernel's own word stands. A global function, because the verifier looks at one once, and
// not on every path that leads to it.
__noinline int all_block(__u64 head, __u32 sig)
{
	struct list_head *at = BPF_CORE_READ((struct list_head *)head, next);

	for (int i = 0; i < THREADS_LOOKED_AT; i++) {
		if ((__u64)at == head)
			return 1;
		if (!blocks(container_of(at, struct task_struct, thread_node), sig))
			return 0;
		at = BPF_CORE_READ(at, next);
	}
	return 0;
}

static __always_inline bool has_number(struct pid *pid, __u32 level, __u32 number)
{
	const void *first = &pid->numbers[0];
	__u32 found = 0;

	bpf_core_read(&found, sizeof(found), first + level * bpf_core_type_size(struct upid));
	return found == number;
}

// siginfo's si_pid is the child, or its thread that a debugger stopped, as the parent sees it. Not every SIGCHLD comes
// from the child itself: when a parent dies, init is told of the dead children that it leaves behind.
static __always_inline bool is_the_child(
	struct task_struct *task, struct task_struct *parent, struct kernel_siginfo *info)
{
	__u32 told = BPF_CORE_READ(info, _sifields._sigchld._pid);
	__u32 level = member(parent, thread_pid, level);

	if (level == 0)
		return told == (__u32)task_read(task, tgid) || told == (__u32)task_read(task, pid);
	if (level > task_read(task, thread_pid, level))
		return false;
	return has_number(BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]), level, told) ||
		has_number(BPF_CORE_READ(task, thread_pid), level, told);
}

// A timer or an interrupt finds an innocent task running. Without a call the current task is the cause only when it
// is itself the target (a fault, a broken pipe), the child that ended, or when the kernel says so (SI_USER).
static __always_inline bool kernel_names_sender(
	struct task_struct *task, struct task_struct *target, int sig, int code, struct kernel_siginfo *info)
{
	if (code == SI_TIMER_CODE || code == SI_SIGIO_CODE || sig == SIGIO)
		return false;
	if (code == SI_KERNEL_CODE && (sig == SIGALRM || sig == SIGVTALRM || sig == SIGPROF))
		return false;
	if (sig == SIGCHLD && code > 0 && code < SI_KERNEL_CODE && has_info(info))
		return is_the_child(task, target, info);
	return task_read(task, pid) == member(target, pid) || code == SI_USER_CODE;
}

TRACEPOINT("signal_generate")
int BPF_PROG(
	generated, int sig, struct kernel_siginfo *info, struct task_struct *whom, int process, int result)
{
	struct task_struct *now = task_now(), *task = view(now), *target = view(whom);
	struct signal_request r;
	struct sigsnoop_event *e;
	bool call, named;
	int code;

	if (!wanted_signal(sig) || (only_target && member(target, tgid) != (int)only_target))
		return 0;
	code = signal_code(info);
	call = has_info(info) && read_request(task, syscall_regs(now), &r) && sends(&r, sig, code);
	if (only_calls && !call)
		return 0;
	if (result == FATE_DELIVERED && sig != SIGKILL && sig != SIGSTOP && blocks(target, sig) &&
		(!process || all_block((__u64)&BPF_CORE_READ(target, signal)->thread_head, sig)))
		result = FATE_BLOCKED;
	if (only_failed && (result == FATE_DELIVERED || result == FATE_BLOCKED || result == FATE_OVERFLOW_LOSE))
		return 0;
	named = call || kernel_names_sender(task, target, sig, code, info);
	if (named ? !wanted_sender(task) : (only_sender || filter_cgroup))
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->ts = bpf_ktime_get_boot_ns();
	e->flags = process ? SIGNAL_PROCESS : 0;
	e->sig = sig;
	e->code = code;
	e->ret = 0;
	e->fate = result;
	e->call = CALL_NONE;
	e->given = e->thread = 0;
	clear_people(e);
	if (call)
		fill_request(e, &r);
	if (call && r.group && r.given != -1)
		e->pgid = task_pgid(target);
	if (named)
		fill_sender(e, task);
	fill_target(e, target);
	event_submit(e);
	return 0;
}
