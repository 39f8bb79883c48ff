// SPDX-License-Identifier: BSD-2-Clause
// A value set from text, by its BTF type: taken whole and in range, or refused with what would fit.
#pragma once

#include "base/parse.h"
#include "btf/type.h"

#include <span>
#include <string>
#include <string_view>

namespace corescope {

// Where a path leads: `limits[2].low` of a variable `limits`.
struct BtfPlace {
	const BtfType* type;
	uint32_t bit_offset; // in the variable
	uint32_t bits;       // of a bitfield; 0: the whole type
};

// Follows what stands behind a variable's name: "", ".member", "[3]", and any row of these. Throws BadValue with the
// names or the bounds that there are.
BtfPlace btf_resolve(const BtfType& type, std::string_view path);

// Writes the value at the place; `bytes` are the whole variable's, at least of its type's size, and unchanged where
// it throws. Throws BadValue: why, as "must lie between 0 and 255 (u8)", to be read after the name and the value.
//
// Integers: decimal, 0x…, 0b…, 0o… (a plain leading 0 is refused: C and people read it differently), negative ones
// where the type has them; of char also 'c' or c. Booleans: true, false, 1, 0. Enumerations: a name or a number.
// Arrays of char: the text as it stands, which must leave room for the closing NUL. Arrays of the others:
// `1,2,3` or `[1,2,3]`, `0*62` for 62 zeros; elements that are not given become 0. Structs and unions member by member
// only, and pointers not at all.
void btf_assign(const BtfPlace& place, std::span<char> bytes, std::string_view value);

// Both: path and value as `--set VARIABLE<path>=<value>` has them.
void btf_assign(const BtfType& type, std::span<char> bytes, std::string_view path, std::string_view value);

} // namespace corescope
