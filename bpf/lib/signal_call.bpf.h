// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The system calls that send signals: which one a task is in, and what it was given.
#pragma once

#include "lib/syscall.bpf.h"

#include "sigsnoop.h"

#define SI_TIMER_CODE (-2) // asm-generic/siginfo.h
#define SI_CODE_AT 8       // its place in siginfo_t: the third int, also for 32-bit programs
#define PIDFD_SIGNAL_PROCESS_GROUP 4

// Numbers of the six calls (asm/unistd_64.h, asm-generic/unistd.h, asm/unistd_32.h).
static __always_inline enum signal_call native_call(long number)
{
#if defined(__TARGET_ARCH_x86)
	switch (number & ~0x40000000L) { // x32 sets this bit
	case 62: return CALL_KILL;
	case 200: return CALL_TKILL;
	case 234: return CALL_TGKILL;
	case 129:
	case 524: return CALL_SIGQUEUEINFO;
	case 297:
	case 536: return CALL_TGSIGQUEUEINFO;
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
	case 270:
	case 268: return CALL_TGKILL;
	case 178: return CALL_SIGQUEUEINFO;
	case 335:
	case 363: return CALL_TGSIGQUEUEINFO;
	case 424: return CALL_PIDFD_SEND_SIGNAL;
	}
	return CALL_NONE;
}

// A function of its own, which is verified apart: its answers would else be as many paths through the caller.
__noinline int which_call(long number, int compat)
{
	return compat ? compat_call(number) : native_call(number);
}

struct signal_request {
	enum signal_call call;
	int given;  // a pid, -pgid, 0, -1, a tid, a pidfd
	int thread; // the tid behind the pid, where there is one
	int sig;
	const void *info; // the siginfo that the caller made up, in its memory
	bool group;       // meant for a process group, or for everyone
};

// `task` is the current one, `regs` its user registers. False when it is in no such call.
static __always_inline bool read_request(
	struct task_struct *task, struct pt_regs *regs, struct signal_request *r)
{
	bool compat = syscall_is_compat(task);
	__u64 first, second, third, fourth;

	r->call = which_call(syscall_number(regs), compat);
	if (!r->call)
		return false;
	if (compat) {
		first = syscall_compat_arg1(regs);
		second = syscall_compat_arg2(regs);
		third = syscall_compat_arg3(regs);
		fourth = syscall_compat_arg4(regs);
	} else {
		first = syscall_arg1(regs);
		second = syscall_arg2(regs);
		third = syscall_arg3(regs);
		fourth = syscall_arg4(regs);
	}
	r->given = first;
	r->thread = 0;
	r->sig = second;
	r->info = NULL;
	r->group = r->call == CALL_KILL && r->given <= 0;
	if (r->call == CALL_TGKILL || r->call == CALL_TGSIGQUEUEINFO) {
		r->thread = second;
		r->sig = third;
	}
	if (r->call == CALL_TGSIGQUEUEINFO)
		r->info = (void *)fourth;
	if (r->call == CALL_SIGQUEUEINFO || r->call == CALL_PIDFD_SEND_SIGNAL)
		r->info = (void *)third;
	if (r->call == CALL_PIDFD_SEND_SIGNAL)
		r->group = fourth & PIDFD_SIGNAL_PROCESS_GROUP;
	return true;
}

// Whether this call sends a signal of that number and si_code, or the kernel does while the call runs: its own codes
// are positive, and a timer has one. Those a process may give too, but only when it queues to itself.
static __always_inline bool sends(const struct signal_request *r, int sig, int code)
{
	int given;

	if (r->sig != sig)
		return false;
	if (code <= 0 && code != SI_TIMER_CODE)
		return true;
	return r->info && !bpf_probe_read_user(&given, sizeof(given), r->info + SI_CODE_AT) && given == code;
}
