// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Histograms in the kernel: per CPU where there is one key, else a row of slots for each key, guessed before the hash is
// asked.
#pragma once

#include "lib/filter.bpf.h"
#include "lib/guess.bpf.h"

#include "histmap.h"

const volatile __u32 hist_by = HIST_BY_ALL;
const volatile bool hist_milliseconds = false; // unit of the slots; else microseconds

// How the task is read that a value belongs to. Before the include a tool may define it as task_read, where it is the
// current one.
#ifndef hist_read
#define hist_read member
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); // set to the number of possible CPUs
	__type(key, __u32);
	__type(value, struct hist_cpu);
} hist_cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); // set to the most keys that are kept, as are the next two
	__type(key, __u32);
	__type(value, struct hist_row);
} hist_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct hist_key);
	__type(value, __u32);
} hist_keys SEC(".maps");

// Rows not given out yet; filled by user space.
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__type(value, __u32);
} hist_free SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GUESSES);
	__type(key, __u32);
	__type(value, __u32);
} hist_guesses SEC(".maps");

// No row is left: then nobody asks for one, which takes a lock, at each switch of each task that has none.
bool hist_full = false;

static __always_inline struct hist_cpu *hist_this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&hist_cpus, &cpu);
}

static __always_inline void hist_key_of(struct hist_key *key, struct task_struct *task)
{
	struct task_struct *leader = hist_read(task, group_leader);

	key->b = 0;
	switch (hist_by) {
	case HIST_BY_PID:
		key->a = hist_read(leader, pid);
		key->b = hist_read(leader, start_boottime);
		break;
	case HIST_BY_TID:
		key->a = hist_read(task, pid);
		key->b = hist_read(task, start_boottime);
		break;
	case HIST_BY_COMM:
		// Up to the NUL: before 6.1 the kernel left what it liked behind it. A name may be empty.
		key->a = 0;
		bpf_probe_read_kernel_str(key, TASK_COMM_BYTES, &leader->comm);
		if (!key->a)
			key->b = HIST_NO_NAME;
		return;
	case HIST_BY_PIDNS: key->a = task_pidns(task); return;
	default: key->a = task_cgroup(task); return;
	}
	if (!key->a)
		key->a = 1ULL << 63 | bpf_get_smp_processor_id();
}

// The slow way: a key that was not guessed. Negative when there is no row left. task: whose name and number the row
// bears, where the key is a process or thread.
static __noinline int hist_find_row(struct hist_key *key, struct task_struct *task)
{
	__u32 *found = bpf_map_lookup_elem(&hist_keys, key), index;
	struct hist_row *row;

	if (found)
		return *found;
	if (hist_full)
		return -1;
	if (bpf_map_pop_elem(&hist_free, &index)) {
		hist_full = true;
		return -1;
	}
	row = bpf_map_lookup_elem(&hist_rows, &index);
	if (!row)
		return -1;
	// A thread's own name for its own row; otherwise the process', not that of whichever thread came first.
	if (hist_by < HIST_BY_OWN)
		task_comm(row->comm, hist_by == HIST_BY_TID ? task : hist_read(task, group_leader));
	if (hist_by == HIST_BY_PID)
		row->nspid = task_nspid(task);
	else if (hist_by == HIST_BY_TID)
		row->nspid = own_number(hist_read(task, thread_pid), hist_read(task, pid));
	row->key = *key;
	if (bpf_map_update_elem(&hist_keys, key, &index, BPF_NOEXIST)) { // another CPU was faster
		row->key.a = row->key.b = 0;
		bpf_map_push_elem(&hist_free, &index, 0);
		hist_full = false;
		found = bpf_map_lookup_elem(&hist_keys, key);
		return found ? *found : -1;
	}
	return index;
}

// The row of a key; negative when there is none left.
static __always_inline int hist_row_index(struct hist_key *key, struct task_struct *task)
{
	struct hist_row *row;
	__u32 at, *guess;
	int index;

	at = guess_place(key->a ^ key->b);
	guess = bpf_map_lookup_elem(&hist_guesses, &at);
	if (!guess)
		return -1;
	index = *guess;
	row = bpf_map_lookup_elem(&hist_rows, &index);
	if (row && row->key.a == key->a && row->key.b == key->b)
		return index;
	index = hist_find_row(key, task);
	if (index >= 0)
		*guess = index;
	return index;
}

static __always_inline struct hist_counts *hist_of_key(struct task_struct *task)
{
	struct hist_row *row;
	struct hist_key key;
	int index;

	hist_key_of(&key, task);
	index = hist_row_index(&key, task);
	if (index < 0)
		return NULL;
	row = bpf_map_lookup_elem(&hist_rows, &index);
	return row ? &row->counts : NULL;
}

// The last name counts: a process is often forked under one and lives under another. Called when `task` ends.
static __always_inline void hist_rename(struct task_struct *task)
{
	struct hist_row *row;
	struct hist_key key;
	__u32 *index;

	if ((hist_by != HIST_BY_PID && hist_by != HIST_BY_TID) ||
		(hist_by == HIST_BY_PID && member(task, pid) != member(task, tgid)))
		return;
	hist_key_of(&key, task);
	index = bpf_map_lookup_elem(&hist_keys, &key);
	row = index ? bpf_map_lookup_elem(&hist_rows, index) : NULL;
	if (row)
		task_comm(row->comm, task);
}

// Counts one value, in ns, for the task that it belongs to. cpu: the one that this runs on, where nothing that
// counts into the same histogram can interrupt.
static __always_inline void hist_record(struct hist_cpu *cpu, struct task_struct *task, __u64 ns)
{
	struct hist_counts *counts;

	if (hist_by == HIST_BY_ALL) {
		if (hist_milliseconds)
			hist_count(&cpu->counts, ns, 1000000);
		else
			hist_count(&cpu->counts, ns, 1000);
		return;
	}
	counts = hist_of_key(task);
	if (!counts)
		count_loss(LOSS_TABLE_FULL);
	else if (hist_by ==
		HIST_BY_TID) // a thread is on one CPU at a time, and the scheduler orders its switches
		hist_count(counts, ns, hist_milliseconds ? 1000000 : 1000);
	else
		hist_count_shared(counts, ns, hist_milliseconds ? 1000000 : 1000);
}

// Counts one value in a row that hist_row_index() gave, maybe at another hook, when it was still known whose the value
// would be.
static __always_inline void hist_record_row(int index, __u64 ns)
{
	struct hist_row *row = index < 0 ? NULL : bpf_map_lookup_elem(&hist_rows, &index);

	if (row)
		hist_count_shared(&row->counts, ns, hist_milliseconds ? 1000000 : 1000);
	else
		count_loss(LOSS_TABLE_FULL);
}
