// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The same as fentry.bpf.c by breakpoints: kprobe at a function's entry, kretprobe at its end. Works on kernels
// without BTF trampolines, and costs more.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

const volatile int my_pid = 0;

int entries = 0;

SEC("kprobe/vfs_read")
int BPF_KPROBE(on_read, struct file* file, char* buffer, size_t size)
{
	if (!my_pid || bpf_get_current_pid_tgid() >> 32 == (__u32)my_pid)
		__sync_fetch_and_add(&entries, 1);
	return 0;
}

SEC("kretprobe/vfs_read")
int BPF_KRETPROBE(was_read, long result)
{
	if (!my_pid || bpf_get_current_pid_tgid() >> 32 == (__u32)my_pid)
		bpf_printk("read gives %ld", result);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
