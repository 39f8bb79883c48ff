// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// execsnoop: the record of one exec, as the kernel half writes it and the user half prints it.
#pragma once

#include "event.h"

#define EXEC_MAX_ARG_BYTES 131072 // what the kernel itself allows one argument (MAX_ARG_STRLEN)

enum exec_flag {              // the first two as in bpf/lib/argv.bpf.h
	EXEC_ARGS_CUT = 1,        // there were more bytes, or more arguments, than were taken
	EXEC_ARGS_UNREADABLE = 2, // some bytes could not be read (not resident)
	EXEC_FILE_CUT = 4,        // the file's path was longer than its room: its end is missing
	EXEC_EXE_CUT = 8,         // the same of these two, whose beginning is missing
	EXEC_CWD_CUT = 16,
	EXEC_PATHS = 32, // exe and cwd were read
};

// data holds, one after the other: args_len bytes of arguments, each closed by NUL; file_len bytes, the path as it
// was given to the call; exe_len and cwd_len bytes, the names of path components from the leaf up, each closed by NUL.
struct execsnoop_event {
	__u64 ts; // CLOCK_BOOTTIME, ns
	__u64 cgroup;
	__u32 pid;
	__u32 tid; // the thread that called; it takes over the number `pid` when the call succeeds
	__u32 nspid;
	__u32 ppid;
	__u32 uid;
	__u32 gid;
	__s32 ret;
	__u32 flags;
	__u32 args_total; // bytes that there were; 0 if unknown
	__u32 args_len;
	__u32 file_len;
	__u32 exe_len;
	__u32 cwd_len;
	char comm[TASK_COMM_BYTES];
	char pcomm[TASK_COMM_BYTES];
	__extension__ char data[];
};
