// SPDX-License-Identifier: BSD-2-Clause
// What a process has mapped to be executed, from /proc/PID/maps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace corescope {

struct Mapping {
	uint64_t start, end; // addresses
	uint64_t offset;     // in the file
	uint64_t device;     // major << 32 | minor, as maps tells them
	uint64_t inode;      // 0: no file
	std::string path;    // as the process sees it; "[vdso]"; "" for memory without a file
	bool deleted = false;
};

// One line of maps; none if it is not executable, or malformed.
std::optional<Mapping> parse_mapping(std::string_view line);

// By address. Empty if the process has gone, has no memory of its own (a kernel thread), or may not be looked at.
std::vector<Mapping> executable_mappings(pid_t pid);

// Where a part of a file was moved to other memory, such as huge pages, between two parts of the same file: gives it
// the file back.
void join_remapped(std::vector<Mapping>& mappings);

} // namespace corescope
