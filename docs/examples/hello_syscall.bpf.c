// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The same, where a process asks for it: at the entry of execve(2). A tracepoint of system calls is asked at every one
// of the machine's, which the tracepoint of hello.bpf.c is not; and a call that fails is counted as well.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("tp/syscalls/sys_enter_execve")
int hello_syscall(struct trace_event_raw_sys_enter* ctx)
{
	bpf_printk("Hello, BPF World! (%d asks for execve)", (int)(bpf_get_current_pid_tgid() >> 32));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
