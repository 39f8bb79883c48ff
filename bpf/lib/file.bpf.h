// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The open file behind a descriptor.
#pragma once

#include "lib/task.bpf.h"

// Null if the descriptor is none of the task's.
static __always_inline struct file *file_by_descriptor(struct task_struct *task, int fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = NULL;

	if ((__u32)fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + (__u32)fd);
	return file;
}
