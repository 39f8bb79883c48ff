// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What a socket says of itself: its ends, by what goes over the wire, and what TCP counts of it. `sk` is a tracepoint's
// argument.
#pragma once

#include "lib/task.bpf.h"

#include <bpf/bpf_endian.h>

#include "tcp.h"

#define AF_INET 2
#define AF_INET6 10
// include/net/sock.h, enum sock_flags: no process has it any more; the other side's FIN has come
#define SOCK_DEAD 0
#define SOCK_DONE 1

static __always_inline bool sock_is_tcp(struct sock *sk) { return member(sk, sk_protocol) == IPPROTO_TCP; }

static __always_inline bool sock_has(struct sock *sk, unsigned flag)
{
	return member(sk, __sk_common.skc_flags) & 1UL << flag;
}

// Whether the current task is the one that works on it, and not whichever was interrupted.
static __always_inline bool sock_is_locked(struct sock *sk) { return member(sk, sk_lock.owned); }

// Not where an IPv6 socket carries IPv4 (::ffff:a.b.c.d).
static __always_inline bool sock_is_ipv6(struct sock *sk)
{
	return member(sk, __sk_common.skc_family) == AF_INET6 &&
		(member(sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[0]) ||
			member(sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[1]) ||
			member(sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[2]) != bpf_htonl(0xffff));
}

// ends: cleared.
static __always_inline void fill_tcp_ends(struct tcp_ends *ends, struct sock *sk, bool ipv6)
{
	struct inet_sock *inet = (struct inet_sock *)sk;

	if (ipv6) {
		ends->family = AF_INET6;
		bpf_probe_read_kernel(ends->laddr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_probe_read_kernel(ends->raddr, 16, &sk->__sk_common.skc_v6_daddr);
	} else {
		ends->family = AF_INET;
		*(__u32 *)ends->laddr = member(sk, __sk_common.skc_rcv_saddr);
		*(__u32 *)ends->raddr = member(sk, __sk_common.skc_daddr);
	}
	ends->lport = bpf_ntohs(BPF_CORE_READ(inet, inet_sport)); // skc_num is gone when the port was given back
	ends->rport = bpf_ntohs(member(sk, __sk_common.skc_dport));
}

static __always_inline void fill_tcp_counts(struct tcp_counts *counts, struct sock *sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	__u64 sent;

	// All that was sent once, unless less was acknowledged: what is acknowledged counts SYN and FIN as bytes too.
	counts->tx_bytes = BPF_CORE_READ(tcp, bytes_acked);
	sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
	if (sent < counts->tx_bytes)
		counts->tx_bytes = sent;
	counts->rx_bytes = BPF_CORE_READ(tcp, bytes_received);
	if (counts->rx_bytes && sock_has(sk, SOCK_DONE))
		counts->rx_bytes--;
	counts->retrans = BPF_CORE_READ(tcp, total_retrans);
	counts->rtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
	counts->min_rtt_us = BPF_CORE_READ(tcp, rtt_min.s[0].v);
	counts->netns = member(sk, __sk_common.skc_net.net, ns.inum);
}
