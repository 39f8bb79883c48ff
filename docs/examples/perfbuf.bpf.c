// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Records by a perf buffer, as before ring buffers (5.8): one buffer for each CPU. What is lost is counted by the kernel.
// Nothing in the map says what a record is; `load` finds the struct of this length in the object's types.
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct exit_event {
	int pid;
	int cpu;
	char comm[16];
};

// A type is in the object's BTF when something that others see uses it.
const struct exit_event* unused_exit_event __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(int));
	__uint(value_size, sizeof(int));
} exits SEC(".maps");

SEC("tp/sched/sched_process_exit")
int on_exit(void* ctx)
{
	struct exit_event event = {};

	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_perf_event_output(ctx, &exits, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
