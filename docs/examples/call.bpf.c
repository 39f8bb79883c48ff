// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A function that programs share: not inlined, verified once for itself, and called as any function is.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

__u64 sum = 0;
__u64 calls = 0;

__attribute__((noinline)) int digits_of(int number)
{
	int sum_of_digits = 0;

	for (int i = 0; i < 10 && number > 0; i++) {
		sum_of_digits += number % 10;
		number /= 10;
	}
	return sum_of_digits;
}

SEC("tp/sched/sched_process_exec")
int on_exec(void* ctx)
{
	int pid = bpf_get_current_pid_tgid() >> 32;

	__sync_fetch_and_add(&sum, digits_of(pid));
	__sync_fetch_and_add(&calls, 1);
	bpf_printk("the digits of %d add up to %d", pid, digits_of(pid));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
