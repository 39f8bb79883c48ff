// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// sigsnoop and killsnoop: one signal, who sent it, to whom, and what became of it.
#pragma once

#include "event.h"

// The system calls that send a signal. 0: the kernel sent it.
enum signal_call {
	CALL_NONE,
	CALL_KILL,
	CALL_TKILL,
	CALL_TGKILL,
	CALL_SIGQUEUEINFO,
	CALL_TGSIGQUEUEINFO,
	CALL_PIDFD_SEND_SIGNAL,
	CALLS,
};

// What became of it. The first five are the kernel's own (include/trace/events/signal.h).
enum signal_fate {
	FATE_DELIVERED,
	FATE_IGNORED,
	FATE_ALREADY_PENDING,
	FATE_OVERFLOW_FAIL, // not queued, the sender is told EAGAIN
	FATE_OVERFLOW_LOSE, // queued without its siginfo
	FATE_BLOCKED,       // queued; no thread that it is meant for takes it now
	FATE_FAILED,        // the call failed: see ret
	FATE_PROBED,        // signal 0: nothing is sent
};

enum signal_flag {
	SIGNAL_SENDER =
		1, // pid, tid, uid, comm are the sender's; without it nobody can be named (timer, interrupt)
	SIGNAL_TARGET = 2,  // tpid, ttid, tnspid, tcomm are the target's
	SIGNAL_NUMBER = 4,  // tpid alone is: nobody has that number any more, or this kernel cannot look him up
	SIGNAL_PROCESS = 8, // meant for the process, not for one thread
	SIGNAL_GROUP = 16,  // the call meant a process group, or everyone
};

struct sigsnoop_event {
	__u64 ts;     // CLOCK_BOOTTIME, ns
	__u64 cgroup; // the sender's
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__u32 nspid;
	__u32 tpid;
	__u32 ttid;
	__u32 tnspid;
	__u32 pgid;   // of the group that was meant, as the host numbers it; 0: none, or everyone
	__s32 given;  // the call's target as it was given: a pid, -pgid, 0, -1, a tid (tkill), a pidfd
	__s32 thread; // the tid that tgkill and rt_tgsigqueueinfo were given besides
	__s32 sig;    // a call that fails may have been given any number
	__s32 ret;    // 0 or -errno; 0 where there was no call
	__s32 code;   // si_code
	__u8 call;    // enum signal_call
	__u8 fate;    // enum signal_fate
	__u8 flags;   // enum signal_flag
	__u8 pad;
	char comm[TASK_COMM_BYTES];
	char tcomm[TASK_COMM_BYTES];
};
