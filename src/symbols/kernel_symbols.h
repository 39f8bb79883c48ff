// SPDX-License-Identifier: BSD-2-Clause
// The kernel's functions, from /proc/kallsyms: opened at once, while there is the privilege, and read at the first
// question.
#pragma once

#include "symbols/symbol_table.h"

#include <optional>
#include <string>
#include <string_view>

namespace corescope {

class KernelSymbols {
public:
	explicit KernelSymbols(const std::string& path = "/proc/kallsyms");
	~KernelSymbols();
	KernelSymbols(const KernelSymbols&) = delete;
	KernelSymbols& operator=(const KernelSymbols&) = delete;

	struct Found {
		std::string_view name;
		std::string_view module; // "" for the kernel itself
		uint64_t offset;
	};
	std::optional<Found> find(uint64_t address);
	// Why nothing can be named: kptr_restrict hides the addresses, or there is no kallsyms. "" where it can.
	std::string problem();

private:
	void read();

	int fd_;
	bool read_ = false;
	SymbolTable table_;
};

} // namespace corescope
