// SPDX-License-Identifier: BSD-2-Clause
// Names of error numbers.
#pragma once

#include <cstring>
#include <string_view>

namespace corescope {

// "ENOENT" for 2; "?" for a number that nobody knows.
inline std::string_view error_name(int number)
{
	// What the kernel tells itself (include/linux/errno.h): a call that a signal interrupted is then begun anew, or ends
	// with EINTR.
	constexpr std::string_view kRestarts[] = {
		"ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND", "ENOIOCTLCMD", "ERESTART_RESTARTBLOCK"};
	if (number >= 512 && number < 517)
		return kRestarts[number - 512];
	const char* name = strerrorname_np(number);
	return name ? name : "?";
}

} // namespace corescope
