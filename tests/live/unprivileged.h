// SPDX-License-Identifier: BSD-2-Clause
// Running what is tested without privilege.
#pragma once

#include "own_place.h"

#include <string>

namespace corescope::test {

// A copy of the binary that every user may run: the build tree may be root's alone. Gone when the test program ends.
std::string public_corescope();

} // namespace corescope::test
