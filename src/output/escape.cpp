// SPDX-License-Identifier: BSD-2-Clause
// Escaping, in one pass and without a look at the locale: runs of harmless ASCII are copied eight bytes at a
// time; only what stops a run is looked at by itself.
#include "output/escape.h"

#include "output/utf8.h"

#include <algorithm>
#include <cstdint>

namespace corescope {

namespace {

// Characters beyond ASCII that could steer a terminal, reorder or split a line, or hide.
bool is_active(uint32_t code)
{
	return code < 0xa0 || code == 0x61c || code == 0x200e || code == 0x200f ||
		(code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

constexpr uint64_t repeat(unsigned char byte) { return 0x0101010101010101ULL * byte; }

// High bits: all that matters is whether any is set, so a borrow from a lower byte does no harm.
constexpr uint64_t zero_bytes(uint64_t word) { return (word - repeat(1)) & ~word; }

// Harmless in every style: printable ASCII but backslash, and but the quote where that matters.
template <bool kQuoted>
struct Plain {
	static constexpr bool byte(unsigned char c)
	{
		return c >= 0x20 && c < 0x7f && c != '\\' && (!kQuoted || c != '"');
	}
	static constexpr bool word(uint64_t w)
	{
		uint64_t special =
			w | ((w - repeat(0x20)) & ~w) | zero_bytes(w ^ repeat(0x7f)) | zero_bytes(w ^ repeat('\\'));
		if constexpr (kQuoted)
			special |= zero_bytes(w ^ repeat('"'));
		return (special & repeat(0x80)) == 0;
	}
};

// Copies the harmless bytes at p and answers where they stop.
template <bool kQuoted>
const unsigned char* copy_plain(Buffer& out, const unsigned char* p, const unsigned char* end)
{
	const size_t left = static_cast<size_t>(end - p);
	char* to = out.reserve(left);
	size_t n = 0;
	while (left - n >= 8) {
		uint64_t word;
		std::memcpy(&word, p + n, 8);
		if (!Plain<kQuoted>::word(word))
			break;
		std::memcpy(to + n, &word, 8);
		n += 8;
	}
	for (; n < left && Plain<kQuoted>::byte(p[n]); n++)
		to[n] = static_cast<char>(p[n]);
	out.grow(n);
	return p + n;
}

void append_hex_escape(Buffer& out, unsigned char byte)
{
	out.append("\\x");
	out.append_hex_digits(byte, 2);
}

template <bool kQuoted>
void escape(Buffer& out, std::string_view bytes)
{
	const unsigned char* p = reinterpret_cast<const unsigned char*>(bytes.data());
	const unsigned char* const end = p + bytes.size();
	while ((p = copy_plain<kQuoted>(out, p, end)) != end) {
		switch (*p) {
		case '\\':
			out.append("\\\\");
			p++;
			continue;
		case '"': // stops a run only if quoted
			out.append("\\\"");
			p++;
			continue;
		case '\n':
			out.append("\\n");
			p++;
			continue;
		case '\t':
			out.append("\\t");
			p++;
			continue;
		case '\r':
			out.append("\\r");
			p++;
			continue;
		default: break;
		}
		const Utf8 c = utf8_decode(p, end);
		if (c.valid && !is_active(c.code)) {
			out.append({reinterpret_cast<const char*>(p), c.length});
			p += c.length;
		} else {
			for (unsigned i = 0; i < c.length; i++)
				append_hex_escape(out, *p++);
		}
	}
}

int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

} // namespace

bool valid_utf8(std::string_view bytes)
{
	const unsigned char* p = reinterpret_cast<const unsigned char*>(bytes.data());
	const unsigned char* const end = p + bytes.size();
	while (p != end) {
		if (end - p >= 8) {
			uint64_t word;
			std::memcpy(&word, p, 8);
			if ((word & repeat(0x80)) == 0) {
				p += 8;
				continue;
			}
		}
		const Utf8 c = utf8_decode(p, end);
		if (!c.valid)
			return false;
		p += c.length;
	}
	return true;
}

void escape_text(Buffer& out, std::string_view bytes) { escape<false>(out, bytes); }

void quote_text(Buffer& out, std::string_view bytes)
{
	out.append('"');
	escape<true>(out, bytes);
	out.append('"');
}

bool unescape_text(std::string_view text, std::string& out)
{
	out.clear();
	for (size_t i = 0; i < text.size(); i++) {
		if (text[i] != '\\') {
			out += text[i];
			continue;
		}
		if (++i == text.size())
			return false;
		switch (text[i]) {
		case '\\':
		case '"': out += text[i]; break;
		case 'n': out += '\n'; break;
		case 't': out += '\t'; break;
		case 'r': out += '\r'; break;
		case 'x': {
			const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
			const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
			if (low < 0)
				return false;
			out += static_cast<char>(high << 4 | low);
			i += 2;
			break;
		}
		default: return false;
		}
	}
	return true;
}

bool json_string(Buffer& out, std::string_view bytes)
{
	bool exact = true;
	const unsigned char* p = reinterpret_cast<const unsigned char*>(bytes.data());
	const unsigned char* const end = p + bytes.size();
	out.append('"');
	while ((p = copy_plain<true>(out, p, end)) != end) {
		const Utf8 c = utf8_decode(p, end);
		if (!c.valid) {
			out.append("\xef\xbf\xbd");
			exact = false;
		} else if (c.code == '"' || c.code == '\\') {
			out.append('\\');
			out.append(static_cast<char>(c.code));
		} else if (c.code == '\n') {
			out.append("\\n");
		} else if (c.code == '\t') {
			out.append("\\t");
		} else if (c.code == '\r') {
			out.append("\\r");
		} else if (is_active(c.code)) {
			out.append("\\u");
			out.append_hex_digits(c.code, 4);
		} else {
			out.append({reinterpret_cast<const char*>(p), c.length});
		}
		p += c.length;
	}
	out.append('"');
	return exact;
}

void base64(Buffer& out, std::string_view bytes)
{
	static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char* p = reinterpret_cast<const unsigned char*>(bytes.data());
	size_t left = bytes.size();
	char* to = out.grow((left + 2) / 3 * 4);
	for (; left > 0; to += 4) {
		const uint32_t group = static_cast<uint32_t>(p[0]) << 16 |
			(left > 1 ? static_cast<uint32_t>(p[1]) << 8 : 0) | (left > 2 ? static_cast<uint32_t>(p[2]) : 0);
		to[0] = kAlphabet[group >> 18];
		to[1] = kAlphabet[group >> 12 & 63];
		to[2] = left > 1 ? kAlphabet[group >> 6 & 63] : '=';
		to[3] = left > 2 ? kAlphabet[group & 63] : '=';
		const size_t taken = std::min<size_t>(left, 3);
		p += taken;
		left -= taken;
	}
}

void csv_cell(Buffer& out, std::string_view bytes)
{
	const size_t start = out.size();
	escape_text(out, bytes);
	const std::string_view text = out.view_from(start);
	if (text.empty())
		return;
	// Escaping has left no line break, so comma and quote are all that RFC 4180 minds.
	const bool active =
		std::string_view("=+-@ ").find(text.front()) != std::string_view::npos || text.back() == ' ';
	if (!active && text.find_first_of(",\"") == std::string_view::npos)
		return;
	const size_t length = text.size();
	const size_t quotes = static_cast<size_t>(std::count(text.begin(), text.end(), '"'));
	// Widen in place, from the end.
	char* const cell = out.grow(quotes + 2) - length;
	char* to = cell + length + quotes + 2;
	*--to = '"';
	for (const char* from = cell + length; from != cell;) {
		*--to = *--from;
		if (*from == '"')
			*--to = '"';
	}
	*--to = '"';
}

} // namespace corescope
