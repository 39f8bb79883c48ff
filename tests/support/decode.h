// SPDX-License-Identifier: BSD-2-Clause
// The ways back from what tools write to the bytes behind it, by readers that are not the writers' own code: CSV by
// RFC 4180, quoted lists, base64, hexadecimal, RFC 3339. What is not well-formed fails the test.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace corescope::test {

using Strings = std::vector<std::string>;
using Row = std::map<std::string, std::string>;

std::string from_hex(const std::string& hex);
std::string from_base64(const std::string& text);

// Cells of one line, which must be one whole record.
Strings csv_cells(const std::string& line);
Row csv_row(const std::string& heading, const std::string& line);

// What escape_text() has written, undone.
std::string unescaped(const std::string& text);
// The strings in `"a" "b\"c"`, whose quotes must balance. *rest: what follows; without it nothing may.
Strings quoted_list(std::string_view text, std::string* rest = nullptr);

// `2026-11-20T14:07:20.123456789Z` as ns since 1970, in no other spelling.
int64_t rfc3339_ns(const std::string& text);

} // namespace corescope::test
