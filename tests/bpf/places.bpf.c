// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Programs whose sections name no target, so that each is hooked in where --attach says; all count into one variable.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

__u64 seen = 0;

SEC("xdp")
int on_packet(struct xdp_md* ctx)
{
	__sync_fetch_and_add(&seen, 1);
	return XDP_PASS;
}

SEC("tc")
int on_filter(struct __sk_buff* ctx)
{
	__sync_fetch_and_add(&seen, 1);
	return 0; /* TC_ACT_OK */
}

SEC("cgroup_skb/egress")
int on_egress(struct __sk_buff* ctx)
{
	__sync_fetch_and_add(&seen, 1);
	return 1;
}

SEC("sockops")
int on_socket(struct bpf_sock_ops* ctx)
{
	__sync_fetch_and_add(&seen, 1);
	return 1;
}

SEC("raw_tp")
int on_raw(void* ctx)
{
	__sync_fetch_and_add(&seen, 1);
	return 0;
}

SEC("tp")
int on_tracepoint(void* ctx)
{
	__sync_fetch_and_add(&seen, 1);
	return 0;
}

SEC("tp_btf")
int on_typed(void* ctx)
{
	__sync_fetch_and_add(&seen, 1);
	return 0;
}

SEC("sk_lookup")
int on_lookup(struct bpf_sk_lookup* ctx)
{
	__sync_fetch_and_add(&seen, 1);
	return SK_PASS;
}

SEC("socket") // hooked in by whoever owns a socket
int on_own_packet(struct __sk_buff* ctx)
{
	__sync_fetch_and_add(&seen, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
