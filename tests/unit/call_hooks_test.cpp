// SPDX-License-Identifier: BSD-2-Clause
// Hook sets that are made of the names of system calls, and names that there are.
#include <catch2/catch.hpp>

#include "bpf/call_hooks.h"
#include "system/syscalls.h"

#include <string>
#include <vector>

using namespace corescope;

namespace {

using Texts = std::vector<std::string>;

Texts programs_of(const HookSet& hooks) { return {hooks.programs.begin(), hooks.programs.end()}; }
Texts places_of(const HookSet& hooks)
{
	Texts all;
	for (const HookSet::Tracepoint& one : hooks.also)
		all.push_back(std::string(one.program) + ": " + one.category + "/" + one.name);
	return all;
}

} // namespace

TEST_CASE("system calls are known by name", "[call_hooks]")
{
	CHECK(has_syscall("openat"));
	CHECK(has_syscall("openat2"));
	CHECK_FALSE(has_syscall("openat3"));
	CHECK_FALSE(has_syscall(""));
#if defined(__x86_64__)
	CHECK(has_syscall("open"));
#elif defined(__aarch64__)
	CHECK_FALSE(has_syscall("open"));
#endif
}

TEST_CASE("hook sets of calls name a program for each call, or one at each tracepoint", "[call_hooks]")
{
	const CallSet calls{
		.calls = {"openat", "nothing_like_it", "openat2", "kill"}, .suffix = "_small", .beside = {"sent"}};
	const HookSet fexit = fexit_of_calls("by fexit", calls, "a cost");
	CHECK(fexit.name == "by fexit");
	CHECK(fexit.trampoline);
	CHECK(fexit.cost == "a cost");
	CHECK(
		programs_of(fexit) == Texts{"sent", "fexit_openat_small", "fexit_openat2_small", "fexit_kill_small"});
	CHECK(fexit.also.empty());

	const HookSet tracepoints = tracepoints_of_calls("by tracepoint", calls);
	CHECK_FALSE(tracepoints.trampoline);
	CHECK(tracepoints.cost == kCallTracepointCost);
	CHECK(programs_of(tracepoints) == Texts{"sent", "tp_exit_small"});
	CHECK(places_of(tracepoints) ==
		Texts{"tp_exit_small: syscalls/sys_exit_openat2", "tp_exit_small: syscalls/sys_exit_kill"});

	CHECK(programs_of(tracepoints_of_calls("", {.calls = {"kill"}})) == Texts{"tp_exit"});
}
