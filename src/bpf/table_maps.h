// SPDX-License-Identifier: BSD-2-Clause
// Snapshots of the tables that a kernel half counts (bpf/lib/table.bpf.h), read from mapped memory without a system
// call. The kernel goes on counting while they are read; nothing is reset.
#pragma once

#include "bpf/object.h"
#include "hist/table.h"

#include <cstdint>
#include <functional>
#include <memory>

namespace corescope {

// Memory of an array map.
class MappedArray {
public:
	MappedArray() = default;
	MappedArray(const Object& object, const char* map); // throws Error
	~MappedArray();
	MappedArray(const MappedArray&) = delete;
	MappedArray& operator=(const MappedArray&) = delete;
	size_t count() const { return count_; }
	size_t stride() const { return stride_; } // bytes from one to the next
	const char* at(size_t i) const { return static_cast<const char*>(memory_) + i * stride_; }

private:
	void* memory_ = nullptr;
	size_t size_ = 0, count_ = 0, stride_ = 0;
};

class TableMaps {
public:
	// Before loading. row_size: bytes of a row that are wanted, if not all.
	static void set_sizes(const Object& object, uint64_t max_keys, size_t row_size);

	// Gives the rows out. Call between load and attach. Throws Error.
	TableMaps(const Object& object, const table_layout& layout);

	// The key of a cell, for its row; false: it is none that is told.
	using Label = std::function<bool(size_t at, void* row)>;
	TableSnapshot read(const Label& label) const;
	// One cell of all CPUs added up, word by word; layout.cell_words of them.
	void add_cell(size_t at, uint64_t* sums) const;

private:
	table_layout layout_;
	MappedArray rows_;
	std::unique_ptr<MappedArray> cpus_;
};

} // namespace corescope
