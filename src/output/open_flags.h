// SPDX-License-Identifier: BSD-2-Clause
// The flags of open() in words.
#pragma once

#include <cstdint>
#include <string_view>

namespace corescope {

// "O_WRONLY|O_CREAT|O_CLOEXEC"; what has no name stands last, in hexadecimal. As this architecture numbers them. Holds
// until the next call.
std::string_view open_flags(uint64_t flags);
// Whether the call's mode means anything: it makes a file.
bool open_makes_file(uint64_t flags);

} // namespace corescope
