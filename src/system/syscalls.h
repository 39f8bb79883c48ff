// SPDX-License-Identifier: BSD-2-Clause
// Names of system calls, out of the kernel headers of the architecture that this is built for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

class Buffer;

struct SyscallName {
	uint32_t number;
	const char* name;
};

// Each has its own numbers. compat: i386 on x86_64; of 32-bit ARM on arm64 only the numbers that all architectures share
// (from 424 on) have names, since its headers are no part of arm64's. x32: numbers without __X32_SYSCALL_BIT.
enum class SyscallAbi { native, compat, x32 };

// By number.
std::vector<SyscallName> syscall_names(SyscallAbi abi);

// Whether this architecture has a call of that name.
bool has_syscall(std::string_view name);

// "read", "i386:read", "x32:read"; "466" for a number without a name, and "sigreturn" for -1, which is what
// rt_sigreturn leaves behind. Holds as long as the process.
std::string_view syscall_name(SyscallAbi abi, uint32_t number);
// All of them, a line each: "    0: read".
void append_syscall_list(Buffer& out);
std::string_view abi_name(SyscallAbi abi); // "x86_64", "i386", "x32", "arm64", "arm"

// What asm/unistd.h and the like have, in their own order; empty where there is no such ABI.
std::vector<SyscallName> native_syscalls();
std::vector<SyscallName> compat_syscalls();
std::vector<SyscallName> x32_syscalls();

} // namespace corescope
