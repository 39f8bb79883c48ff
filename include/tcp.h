// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What both halves know of a TCP connection: its states, its two ends, and what the kernel counts of it.
#pragma once

#include "event.h"

// include/net/tcp_states.h
enum tcp_states {
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_SYN_SENT,
	TCP_STATE_SYN_RECV,
	TCP_STATE_FIN_WAIT1,
	TCP_STATE_FIN_WAIT2,
	TCP_STATE_TIME_WAIT,
	TCP_STATE_CLOSE,
	TCP_STATE_CLOSE_WAIT,
	TCP_STATE_LAST_ACK,
	TCP_STATE_LISTEN,
	TCP_STATE_CLOSING,
	TCP_STATE_NEW_SYN_RECV,
};

struct tcp_ends {
	__u8 laddr[16]; // as on the wire; IPv4: the first four
	__u8 raddr[16];
	__u16 lport; // in this host's order
	__u16 rport;
	__u32 family; // AF_INET or AF_INET6, by what goes over the wire
};

struct tcp_counts {
	__u64 tx_bytes; // acknowledged by the other side, without SYN and FIN
	__u64 rx_bytes;
	__u32 retrans;    // segments sent again
	__u32 rtt_us;     // smoothed, the last
	__u32 min_rtt_us; // the least in the last minutes; all ones: none was measured
	__u32 netns;      // inode of the network namespace
};
