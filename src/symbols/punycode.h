// SPDX-License-Identifier: BSD-2-Clause
// Names with other letters than ASCII's, as Rust's mangling has them (RFC 3492).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace corescope {

// UTF-8, of the letters that are ASCII and the codes that insert the others. None if the codes are malformed.
std::optional<std::string> from_punycode(std::string_view ascii, std::string_view codes);

} // namespace corescope
