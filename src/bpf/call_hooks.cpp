// SPDX-License-Identifier: BSD-2-Clause
// Hook sets by the names of system calls, which a tool lists once.
#include "bpf/call_hooks.h"

#include "system/syscalls.h"

#include <set>

namespace corescope {

namespace {

// A hook set names its programs without owning the names.
const char* kept(std::string text)
{
	static std::set<std::string> all;
	return all.insert(std::move(text)).first->c_str();
}

} // namespace

HookSet fexit_of_calls(std::string name, const CallSet& set, std::string cost)
{
	HookSet hooks{std::move(name), set.beside, true, {}, std::move(cost)};
	for (const char* const call : set.calls)
		if (has_syscall(call))
			hooks.programs.push_back(kept(std::string("fexit_") + call + set.suffix));
	return hooks;
}

HookSet tracepoints_of_calls(std::string name, const CallSet& set, std::string cost)
{
	HookSet hooks{std::move(name), set.beside, false, {}, std::move(cost)};
	const char* const program = kept(std::string("tp_exit") + set.suffix);
	hooks.programs.push_back(program);
	for (const char* const call : set.calls)
		if (call != *set.calls.begin() && has_syscall(call))
			hooks.also.push_back({program, "syscalls", kept(std::string("sys_exit_") + call)});
	return hooks;
}

} // namespace corescope
