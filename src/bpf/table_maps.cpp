// SPDX-License-Identifier: BSD-2-Clause
// From rows and cells in shared memory to snapshots; see table_maps.h.
#include "bpf/table_maps.h"

#include "base/error.h"
#include "system/host.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <vector>

namespace corescope {

MappedArray::MappedArray(const Object& object, const char* map)
	: count_(object.max_entries(map)), stride_((bpf_map__value_size(object.map(map)) + 7) / 8 * 8)
{
	const size_t page = page_size();
	size_ = (count_ * stride_ + page - 1) / page * page;
	memory_ = mmap(nullptr, size_, PROT_READ, MAP_SHARED, object.map_fd(map), 0);
	if (memory_ == MAP_FAILED)
		throw Error(kFailure, std::string("cannot map the table: ") + std::strerror(errno));
}

MappedArray::~MappedArray()
{
	if (memory_)
		munmap(memory_, size_);
}

void TableMaps::set_sizes(const Object& object, uint64_t max_keys, size_t row_size)
{
	for (const char* map : {"table_rows", "table_keys", "table_free"})
		object.set_max_entries(map, max_keys);
	if (row_size)
		bpf_map__set_value_size(object.map("table_rows"), static_cast<__u32>(row_size));
	if (object.has_map("table_cpus"))
		object.set_max_entries("table_cpus", possible_cpus());
}

TableMaps::TableMaps(const Object& object, const table_layout& layout)
	: layout_(layout), rows_(object, "table_rows")
{
	if (object.has_map("table_cpus"))
		cpus_ = std::make_unique<MappedArray>(object, "table_cpus");
	const int free_rows = object.map_fd("table_free");
	for (uint32_t row = 0; row < rows_.count(); row++)
		if (bpf_map_update_elem(free_rows, nullptr, &row, 0))
			throw Error(kFailure, std::string("cannot give out rows: ") + std::strerror(errno));
}

void TableMaps::add_cell(size_t at, uint64_t* sums) const
{
	for (size_t cpu = 0; cpus_ && cpu < cpus_->count(); cpu++) {
		const auto* cell = reinterpret_cast<const uint64_t*>(cpus_->at(cpu)) + at * layout_.cell_words;
		for (size_t word = 0; word < layout_.cell_words; word++)
			sums[word] += __atomic_load_n(cell + word, __ATOMIC_RELAXED);
	}
}

TableSnapshot TableMaps::read(const Label& label) const
{
	TableSnapshot snapshot(layout_);
	for (size_t i = 0; i < rows_.count(); i++)
		if (__atomic_load_n(reinterpret_cast<const uint64_t*>(rows_.at(i)), __ATOMIC_ACQUIRE))
			snapshot.add(rows_.at(i), std::min(rows_.stride(), layout_.size));
	std::vector<uint64_t> sums(layout_.cell_words);
	for (size_t at = 0; cpus_ && at < layout_.cells; at++) {
		std::fill(sums.begin(), sums.end(), 0);
		add_cell(at, sums.data());
		if (std::all_of(sums.begin(), sums.end(), [](uint64_t sum) { return sum == 0; }))
			continue;
		std::vector<char> row(layout_.size);
		if (label(at, row.data())) {
			TableSnapshot::rows_of(row.data()) = 1;
			std::memcpy(row.data() + layout_.counts, sums.data(), sums.size() * sizeof(uint64_t));
			snapshot.add(row.data(), row.size());
		}
	}
	return snapshot;
}

} // namespace corescope
