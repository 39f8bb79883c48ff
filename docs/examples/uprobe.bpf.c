// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A function of user space: who calls libc's getpgid(), with what, and what it returns. The library is found where the
// dynamic loader would find it.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("uprobe/libc.so.6:getpgid")
int BPF_KPROBE(on_call, int pid)
{
	bpf_printk("getpgid(%d) called", pid);
	return 0;
}

SEC("uretprobe/libc.so.6:getpgid")
int BPF_KRETPROBE(on_return, int result)
{
	bpf_printk("getpgid returns %d", result);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
