// SPDX-License-Identifier: BSD-2-Clause
// What an option's argument may be. Each type is parsed whole or refused: no trailing junk, no silent zero, no
// wrap-around. A refusal says what would have been right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

#include <regex.h>

namespace corescope {

// Thrown by parse_value: why the text is refused, to be read after "--option: 'text' ".
struct BadValue {
	std::string why;
};

struct Pid {
	pid_t value = 0; // 0: not given; else 1..4194304, the largest pid_max there is
	explicit operator bool() const { return value != 0; }
};
struct Count {
	uint64_t value = 0; // 0: not given
	explicit operator bool() const { return value != 0; }
};
// A plain number is in seconds; 0.5, 100ms, 30s, 5m, 2h, 1d.
struct Duration {
	uint64_t ns = 0; // 0: not given
	explicit operator bool() const { return ns != 0; }
};
// 4096, 64K, 1M, 1G (powers of 1024).
struct Bytes {
	uint64_t value = 0;
	bool given = false;
};
// A number, or a name from /etc/passwd.
struct UserId {
	uid_t value = 0;
	bool given = false;
};
enum class OutputFormat { table, json, csv };

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
	// The first match at or after `from`: of the first parenthesis if there is one, else the whole.
	std::optional<Range> find(const char* text, size_t from, size_t* next) const;

private:
	friend void parse_value(Regex& out, const char* text);
	std::shared_ptr<regex_t> compiled_;
};

uint64_t parse_number(std::string_view text, uint64_t least, uint64_t most);

void parse_value(bool& out, const char* text);
void parse_value(Pid& out, const char* text);
void parse_value(Count& out, const char* text);
void parse_value(Duration& out, const char* text);
void parse_value(Bytes& out, const char* text);
void parse_value(UserId& out, const char* text);
void parse_value(OutputFormat& out, const char* text);
void parse_value(Regex& out, const char* text);
void parse_value(std::string& out, const char* text);

} // namespace corescope
