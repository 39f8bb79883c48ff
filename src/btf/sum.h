// SPDX-License-Identifier: BSD-2-Clause
// Values of per-CPU maps added up by their BTF type.
#pragma once

#include "btf/type.h"

#include <span>
#include <string_view>

namespace corescope {

// Whether adding makes sense: all that the type holds is integers or floating numbers of whole bytes (of char arrays,
// pointers, booleans, enumerations, bitfields and unions there is no sum).
bool btf_summable(const BtfType& type);

// into += bytes, member by member, integers modulo their width. `into` has the type's size; bytes that are missing
// count as 0. The type is summable.
void btf_add(const BtfType& type, std::span<char> into, std::string_view bytes);

} // namespace corescope
