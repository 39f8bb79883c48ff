// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Programs that no verifier takes, one for each common mistake.
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

struct wide {
	__u64 values[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wide);
} wides SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH); // of an array newer kernels know that entry 0 is there
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wide);
} hashed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct task_struct___never {
	int no_such_member;
} __attribute__((preserve_access_index));

SEC("tp/sched/sched_process_exec")
int unchecked(void* ctx)
{
	__u32 zero = 0;
	struct wide* wide = bpf_map_lookup_elem(&hashed, &zero);

	return wide->values[0];
}

SEC("tp/sched/sched_process_exec")
int unbounded(void* ctx)
{
	__u32 zero = 0;
	struct wide* wide = bpf_map_lookup_elem(&wides, &zero);
	__u64 i = bpf_get_current_pid_tgid();

	if (!wide)
		return 0;
	return wide->values[i];
}

SEC("tp/sched/sched_process_exec")
int endless(void* ctx)
{
	volatile __u32 i = 0;

	while (i != 7)
		;
	return 0;
}

SEC("tp/sched/sched_process_exec")
int unreleased(void* ctx)
{
	__u64* record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (record)
		*record = 1;
	return 0;
}

SEC("tp/sched/sched_process_exec")
int wrong_helper(void* ctx) { return bpf_skb_load_bytes(ctx, 0, ctx, 1); }

SEC("tp/sched/sched_process_exec")
int missing_member(void* ctx)
{
	struct task_struct___never* task = (void*)bpf_get_current_task();

	return BPF_CORE_READ(task, no_such_member);
}

SEC("tp/sched/sched_process_exec")
int wild_pointer(void* ctx)
{
	int* anywhere = (void*)bpf_get_current_task();

	return *anywhere;
}

char LICENSE[] SEC("license") = "GPL";
