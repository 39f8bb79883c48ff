// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A system call by its name, whatever the kernel's function for it is called on this machine: who sends which signal.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

SEC("ksyscall/kill")
int BPF_KSYSCALL(on_kill, int pid, int signal)
{
	bpf_printk("kill(%d, %d)", pid, signal);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
