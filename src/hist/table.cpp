// SPDX-License-Identifier: BSD-2-Clause
// Rows are moved as bytes, and their counters added and subtracted as 64-bit words; see table.h.
#include "hist/table.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace corescope {

namespace {

uint64_t* counts_of(void* row, const table_layout& layout)
{
	return reinterpret_cast<uint64_t*>(static_cast<char*>(row) + layout.counts);
}
const uint64_t* counts_of(const void* row, const table_layout& layout)
{
	return reinterpret_cast<const uint64_t*>(static_cast<const char*>(row) + layout.counts);
}

} // namespace

void* TableSnapshot::add(const void* row, size_t size)
{
	bytes_.resize(bytes_.size() + layout_.size);
	void* added = at(this->size() - 1);
	std::memcpy(added, row, size);
	return added;
}

void* TableSnapshot::add()
{
	const uint64_t one = 1;
	return add(&one, sizeof(one));
}

void TableSnapshot::add_counts(void* to, const void* from) const
{
	uint64_t* sums = counts_of(to, layout_);
	const uint64_t* more = counts_of(from, layout_);
	for (size_t i = 0; i < words(); i++)
		sums[i] += more[i];
}

TableSnapshot TableSnapshot::since(const TableSnapshot& earlier) const
{
	std::unordered_map<std::string, size_t> before;
	for (size_t i = 0; i < earlier.size(); i++)
		before.emplace(key_of(earlier.at(i)), i);
	TableSnapshot delta(layout_);
	for (size_t i = 0; i < size(); i++) {
		const auto old = before.find(key_of(at(i)));
		const uint64_t* then = old == before.end() ? nullptr : counts_of(earlier.at(old->second), layout_);
		const uint64_t* now = counts_of(at(i), layout_);
		uint64_t any = 0;
		for (size_t word = 0; word < words(); word++)
			any |= now[word] ^ (then ? then[word] : 0);
		if (!any)
			continue;
		uint64_t* counts = counts_of(delta.add(at(i), layout_.size), layout_);
		for (size_t word = 0; then && word < words(); word++)
			counts[word] = now[word] >= then[word] ? now[word] - then[word] : now[word];
	}
	return delta;
}

TableSnapshot TableSnapshot::grouped(const std::function<std::string(const void* row)>& name) const
{
	std::unordered_map<std::string, size_t> found;
	TableSnapshot groups(layout_);
	for (size_t i = 0; i < size(); i++) {
		const auto [group, is_new] = found.emplace(name(at(i)), groups.size());
		if (is_new)
			groups.add(at(i), layout_.size);
		else
			add_counts(groups.at(group->second), at(i));
	}
	return groups;
}

void TableSnapshot::sort(const std::function<bool(const void* a, const void* b)>& less)
{
	std::vector<size_t> order(size());
	std::iota(order.begin(), order.end(), size_t{0});
	std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return less(at(a), at(b)); });
	TableSnapshot sorted(layout_);
	for (const size_t i : order)
		sorted.add(at(i), layout_.size);
	bytes_ = std::move(sorted.bytes_);
}

void TableSnapshot::keep(size_t n)
{
	if (size() <= n + 1)
		return;
	TableSnapshot rest(layout_);
	void* all = rest.add();
	rows_of(all) = size() - n;
	for (size_t i = n; i < size(); i++)
		add_counts(all, at(i));
	bytes_.resize(n * layout_.size);
	bytes_.insert(bytes_.end(), rest.bytes_.begin(), rest.bytes_.end());
}

} // namespace corescope
