// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A field that got another name: task_struct.state became __state in 5.14. A struct with ___ in its name is a flavor: for
// CO-RE it is the struct without what stands behind the ___, so that both forms can be asked for and one be read.
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct task_struct___before_5_14 {
	volatile long state;
} __attribute__((preserve_access_index));

static long state_of(struct task_struct* task)
{
	struct task_struct___before_5_14* old = (void*)task;

	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state);
	return BPF_CORE_READ(old, state);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct* task, int old_pid, struct linux_binprm* bprm)
{
	bpf_printk("pid %d: state %ld", task->tgid, state_of(task));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
