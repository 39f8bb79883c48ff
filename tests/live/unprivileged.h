// SPDX-License-Identifier: BSD-2-Clause
// Running what is tested without privilege.
#pragma once

#include <string>

namespace corescope::test {

// A copy of the binary that every user may run: the build tree may be root's alone. Gone when the test program ends.
std::string public_corescope();

// For Process::Setup::in_child: gives up all users, groups and capabilities.
void become_nobody();

} // namespace corescope::test
