// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// tcplife: the record of a connection's end, or with -S of each change of its state.
#pragma once

#include "tcp.h"

enum tcplife_flags {
	TCPLIFE_ACCEPTED = 1, // by this host; else connected, where TCPLIFE_CONNECTED says so, else not known
	TCPLIFE_CONNECTED = 2,
	TCPLIFE_ESTABLISHED = 4, // it was so once
	TCPLIFE_SEEN_BORN = 8,   // the tool was there from its first state on
	TCPLIFE_OWNED = 16,      // pid and all that belongs to it is known
	TCPLIFE_WANTED = 32,     // by --cgroup
	TCPLIFE_ENDED = 64,      // but not told yet
};

struct tcplife_event {
	__u64 ts;             // CLOCK_BOOTTIME, ns: of the end, or of the change
	__u64 sock;           // address of the kernel's socket: the same for all changes of one connection
	__u64 age_ns;         // since its first state, or since the tool saw it first
	__u64 connect_ns;     // from its first state until it was established
	__u64 established_ns; // and in that state
	__u64 state_ns;       // in the old state
	__u64 cgroup;         // of its process, as the next three
	__u32 pid;            // 0: not known
	__u32 nspid;
	char comm[TASK_COMM_BYTES];
	__u32 uid;
	__u32 error;
	__u8 flags;
	__u8 old_state;
	__u8 new_state;
	__u8 pad;
	__u32 pad2;
	struct tcp_counts counts;
	struct tcp_ends ends;
};
