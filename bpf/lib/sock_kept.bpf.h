// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What a tool keeps for each socket between two hooks. Whoever includes it says before: SOCK_KEPT, a struct. Two maps, of
// which a hook set uses one (the user half: configure_sock_kept() in src/cli/sock_kept.h).
#pragma once

#include "lib/core.bpf.h"

// Lives and dies with the socket.
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, SOCK_KEPT);
} sock_kept SEC(".maps");

// For kernels that have no such storage for tracing programs (before 5.11), or offer no types.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, SOCK_KEPT);
} sock_kept_hash SEC(".maps");

enum sock_kept_kind { SOCK_BY_STORAGE, SOCK_BY_HASH };

// What is kept of a socket, made and cleared where there is nothing yet; null when there is no room, which is counted.
static __always_inline SOCK_KEPT *kept_of(enum sock_kept_kind kind, struct sock *sk, bool make)
{
	static const SOCK_KEPT none;
	__u64 key = (__u64)sk;
	SOCK_KEPT *kept;

	if (kind == SOCK_BY_STORAGE) {
		kept = bpf_sk_storage_get(&sock_kept, sk, 0, make ? BPF_SK_STORAGE_GET_F_CREATE : 0);
	} else {
		kept = bpf_map_lookup_elem(&sock_kept_hash, &key);
		if (kept || !make)
			return kept;
		if (!bpf_map_update_elem(&sock_kept_hash, &key, &none, BPF_NOEXIST))
			kept = bpf_map_lookup_elem(&sock_kept_hash, &key);
	}
	if (!kept && make)
		count_loss(LOSS_TABLE_FULL);
	return kept;
}

static __always_inline void forget_sock(enum sock_kept_kind kind, struct sock *sk)
{
	__u64 key = (__u64)sk;

	if (kind == SOCK_BY_STORAGE)
		bpf_sk_storage_delete(&sock_kept, sk);
	else
		bpf_map_delete_elem(&sock_kept_hash, &key);
}
