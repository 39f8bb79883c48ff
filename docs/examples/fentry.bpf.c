// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A function's arguments at its entry and what it gave back at its end: who reads how much. Typed
// arguments need no helper; kprobe.bpf.c does the same where a kernel has no fentry.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

const volatile int my_pid = 0;

int entries = 0;

SEC("fentry/vfs_read")
int BPF_PROG(on_read, struct file* file, char* buffer, size_t size)
{
	if (!my_pid || bpf_get_current_pid_tgid() >> 32 == (__u32)my_pid)
		__sync_fetch_and_add(&entries, 1);
	return 0;
}

SEC("fexit/vfs_read")
int BPF_PROG(was_read, struct file* file, char* buffer, size_t size, loff_t* at, ssize_t result)
{
	if (!my_pid || bpf_get_current_pid_tgid() >> 32 == (__u32)my_pid)
		bpf_printk("read gives %ld", result);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
