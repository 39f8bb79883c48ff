// SPDX-License-Identifier: BSD-2-Clause
// Names that asm/unistd.h has: build/gen/syscalls_native.inc is made from it (see the Makefile).
#include "system/syscalls.h"

#include <asm/unistd.h>

namespace corescope {

#define X(name) {__NR_##name, #name},
std::vector<SyscallName> native_syscalls()
{
	return {
#include "syscalls_native.inc"
	};
}

} // namespace corescope
