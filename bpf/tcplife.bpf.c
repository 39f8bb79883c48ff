// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// tcplife: TCP connections, told when they end, or at each change of their state. One tracepoint sees all changes; who
// does not open, close or lose connections pays nothing.
//
// Whose connection it is: most changes happen in an interrupt, on top of whichever task just runs. But where the
// socket is locked by a process (sk_lock.owned), the current task is the one that works on it: it connects, shuts down or
// closes. A connection that ended before its process ever did so (reset by the other side) is told when the process lets
// go of it, which the second tracepoint sees.
#include "lib/event.bpf.h"
#include "lib/filter.bpf.h"

#include <bpf/bpf_endian.h>

#include "tcplife.h"

#define AF_INET 2
#define AF_INET6 10
// include/net/sock.h, enum sock_flags: no process has it any more; the other side's FIN has come
#define SOCK_DEAD 0
#define SOCK_DONE 1

const volatile bool each_change = false;
const volatile __u32 only_pid = 0;
const volatile __u32 only_family = 0; // 4 or 6, by what goes over the wire

struct life {
	__u64 born_ns, since_ns, established_at_ns;
	__u64 connect_ns, established_ns;
	__u64 cgroup;
	__u32 pid, nspid;
	char comm[TASK_COMM_BYTES];
	__u32 flags;
	__u32 pad;
};

// Lives and dies with the socket.
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct life);
} lives SEC(".maps");

// For kernels that have no such storage for tracing programs (before 5.11), or offer no types.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct life);
} lives_hash SEC(".maps");

enum kind { BY_STORAGE, BY_HASH };

// What is known of a socket, made where there is nothing yet; null when there is no room, which is counted.
static __always_inline struct life *life_of(enum kind kind, struct sock *sk, bool make)
{
	static const struct life none;
	__u64 key = (__u64)sk;
	struct life *life;

	if (kind == BY_STORAGE) {
		life = bpf_sk_storage_get(&lives, sk, 0, make ? BPF_SK_STORAGE_GET_F_CREATE : 0);
	} else {
		life = bpf_map_lookup_elem(&lives_hash, &key);
		if (life || !make)
			return life;
		if (!bpf_map_update_elem(&lives_hash, &key, &none, BPF_NOEXIST))
			life = bpf_map_lookup_elem(&lives_hash, &key);
	}
	if (!life && make)
		count_loss(LOSS_TABLE_FULL);
	return life;
}

static __always_inline void forget(enum kind kind, struct sock *sk)
{
	__u64 key = (__u64)sk;

	if (kind == BY_STORAGE)
		bpf_sk_storage_delete(&lives, sk);
	else
		bpf_map_delete_elem(&lives_hash, &key);
}

static __always_inline void own(struct life *life, struct sock *sk)
{
	struct task_struct *task;

	if (life->flags & TCPLIFE_OWNED || !member(sk, sk_lock.owned))
		return;
	task = task_now();
	life->pid = task_read(task, tgid);
	life->nspid = task_nspid(task);
	life->cgroup = task_cgroup(task);
	task_comm(life->comm, task_read(task, group_leader));
	life->flags |= TCPLIFE_OWNED | (in_cgroup(task) ? TCPLIFE_WANTED : 0);
}

static __always_inline bool is_mapped(struct sock *sk)
{
	return !member(sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[0]) &&
		!member(sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[1]) &&
		member(sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[2]) == bpf_htonl(0xffff);
}

static __always_inline void tell(struct sock *sk, struct life *life, int old_state, int new_state, __u64 now)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	struct inet_sock *inet = (struct inet_sock *)sk;
	__u16 family = member(sk, __sk_common.skc_family);
	bool ipv6 = family == AF_INET6 && !is_mapped(sk);
	struct tcplife_event *e;
	__u64 sent;

	if ((only_pid && life->pid != only_pid) || (filter_cgroup && !(life->flags & TCPLIFE_WANTED)) ||
		(only_family && only_family != (ipv6 ? 6 : 4)))
		return;
	e = event_reserve(sizeof(*e));
	if (!e)
		return;
	__builtin_memset(e, 0, sizeof(*e));
	e->ts = now;
	e->sock = (__u64)sk;
	e->age_ns = now - life->born_ns;
	e->connect_ns = life->connect_ns;
	e->established_ns = life->established_ns;
	e->state_ns = now - life->since_ns;
	// All that was sent once, unless less was acknowledged: what is acknowledged counts SYN and FIN as bytes too.
	e->tx_bytes = BPF_CORE_READ(tcp, bytes_acked);
	sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
	if (sent < e->tx_bytes)
		e->tx_bytes = sent;
	e->rx_bytes = BPF_CORE_READ(tcp, bytes_received);
	if (e->rx_bytes && member(sk, __sk_common.skc_flags) & 1 << SOCK_DONE)
		e->rx_bytes--;
	e->cgroup = life->cgroup;
	e->pid = life->pid;
	e->nspid = life->nspid;
	__builtin_memcpy(e->comm, life->comm, sizeof(e->comm));
	e->uid = member(sk, sk_uid.val);
	e->netns = member(sk, __sk_common.skc_net.net, ns.inum);
	e->retrans = BPF_CORE_READ(tcp, total_retrans);
	e->rtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
	e->min_rtt_us = BPF_CORE_READ(tcp, rtt_min.s[0].v);
	e->error = member(sk, sk_err);
	if (ipv6) {
		e->family = AF_INET6;
		bpf_probe_read_kernel(e->laddr, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_probe_read_kernel(e->raddr, 16, &sk->__sk_common.skc_v6_daddr);
	} else {
		e->family = AF_INET;
		*(__u32 *)e->laddr = member(sk, __sk_common.skc_rcv_saddr);
		*(__u32 *)e->raddr = member(sk, __sk_common.skc_daddr);
	}
	e->lport = bpf_ntohs(BPF_CORE_READ(inet, inet_sport)); // skc_num is gone when the port was given back
	e->rport = bpf_ntohs(member(sk, __sk_common.skc_dport));
	e->flags = life->flags;
	e->old_state = old_state;
	e->new_state = new_state;
	event_submit(e);
}

static __always_inline int changed(enum kind kind, struct sock *sk, int old_state, int new_state)
{
	__u64 now = bpf_ktime_get_boot_ns();
	bool born = new_state == TCP_STATE_SYN_SENT || new_state == TCP_STATE_SYN_RECV;
	struct life *life;

	// Not TCP (MPTCP, SCTP and DCCP have the same states), or no connection: what listens, what never connected.
	if (member(sk, sk_protocol) != IPPROTO_TCP || new_state == TCP_STATE_LISTEN ||
		(old_state == TCP_STATE_LISTEN && new_state == TCP_STATE_CLOSE))
		return 0;
	life = life_of(kind, sk, true);
	if (!life)
		return 0;
	if (!life->born_ns || born) { // a socket may connect again
		if (born)
			__builtin_memset(life, 0, sizeof(*life));
		life->born_ns = life->since_ns = now;
		if (new_state == TCP_STATE_SYN_SENT)
			life->flags = TCPLIFE_SEEN_BORN | TCPLIFE_CONNECTED;
		else if (born)
			life->flags = TCPLIFE_SEEN_BORN | TCPLIFE_ACCEPTED;
		else if (old_state != TCP_STATE_SYN_SENT)
			life->flags = TCPLIFE_ESTABLISHED;
	}
	own(life, sk);
	if (new_state == TCP_STATE_ESTABLISHED) {
		life->flags |= TCPLIFE_ESTABLISHED;
		life->connect_ns = now - life->born_ns;
	}
	if (old_state == TCP_STATE_ESTABLISHED)
		life->established_ns = now - life->since_ns;
	if (each_change)
		tell(sk, life, old_state, new_state, now);
	life->since_ns = now;
	if (new_state != TCP_STATE_CLOSE)
		return 0;
	if (!each_change && !(life->flags & TCPLIFE_OWNED) && life->flags & TCPLIFE_ESTABLISHED &&
		!(member(sk, __sk_common.skc_flags) & 1 << SOCK_DEAD)) {
		life->flags |= TCPLIFE_ENDED; // told when its process lets go of it
		return 0;
	}
	if (!each_change)
		tell(sk, life, old_state, new_state, now);
	forget(kind, sk);
	return 0;
}

static __always_inline int gone(enum kind kind, struct sock *sk)
{
	struct life *life = life_of(kind, sk, false);

	if (!life)
		return 0;
	if (life->flags & TCPLIFE_ENDED) {
		own(life, sk);
		tell(sk, life, TCP_STATE_ESTABLISHED, TCP_STATE_CLOSE, life->since_ns);
	}
	forget(kind, sk);
	return 0;
}

TRACEPOINT("inet_sock_set_state")
int BPF_PROG(changes, struct sock *sk, int old_state, int new_state)
{
	return changed(BY_STORAGE, sk, old_state, new_state);
}

TRACEPOINT("tcp_destroy_sock")
int BPF_PROG(goes, struct sock *sk) { return gone(BY_STORAGE, sk); }

TRACEPOINT("inet_sock_set_state")
int BPF_PROG(changes_by_hash, struct sock *sk, int old_state, int new_state)
{
	return changed(BY_HASH, sk, old_state, new_state);
}

TRACEPOINT("tcp_destroy_sock")
int BPF_PROG(goes_by_hash, struct sock *sk) { return gone(BY_HASH, sk); }
