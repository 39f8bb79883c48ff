// SPDX-License-Identifier: BSD-2-Clause
// What a process that compiles at run time tells of its code: /tmp/perf-PID.map (linux/tools/perf/Documentation/
// jit-interface.txt), in its own root and by its own number.
#pragma once

#include "symbols/symbol_table.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace corescope {

// "START SIZE NAME" a line, in hex. Of lines for one address the last counts. Others are passed over.
void parse_perf_map(std::string_view text, SymbolTable& to);

class PerfMap {
public:
	PerfMap() = default;
	~PerfMap();
	PerfMap(PerfMap&& other) noexcept;
	PerfMap& operator=(PerfMap&& other) noexcept;

	// Finds the process' file, if it is there by now, and keeps it open: it may be read when the process has gone.
	void look(pid_t pid, uint32_t nspid);
	// The function at the address; reads the file again if it has grown.
	std::optional<SymbolTable::Found> find(uint64_t address);

private:
	void read();

	int fd_ = -1;
	uint64_t size_ = 0; // of what was read
	std::string text_;
	SymbolTable table_;
};

} // namespace corescope
