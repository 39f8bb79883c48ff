// SPDX-License-Identifier: BSD-2-Clause
// One function in a stack, as far as it could be named.
#pragma once

#include <cstdint>
#include <string>

namespace corescope {

struct Frame {
	enum class Named {
		yes,
		hidden, // the kernel hides its addresses
		gone,   // the process ended before it could be looked at
		bare,   // the file has no symbol for it
		nowhere // no file is mapped there: code made at run time, or no code at all
	};
	std::string name;   // demangled; "[FILE]" or "[unknown]" if it has none
	std::string module; // path, or the kernel module; "" for none
	uint64_t offset =
		0; // in the function; without one in the file, as its linker counts; without that the address
	Named named = Named::yes;
};

} // namespace corescope
