// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The smallest program: each time that a program is executed, it says a sentence.
//   corescope load build/examples/hello.bpf.o
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("tp/sched/sched_process_exec")
int hello(void* ctx)
{
	bpf_printk("Hello, BPF World!");
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
