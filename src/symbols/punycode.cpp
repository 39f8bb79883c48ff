// SPDX-License-Identifier: BSD-2-Clause
// RFC 3492, section 6.2.
#include "symbols/punycode.h"

#include <cstdint>

namespace corescope {

std::optional<std::string> from_punycode(std::string_view ascii, std::string_view codes)
{
	std::u32string text(ascii.begin(), ascii.end());
	uint32_t n = 128, i = 0, bias = 72;
	for (bool first = true; !codes.empty(); first = false) {
		const uint32_t old = i;
		uint32_t w = 1;
		for (uint32_t k = 36;; k += 36) {
			if (codes.empty())
				return std::nullopt;
			const char c = codes.front();
			codes.remove_prefix(1);
			const uint32_t digit = c >= 'a' && c <= 'z' ? static_cast<uint32_t>(c - 'a')
				: c >= '0' && c <= '9'                  ? static_cast<uint32_t>(c - '0' + 26)
														: 36;
			if (digit > 35 || digit > (0x10ffff - i) / w)
				return std::nullopt;
			i += digit * w;
			const uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
			if (digit < t)
				break;
			if (w > 0x10ffff)
				return std::nullopt;
			w *= 36 - t;
		}
		const auto size = static_cast<uint32_t>(text.size()) + 1;
		uint32_t delta = first ? (i - old) / 700 : (i - old) / 2;
		delta += delta / size;
		uint32_t k = 0;
		for (; delta > 455; k += 36)
			delta /= 35;
		bias = k + 36 * delta / (delta + 38);
		n += i / size;
		i %= size;
		if (n > 0x10ffff || (n >= 0xd800 && n < 0xe000))
			return std::nullopt;
		text.insert(text.begin() + i++, n);
	}
	std::string out;
	for (const char32_t c : text) {
		const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
		if (c < 0x80) {
			put(c);
		} else if (c < 0x800) {
			put(0xc0 | c >> 6);
			put(0x80 | (c & 63));
		} else if (c < 0x10000) {
			put(0xe0 | c >> 12);
			put(0x80 | (c >> 6 & 63));
			put(0x80 | (c & 63));
		} else {
			put(0xf0 | c >> 18);
			put(0x80 | (c >> 12 & 63));
			put(0x80 | (c >> 6 & 63));
			put(0x80 | (c & 63));
		}
	}
	return out;
}

} // namespace corescope
