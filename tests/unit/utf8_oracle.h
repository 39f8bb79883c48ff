// SPDX-License-Identifier: BSD-2-Clause
// What is UTF-8 and what is not, from the encoding of every character instead of from another decoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corescope::test {

inline std::string encode(uint32_t code)
{
	const auto tail = [&](unsigned shift) { return static_cast<char>(0x80 | (code >> shift & 0x3f)); };
	if (code < 0x80)
		return {static_cast<char>(code)};
	if (code < 0x800)
		return {static_cast<char>(0xc0 | code >> 6), tail(0)};
	if (code < 0x10000)
		return {static_cast<char>(0xe0 | code >> 12), tail(6), tail(0)};
	return {static_cast<char>(0xf0 | code >> 18), tail(12), tail(6), tail(0)};
}

inline bool is_surrogate(uint32_t code) { return code >= 0xd800 && code < 0xe000; }

// Which byte sequences are characters, and which begin one.
class Oracle {
public:
	Oracle() : characters_(5), beginnings_(5)
	{
		for (size_t n = 1; n <= 3; n++) {
			characters_[n].resize(size_t{1} << 8 * n);
			beginnings_[n].resize(size_t{1} << 8 * n);
		}
		for (uint32_t code = 0; code <= 0x10ffff; code++) {
			if (is_surrogate(code))
				continue;
			const std::string bytes = encode(code);
			if (bytes.size() <= 3)
				characters_[bytes.size()][index(bytes, 0, bytes.size())] = true;
			for (size_t n = 1; n < bytes.size(); n++)
				beginnings_[n][index(bytes, 0, n)] = true;
		}
	}

	// Length of the character at `at`; 0 if there is none.
	size_t character(std::string_view text, size_t at) const
	{
		for (size_t n = 1; n <= 3 && at + n <= text.size(); n++)
			if (characters_[n][index(text, at, n)])
				return n;
		// All four-byte characters come in full rows of 64.
		if (at + 4 <= text.size() && beginnings_[3][index(text, at, 3)] && (text[at + 3] & 0xc0) == 0x80)
			return 4;
		return 0;
	}
	size_t maximal_part(std::string_view text, size_t at) const
	{
		size_t longest = 1;
		for (size_t n = 1; n <= 3 && at + n <= text.size(); n++)
			if (beginnings_[n][index(text, at, n)])
				longest = n;
		return longest;
	}
	bool valid(std::string_view text) const
	{
		for (size_t at = 0; at < text.size();) {
			const size_t n = character(text, at);
			if (n == 0)
				return false;
			at += n;
		}
		return true;
	}
	std::string replaced(std::string_view text) const
	{
		std::string result;
		for (size_t at = 0; at < text.size();) {
			const size_t n = character(text, at);
			result += n ? text.substr(at, n) : "\xef\xbf\xbd";
			at += n ? n : maximal_part(text, at);
		}
		return result;
	}

private:
	static size_t index(std::string_view text, size_t at, size_t n)
	{
		size_t value = 0;
		for (size_t i = 0; i < n; i++)
			value = value << 8 | static_cast<unsigned char>(text[at + i]);
		return value;
	}
	std::vector<std::vector<bool>> characters_, beginnings_;
};

inline const Oracle& oracle()
{
	static const Oracle instance;
	return instance;
}

} // namespace corescope::test
