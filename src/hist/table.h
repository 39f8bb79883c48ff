// SPDX-License-Identifier: BSD-2-Clause
// Rows of counters that only grow, at one instant, and what can be made of two such: the difference, groups, and the
// first few of an order with the rest as one row. What a row's key and labels mean, only its tool knows.
#pragma once

#include "table_layout.h"

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace corescope {

class TableSnapshot {
public:
	explicit TableSnapshot(const table_layout& layout) : layout_(layout) {}

	const table_layout& layout() const { return layout_; }
	size_t size() const { return bytes_.size() / layout_.size; }
	bool empty() const { return bytes_.empty(); }
	void* at(size_t i) { return bytes_.data() + i * layout_.size; }
	const void* at(size_t i) const { return bytes_.data() + i * layout_.size; }
	// A copy of `row`, of which only the first `size` bytes are there.
	void* add(const void* row, size_t size);
	// A row of zeros but for `rows`, which is 1.
	void* add();

	// How many keys a row stands for.
	static uint64_t& rows_of(void* row) { return *static_cast<uint64_t*>(row); }
	static uint64_t rows_of(const void* row) { return *static_cast<const uint64_t*>(row); }
	std::string key_of(const void* row) const
	{
		return {static_cast<const char*>(row) + TABLE_KEY_AT, layout_.key_size};
	}

	// What was counted since `earlier`: rows without new counts are left out. A counter that fell begins anew.
	TableSnapshot since(const TableSnapshot& earlier) const;
	// Rows of one name made one; labels are the first one's.
	TableSnapshot grouped(const std::function<std::string(const void* row)>& name) const;
	// In this order, where less(a, b) says that a comes first; rows that are equal stay as they were.
	void sort(const std::function<bool(const void* a, const void* b)>& less);
	// All behind the first n made one row, whose key and labels are zeros; a rest of one stays as it is.
	void keep(size_t n);

private:
	void add_counts(void* to, const void* from) const;
	size_t words() const { return (layout_.size - layout_.counts) / sizeof(uint64_t); }
	static constexpr size_t kAlign = sizeof(uint64_t);

	table_layout layout_;
	std::vector<char> bytes_; // rows of multiples of 8 bytes; the allocator aligns the first
};

} // namespace corescope
