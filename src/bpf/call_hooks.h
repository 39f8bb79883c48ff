// SPDX-License-Identifier: BSD-2-Clause
// Hook sets of tools that look at some system calls when they are left. There are three ways: fexit of each call costs
// nobody else anything, but works on few kernels; a tracepoint of each, or the one of all calls, make every call of every
// process slower, the latter more, but it alone sees calls of 32-bit programs.
//
// The kernel half has programs of these names, each with the suffix of its variant: fexit_CALL for each call, tp_exit, whose
// section names the first call that all architectures have, and one at sys_exit.
#pragma once

#include "bpf/object.h"

#include <initializer_list>
#include <string>

namespace corescope {

// What tracepoints of calls cost those who are not traced, as `cost` of a hook set tells it.
inline constexpr const char* kCallTracepointCost = "every system call of every process takes some 50 ns more";
inline constexpr const char* kSysExitCost = "every system call of every process takes some 90 ns more";

struct CallSet {
	std::initializer_list<const char*>
		calls; // as the kernel names them; what this architecture has not is left out
	const char* suffix = "";
	std::initializer_list<const char*> beside = {}; // programs that are loaded besides
};

// name, cost: of the hook set.
HookSet fexit_of_calls(std::string name, const CallSet& set, std::string cost = "");
// The first of the calls is the one that the program's section names.
HookSet tracepoints_of_calls(std::string name, const CallSet& set, std::string cost = kCallTracepointCost);

} // namespace corescope
