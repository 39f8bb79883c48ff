// SPDX-License-Identifier: BSD-2-Clause
// The functions behind a call, by name, for records that carry their callers (user_callers.h).
#pragma once

#include "user_callers.h"

#include <cstdint>
#include <string_view>

namespace corescope {

// Names, the innermost function first, each closed by NUL; "" if there is none. A function that has no name is told as
// "[FILE]" or "[unknown]". Looked up at once, as the process may soon be gone: the first time that a file is met its
// symbols are read, which takes milliseconds. Holds until the next call. One thread only.
std::string_view caller_names(uint32_t pid, uint32_t nspid, const user_callers& callers);

} // namespace corescope
