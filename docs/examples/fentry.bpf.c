// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A function's arguments at its entry and what it gave back at its end: who opens what, and with which result. Typed
// arguments need no helper; kprobe.bpf.c does the same where a kernel has no fentry.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

const volatile int my_pid = 0;

int entries = 0;

SEC("fentry/do_sys_openat2")
int BPF_PROG(on_open, int dfd, const char* path)
{
	if (!my_pid || bpf_get_current_pid_tgid() >> 32 == (__u32)my_pid)
		__sync_fetch_and_add(&entries, 1);
	return 0;
}

SEC("fexit/do_sys_openat2")
int BPF_PROG(opened, int dfd, const char* path, void* how, long result)
{
	if (!my_pid || bpf_get_current_pid_tgid() >> 32 == (__u32)my_pid)
		bpf_printk("open gives %ld", result);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
