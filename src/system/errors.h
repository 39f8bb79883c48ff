// SPDX-License-Identifier: BSD-2-Clause
// Names of error numbers.
#pragma once

#include <cstring>
#include <string_view>

namespace corescope {

// "ENOENT" for 2; "?" for a number that this libc does not know.
inline std::string_view error_name(int number)
{
	const char* name = strerrorname_np(number);
	return name ? name : "?";
}

} // namespace corescope
