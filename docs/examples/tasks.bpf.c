// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// An iterator: the kernel calls it for every task that there is, and what it writes can be read as a file.
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("iter/task")
int each_task(struct bpf_iter__task* ctx)
{
	struct task_struct* task = ctx->task;

	if (!task) // the end
		return 0;
	if (ctx->meta->seq_num == 0)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%8s %8s %8s %s\n", "PID", "TID", "PPID", "COMM");
	BPF_SEQ_PRINTF(ctx->meta->seq, "%8d %8d %8d %s\n", task->tgid, task->pid, BPF_CORE_READ(task, real_parent, tgid),
		task->comm);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
