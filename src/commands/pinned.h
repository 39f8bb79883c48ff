// SPDX-License-Identifier: BSD-2-Clause
// The words behind `corescope pinned`. argv[0] is the word itself; each returns the exit status and throws Error.
#pragma once

namespace corescope {

int pinned_list(int argc, char** argv);
int pinned_read(int argc, char** argv);
int pinned_remove(int argc, char** argv);

} // namespace corescope
