// SPDX-License-Identifier: BSD-2-Clause
// What the two halves of attaching share: what a program's section and type ask for (load_attach.cpp), and how each kind
// is hooked in (load_hooks.cpp).
#pragma once

#include "commands/load.h"

#include <string_view>

namespace corescope {

// "uprobe" of SEC("?uprobe/libc.so.6:getpid").
std::string_view section_kind(const bpf_program* program);
bool names_target(const bpf_program* program);
bool is_user_probe(const bpf_program* program);
bool in_cgroup(const bpf_program* program);
bool in_network(const bpf_program* program); // hooked into a network namespace
// Who hooks in what no loader can: "the owner of a socket"; null: load does.
const char* hung_by(const bpf_program* program);

// Throws Error(kUsage) about --attach PROG=target.
[[noreturn]] void refuse_target(
	const bpf_program* program, const std::string& target, const std::string& why);

// Hooks `program` in as its section or `target` (may be empty) says; several for perf events, `frequency` times a second.
// Throws Error; what was attached before stays in `out`.
void attach_by_target(bpf_program* program, const std::string& target, uint64_t frequency,
	std::vector<std::unique_ptr<LoadedHook>>& out);

} // namespace corescope
