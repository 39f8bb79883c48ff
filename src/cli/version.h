// SPDX-License-Identifier: BSD-2-Clause
// What this build calls itself.
#pragma once

#include <string>

namespace corescope {

const char* version();      // "0.1.0"
std::string version_line(); // "corescope 0.1.0 (libbpf 1.1, build …)"

} // namespace corescope
