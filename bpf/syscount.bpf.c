// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// syscount: system calls at their exit, where number and result are both known. The plain count by call needs no helper
// but for the CPU's number, no lock and nothing shared. With -L a second program at the entry notes the time.
#include "lib/mark.bpf.h"
#include "lib/row_key.bpf.h"
#include "lib/syscall.bpf.h"

#include "syscount.h"

#define TABLE_KEY struct row_key
#define TABLE_ROW struct syscount_row
#define TABLE_CELL struct syscount_cell
#define TABLE_CELLS SYSCOUNT_CELLS
#include "lib/table.bpf.h"

const volatile bool latency = false;
const volatile bool cells = false; // by call, and without times
const volatile bool only_failed = false;
const volatile __u32 only_error = 0;
const volatile __u32 only_pid = 0;

// What the call is counted for; false: nothing. `number` has its ABI's place in the upper half.
static __always_inline bool key_of(struct row_key *key, __u64 number, __u32 error, struct task_struct *task)
{
	if (task_key(key, task))
		return true;
	key->a = row_by == SYSCOUNT_BY_ERROR ? error : number;
	return row_by != SYSCOUNT_BY_ERROR || error;
}

static __always_inline void count_in_row(__u64 number, __u32 error, bool renames, __u64 ns)
{
	struct task_struct *task = task_now();
	struct row_key key;
	struct syscount_row *row;
	bool made;

	if (!key_of(&key, number, error, task))
		return;
	row = table_row(&key, key.a ^ key.b, &made);
	if (!row)
		return;
	// A process is often forked under one name and lives under the one that exec gives it.
	if (made || renames)
		fill_row_task(&row->task, task);
	__sync_fetch_and_add(&row->counts.count, 1);
	if (error)
		__sync_fetch_and_add(&row->counts.failed, 1);
	if (!latency)
		return;
	__sync_fetch_and_add(&row->counts.ns, ns);
	__sync_fetch_and_add(&row->counts.slots[hist_map_slot(ns, 1)], 1);
}

static __always_inline bool wanted_task(void)
{
	if (only_pid && bpf_get_current_pid_tgid() >> 32 != only_pid)
		return false;
	return !filter_cgroup || in_cgroup(task_now());
}

static __always_inline int count_in_cell(__u32 at, __u32 error)
{
	struct syscount_cell *cell = table_cell(at);

	if (cell) {
		cell->count++;
		if (error)
			cell->failed++;
	}
	return 0;
}

static __noinline int count(struct pt_regs *regs, long ret, __u64 ns)
{
	__u32 error = syscall_failed(ret) ? -ret : 0;
	enum syscall_abi abi;
	int number;

	if ((only_failed && !error) || (only_error && error != only_error))
		return 0;
	number = syscall_left(regs, &abi);
	// The child comes out of the call that only its parent has made.
	if (!ret && syscall_makes_task(number, abi == SYSCALL_COMPAT))
		return 0;
	if (cells && abi != SYSCALL_X32 && (__u32)number < SYSCOUNT_CELLS / 2)
		return count_in_cell(abi * (SYSCOUNT_CELLS / 2) + number, error);
	count_in_row(
		(__u64)abi << 32 | (__u32)number, error, !ret && syscall_is_exec(number, abi == SYSCALL_COMPAT), ns);
	return 0;
}

TRACEPOINT("sys_exit")
int BPF_PROG(counted, struct pt_regs *regs, long ret)
{
	int number = syscall_left_number(regs);

	// Nearly all calls where nothing is left out: with nothing to be kept in between, this is little more than an empty
	// program. (0 may be what the child of a fork gets.)
	if (cells && !only_failed && !only_error && !only_pid && !filter_cgroup &&
		(__u32)number < SYSCOUNT_CELLS / 2 && syscall_left_native(regs) &&
		(ret || !syscall_makes_task(number, false)))
		return count_in_cell(number, syscall_failed(ret));
	return wanted_task() ? count(regs, ret, 0) : 0;
}

static __always_inline void pace(bool begins)
{
	struct syscount_cell *cell = table_cell(SYSCOUNT_PACE);

	if (cell)
		++*(begins ? &cell->count : &cell->failed);
}

static __always_inline int begin(enum mark_kind kind, struct pt_regs *regs, long number)
{
	struct task_struct *task = task_now();

	// What never returns must leave no mark: the next task of that number would find it.
	if (syscall_ends_task(number & ~X32_BIT, syscall_left_compat(regs)) || !wanted_task())
		return 0;
	pace(true);
	mark_set(kind, task, bpf_ktime_get_ns());
	return 0;
}

static __always_inline int end(enum mark_kind kind, struct pt_regs *regs, long ret)
{
	struct task_struct *task = task_now();
	__u64 ns = mark_take(kind, task, bpf_ktime_get_ns());

	if (!ns) // it began before this tool did, or is none that was wanted
		return 0;
	pace(false);
	if (wanted_task())
		count(regs, ret, ns);
	return 0;
}

#define HOOKS(suffix, kind)                                                                              \
	TRACEPOINT("sys_enter")                                                                              \
	int BPF_PROG(begun##suffix, struct pt_regs *regs, long number) { return begin(kind, regs, number); } \
	TRACEPOINT("sys_exit")                                                                               \
	int BPF_PROG(ended##suffix, struct pt_regs *regs, long ret) { return end(kind, regs, ret); }

HOOKS(, MARK_BY_STORAGE)
HOOKS(_by_hash, MARK_BY_HASH)
