// SPDX-License-Identifier: BSD-2-Clause
// Of a kernel's five megabytes of types, the one or two thousand bytes that answer what an object asks.
#pragma once

#include "btf/question.h"

#include <string>

namespace corescope {

// Raw BTF in which libbpf finds for each question exactly what it finds in `types`: the same member at the same offset
// with a type of the same kind and size, or nothing. Numbers of types are others. Throws Error(kFailure).
std::string minimal_btf(const btf* types, const std::set<BtfQuestion>& questions);

} // namespace corescope
