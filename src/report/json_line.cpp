// SPDX-License-Identifier: BSD-2-Clause
// See json_line.h.
#include "report/json_line.h"

#include "output/escape.h"

#include <algorithm>

namespace corescope::report {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	const char lower = static_cast<char>(c | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

uint32_t hex4(std::string_view digits)
{
	uint32_t value = 0;
	for (const char c : digits.substr(0, 4))
		value = value << 4 | static_cast<uint32_t>(hex_digit(c));
	return value;
}

void append_utf8(std::string& out, uint32_t code)
{
	const auto byte = [&](uint32_t bits) { out.push_back(static_cast<char>(bits)); };
	if (code < 0x80) {
		byte(code);
	} else if (code < 0x800) {
		byte(0xc0 | code >> 6);
		byte(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		byte(0xe0 | code >> 12);
		byte(0x80 | (code >> 6 & 0x3f));
		byte(0x80 | (code & 0x3f));
	} else {
		byte(0xf0 | code >> 18);
		byte(0x80 | (code >> 12 & 0x3f));
		byte(0x80 | (code >> 6 & 0x3f));
		byte(0x80 | (code & 0x3f));
	}
}

bool is_high(uint32_t code) { return code >= 0xd800 && code < 0xdc00; }
bool is_low(uint32_t code) { return code >= 0xdc00 && code < 0xe000; }

} // namespace

bool JsonLine::parse(std::string_view line)
{
	nodes_.clear();
	line_ = line;
	at_ = 0;
	why_ = "";
	if (line.size() > UINT32_MAX / 2)
		return fail("too long");
	if (!valid_utf8(line))
		return fail("not UTF-8");
	if (!value(0))
		return false;
	blanks();
	return at_ == line_.size() || fail("something behind the value");
}

bool JsonLine::fail(const char* why)
{
	why_ = why;
	return false;
}

void JsonLine::blanks()
{
	while (at_ < line_.size() &&
		(line_[at_] == ' ' || line_[at_] == '\t' || line_[at_] == '\r' || line_[at_] == '\n'))
		at_++;
}

// Recursion ends at kMaxDepth.
bool JsonLine::value(unsigned depth)
{
	blanks();
	if (at_ == line_.size())
		return fail("it is cut short");
	const char first = line_[at_];
	if (first == '"')
		return text();
	if (first == '-' || is_digit(first))
		return number();
	if (first == 't')
		return word("true", Kind::boolean);
	if (first == 'f')
		return word("false", Kind::boolean);
	if (first == 'n')
		return word("null", Kind::null);
	if (first != '{' && first != '[')
		return fail("no value begins so");
	if (depth == kMaxDepth)
		return fail("nested too deeply");

	const bool object = first == '{';
	const char end = object ? '}' : ']';
	const size_t own = nodes_.size();
	nodes_.push_back({object ? Kind::object : Kind::array, 0, {}});
	at_++;
	blanks();
	if (at_ < line_.size() && line_[at_] == end) {
		at_++;
	} else {
		for (;;) {
			blanks();
			if (object) {
				if (at_ == line_.size() || line_[at_] != '"')
					return fail("a name is missing");
				if (!text())
					return false;
				blanks();
				if (at_ == line_.size() || line_[at_] != ':')
					return fail("a colon is missing");
				at_++;
			}
			if (!value(depth + 1))
				return false;
			blanks();
			if (at_ == line_.size())
				return fail("it is cut short");
			if (line_[at_] == end) {
				at_++;
				break;
			}
			if (line_[at_] != ',')
				return fail("a comma is missing");
			at_++;
		}
	}
	nodes_[own].next = static_cast<uint32_t>(nodes_.size());
	return true;
}

bool JsonLine::text()
{
	const size_t begin = ++at_;
	for (; at_ < line_.size(); at_++) {
		const char c = line_[at_];
		if (c == '"') {
			nodes_.push_back(
				{Kind::string, static_cast<uint32_t>(nodes_.size() + 1), line_.substr(begin, at_ - begin)});
			at_++;
			return true;
		}
		if (static_cast<unsigned char>(c) < 0x20)
			return fail("a control character in a string");
		if (c != '\\')
			continue;
		if (++at_ == line_.size())
			break;
		if (line_[at_] == 'u') {
			for (int i = 1; i <= 4; i++)
				if (at_ + static_cast<size_t>(i) >= line_.size() ||
					hex_digit(line_[at_ + static_cast<size_t>(i)]) < 0)
					return fail("a \\u without four hexadecimal digits");
			at_ += 4;
		} else if (std::string_view("\"\\/bfnrt").find(line_[at_]) == std::string_view::npos) {
			return fail("no such escape");
		}
	}
	return fail("a string is not closed");
}

bool JsonLine::number()
{
	const size_t begin = at_;
	const auto digits = [&] {
		const size_t from = at_;
		while (at_ < line_.size() && is_digit(line_[at_]))
			at_++;
		return at_ - from;
	};
	if (line_[at_] == '-')
		at_++;
	const bool zero = at_ < line_.size() && line_[at_] == '0';
	const size_t whole = digits();
	if (whole == 0 || (zero && whole > 1))
		return fail("no number");
	if (at_ < line_.size() && line_[at_] == '.') {
		at_++;
		if (!digits())
			return fail("no number");
	}
	if (at_ < line_.size() && (line_[at_] == 'e' || line_[at_] == 'E')) {
		at_++;
		if (at_ < line_.size() && (line_[at_] == '+' || line_[at_] == '-'))
			at_++;
		if (!digits())
			return fail("no number");
	}
	nodes_.push_back(
		{Kind::number, static_cast<uint32_t>(nodes_.size() + 1), line_.substr(begin, at_ - begin)});
	return true;
}

bool JsonLine::word(std::string_view expected, Kind kind)
{
	if (line_.substr(at_, expected.size()) != expected)
		return fail("no value begins so");
	nodes_.push_back({kind, static_cast<uint32_t>(nodes_.size() + 1), line_.substr(at_, expected.size())});
	at_ += expected.size();
	return true;
}

uint32_t JsonLine::find(uint32_t object, std::string_view name) const
{
	uint32_t found = 0;
	members(object, [&](std::string_view member, uint32_t value) {
		if (member == name)
			found = value;
	});
	return found;
}

std::string JsonLine::string(uint32_t index) const
{
	const std::string_view raw = nodes_[index].text;
	if (!is(index, Kind::string) || raw.find('\\') == std::string_view::npos)
		return std::string(raw);
	std::string out;
	out.reserve(raw.size());
	for (size_t i = 0; i < raw.size(); i++) {
		if (raw[i] != '\\') {
			out.push_back(raw[i]);
			continue;
		}
		const char c = raw[++i];
		if (c != 'u') {
			constexpr std::string_view kFrom = "bfnrt", kTo = "\b\f\n\r\t";
			const size_t which = kFrom.find(c);
			out.push_back(which == std::string_view::npos ? c : kTo[which]);
			continue;
		}
		uint32_t code = hex4(raw.substr(i + 1));
		i += 4;
		if (is_high(code) && raw.substr(i + 1, 2) == "\\u" && is_low(hex4(raw.substr(i + 3)))) {
			code = 0x10000 + ((code - 0xd800) << 10) + (hex4(raw.substr(i + 3)) - 0xdc00);
			i += 6;
		} else if (is_high(code) || is_low(code)) {
			code = 0xfffd;
		}
		append_utf8(out, code);
	}
	return out;
}

std::optional<uint64_t> JsonLine::u64(uint32_t index) const
{
	const std::string_view digits = nodes_[index].text;
	if (!is(index, Kind::number) || !std::all_of(digits.begin(), digits.end(), is_digit))
		return std::nullopt;
	uint64_t value = 0;
	for (const char c : digits)
		if (__builtin_mul_overflow(value, uint64_t{10}, &value) ||
			__builtin_add_overflow(value, static_cast<uint64_t>(c - '0'), &value))
			return std::nullopt;
	return value;
}

} // namespace corescope::report
