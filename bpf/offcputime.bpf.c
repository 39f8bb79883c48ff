// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// offcputime: how long tasks are off the CPU, by the stack with which they left it. Stack, state and moment are taken at
// the switch away, where the task is the current one, and kept with the task until it runs again.
#include "lib/mark.bpf.h"
#include "lib/stack.bpf.h"

#include "offcputime.h"

const volatile __u32 only_pid = 0, only_tid = 0;
const volatile bool only_user_threads = false, only_kernel_threads = false;
const volatile bool filter_state = false;
const volatile __u32 only_state = 0; // a mask of TASK_*; 0: preempted
const volatile __u64 least_ns = 0, most_ns = ~0ULL;

struct off {
	__u64 since_ns; // 0: is not off, or not wanted
	__u64 kernel;
	__u64 user;
	__u32 state;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct off);
} offs SEC(".maps");

// For kernels without task storage in tracing programs (5.10), and for those without BTF.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct off);
} offs_hash SEC(".maps");

static __always_inline struct off *off_of(enum mark_kind kind, struct task_struct *task, bool make)
{
	__u32 pid = member(task, pid);
	struct off none = {}, *off;

	if (kind == MARK_BY_STORAGE)
		return bpf_task_storage_get(&offs, task, 0, make ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	off = bpf_map_lookup_elem(&offs_hash, &pid);
	if (off || !make)
		return off;
	bpf_map_update_elem(&offs_hash, &pid, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&offs_hash, &pid);
}

// The CPUs' idle tasks all bear the number 0 and wait for nothing: they are never off.
static __always_inline bool wanted(struct task_struct *task, __u32 state)
{
	__u32 tid = member(task, pid), flags = member(task, flags);

	if (!tid || (only_pid && member(task, tgid) != (int)only_pid) || (only_tid && tid != only_tid))
		return false;
	if ((only_user_threads && flags & PF_KTHREAD) || (only_kernel_threads && !(flags & PF_KTHREAD)))
		return false;
	if (filter_state && (only_state ? !(state & only_state) : state))
		return false;
	return in_cgroup(task);
}

static __always_inline void count_off(struct off *off, struct task_struct *task, __u64 now, __u32 partial)
{
	__u64 ns = now - off->since_ns;
	struct stack_key key = {.kernel = off->kernel, .user = off->user, .detail = off->state | partial};

	if (ns < least_ns || ns > most_ns)
		return;
	stack_fill_key(&key, task);
	stack_count(&key, task, ns);
}

static __always_inline int switched(
	enum mark_kind kind, void *ctx, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	// One that was preempted on its way to sleep has a state already, and does not sleep.
	__u32 state = preempt ? 0 : task_state(prev), pid = member(prev, pid);
	struct off *off;

	if (task_is_dead(prev)) {
		if (kind == MARK_BY_HASH)
			bpf_map_delete_elem(&offs_hash, &pid);
	} else if (wanted(prev, state)) {
		off = off_of(kind, prev, true);
		if (off) {
			stack_take(ctx, &off->kernel, &off->user);
			off->state = state;
			off->since_ns = bpf_ktime_get_ns();
		} else {
			count_loss(LOSS_TABLE_FULL);
		}
	}
	if (!member(next, pid))
		return 0;
	off = off_of(kind, next, false);
	if (!off || !off->since_ns)
		return 0;
	count_off(off, next, bpf_ktime_get_ns(), 0);
	off->since_ns = 0;
	return 0;
}

TRACEPOINT("sched_switch")
int BPF_PROG(by_storage, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(MARK_BY_STORAGE, ctx, preempt, prev, next);
}

TRACEPOINT("sched_switch")
int BPF_PROG(by_hash, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(MARK_BY_HASH, ctx, preempt, prev, next);
}

// At the end: what has begun and not ended counts up to now. Reading the iterator does it; there is nothing to be read.
static __always_inline int still(enum mark_kind kind, struct task_struct *task)
{
	struct off *off;

	if (!task)
		return 0;
	off = off_of(kind, task, false);
	if (off && off->since_ns)
		count_off(off, task, bpf_ktime_get_ns(), STACK_PARTIAL);
	return 0;
}

SEC("iter/task")
int still_off(struct bpf_iter__task *ctx) { return still(MARK_BY_STORAGE, ctx->task); }

SEC("iter/task")
int still_off_by_hash(struct bpf_iter__task *ctx) { return still(MARK_BY_HASH, ctx->task); }
