// SPDX-License-Identifier: BSD-2-Clause
// A value by its BTF type as JSON or as text of one line. Bytes may be fewer than the type has, or any at all: what
// is not there is null in JSON and `?` in text, and nothing past the end is read.
#pragma once

#include "btf/type.h"
#include "output/buffer.h"

#include <string_view>

namespace corescope {

// JSON. Integers of any width are numbers, booleans true and false, enumerations their names (a value without a name:
// its number), pointers strings as "0xffff…", arrays of char strings up to their first NUL, structs objects, and
// unions objects with all their members. What an anonymous member holds stands in the object around it. Infinities
// and NaN are strings. A member whose bytes are not UTF-8 is followed by KEY_b64 with the exact ones.
// Returns false where the value itself is such a string, or an array with one: the caller then adds KEY_b64.
bool append_btf_json(Buffer& out, const BtfType& type, std::string_view bytes);
// The same value with its strings in base64, for KEY_b64.
void append_btf_json_b64(Buffer& out, const BtfType& type, std::string_view bytes);
// `"key":value`, and `,"key_b64":…` where that is needed.
void append_btf_json_member(Buffer& out, std::string_view key, const BtfType& type, std::string_view bytes);

// Text without line breaks, safe on a terminal: `{pid=1 comm="sh" ports=[80,443,0*6] u={a=1|b=1}}`. N equal elements
// of an array in a row are VALUE*N from four on. A value that is a string as a whole has no quotes.
void append_btf_text(Buffer& out, const BtfType& type, std::string_view bytes);

} // namespace corescope
