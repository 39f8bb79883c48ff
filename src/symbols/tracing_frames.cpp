// SPDX-License-Identifier: BSD-2-Clause
// Tracepoints call programs by functions that the kernel's macros make, and a program's own name is
// "bpf_prog_TAG_NAME [bpf]". Only those: the system call bpf() has bpf_prog_load() and others of such names, which tasks run
// and sleep in.
#include "symbols/tracing_frames.h"

#include <algorithm>
#include <string_view>

namespace corescope {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

// prefix, and behind it at least `least` of what is_one takes.
bool begins(std::string_view name, std::string_view prefix, size_t least, bool (*is_one)(char))
{
	return name.starts_with(prefix) && name.size() >= prefix.size() + least &&
		std::all_of(name.begin() + static_cast<ptrdiff_t>(prefix.size()),
			name.begin() + static_cast<ptrdiff_t>(prefix.size() + least), is_one);
}

// Where the kernel enters a program: what called this is called by a function of the tracepoint's, or traced itself.
bool is_entry(std::string_view name)
{
	return begins(name, "bpf_trace_run", 1, is_digit) || begins(name, "bpf_trampoline_", 1, is_digit) ||
		name == "trace_call_bpf";
}

// The interpreter has names too, where there is no just-in-time compiler.
bool is_tracing(std::string_view name)
{
	return is_entry(name) || begins(name, "bpf_prog_", 16, is_hex) || name.starts_with("bpf_get_stack") ||
		name.starts_with("__bpf_trace_") || name.starts_with("__traceiter_") ||
		name.starts_with("__bpf_prog_enter") || begins(name, "__bpf_prog_run", 1, is_digit) ||
		name == "___bpf_prog_run";
}

} // namespace

size_t tracing_frames(std::span<const Frame* const> frames)
{
	// A program and what it calls may be nameless, where the kernel does not list them (net.core.bpf_jit_kallsyms).
	constexpr size_t kNameless = 3;
	size_t own = 0;
	bool entered = false;
	for (size_t i = 0; i < frames.size(); i++)
		if (is_tracing(frames[i]->name)) {
			own = i + 1;
			entered = entered || is_entry(frames[i]->name);
		} else if (entered || i - own == kNameless) {
			break;
		}
	return own;
}

} // namespace corescope
