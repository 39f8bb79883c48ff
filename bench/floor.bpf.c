// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What nobody gets below: at each hook that a tool has to use a program that does nothing, and one that reads the clock
// once, which whoever tells a time must do. Attached one at a time by floor.c.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define FLOOR(hook, name)                               \
	SEC(hook) int name##_empty(void* ctx) { return 0; } \
	SEC(hook) int name##_clock(void* ctx)               \
	{                                                   \
		__u64 now = bpf_ktime_get_ns();                 \
		/* always 0, but the compiler does not know */  \
		return now == 1;                                \
	}

FLOOR("tp/syscalls/sys_exit_kill", kill)
FLOOR("tp_btf/signal_generate", signal)
FLOOR("tp_btf/sched_process_exec", exec)
FLOOR("tp_btf/sched_switch", switch)
FLOOR("tp_btf/sys_exit", sys)
FLOOR("tp/syscalls/sys_exit_openat", open)
FLOOR("tp_btf/block_rq_complete", io)
FLOOR("tp_btf/inet_sock_set_state", tcp)
