// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Two ways to repeat: a loop with a bound, which the verifier walks through round by round, and bpf_loop() (5.17), which
// it looks at once. Both count how many bits of a PID are set.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct counting {
	__u32 number;
	__u32 bits;
};

static long count_one(__u64 i, struct counting* counting)
{
	counting->bits += counting->number >> (i & 31) & 1;
	return 0;
}

SEC("tp/sched/sched_process_exec")
int on_exec(void* ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct counting counting = {.number = pid};
	__u32 bits = 0;

	for (int i = 0; i < 32; i++)
		bits += pid >> i & 1;
	bpf_loop(32, count_one, &counting, 0);
	bpf_printk("pid %u has %u bits set; bpf_loop says %u", pid, bits, counting.bits);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
