// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Who sent SIGKILL to whom, and how often: a hash map, which `load` prints by its types.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct pair {
	int sender;
	int target;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct pair);
	__type(value, __u64);
} kills SEC(".maps");

const volatile int signal = 9;

SEC("tp/signal/signal_generate")
int on_signal(struct trace_event_raw_signal_generate* ctx)
{
	struct pair pair = {};
	__u64 one = 1, *count;

	if (ctx->sig != signal)
		return 0;
	pair.sender = bpf_get_current_pid_tgid() >> 32;
	pair.target = ctx->pid;
	count = bpf_map_lookup_elem(&kills, &pair);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&kills, &pair, &one, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
