// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Where kernels differ: CO-RE flavors of renamed or moved members, each with the kernel and the change.
#pragma once

#include "lib/hook.bpf.h"

// 6.1: cgroup.ancestor_ids[] (u64 ids) became cgroup.ancestors[] (pointers).
struct cgroup___before_6_1 {
	int level;
	__u64 ancestor_ids[];
} __attribute__((preserve_access_index));

struct cgroup___since_6_1 {
	int level;
	struct cgroup *ancestors[];
} __attribute__((preserve_access_index));

// 5.14: task_struct.state became __state and changed its type to unsigned int.
struct task_struct___before_5_14 {
	volatile long state;
} __attribute__((preserve_access_index));

// 7.1: task_struct.on_cpu became a single byte.
struct task_struct___since_7_1 {
	__u8 on_cpu;
} __attribute__((preserve_access_index));

// 5.17: request.rq_disk went away; since 5.15 the queue knows its disk.
struct request___before_5_17 {
	struct gendisk *rq_disk;
} __attribute__((preserve_access_index));

#define has_helper(name) bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_##name)

// 5.11: bpf_get_current_task_btf(), 5.15: bpf_task_pt_regs(). Before, such a pointer is a plain number to the
// verifier. So members, through any number of pointers, are plain loads where the pointer is typed, and else calls
// that read.
#define read_typed(typed, from, ...) ((typed) ? member(from, __VA_ARGS__) : BPF_CORE_READ(from, __VA_ARGS__))
#define task_read(task, ...) read_typed(TYPED_HOOKS &&has_helper(get_current_task_btf), task, __VA_ARGS__)
#define regs_read(regs, ...) read_typed(TYPED_HOOKS &&has_helper(task_pt_regs), regs, __VA_ARGS__)

// The state as the scheduler set it, a mask of TASK_* bits (include/linux/sched.h). Not exact for a task that runs.
static __always_inline __u32 task_state(struct task_struct *task)
{
	struct task_struct___before_5_14 *old = (void *)task;

	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state);
	return BPF_CORE_READ(old, state);
}
