// SPDX-License-Identifier: BSD-2-Clause
// What /proc tells of a process or thread that still lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

namespace corescope {

// Its name, if it is the one that started at start_boot_ns (task_struct's start_boottime, ns): a number that was
// used again names somebody else. /proc counts in ticks of 10 ms, so the comparison is no finer.
std::optional<std::string> process_name(pid_t pid, uint64_t start_boot_ns);

} // namespace corescope
