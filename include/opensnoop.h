// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// opensnoop: the record of one call that opens a file. Its length is that of its path's size class.
#pragma once

#include "event.h"
#include "open_call.h"
#include "user_callers.h"

enum open_flag {
	OPEN_PATH_CUT = 1,
	OPEN_PATH_UNREADABLE = 2, // not resident, or no address of the process
	OPEN_HOW_UNREADABLE = 4,  // openat2's arguments likewise
	OPEN_BASE = 8,            // the directory that the path begins at was looked up
	OPEN_BASE_CUT = 16,       // it lies deeper than was followed
};

// data holds path_len bytes, with NUL; and at base_at, base_len bytes: the names of that directory's path, from the leaf
// up, each closed by NUL; and at callers_at, a multiple of 8, who called, where that was asked for.
struct opensnoop_event {
	__u64 ts; // CLOCK_BOOTTIME, ns
	__u64 cgroup;
	__u64 how;     // O_* flags
	__u64 resolve; // RESOLVE_* flags, of openat2
	__u32 mode;
	__u32 pid;
	__u32 tid;
	__u32 nspid;
	__u32 ppid;
	__u32 uid;
	__s32 ret;
	__s32 dirfd; // AT_FDCWD where the call takes none
	__u16 call;
	__u16 flags;
	__u16 path_len;
	__u16 base_at;
	__u32 base_len;
	__u32 callers_at; // 0: nobody asked
	char comm[TASK_COMM_BYTES];
	__extension__ char data[];
};
