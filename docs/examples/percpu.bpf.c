// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// How often each CPU switched tasks, in a per-CPU array: no two CPUs ever write to the same place. `load` adds them up,
// or shows them one by one with --per-cpu.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct counts {
	__u64 switches;
	__u64 to_idle;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counts);
} counts SEC(".maps");

SEC("tp/sched/sched_switch")
int on_switch(struct trace_event_raw_sched_switch* ctx)
{
	__u32 zero = 0;
	struct counts* mine = bpf_map_lookup_elem(&counts, &zero);

	if (!mine)
		return 0;
	mine->switches++;
	if (ctx->next_pid == 0)
		mine->to_idle++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
