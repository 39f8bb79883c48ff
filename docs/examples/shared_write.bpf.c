// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// One of two objects that share a map: this one counts, shared_read.bpf.c tells. The map asks to be pinned by its name,
// so that whoever is loaded second finds it.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} shared_execs SEC(".maps");

SEC("tp/sched/sched_process_exec")
int count(void* ctx)
{
	__u32 zero = 0;
	__u64* execs = bpf_map_lookup_elem(&shared_execs, &zero);

	if (execs)
		__sync_fetch_and_add(execs, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
