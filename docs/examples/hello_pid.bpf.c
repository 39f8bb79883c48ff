// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Hello from one process only. The number is set from outside, before the verifier sees the program:
//   corescope load build/examples/hello_pid.bpf.o --set my_pid=$$
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

const volatile int my_pid = 0;

SEC("tp/syscalls/sys_enter_write")
int hello_pid(void* ctx)
{
	int pid = bpf_get_current_pid_tgid() >> 32;

	if (pid != my_pid)
		return 0;
	bpf_printk("Hello from process %d", pid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
