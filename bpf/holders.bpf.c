// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Walks the open files of all processes and writes out those that are of BPF. What kind a file is, its release function
// tells; those of the four kinds are learned from descriptors of the process that reads, which it says beforehand. So no
// address has to be looked up in kallsyms, which may be hidden.
#include "lib/core.bpf.h"

#include "holder.h"

int known_fds[HOLDER_KINDS] = {-1, -1, -1, -1};
const void *known_release[HOLDER_KINDS] = {};
bool learned = false;

static __always_inline void learn(void)
{
	struct task_struct *reader = (struct task_struct *)bpf_get_current_task();
	struct file **files = BPF_CORE_READ(reader, files, fdt, fd);

	for (int kind = 0; kind < HOLDER_KINDS; kind++) {
		struct file *file = 0;

		if (known_fds[kind] >= 0 && !bpf_probe_read_kernel(&file, sizeof(file), files + known_fds[kind]) &&
			file)
			known_release[kind] = BPF_CORE_READ(file, f_op, release);
	}
	learned = true;
}

static __always_inline unsigned int id_of(unsigned int kind, const void *object)
{
	switch (kind) {
	case HOLDS_PROG: return BPF_CORE_READ((const struct bpf_prog *)object, aux, id);
	case HOLDS_MAP: return BPF_CORE_READ((const struct bpf_map *)object, id);
	case HOLDS_LINK: return BPF_CORE_READ((const struct bpf_link *)object, id);
	case HOLDS_PERF: return BPF_CORE_READ((const struct perf_event *)object, prog, aux, id);
	}
	return 0;
}

SEC("iter/task_file")
int holders(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct holder e = {};
	const void *release;

	if (!task || !file)
		return 0;
	if (!learned)
		learn();
	// A thread that shares the descriptors of its process has been told with it.
	if (task->tgid != task->pid && task->files == BPF_CORE_READ(task, group_leader, files))
		return 0;
	release = BPF_CORE_READ(file, f_op, release);
	if (!release)
		return 0;
	for (e.kind = 0; e.kind < HOLDER_KINDS; e.kind++)
		if (release == known_release[e.kind])
			break;
	if (e.kind == HOLDER_KINDS)
		return 0;
	e.id = id_of(e.kind, BPF_CORE_READ(file, private_data));
	if (!e.id) // a perf event without a program
		return 0;
	e.pid = task->tgid;
	e.fd = (int)ctx->fd;
	BPF_CORE_READ_STR_INTO(&e.comm, task, group_leader, comm);
	bpf_seq_write(ctx->meta->seq, &e, sizeof(e));
	return 0;
}
