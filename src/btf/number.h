// SPDX-License-Identifier: BSD-2-Clause
// How numbers that our other tools do not have are written: of 128 bits, and floating ones.
#pragma once

#include "btf/load.h"
#include "output/buffer.h"

#include <string_view>

namespace corescope {

void append_btf_integer(Buffer& out, BtfBits value, bool is_signed);

// The shortest that reads back as the same number; nan, inf and -inf. `bytes` are all of it. False: this machine does
// not know a number of this size, and its bytes are written in hexadecimal.
bool append_btf_floating(Buffer& out, std::string_view bytes, bool* finite);

} // namespace corescope
