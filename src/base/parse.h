// SPDX-License-Identifier: BSD-2-Clause
// Text from a user, taken whole or refused: no trailing junk, no silent zero, no wrap-around. A refusal says what
// would have been right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <regex.h>

namespace corescope {

// Thrown by the parse functions: why the text is refused, to be read after "--option: 'text' ".
struct BadValue {
	std::string why;
};

// A decimal number between `least` and `most`, both included.
uint64_t parse_number(std::string_view text, uint64_t least, uint64_t most);

// POSIX extended regular expression, searched for anywhere in the text.
class Regex {
public:
	Regex() = default;
	explicit operator bool() const { return compiled_ != nullptr; }
	// Bytes up to a NUL are looked at.
	bool matches(const char* text) const;
	struct Range {
		size_t begin, end;
	};
	// The first match at or after `from`: of the first parenthesis if there is one, else the whole. *next: where to
	// look for another.
	std::optional<Range> find(const char* text, size_t from, size_t* next) const;

private:
	friend void parse_value(Regex& out, const char* text);
	std::shared_ptr<regex_t> compiled_;
};
void parse_value(Regex& out, const char* text);

} // namespace corescope
