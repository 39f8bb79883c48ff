// SPDX-License-Identifier: BSD-2-Clause
// Bytes in memory to gzip and back, by zlib. The same bytes always give the same file: no name and no time in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace corescope {

bool is_gzip(std::string_view bytes);
std::string gzip(std::string_view bytes);
// Throws Malformed (base/pack.h) where it is no gzip, is cut short or damaged, has anything behind it, or holds more
// than `most` bytes.
std::string gunzip(std::string_view bytes, size_t most);

} // namespace corescope
