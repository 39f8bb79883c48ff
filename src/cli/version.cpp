// SPDX-License-Identifier: BSD-2-Clause
// The only file that is compiled anew when the build's name changes.
#include "cli/version.h"

#include <bpf/libbpf.h>

namespace corescope {

const char* version() { return CORESCOPE_VERSION; }

std::string version_line()
{
	return std::string("corescope " CORESCOPE_VERSION " (libbpf ") + (libbpf_version_string() + 1) +
		", build " CORESCOPE_BUILD ")";
}

} // namespace corescope
