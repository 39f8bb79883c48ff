// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Sampling: on every CPU, so many times a second (--freq), it is noted which process runs.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct task {
	int pid;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct task);
	__type(value, __u64);
} samples SEC(".maps");

SEC("perf_event")
int on_sample(void* ctx)
{
	struct task task = {};
	__u64 one = 1, *count;

	task.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(task.comm, sizeof(task.comm));
	count = bpf_map_lookup_elem(&samples, &task);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&samples, &task, &one, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
