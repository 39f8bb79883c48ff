// SPDX-License-Identifier: BSD-2-Clause
// Argument vectors and paths as the kernel half hands them over: matched, cut, redacted and shown.
#pragma once

#include "base/parse.h"
#include "output/value.h"

#include <cstdint>
#include <string_view>

namespace corescope {

// bytes: strings closed by NUL each; the last may be cut short of its own.
struct ArgumentsView {
	std::string_view bytes;
	uint64_t total; // bytes that there were, 0 if unknown
	bool cut;       // in the kernel
	bool unreadable;
};

// At most max_args (0: all), redacted, with a note in tables when something was cut. Holds until the next call.
Value show_arguments(const ArgumentsView& arguments, uint64_t max_args, const Regex& redact);
bool arguments_cut(const ArgumentsView& arguments, uint64_t max_args);

// Whether the command's name (comm, or the last component of file, or of the first argument) or any argument matches.
bool name_matches(
	const Regex& regex, std::string_view comm, std::string_view file, const ArgumentsView& arguments);
// Whether the arguments match, joined by blanks.
bool line_matches(const Regex& regex, const ArgumentsView& arguments);

// A path from its components, leaf first, each closed by NUL. None if there are none and nothing is known. One whose
// upper part was cut begins with "...", so that it is never taken for another path.
Value show_path(std::string_view components, bool cut);
// A path as it was given, with the directory that a relative one begins at (its components as above; "?" where it is not
// known) before it. Holds until the next call.
Value show_path_from(std::string_view base, bool base_known, bool base_cut, std::string_view given);

} // namespace corescope
