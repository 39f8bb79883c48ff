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
#include "lib/sock.bpf.h"

#include "tcplife.h"

const volatile bool each_change = false;
const volatile __u32 only_pid = 0;
const volatile __u32 only_family = 0; // 4 or 6, by what goes over the wire

struct life {
	__u64 born_ns, since_ns;
	__u64 connect_ns, established_ns;
	__u64 cgroup;
	__u32 pid, nspid;
	char comm[TASK_COMM_BYTES];
	__u32 flags;
	__u32 pad;
};

#define SOCK_KEPT struct life
#include "lib/sock_kept.bpf.h"

static __always_inline void own(struct life *life, struct sock *sk)
{
	struct task_struct *task;

	if (life->flags & TCPLIFE_OWNED || !sock_is_locked(sk))
		return;
	task = task_now();
	life->pid = task_read(task, tgid);
	life->nspid = task_nspid(task);
	life->cgroup = task_cgroup(task);
	task_comm(life->comm, task_read(task, group_leader));
	life->flags |= TCPLIFE_OWNED | (in_cgroup(task) ? TCPLIFE_WANTED : 0);
}

static __always_inline void tell(struct sock *sk, struct life *life, int old_state, int new_state, __u64 now)
{
	bool ipv6 = sock_is_ipv6(sk);
	struct tcplife_event *e;

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
	e->cgroup = life->cgroup;
	e->pid = life->pid;
	e->nspid = life->nspid;
	__builtin_memcpy(e->comm, life->comm, sizeof(e->comm));
	e->uid = member(sk, sk_uid.val);
	e->error = member(sk, sk_err);
	fill_tcp_counts(&e->counts, sk);
	fill_tcp_ends(&e->ends, sk, ipv6);
	e->flags = life->flags;
	e->old_state = old_state;
	e->new_state = new_state;
	event_submit(e);
}

static __always_inline int changed(enum sock_kept_kind kind, struct sock *sk, int old_state, int new_state)
{
	__u64 now = bpf_ktime_get_boot_ns();
	bool born = new_state == TCP_STATE_SYN_SENT || new_state == TCP_STATE_SYN_RECV;
	struct life *life;

	// Not TCP (MPTCP, SCTP and DCCP have the same states), or no connection: what listens, what never connected.
	if (!sock_is_tcp(sk) || new_state == TCP_STATE_LISTEN ||
		(old_state == TCP_STATE_LISTEN && new_state == TCP_STATE_CLOSE))
		return 0;
	life = kept_of(kind, sk, true);
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
		!sock_has(sk, SOCK_DEAD)) {
		life->flags |= TCPLIFE_ENDED; // told when its process lets go of it
		return 0;
	}
	if (!each_change)
		tell(sk, life, old_state, new_state, now);
	forget_sock(kind, sk);
	return 0;
}

static __always_inline int gone(enum sock_kept_kind kind, struct sock *sk)
{
	struct life *life = kept_of(kind, sk, false);

	if (!life)
		return 0;
	if (life->flags & TCPLIFE_ENDED) {
		own(life, sk);
		tell(sk, life, TCP_STATE_ESTABLISHED, TCP_STATE_CLOSE, life->since_ns);
	}
	forget_sock(kind, sk);
	return 0;
}

#define HOOKS(suffix, kind)                                                      \
	TRACEPOINT("inet_sock_set_state")                                            \
	int BPF_PROG(changes##suffix, struct sock *sk, int old_state, int new_state) \
	{                                                                            \
		return changed(kind, sk, old_state, new_state);                          \
	}                                                                            \
	TRACEPOINT("tcp_destroy_sock")                                               \
	int BPF_PROG(goes##suffix, struct sock *sk) { return gone(kind, sk); }

HOOKS(, SOCK_BY_STORAGE)
HOOKS(_by_hash, SOCK_BY_HASH)
