// SPDX-License-Identifier: BSD-2-Clause
// Names of functions as their authors wrote them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace corescope {

// C++ (Itanium ABI) and Rust (both manglings) as people write them; others as they are. Whatever a hostile binary
// holds: the result is at most some KiB, and so is the time.
std::string demangled(const std::string& name);

// Rust's own mangling, "_R…" (RFC 2603). None if it is not that.
std::optional<std::string> demangled_rust_v0(std::string_view name);
// Rust names in C++'s dress, "_ZN…17h<16 hex digits>E". None if it is not that.
std::optional<std::string> demangled_rust_legacy(std::string_view name);

} // namespace corescope
