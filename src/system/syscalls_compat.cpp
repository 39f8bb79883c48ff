// SPDX-License-Identifier: BSD-2-Clause
// Names of the 32-bit calls of x86_64 (asm/unistd_32.h).
#include "system/syscalls.h"

#ifdef __x86_64__
#include <asm/unistd_32.h>
#endif

namespace corescope {

#define X(name) {__NR_##name, #name},
std::vector<SyscallName> compat_syscalls()
{
	return {
#ifdef __x86_64__
#include "syscalls_compat.inc"
#endif
	};
}

} // namespace corescope
