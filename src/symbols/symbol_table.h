// SPDX-License-Identifier: BSD-2-Clause
// The functions of one file by their addresses: 24 bytes for each, and their names in one piece.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

class SymbolTable {
public:
	// Of symbols at one address the one of greater rank is told, then the larger.
	void add(uint64_t address, uint64_t size, std::string_view name, unsigned rank);
	void sort(); // once all are added, and before find()

	struct Found {
		std::string_view name; // as the linker knows it; lives as long as the table
		uint64_t offset;       // bytes from its beginning
	};
	// The function that holds the address. One without a size reaches to the next, but no further than to where
	// something ends that has one.
	std::optional<Found> find(uint64_t address) const;

	bool empty() const { return symbols_.empty(); }
	size_t bytes() const { return symbols_.capacity() * sizeof(Symbol) + names_.capacity(); }

private:
	struct Symbol {
		uint64_t address;
		uint32_t size; // 2^32 - 1 for what is larger
		uint32_t rank;
		uint32_t name;
		uint32_t length;
	};
	std::vector<Symbol> symbols_;
	std::string names_;
};

} // namespace corescope
