// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Stacks in the kernel: each is kept once, under a hash of 64 bits over its frames, and what is counted refers to it.
// The kernel's own map of stacks has one place for each low bits of a hash: two stacks that meet there are one lost,
// and two CPUs that come with them at once may even mix them up. Here a stack is lost only where the table is full.
#pragma once

#include "lib/event.bpf.h"
#include "lib/filter.bpf.h"

#include "stack.h"

const volatile bool stack_kernel = true, stack_user = true;
const volatile bool stack_threads = false; // each thread by itself; else those of one name together
const volatile __u32 stack_depth = 127;    // frames that are kept
const volatile __u32 stack_ask = 127;      // frames that are asked for: one more, where the kernel gives that

#define STACK_DEEPEST 1024

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct stack_key);
	__type(value, struct stack_value);
} stack_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u64));
	__uint(
		value_size, sizeof(struct stack_frames) + 128 * sizeof(__u64)); // set by the depth that is asked for
} stacks SEC(".maps");

// Where a stack is put together; one for each CPU, and no larger than what is kept.
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct stack_frames) + 128 * sizeof(__u64));
} stack_scratch SEC(".maps");

static __always_inline __u64 stack_hash(const struct stack_frames *frames, __u32 count)
{
	const __u64 *ips = (const void *)(frames + 1);
	__u64 hash = count;

	for (__u32 i = 0; i < STACK_DEEPEST && i < stack_depth && i < count; i++) {
		hash = (hash ^ ips[i]) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
	}
	return hash > STACK_LOST ? hash : hash + STACK_LOST + 1;
}

// The id of the current task's stack. flags: BPF_F_USER_STACK or 0.
static __noinline __u64 stack_keep(void *ctx, __u64 flags)
{
	struct stack_frames *frames;
	__u32 zero = 0, count;
	__u64 id;
	long bytes;

	frames = bpf_map_lookup_elem(&stack_scratch, &zero);
	if (!frames)
		return STACK_LOST;
	bytes = bpf_get_stack(ctx, frames + 1, stack_ask * sizeof(__u64), flags);
	if (bytes < (long)sizeof(__u64))
		return STACK_NONE;
	count = bytes / sizeof(__u64);
	frames->truncated = count >= stack_ask;
	if (count > stack_depth)
		count = stack_depth;
	frames->count = count;
	id = stack_hash(frames, count);
	if (bpf_map_lookup_elem(&stacks, &id))
		return id;
	if (bpf_map_update_elem(&stacks, &id, frames, BPF_NOEXIST) && !bpf_map_lookup_elem(&stacks, &id)) {
		count_loss(LOSS_STACK_FULL);
		return STACK_LOST;
	}
	return id;
}

// The stacks of the current task, as they are asked for.
static __always_inline void stack_take(void *ctx, __u64 *kernel, __u64 *user)
{
	*kernel = stack_kernel ? stack_keep(ctx, 0) : STACK_NONE;
	*user = stack_user ? stack_keep(ctx, BPF_F_USER_STACK) : STACK_NONE;
}

// Who the task is; its stacks and the detail are the caller's.
static __always_inline void stack_fill_key(struct stack_key *key, struct task_struct *task)
{
	key->pid = task_read(task, tgid);
	key->tid = stack_threads ? task_read(task, pid) : 0;
	key->start_ns = task_read(task, group_leader, start_boottime);
	key->exec = task_read(task, self_exec_id);
	key->cgroup = task_cgroup(task);
	task_comm(key->comm, task);
}

// Seldom: the first time that this comes. Null when there is no room.
static __noinline struct stack_value *stack_new_row(struct stack_key *key, struct task_struct *task)
{
	struct stack_value fresh = {.nspid = task_nspid(task), .pidns = task_pidns(task)}, *value;
	struct stack_seen *seen;

	bpf_map_update_elem(&stack_counts, key, &fresh, BPF_NOEXIST);
	value = bpf_map_lookup_elem(&stack_counts, key);
	// Of what is not counted nothing is to be named, and nobody would ever forget it.
	if (value && key->user > STACK_LOST) {
		seen =
			bpf_ringbuf_reserve(&events, sizeof(*seen), 0); // what finds no room is named later, if it can be
		if (seen) {
			seen->ts = bpf_ktime_get_boot_ns();
			seen->key = *key;
			event_submit(seen);
		}
	}
	return value;
}

// Counts once, with a value in ns, for this key.
static __always_inline void stack_count(struct stack_key *key, struct task_struct *task, __u64 ns)
{
	struct stack_value *value = bpf_map_lookup_elem(&stack_counts, key);

	if (!value)
		value = stack_new_row(key, task);
	if (!value) {
		count_loss(LOSS_TABLE_FULL);
		return;
	}
	__sync_fetch_and_add(&value->count, 1);
	if (ns) // of an atomic `+= 0` the compiler makes an atomic or, which kernels before 5.12 refuse
		__sync_fetch_and_add(&value->sum_ns, ns);
}
