// SPDX-License-Identifier: BSD-2-Clause
// How a row of a table lies in memory, of which only the user half needs to know: `__u64 rows` (0: not in use), the key behind it, labels, and
// from `counts` to its end counters of 64 bits that only grow (bpf/lib/table.bpf.h).
#pragma once

#include <stddef.h>

struct table_layout {
	size_t size, key_size, counts;    // bytes; the last: where the counters begin
	size_t cells = 0, cell_words = 0; // of each CPU, and 64-bit words of a cell; 0: none
};

#define TABLE_LAYOUT(row, ...)                                              \
	{                                                                       \
		sizeof(row), sizeof(row::key), offsetof(row, counts), ##__VA_ARGS__ \
	}
#define TABLE_KEY_AT 8 // behind `rows`
