// SPDX-License-Identifier: BSD-2-Clause
// What this kernel's types (BTF) tell of it: its functions and hooks, with their prototypes as C.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

struct btf;

namespace corescope {

// The kernel's types, read once, kept to the end; null where it offers none. Reading them takes some 10 ms.
btf* kernel_types();

// A name and the prototype behind it. Names lie in kernel_types().
struct KernelFunction {
	const char* name;
	uint32_t proto; // type id of its FUNC_PROTO
};

struct KernelHooks {
	std::vector<KernelFunction> tracepoints; // without btf_trace_; the first argument is not the tracepoint's
	std::vector<KernelFunction> functions;
	std::vector<KernelFunction> lsm;       // without bpf_lsm_
	std::vector<KernelFunction> iterators; // without bpf_iter_
};
// One walk over all types; each list by name, and each name once in it. function_wanted: which functions are told, of some
// 60,000; null for all.
KernelHooks kernel_hooks(const std::function<bool(const char* name)>& function_wanted = nullptr);

// `int vfs_fsync(struct file *file, int datasync)`. arguments: all of them, as text.
std::string prototype_text(const std::string& name, uint32_t proto, const std::string& arguments);
// `pid_t pid, int sig`. skip: arguments at the front that are not told.
std::string arguments_text(uint32_t proto, unsigned skip = 0);

} // namespace corescope
