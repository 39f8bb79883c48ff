// SPDX-License-Identifier: BSD-2-Clause
// The words behind `corescope btf`. argv[0] is the word itself; each returns the exit status and throws Error.
#pragma once

namespace corescope {

int btf_bundle(int argc, char** argv);
int btf_list(int argc, char** argv);

} // namespace corescope
