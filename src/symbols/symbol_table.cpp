// SPDX-License-Identifier: BSD-2-Clause
// Sorted once, then searched by halves.
#include "symbols/symbol_table.h"

#include <algorithm>

namespace corescope {

namespace {
constexpr int kStepsBack = 32;              // functions rarely lie within others, and then few
constexpr size_t kMostNames = 1U << 31;     // bytes
constexpr uint64_t kFarthest = 1024 * 1024; // what a function without a size may span
} // namespace

void SymbolTable::add(uint64_t address, uint64_t size, std::string_view name, unsigned rank)
{
	if (names_.size() + name.size() > kMostNames)
		return;
	symbols_.push_back({address, static_cast<uint32_t>(std::min<uint64_t>(size, UINT32_MAX)), rank,
		static_cast<uint32_t>(names_.size()), static_cast<uint32_t>(name.size())});
	names_ += name;
}

void SymbolTable::sort()
{
	std::sort(symbols_.begin(), symbols_.end(), [&](const Symbol& a, const Symbol& b) {
		if (a.address != b.address)
			return a.address < b.address;
		if ((a.size != 0) != (b.size != 0))
			return b.size == 0;
		if (a.rank != b.rank)
			return a.rank > b.rank;
		if (a.size != b.size)
			return a.size > b.size;
		if (a.length != b.length)
			return a.length < b.length;
		return names_.compare(a.name, a.length, names_, b.name, b.length) < 0;
	});
	symbols_.erase(std::unique(symbols_.begin(), symbols_.end(),
					   [](const Symbol& a, const Symbol& b) { return a.address == b.address; }),
		symbols_.end());
	symbols_.shrink_to_fit();
	names_.shrink_to_fit();
}

std::optional<SymbolTable::Found> SymbolTable::find(uint64_t address) const
{
	auto at = std::upper_bound(symbols_.begin(), symbols_.end(), address,
		[](uint64_t wanted, const Symbol& symbol) { return wanted < symbol.address; });
	bool ended = false; // something with a size ended before the address
	for (int step = 0; at != symbols_.begin() && step < kStepsBack; step++) {
		--at;
		const uint64_t offset = address - at->address;
		const bool holds = at->size ? offset < at->size : !ended && offset < kFarthest;
		if (holds)
			return Found{std::string_view(names_).substr(at->name, at->length), offset};
		ended = ended || at->size;
	}
	return std::nullopt;
}

} // namespace corescope
