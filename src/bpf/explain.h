// SPDX-License-Identifier: BSD-2-Clause
// What a failed load or attach means, and what would help. libbpf's own hints are often wrong ("try raising
// ulimit -l"), so its words are only shown on demand.
#pragma once

#include "base/error.h"

#include <string_view>

namespace corescope {

// error: negative errno, as libbpf returns it. section: of the program, such as "tp/syscalls/sys_exit_kill".
Error explain_load(int error);
Error explain_attach(int error, std::string_view section);

} // namespace corescope
