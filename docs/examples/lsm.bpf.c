// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A security hook that looks on and forbids nothing: which programs are about to be executed. The kernel must have been
// started with bpf among its security modules (lsm=…,bpf).
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("lsm/bprm_check_security")
int BPF_PROG(on_exec, struct linux_binprm* bprm, int result)
{
	bpf_printk("about to execute something");
	return result; // of the modules before: 0, or their refusal
}

char LICENSE[] SEC("license") = "GPL";
