// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The other of the two: at each exit of a process it says what shared_write.bpf.c has counted by then.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} shared_execs SEC(".maps");

SEC("tp/sched/sched_process_exit")
int tell(void* ctx)
{
	__u32 zero = 0;
	__u64* execs = bpf_map_lookup_elem(&shared_execs, &zero);

	if (execs)
		bpf_printk("%llu programs were executed so far", *execs);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
