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
#define SIGIO 29
#define SI_USER_CODE 0
#define SI_KERNEL_CODE 0x80
#define SI_TIMER_CODE (-2)
#define SI_SIGIO_CODE (-5)
#define BLOCKED_THREADS 64

// info is a pointer, or one of two small numbers: 0, sent without details; 1, sent by the kernel
// (SEND_SIG_NOINFO, SEND_SIG_PRIV in include/linux/sched/signal.h).
static __always_inline int signal_code(struct kernel_siginfo *info)
{
	if ((unsigned long)info == 0)
		return SI_USER_CODE;
	if ((unsigned long)info == 1)
		return SI_KERNEL_CODE;
	return BPF_CORE_READ(info, si_code);
}

static __always_inline bool blocks(struct task_struct *task, __u32 sig)
{
	return BPF_CORE_READ(task, blocked.sig[0]) >> ((sig - 1) & 63) & 1;
}

// A signal for the process is blocked when all its threads block it. More than BLOCKED_THREADS are not looked at.
static __always_inline bool is_blocked(struct task_struct *task, __u32 sig, bool process)
{
	struct list_head *head, *at;

	if (!blocks(task, sig))
		return false;
	if (!process)
		return true;
	head = &task->signal->thread_head;
	at = BPF_CORE_READ(head, next);
	for (int i = 0; i < BLOCKED_THREADS && at && at != head; i++) {
		struct task_struct *thread = container_of(at, struct task_struct, thread_node);

		if (!blocks(thread, sig))
			return false;
		at = BPF_CORE_READ(at, next);
	}
	return true;
}

// A timer or an interrupt finds an innocent task running. Without a call the current task is the cause only when it
// is itself the target (a fault, a broken pipe), an ending child, or when the kernel says so (SI_USER).
static __always_inline bool kernel_names_sender(struct task_struct *task, struct task_struct *target, int sig, int code)
{
	if (code == SI_TIMER_CODE || code == SI_SIGIO_CODE || sig == SIGIO)
		return false;
	if (sig == SIGALRM && code == SI_KERNEL_CODE)
		return false;
	return task == target || sig == SIGCHLD || code == SI_USER_CODE;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(generated, int sig, struct kernel_siginfo *info, struct task_struct *target, int process, int result)
{
	struct task_struct *task = task_now();
	int code, given = 0, call_sig = 0;
	enum signal_call call;
	struct sigsnoop_event *e;

	if (!wanted_signal(sig) || (only_target && target->tgid != (int)only_target))
		return 0;
	code = signal_code(info);
	call = current_call(task, &given, &call_sig);
	if (call_sig != sig || code > 0 || code == SI_TIMER_CODE || (unsigned long)info <= 1)
		call = CALL_NONE;
	if (only_calls && !call)
		return 0;
	if (result == FATE_DELIVERED && sig != SIGKILL && sig != SIGSTOP && is_blocked(target, sig, process))
		result = FATE_BLOCKED;
	if (only_failed && (result == FATE_DELIVERED || result == FATE_BLOCKED || result == FATE_OVERFLOW_LOSE))
		return 0;
	if (!call && !kernel_names_sender(task, target, sig, code))
		task = NULL;
	if (task ? !wanted_sender(task) : (only_sender || filter_cgroup))
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->ts = bpf_ktime_get_boot_ns();
	e->flags = (process ? SIGNAL_PROCESS : 0) | (call ? 0 : SIGNAL_KERNEL);
	e->sig = sig;
	e->code = code;
	e->call = call;
	e->given = call ? given : 0;
	e->ret = 0;
	e->fate = result;
	clear_people(e);
	if (task)
		fill_sender(e, task);
	fill_target(e, target);
	event_submit(e);
	return 0;
}
