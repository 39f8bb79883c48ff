// SPDX-License-Identifier: BSD-2-Clause
// Whether types are this kernel's, found by trial.
#pragma once

#include <bpf/btf.h>

namespace corescope {

// Reads this process' own name out of the kernel, at the place where the types say that it is. False when it is not
// there. True also where that cannot be found out: no privilege, a kernel that runs no programs for a test, types
// that do not tell of it.
bool types_fit_this_kernel(const btf* types);

} // namespace corescope
