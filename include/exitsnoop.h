// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// exitsnoop: the record of one process, or thread, that ended.
#pragma once

#include "event.h"

enum exit_flag {
	EXIT_THREAD = 1,      // only a thread: its process lives on
	EXIT_TIME_PARTIAL = 2 // the CPU time of some threads that end at the same time is not in it
};

struct exitsnoop_event {
	__u64 ts; // CLOCK_BOOTTIME, ns
	__u64 cgroup;
	__u64 age;    // ns since it began
	__u64 run;    // ns on a CPU, as the scheduler counts them
	__u64 utime;  // ns by the kernel's other books, which know only how the sum is shared out
	__u64 stime;  // ns
	__u64 maxrss; // pages, the most there ever were; 0: not known
	__u32 pid;
	__u32 tid;
	__u32 nspid;
	__u32 ppid;
	__u32 uid;
	__u32 code; // as wait4() tells it: exit code << 8, or signal with 0x80 for a core dump
	__u32 flags;
	char comm[TASK_COMM_BYTES];
	char pcomm[TASK_COMM_BYTES];
	__u32 pad;
};
