// SPDX-License-Identifier: BSD-2-Clause
// The ways in which a tool may hook in, found by asking it as a run would: what it says without options, and with each
// flag of its own that changes the answer.
#pragma once

#include "bpf/object.h"
#include "cli/option.h"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace corescope {

struct HookChoice {
	std::string option;         // the flag's long name; "" for none
	std::vector<HookSet> hooks; // the best first
};

// ask: the hook sets with this flag, or with none (null). What it throws as Error leaves that flag out.
std::vector<HookChoice> find_hook_choices(
	std::span<const OptionSpec> own, const std::function<std::vector<HookSet>(const OptionSpec*)>& ask);

// Where the programs of a set hang, each once: "tp_btf/sched_switch", "tp/syscalls/sys_exit_execve". The kernel is not
// asked. Throws Error where the object cannot be opened.
std::vector<std::string> hook_places(const SkeletonType& skeleton, const HookSet& hooks);

} // namespace corescope
