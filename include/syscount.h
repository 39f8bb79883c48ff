// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// syscount: what is counted for one call, process, cgroup or error.
#pragma once

#include "hist.h"
#include "row_key.h"
#include "syscall_abi.h"

// In a row's key `a`: the number of the call in its lower half, and enum syscall_abi in the upper; or the error's number.
enum syscount_by {
	SYSCOUNT_BY_SYSCALL = ROW_BY_OWN,
	SYSCOUNT_BY_ERROR,
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
	struct row_key key;
	struct row_task task;
	struct syscount_counts counts;
};
