// SPDX-License-Identifier: BSD-2-Clause
// What identifies this host and sizes per-CPU data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

std::string kernel_release(); // uname -r
std::string host_name();      // uname -n
std::string boot_id();        // a UUID that is new with each boot; "" if /proc does not tell

// CPU numbers of a kernel list such as "0-3,8,10-11", ascending as written; empty if malformed.
std::vector<unsigned> parse_cpu_list(std::string_view text);

// How many CPUs can ever be present: the number of values that a per-CPU map gives for each key. Throws Error
// (kUnavailable) if /sys does not tell.
unsigned possible_cpus();

std::vector<unsigned> online_cpus(); // now; empty if /sys does not tell
uint64_t pid_max();                  // numbers of tasks are below it; 0 if /proc does not tell

size_t page_size(); // bytes

} // namespace corescope
