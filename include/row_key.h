// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What a row of a table is for: a process, a thread, a name or a cgroup, or something that only the tool knows.
#pragma once

#include "event.h"

enum row_by {
	ROW_BY_PID,
	ROW_BY_TID,
	ROW_BY_COMM,
	ROW_BY_CGROUP,
	ROW_BY_OWN, // from here on the tool's own: ROW_BY_OWN + n
};

// a, b: process or thread and its start time (since boot, ns); the 16 bytes of a name; cgroup id and 0; or the tool's.
struct row_key {
	__u64 a;
	__u64 b;
};

// Of a process or thread.
struct row_task {
	char comm[TASK_COMM_BYTES];
	__u32 nspid;
	__u32 pad;
};
