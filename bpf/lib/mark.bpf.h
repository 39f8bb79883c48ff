// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A moment remembered for each task between two hooks ("since when"), without a map of the size of pid_max.
//
// Most marks live in a small array, at the low bits of the task's number: one word holds the number's high bits and
// the moment, so it is read and written whole. A task that finds its place taken keeps its mark in task storage. Where
// there are few numbers at all, the array has a place for each.
// An exiting task must not be marked: so a number that is used again never finds its last owner's mark.
#pragma once

#include "lib/task.bpf.h"

#define MARK_PLACES 4096 // a power of two
#define MARK_PLACES_MOST 32768
#define MARK_TAG_BITS 10 // 2^22 is the largest pid_max there is
#define MARK_TIME_MASK (~0ULL >> MARK_TAG_BITS)
#define TASK_DEAD 0x80 // include/linux/sched.h

const volatile __u32 mark_places = MARK_PLACES; // of the array

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MARK_PLACES); // user space may ask for more
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

// The current task has no type where there is no task storage either (task_now()).
static __always_inline __u32 mark_pid(enum mark_kind kind, struct task_struct *task)
{
	return kind == MARK_BY_HASH ? task_read(task, pid) : member(task, pid);
}

// Its state, for a task that is being switched away from: what sched_switch tells as prev_state, at different places of
// its arguments.
static __always_inline __u32 task_state_at_switch(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return member(task, __state);
	return member((struct task_struct___before_5_14 *)(void *)task, state);
}

static __always_inline bool task_is_dead(struct task_struct *task)
{
	return task_state_at_switch(task) & TASK_DEAD;
}

// False on kernels for one CPU only, which do not keep it: there a task that is woken does not run.
static __always_inline bool task_on_cpu(struct task_struct *task)
{
	struct task_struct___since_7_1 *newer = (void *)task;

	if (!bpf_core_field_exists(task->on_cpu)) // a kernel for one CPU
		return false;
	return bpf_core_field_size(task->on_cpu) == 1 ? member(newer, on_cpu) : member(task, on_cpu);
}

// A place of its own: the tag is 0, and nobody else writes there while the task is being woken or switched.
static __always_inline bool mark_is_alone(__u32 pid)
{
	return mark_places == MARK_PLACES_MOST && pid < MARK_PLACES_MOST;
}

static __always_inline __u64 mark_tag(__u32 pid)
{
	return mark_places == MARK_PLACES_MOST ? (__u64)(pid / MARK_PLACES_MOST) << (64 - MARK_TAG_BITS)
										   : (__u64)(pid / MARK_PLACES) << (64 - MARK_TAG_BITS);
}

static __always_inline __u64 *mark_place(__u32 pid)
{
	__u32 at = pid & (mark_places == MARK_PLACES_MOST ? MARK_PLACES_MOST - 1 : MARK_PLACES - 1);

	return bpf_map_lookup_elem(&marks, &at);
}

static __always_inline bool mark_is_ours(__u64 word, __u32 pid)
{
	return word && (word & ~MARK_TIME_MASK) == mark_tag(pid);
}

// Remembers `now` (ns, not 0) for the task. A mark that finds no room is counted as lost.
static __always_inline void mark_set(enum mark_kind kind, struct task_struct *task, __u64 now)
{
	__u32 pid = mark_pid(kind, task);
	__u64 *mark, word, old;

	if (kind == MARK_BY_HASH) {
		if (bpf_map_update_elem(&marks_hash, &pid, &now, BPF_ANY))
			count_loss(LOSS_TABLE_FULL);
		return;
	}
	mark = mark_place(pid);
	if (!mark)
		return;
	word = mark_tag(pid) | (now & MARK_TIME_MASK);
	if (mark_is_alone(pid)) {
		*mark = word;
		return;
	}
	old = *mark;
	// One that was left behind under this number, by a task that took another in an exec, is nobody's.
	if ((!old || mark_is_ours(old, pid)) && __sync_val_compare_and_swap(mark, old, word) == old)
		return;
	mark = bpf_task_storage_get(&marks_over, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (mark)
		*mark = now;
	else
		count_loss(LOSS_TABLE_FULL);
}

static __always_inline bool mark_is_set(enum mark_kind kind, struct task_struct *task)
{
	__u32 pid = mark_pid(kind, task);
	__u64 *mark;

	if (kind == MARK_BY_HASH)
		return bpf_map_lookup_elem(&marks_hash, &pid) != NULL;
	mark = mark_place(pid);
	if (mark && mark_is_ours(*mark, pid))
		return true;
	if (mark_is_alone(pid))
		return false;
	mark = bpf_task_storage_get(&marks_over, task, 0, 0);
	return mark && *mark;
}

// The task's mark, which is taken away, for mark_age(); 0 when there is none.
static __always_inline __u64 mark_remove(enum mark_kind kind, struct task_struct *task)
{
	__u32 pid = mark_pid(kind, task);
	__u64 *mark, word;

	if (kind == MARK_BY_HASH) {
		mark = bpf_map_lookup_elem(&marks_hash, &pid);
		word = mark ? *mark : 0;
		if (word)
			bpf_map_delete_elem(&marks_hash, &pid);
		return word;
	}
	mark = mark_place(pid);
	word = mark ? *mark : 0;
	if (mark && mark_is_ours(word, pid)) {
		*mark = 0;
		return word;
	}
	if (mark_is_alone(pid))
		return 0;
	mark = bpf_task_storage_get(&marks_over, task, 0, 0);
	if (!mark)
		return 0;
	word = *mark;
	*mark = 0;
	return word;
}

// Takes a mark away that ought not to be there any more: some kernels leave out switches (away from kernel threads),
// and with it whoever should have taken it. Only where that costs nothing, in the array.
static __always_inline void mark_drop(enum mark_kind kind, struct task_struct *task)
{
	__u32 pid = mark_pid(kind, task);
	__u64 *mark = kind == MARK_BY_HASH ? NULL : mark_place(pid);

	if (mark && mark_is_ours(*mark, pid))
		*mark = 0;
}

// The ns from a mark until now.
static __always_inline __u64 mark_age(__u64 mark, __u64 now) { return (now - mark) & MARK_TIME_MASK; }

// The ns since the task's mark, which is taken away; 0 when there is none.
static __always_inline __u64 mark_take(enum mark_kind kind, struct task_struct *task, __u64 now)
{
	__u64 mark = mark_remove(kind, task);

	return mark ? mark_age(mark, now) : 0;
}
