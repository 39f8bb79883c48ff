// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The kernel's version as an extern that the loader fills in. Better than to ask for it is to ask for what one needs
// (flavor.bpf.c): distributions carry changes back.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;

SEC("tp/sched/sched_process_exec")
int on_exec(void* ctx)
{
	bpf_printk("Linux %d.%d", LINUX_KERNEL_VERSION >> 16, LINUX_KERNEL_VERSION >> 8 & 0xff);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
