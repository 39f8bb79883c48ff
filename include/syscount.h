// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// syscount: what is counted for one call, process, cgroup or error.
#pragma once

#include "event.h"
#include "hist.h"

enum syscount_by {
	SYSCOUNT_BY_SYSCALL,
	SYSCOUNT_BY_PID,
	SYSCOUNT_BY_TID,
	SYSCOUNT_BY_COMM,
	SYSCOUNT_BY_CGROUP,
	SYSCOUNT_BY_ERROR,
};

// Which table a number is of; in the upper half of a key by syscall, whose lower half is the number (32 bits).
enum syscall_abi {
	SYSCALL_NATIVE,
	SYSCALL_COMPAT, // 32-bit: i386, or 32-bit ARM
	SYSCALL_X32,
};

// a, b: the call and 0; process or thread and its start time (since boot, ns); the 16 bytes of a name; cgroup id and
// 0; error number and 0.
struct syscount_key {
	__u64 a;
	__u64 b;
};

struct syscount_cell {
	__u64 count;
	__u64 failed;
};
// Native calls below 512, then 32-bit ones. The last is none of them: with -L it counts in `count` the calls that began,
// and in `failed` those that ended.
#define SYSCOUNT_CELLS 1024
#define SYSCOUNT_PACE 1023

struct syscount_counts {
	__u64 count;
	__u64 failed;
	__u64 ns;
	__u64 slots[HIST_SLOTS]; // of ns; only with -L
};

struct syscount_row {
	__u64 rows;
	struct syscount_key key;
	char comm[TASK_COMM_BYTES];
	__u32 nspid;
	__u32 pad;
	struct syscount_counts counts;
};
