// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// killsnoop: signals that processes send with a system call. What was sent is told by the kernel where it picks the
// target (signal_generate: nobody who sends nothing pays). What was not sent, a failure or signal 0, shows only at
// the exit of the call. That hook has variants, since each costs others something else: fexit costs them nothing;
// a system call tracepoint slows every system call of every process a little; sys_exit a little more, but needs no
// tracefs, and it alone sees what calls of 32-bit programs did not send.
#include "lib/pid.bpf.h"
#include "lib/signal.bpf.h"

const volatile bool only_failed = false;

#define ESRCH 3

TRACEPOINT("signal_generate")
int BPF_PROG(sent, int sig, struct kernel_siginfo *info, struct task_struct *whom, int process, int result)
{
	struct task_struct *now = task_now(), *task = view(now), *target = view(whom);
	struct signal_request r;
	struct sigsnoop_event *e;
	int code;

	// What did not fit in the queue fails with EAGAIN, which the call's exit tells.
	if (only_failed || !wanted_signal(sig) || result == FATE_OVERFLOW_FAIL || !has_info(info))
		return 0;
	if ((only_target && member(target, tgid) != (int)only_target) || !wanted_sender(task))
		return 0;
	code = signal_code(info);
	if (!read_request(task, syscall_regs(now), &r) || !sends(&r, sig, code))
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
	clear_people(e);
	fill_request(e, &r);
	fill_sender(e, task);
	fill_target(e, target);
	if (r.group && r.given != -1)
		e->pgid = task_pgid(target);
	event_submit(e);
	return 0;
}

// Failures and signal 0; what succeeded has been told above.
static __always_inline int not_sent(struct task_struct *now, struct pt_regs *regs, long ret)
{
	struct task_struct *task = view(now), *target = NULL;
	struct sigsnoop_event *e;
	struct signal_request r;
	struct pid *pid = NULL;
	__u32 tpid = 0, pgid = 0; // on the host; 0: not known
	bool inside;
	int given;

	if (!read_request(task, regs, &r) || (ret >= 0 && (r.sig || only_failed)))
		return 0;
	if ((__u32)r.sig > 64 ? only_signals != ~0ULL : !wanted_signal(r.sig))
		return 0;
	if (!wanted_sender(task))
		return 0;
	// A number that is nobody's stands for itself, if it is a process' and counts on the host.
	inside = task_read(task, thread_pid, level) > 0;
	given = r.thread ? r.thread : r.given;
	if (r.call == CALL_PIDFD_SEND_SIGNAL)
		pid = pid_by_descriptor(task, given, ret);
	else if (ret != -ESRCH && given != 0 && given != -1)
		pid = pid_by_number(task, given < 0 ? -given : given);
	if (r.group) {
		if (pid)
			pgid = pid_on_host(pid);
		else if (given == 0)
			pgid = task_pgid(task);
		else if (given != -1 && !inside)
			pgid = -given;
	} else {
		target = pid && ret != -ESRCH ? pid_to_task(pid) : NULL;
		if (target)
			tpid = BPF_CORE_READ(target, tgid);
		else if (r.call == CALL_PIDFD_SEND_SIGNAL)
			tpid = pid ? pid_on_host(pid) : 0;
		else if (r.call != CALL_TKILL && !inside)
			tpid = r.given;
	}
	if (only_target && tpid != only_target)
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->ts = bpf_ktime_get_boot_ns();
	e->flags = target ? SIGNAL_TARGET : tpid ? SIGNAL_NUMBER : 0;
	e->sig = r.sig;
	e->code = 0;
	e->ret = ret;
	e->fate = ret < 0 ? FATE_FAILED : FATE_PROBED;
	clear_people(e);
	fill_request(e, &r);
	fill_sender(e, task);
	e->tpid = tpid;
	e->pgid = pgid;
	if (target) {
		e->ttid = BPF_CORE_READ(target, pid);
		e->tnspid = own_number(BPF_CORE_READ(target, signal, pids[PIDTYPE_TGID]), tpid);
		task_comm(e->tcomm, target);
	}
	event_submit(e);
	return 0;
}

// For the exit of any of the six calls.
SEC("tp/syscalls/sys_exit_kill")
int tp_exit(struct trace_event_raw_sys_exit *ctx)
{
	struct task_struct *now = task_now();

	return not_sent(now, syscall_regs(now), ctx->ret);
}

TRACEPOINT("sys_exit")
int BPF_PROG(any_exit, struct pt_regs *regs, long ret)
{
	long number = syscall_number(regs);

	if (!native_call(number) && !compat_call(number)) // before any helper: this runs at every system call
		return 0;
	return not_sent(task_now(), regs, ret);
}

#define ON_EXIT(name)                                                                               \
	SEC("fexit/" SYSCALL_FUNCTION(name)) int BPF_PROG(fexit_##name, struct pt_regs *regs, long ret) \
	{                                                                                               \
		return not_sent(task_now(), regs, ret);                                                     \
	}

ON_EXIT(kill)
ON_EXIT(tkill)
ON_EXIT(tgkill)
ON_EXIT(rt_sigqueueinfo)
ON_EXIT(rt_tgsigqueueinfo)
ON_EXIT(pidfd_send_signal)
