// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A record for each program that is executed, through a ring buffer: reserved, filled in place, submitted. The struct is
// in the object's types because a global variable names it, so that `load` can decode the records.
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

enum kind { KIND_FIRST = 1, KIND_AGAIN = 2 };

struct event {
	__u64 time_ns;
	int pid;
	int ppid;
	enum kind kind; // whether this process has executed another program before
	char comm[16];
	char file[64];
};

const struct event* unused_event __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct* task, int old_pid, struct linux_binprm* bprm)
{
	struct event* event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	event->time_ns = bpf_ktime_get_boot_ns();
	event->pid = task->tgid;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->kind = BPF_CORE_READ(task, self_exec_id) > BPF_CORE_READ(task, parent_exec_id) + 1 ? KIND_AGAIN : KIND_FIRST;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_probe_read_kernel_str(event->file, sizeof(event->file), bprm->filename);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
