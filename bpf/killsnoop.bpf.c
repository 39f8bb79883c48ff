// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// killsnoop: signals that processes send with a system call. What was sent is told by the kernel where it picks the
// target (signal_generate: nobody who sends nothing pays). What was not sent, a failure or signal 0, shows only at
// the exit of the call. That hook has variants, since each costs others something else: fexit costs them nothing;
// a system call tracepoint slows every system call of every process a little; sys_exit a little more, but needs no
// tracefs, and it alone sees what calls of 32-bit programs did not send.
#include "lib/pidfd.bpf.h"
#include "lib/signal.bpf.h"

const volatile bool only_failed = false;

#define ESRCH 3

struct task_struct *bpf_task_from_vpid(__s32 pid) __ksym __weak; // since 6.14
struct task_struct *bpf_task_from_pid(__s32 pid) __ksym __weak;  // since 6.2
void bpf_task_release(struct task_struct *task) __ksym __weak;

SEC("tp_btf/signal_generate")
int BPF_PROG(sent, int sig, struct kernel_siginfo *info, struct task_struct *whom, int process, int result)
{
	struct task_struct *now = task_now(), *task = view(now), *target = view(whom);
	struct signal_request r;
	struct sigsnoop_event *e;
	int code;

	// What did not fit in the queue fails with EAGAIN, which the call's exit tells.
	if (only_failed || !wanted_signal(sig) || result == FATE_OVERFLOW_FAIL || !has_info(info))
		return 0;
	if ((only_target && target->tgid != (int)only_target) || !wanted_sender(task))
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

// The task that the call was given: by its number on the host, or where the caller lives in a namespace of its own.
static __always_inline struct task_struct *find_target(
	const struct signal_request *r, __u32 number, bool inside)
{
	int given = r->thread ? r->thread : r->given;

	if (!bpf_task_release)
		return NULL;
	if (r->call == CALL_PIDFD_SEND_SIGNAL)
		return number && bpf_task_from_pid ? bpf_task_from_pid(number) : NULL;
	if (inside)
		return bpf_task_from_vpid ? bpf_task_from_vpid(given) : NULL;
	return bpf_task_from_pid ? bpf_task_from_pid(given) : NULL;
}

// Failures and signal 0; what succeeded has been told above.
static __always_inline int not_sent(struct task_struct *now, struct pt_regs *regs, long ret)
{
	struct task_struct *task = view(now), *target = NULL;
	__u32 number = 0, tpid; // number: of the target or its group on the host; 0: not known
	struct signal_request r;
	struct sigsnoop_event *e = NULL;
	bool inside;

	if (!read_request(task, regs, &r) || (ret >= 0 && (r.sig || only_failed)))
		return 0;
	if ((__u32)r.sig > 64 ? only_signals != ~0ULL : !wanted_signal(r.sig))
		return 0;
	if (!wanted_sender(task))
		return 0;
	inside = task->thread_pid->level > 0;
	if (r.call == CALL_PIDFD_SEND_SIGNAL)
		number = pidfd_number(task, r.given, ret);
	else if (r.group && r.given == 0)
		number = task_pgid(task);
	else if (r.call != CALL_TKILL && r.given != -1 && !inside)
		number = r.group ? -r.given : r.given;
	if (!r.group && ret != -ESRCH)
		target = find_target(&r, number, inside);
	tpid = target ? view(target)->tgid : r.group ? 0 : number;
	if (!only_target || tpid == only_target)
		e = event_reserve(sizeof(*e));
	if (e) {
		e->ts = bpf_ktime_get_boot_ns();
		e->flags = tpid && !target ? SIGNAL_NUMBER : 0;
		e->sig = r.sig;
		e->code = 0;
		e->ret = ret;
		e->fate = ret < 0 ? FATE_FAILED : FATE_PROBED;
		clear_people(e);
		fill_request(e, &r);
		fill_sender(e, task);
		e->tpid = tpid;
		if (target)
			fill_target(e, view(target));
		e->pgid = r.group ? number : 0;
		event_submit(e);
	}
	if (target)
		bpf_task_release(target);
	return 0;
}

// For the exit of any of the six calls.
SEC("tp/syscalls/sys_exit_kill")
int tp_exit(struct trace_event_raw_sys_exit *ctx)
{
	struct task_struct *now = task_now();

	return not_sent(now, syscall_regs(now), ctx->ret);
}

SEC("tp_btf/sys_exit")
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
