// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// killsnoop: signals that processes send with a system call. What was sent is told by the kernel where it picks the
// target (signal_generate: nobody who sends nothing pays). What was not sent, a failure or signal 0, shows only at
// the exit of the call. That hook has variants, since each costs others something else: fexit costs them nothing;
// a system call tracepoint slows every system call of every process a little; sys_exit a little more, but needs no
// tracefs.
#include "lib/signal.bpf.h"

const volatile bool only_failed = false;

#define SI_TIMER_CODE (-2)

SEC("tp_btf/signal_generate")
int BPF_PROG(sent, int sig, struct kernel_siginfo *info, struct task_struct *target, int process, int result)
{
	struct task_struct *task = task_now();
	int given = 0, call_sig = 0, code;
	enum signal_call call;
	struct sigsnoop_event *e;

	// What did not fit in the queue fails with EAGAIN, which the call's exit tells.
	if (only_failed || !wanted_signal(sig) || result == FATE_OVERFLOW_FAIL)
		return 0;
	if ((unsigned long)info <= 1 || (only_target && target->tgid != (int)only_target) || !wanted_sender(task))
		return 0;
	call = current_call(task, &given, &call_sig);
	code = BPF_CORE_READ(info, si_code);
	if (!call || call_sig != sig || code > 0 || code == SI_TIMER_CODE) // a timer may strike while a call runs
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->ts = bpf_ktime_get_boot_ns();
	e->flags = process ? SIGNAL_PROCESS : 0;
	e->sig = sig;
	e->code = code;
	e->call = call;
	e->given = given;
	e->ret = 0;
	e->fate = result;
	clear_people(e);
	fill_sender(e, task);
	fill_target(e, target);
	event_submit(e);
	return 0;
}

// The task that `given` names in the namespace of the caller, where this kernel can look it up.
static __always_inline struct task_struct *find_target(struct task_struct *task, int given)
{
	if (bpf_task_from_vpid)
		return bpf_task_from_vpid(given);
	if (bpf_task_from_pid && task->thread_pid->level == 0)
		return bpf_task_from_pid(given);
	return NULL;
}

// Failures and signal 0; what succeeded has been told above.
static __always_inline int not_sent(long ret)
{
	struct task_struct *task = task_now(), *target = NULL;
	int given = 0, sig = 0;
	enum signal_call call;
	struct sigsnoop_event *e;

	call = current_call(task, &given, &sig);
	if (!call || (ret >= 0 && sig) || (only_failed && ret >= 0))
		return 0;
	if (sig < 0 || sig > 64 ? only_signals != ~0ULL : !wanted_signal(sig))
		return 0;
	if (!wanted_sender(task))
		return 0;
	// A target that does not exist, and most often none does, is not looked for.
	if (given > 0 && call != CALL_PIDFD_SEND_SIGNAL && ret != -3 /* ESRCH */ && bpf_task_release)
		target = find_target(task, given);
	e = NULL;
	if (!only_target || (target ? target->tgid : given) == (int)only_target)
		e = event_reserve(sizeof(*e));
	if (e) {
		e->ts = bpf_ktime_get_boot_ns();
		e->flags = 0;
		e->sig = sig;
		e->code = 0;
		e->call = call;
		e->given = given;
		e->ret = ret;
		e->fate = ret < 0 ? FATE_FAILED : FATE_PROBED;
		clear_people(e);
		fill_sender(e, task);
		if (target)
			fill_target(e, target);
		event_submit(e);
	}
	if (target)
		bpf_task_release(target);
	return 0;
}

#define ON_EXIT(name)                                                                                          \
	SEC("tp/syscalls/sys_exit_" #name) int tp_##name(struct trace_event_raw_sys_exit *ctx)                 \
	{                                                                                                      \
		return not_sent(ctx->ret);                                                                      \
	}                                                                                                      \
	SEC("fexit/" SYSCALL_FUNCTION(name)) int BPF_PROG(fexit_##name, const struct pt_regs *regs, long ret)  \
	{                                                                                                      \
		return not_sent(ret);                                                                          \
	}

ON_EXIT(kill)
ON_EXIT(tkill)
ON_EXIT(tgkill)
ON_EXIT(rt_sigqueueinfo)
ON_EXIT(rt_tgsigqueueinfo)
ON_EXIT(pidfd_send_signal)

SEC("tp_btf/sys_exit")
int BPF_PROG(any_exit, struct pt_regs *regs, long ret)
{
	return not_sent(ret);
}
