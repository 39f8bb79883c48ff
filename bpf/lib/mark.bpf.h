// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A moment remembered for each task between two hooks ("since when"), without a map of the size of pid_max.
//
// Most marks live in a small array, at the low bits of the task's number: one word holds the number's high bits and
// the moment, so it is read and written whole. A task that finds its place taken keeps its mark in task storage.
// An exiting task must not be marked: so a number that is used again never finds its last owner's mark.
#pragma once

#include "lib/task.bpf.h"

#define MARK_SLOT_BITS 12
#define MARK_TAG_BITS 10 // 2^22 is the largest pid_max there is
#define MARK_TIME_MASK (~0ULL >> MARK_TAG_BITS)
#define TASK_DEAD 0x80 // include/linux/sched.h

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << MARK_SLOT_BITS);
	__type(key, __u32);
	__type(value, __u64);
} marks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} marks_over SEC(".maps");

// For kernels without task storage in tracing programs, and without atomic compare-and-exchange (5.10).
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} marks_hash SEC(".maps");

enum mark_kind { MARK_BY_STORAGE, MARK_BY_HASH };

static __always_inline bool task_is_dead(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return member(task, __state) & TASK_DEAD;
	return member((struct task_struct___before_5_14 *)(void *)task, state) & TASK_DEAD;
}

static __always_inline __u64 mark_tag(__u32 pid)
{
	return (__u64)(pid >> MARK_SLOT_BITS) << (64 - MARK_TAG_BITS);
}

// Remembers `now` (ns, not 0) for the task. A mark that finds no room is counted as lost.
static __always_inline void mark_set(enum mark_kind kind, struct task_struct *task, __u64 now)
{
	__u32 pid = member(task, pid), at = pid & ((1 << MARK_SLOT_BITS) - 1);
	__u64 *mark, word;

	if (kind == MARK_BY_HASH) {
		if (bpf_map_update_elem(&marks_hash, &pid, &now, BPF_ANY))
			count_loss(LOSS_TABLE_FULL);
		return;
	}
	mark = bpf_map_lookup_elem(&marks, &at);
	if (!mark)
		return;
	word = mark_tag(pid) | (now & MARK_TIME_MASK);
	if (!*mark && __sync_val_compare_and_swap(mark, 0, word) == 0)
		return;
	mark = bpf_task_storage_get(&marks_over, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (mark)
		*mark = now;
	else
		count_loss(LOSS_TABLE_FULL);
}

// The ns since the task's mark, which is taken away; 0 when there is none.
static __always_inline __u64 mark_take(enum mark_kind kind, struct task_struct *task, __u64 now)
{
	__u32 pid = member(task, pid), at = pid & ((1 << MARK_SLOT_BITS) - 1);
	__u64 *mark, word;

	if (kind == MARK_BY_HASH) {
		mark = bpf_map_lookup_elem(&marks_hash, &pid);
		word = mark ? *mark : 0;
		if (word)
			bpf_map_delete_elem(&marks_hash, &pid);
		return word ? now - word : 0;
	}
	mark = bpf_map_lookup_elem(&marks, &at);
	word = mark ? *mark : 0;
	if (word && (word & ~MARK_TIME_MASK) == mark_tag(pid)) {
		*mark = 0;
		return (now - word) & MARK_TIME_MASK;
	}
	mark = bpf_task_storage_get(&marks_over, task, 0, 0);
	if (!mark || !*mark)
		return 0;
	word = *mark;
	*mark = 0;
	return now - word;
}
