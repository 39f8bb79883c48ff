// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The same as fentry.bpf.c by breakpoints: kprobe at a function's entry, kretprobe at its end. Works on kernels
// without BTF trampolines, and costs more.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

const volatile int my_pid = 0;

int entries = 0;

SEC("kprobe/do_sys_openat2")
int BPF_KPROBE(on_open, int dfd, const char* path)
{
	if (!my_pid || bpf_get_current_pid_tgid() >> 32 == (__u32)my_pid)
		__sync_fetch_and_add(&entries, 1);
	return 0;
}

SEC("kretprobe/do_sys_openat2")
int BPF_KRETPROBE(opened, long result)
{
	if (!my_pid || bpf_get_current_pid_tgid() >> 32 == (__u32)my_pid)
		bpf_printk("open gives %ld", result);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
