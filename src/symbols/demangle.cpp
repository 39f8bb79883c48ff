// SPDX-License-Identifier: BSD-2-Clause
// C++ by the compiler's own library. Rust's older mangling is a list of names with their lengths, in which what C++
// does not allow is spelled in words.
#include "symbols/demangle.h"

#include <cstdlib>
#include <cxxabi.h>
#include <memory>

namespace corescope {

namespace {

constexpr size_t kLongestName = 8192; // of what is tried; the rest is told as it is
constexpr size_t kHashDigits = 16;

struct Spelling {
	std::string_view code, text;
};
constexpr Spelling kSpellings[] = {
	{"SP", "@"}, {"BP", "*"}, {"RF", "&"}, {"LT", "<"}, {"GT", ">"}, {"LP", "("}, {"RP", ")"}, {"C", ","}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

bool is_hash(std::string_view part)
{
	if (part.size() != 1 + kHashDigits || part[0] != 'h')
		return false;
	for (const char c : part.substr(1))
		if (!is_hex(c))
			return false;
	return true;
}

// What stands between two '$'.
std::optional<std::string> spelled(std::string_view code)
{
	for (const Spelling& one : kSpellings)
		if (one.code == code)
			return std::string(one.text);
	if (code.size() < 2 || code[0] != 'u' || code.size() > 7)
		return std::nullopt;
	unsigned value = 0;
	for (const char c : code.substr(1)) {
		if (!is_hex(c))
			return std::nullopt;
		value = value * 16 + static_cast<unsigned>(is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	if (value < 0x20 || value > 0x7e)
		return std::nullopt; // those that occur are printable ASCII
	return std::string(1, static_cast<char>(value));
}

void append_part(std::string& out, std::string_view part)
{
	// A part that would begin with a '$' has a '_' before it.
	if (part.substr(0, 2) == "_$")
		part.remove_prefix(1);
	for (size_t at = 0; at < part.size();) {
		if (part[at] == '$') {
			const size_t end = part.find('$', at + 1);
			const auto text =
				end == std::string_view::npos ? std::nullopt : spelled(part.substr(at + 1, end - at - 1));
			if (text) {
				out += *text;
				at = end + 1;
				continue;
			}
		} else if (part.substr(at, 2) == "..") {
			out += "::";
			at += 2;
			continue;
		}
		out += part[at++];
	}
}

} // namespace

std::optional<std::string> demangled_rust_legacy(std::string_view name)
{
	if (name.substr(0, 3) != "_ZN" || name.size() > kLongestName)
		return std::nullopt;
	name.remove_prefix(3);
	std::string out;
	std::string_view part;
	for (bool first = true;; first = false) {
		size_t length = 0, digits = 0;
		while (digits < name.size() && digits < 5 && is_digit(name[digits]))
			length = length * 10 + static_cast<size_t>(name[digits++] - '0');
		if (!digits) // the end: what came last must be the hash
			return is_hash(part) && !name.empty() && name[0] == 'E' && !out.empty() ? std::optional(out)
																					: std::nullopt;
		name.remove_prefix(digits);
		if (!length || length > name.size())
			return std::nullopt;
		if (!first) {
			if (!out.empty())
				out += "::";
			append_part(out, part);
		}
		part = name.substr(0, length);
		name.remove_prefix(length);
	}
}

std::string demangled(const std::string& name)
{
	if (name.size() > kLongestName || name.size() < 3 || name[0] != '_')
		return name;
	if (name[1] == 'R')
		return demangled_rust_v0(name).value_or(name);
	if (name[1] != 'Z')
		return name;
	if (const auto rust = demangled_rust_legacy(name))
		return *rust;
	int status = 0;
	const std::unique_ptr<char, decltype(&std::free)> text(
		abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
	return text ? text.get() : name;
}

} // namespace corescope
