// SPDX-License-Identifier: BSD-2-Clause
// Names of the x32 calls of x86_64 (asm/unistd_x32.h).
#include "system/syscalls.h"

#ifdef __x86_64__
#define __X32_SYSCALL_BIT 0 // NOLINT(bugprone-reserved-identifier): the header adds it to each number
#include <asm/unistd_x32.h>
#endif

namespace corescope {

#define X(name) {__NR_##name, #name},
std::vector<SyscallName> x32_syscalls()
{
	return {
#ifdef __x86_64__
#include "syscalls_x32.inc"
#endif
	};
}

} // namespace corescope
