// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// How histograms lie in maps, for both halves. Counters only grow; user space takes differences of snapshots.
#pragma once

#include "event.h"
#include "hist.h"

// What a histogram is kept for: all tasks together, or one set of slots for each key.
enum hist_by {
	HIST_BY_ALL,
	HIST_BY_PID,
	HIST_BY_TID,
	HIST_BY_COMM,
	HIST_BY_CGROUP,
	HIST_BY_PIDNS,
	HIST_BY_OWN = 16, // from here on what a tool declares for itself, in its order
};

// a, b: process or thread number (0 | 1 << 63 | cpu for a CPU's idle task) and start time (since
// boot, ns); or the 16 bytes of a name; or cgroup id and 0, or the PID
// namespace's inode number and 0; or what the tool says. Never both zero. A start time tells apart two processes
// that had one number.
#define HIST_NO_NAME (1ULL << 63) // in b, for an empty name: the last byte of any other is NUL
struct hist_key {
	__u64 a;
	__u64 b;
};

// The histogram of one CPU, and the moment at which the task on it began; 0 for one that does not count. Whose it is
// need not be said: whoever leaves the CPU is who came last, even if an exec gave it another number in between.
struct hist_cpu {
	__u64 since_ns;
	__u64 idle_since_ns;
	struct hist_counts counts;
} __attribute__((aligned(64)));

// The histogram of one key.
struct hist_row {
	struct hist_key key;
	char comm[TASK_COMM_BYTES]; // the process', as it was when the row was made, or when it ended
	__u32 nspid; // its number in its own PID namespace; 0 where the key is no process or thread
	__u32 pad;
	struct hist_counts counts;
};
