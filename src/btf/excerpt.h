// SPDX-License-Identifier: BSD-2-Clause
// Of a kernel's types, those that an object names, with all that lies within them: some fifty kilobytes instead of five
// million bytes. libbpf reads all of them otherwise, and walks through all of them by name for each type that an object
// asks about: most of the time that a small tool takes to start, and nearly all of its memory.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

struct BtfExcerpt {
	std::string raw;                   // BTF with numbers of its own
	std::vector<uint32_t> kernel_type; // for each of them, from 0 (void): the kernel's own number
};

// kernel: the bytes of /sys/kernel/btf/vmlinux. names: of types and functions, without a flavor's suffix; each of at least
// two characters. Every type of such a name is kept, whatever its kind, with its members and what they contain; a
// pointer's target only where a function takes or returns it, and then without its members. Throws Error(kFailure) for
// what is no BTF, or not of this machine's byte order.
BtfExcerpt btf_excerpt(std::string_view kernel, const std::set<std::string, std::less<>>& names);

} // namespace corescope
