// SPDX-License-Identifier: BSD-2-Clause
// A row of numbers in the height of one line: each a block of eight heights, or in ASCII one of eight characters.
#pragma once

#include "output/buffer.h"

#include <cstdint>
#include <optional>
#include <span>

namespace corescope {

// Heights are by the logarithm, from the least value to the greatest, as latencies differ by factors; none is a space.
// One column each.
void append_sparkline(Buffer& out, std::span<const std::optional<uint64_t>> values, bool unicode);

} // namespace corescope
