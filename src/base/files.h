// SPDX-License-Identifier: BSD-2-Clause
// Small files as the kernel's file systems have them, read without streams, which would make the binary much larger.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace corescope {

// Calls `line` with each line, without its line feed, until it returns false. False if the file cannot be opened.
bool for_each_line(const std::string& path, const std::function<bool(std::string_view line)>& line);

// Without its line feed; "" if there is none.
std::string first_line(const std::string& path);

} // namespace corescope
