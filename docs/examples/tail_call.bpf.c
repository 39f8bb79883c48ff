// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A program that goes on in another one: a tail call, by an array of programs that the object itself fills. The call does
// not come back. `load` attaches the first; the others are only called.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

int on_odd(void* ctx);
int on_even(void* ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void*));
} branches SEC(".maps") = {
	.values = {
		[0] = (void*)&on_even,
		[1] = (void*)&on_odd,
	},
};

SEC("tp/sched/sched_process_exec")
int dispatch(void* ctx)
{
	bpf_tail_call(ctx, &branches, (bpf_get_current_pid_tgid() >> 32) & 1);
	bpf_printk("the tail call failed");
	return 0;
}

SEC("tp")
int on_even(void* ctx)
{
	bpf_printk("process %d has an even number", (int)(bpf_get_current_pid_tgid() >> 32));
	return 0;
}

SEC("tp")
int on_odd(void* ctx)
{
	bpf_printk("process %d has an odd number", (int)(bpf_get_current_pid_tgid() >> 32));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
