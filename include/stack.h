// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// How stacks and what is counted for them lie in maps, for both halves. Counts only grow; user space takes differences.
#pragma once

#include "event.h"

// In place of a stack's id, which is a hash over its frames.
#define STACK_NONE 0 // not asked for, or the task has none
#define STACK_LOST 1 // there was one, and no room for it

#define STACK_PARTIAL (1U << 31) // in detail: what is counted had not ended when tracing did

// What is counted together. The process is told apart from others that had its number (start_ns), and from itself
// before an exec: the same address is then another function.
struct stack_key {
	__u64 kernel; // ids
	__u64 user;
	__u64 start_ns; // of the process, since boot
	__u64 cgroup;   // v2 id
	__u32 pid;
	__u32 tid;    // 0: all threads of one name
	__u32 exec;   // goes up with each exec
	__u32 detail; // the tool's own
	char comm[TASK_COMM_BYTES];
};

struct stack_value {
	__u64 count;
	__u64 sum_ns;
	__u32 nspid;
	__u32 pidns; // inode number
};

// A stack. Behind it lie its addresses, leaf first: as many as are kept, and one more, which tells that there are more.
struct stack_frames {
	__u32 count;
	__u32 truncated;
};

// The first of a task's stacks that is new: whoever names it should look at the process while it lives.
struct stack_seen {
	__u64 ts;
	struct stack_key key;
};
