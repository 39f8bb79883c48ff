// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A struct of functions that the kernel calls: a TCP congestion control of constant window. While it is loaded,
// /proc/sys/net/ipv4/tcp_available_congestion_control names it, and a socket may choose it.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("struct_ops/steady_ssthresh")
__u32 BPF_PROG(steady_ssthresh, struct sock* sk) { return 16; }

SEC("struct_ops/steady_cong_avoid")
void BPF_PROG(steady_cong_avoid, struct sock* sk, __u32 ack, __u32 acked) {}

SEC("struct_ops/steady_undo_cwnd")
__u32 BPF_PROG(steady_undo_cwnd, struct sock* sk) { return 16; }

SEC(".struct_ops")
struct tcp_congestion_ops steady = {
	.ssthresh = (void*)steady_ssthresh,
	.cong_avoid = (void*)steady_cong_avoid,
	.undo_cwnd = (void*)steady_undo_cwnd,
	.name = "bpf_steady",
};

char LICENSE[] SEC("license") = "GPL";
