// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// A table in the kernel: a row of counters for each key, and where keys are small numbers, cells of counters for each
// CPU. Whoever includes it says before: TABLE_KEY, a struct of 64-bit words without holes, and TABLE_ROW, which begins
// with `__u64 rows` and the key, and ends with the counters (include/table_layout.h); with TABLE_CELL and TABLE_CELLS (a power
// of two) also the cells, whose words are the first of the counters.
//
// Rows lie in memory that user space maps, are given out once and never taken back, and their counters only grow. A row is
// guessed before the hash is asked (lib/guess.bpf.h).
#pragma once

#include "lib/filter.bpf.h"
#include "lib/guess.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); // set to the most keys that are kept, as are the next two
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(TABLE_ROW)); // less where the last counters are not wanted
} table_rows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, TABLE_KEY);
	__type(value, __u32);
} table_keys SEC(".maps");

// Rows not given out yet; filled by user space.
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__type(value, __u32);
} table_free SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GUESSES);
	__type(key, __u32);
	__type(value, __u32);
} table_guesses SEC(".maps");

#ifdef TABLE_CELLS
struct table_cpu {
	TABLE_CELL cells[TABLE_CELLS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); // set to the number of possible CPUs
	__type(key, __u32);
	__type(value, struct table_cpu);
} table_cpus SEC(".maps");

// at < TABLE_CELLS. Null only to please the verifier.
static __always_inline TABLE_CELL *table_cell(__u32 at)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct table_cpu *cells = bpf_map_lookup_elem(&table_cpus, &cpu);

	// The compiler, which knows the bound, would leave out the mask; before 6.2 the verifier forgets it with a register
	// that is put aside during a call.
	return cells ? &cells->cells[opaque(at) & (TABLE_CELLS - 1)] : NULL;
}
#endif

// No row is left: then nobody asks for one, which takes a lock, at each event of each key that has none.
bool table_full = false;

static __always_inline bool table_same(const TABLE_KEY *a, const TABLE_KEY *b)
{
	const __u64 *x = (const void *)a, *y = (const void *)b;

#pragma unroll
	for (unsigned i = 0; i < sizeof(*a) / sizeof(*x); i++)
		if (x[i] != y[i])
			return false;
	return true;
}

// The slow way: a key that was not guessed. Below 0 when there is no row left; TABLE_NEW is set in a row that was
// given out just now.
#define TABLE_NEW 0x40000000
static __noinline int table_find(TABLE_KEY *key)
{
	__u32 *found = bpf_map_lookup_elem(&table_keys, key), index;
	TABLE_ROW *row;

	if (found)
		return *found;
	if (table_full)
		return -1;
	if (bpf_map_pop_elem(&table_free, &index)) {
		table_full = true;
		return -1;
	}
	row = bpf_map_lookup_elem(&table_rows, &index);
	if (!row)
		return -1;
	row->key = *key;
	if (bpf_map_update_elem(&table_keys, key, &index, BPF_NOEXIST)) { // another CPU was faster
		bpf_map_push_elem(&table_free, &index, 0);
		table_full = false;
		found = bpf_map_lookup_elem(&table_keys, key);
		return found ? *found : -1;
	}
	row->rows = 1;
	return index | TABLE_NEW;
}

// The row of a key; null when there is none left, which is counted. hash: of the key, any bits. made: set where the row
// is new, whose labels are then to be filled in.
static __always_inline TABLE_ROW *table_row(TABLE_KEY *key, __u64 hash, bool *made)
{
	__u32 at = guess_place(hash);
	__u32 *guess = bpf_map_lookup_elem(&table_guesses, &at);
	TABLE_ROW *row;
	int index;

	*made = false;
	if (!guess)
		return NULL;
	index = *guess;
	row = bpf_map_lookup_elem(&table_rows, &index);
	if (row && row->rows && table_same(&row->key, key))
		return row;
	index = table_find(key);
	if (index < 0) {
		count_loss(LOSS_TABLE_FULL);
		return NULL;
	}
	*made = index & TABLE_NEW;
	index &= ~TABLE_NEW;
	*guess = index;
	return bpf_map_lookup_elem(&table_rows, &index);
}
