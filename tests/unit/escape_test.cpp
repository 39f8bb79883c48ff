// SPDX-License-Identifier: BSD-2-Clause
// Escaping as properties over every byte, every short sequence and random ones: nothing that steers a
// terminal comes out, every byte comes back, and JSON and CSV are what other readers understand. The oracle
// for UTF-8 is built from the encoding of every character, not from another decoder.
#include "output/escape.h"

#include "json.h"
#include "utf8_oracle.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace corescope;
using namespace corescope::test;

namespace {

bool is_active(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return true;
	static constexpr uint32_t kOthers[] = {0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c,
		0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0xfeff};
	for (const uint32_t other : kOthers)
		if (code == other)
			return true;
	return false;
}

// Valid, and none of the active characters in it.
bool is_safe(std::string_view text)
{
	static const std::vector<std::string> active = [] {
		std::vector<std::string> list;
		for (uint32_t code = 0; code < 0x10000; code++)
			if (is_active(code))
				list.push_back(encode(code));
		return list;
	}();
	for (const std::string& character : active)
		if (text.find(character) != std::string_view::npos)
			return false;
	return oracle().valid(text);
}

template <class F>
std::string with(F&& write)
{
	Buffer out;
	write(out);
	return std::string(out.view());
}
std::string escaped(std::string_view text)
{
	return with([&](Buffer& out) { escape_text(out, text); });
}
std::string quoted(std::string_view text)
{
	return with([&](Buffer& out) { quote_text(out, text); });
}
std::string csv(std::string_view text)
{
	return with([&](Buffer& out) { csv_cell(out, text); });
}
std::string json(std::string_view text, bool& exact)
{
	return with([&](Buffer& out) { exact = json_string(out, text); });
}

// RFC 4180: fields of one record.
bool parse_csv(std::string_view record, std::vector<std::string>& fields)
{
	fields.assign(1, "");
	for (size_t i = 0; i < record.size(); i++) {
		if (record[i] == ',') {
			fields.emplace_back();
		} else if (record[i] != '"') {
			if (record[i] == '\n' || record[i] == '\r')
				return false;
			fields.back() += record[i];
		} else {
			for (i++; i < record.size(); i++) {
				if (record[i] != '"')
					fields.back() += record[i];
				else if (i + 1 < record.size() && record[i + 1] == '"')
					fields.back() += record[i++];
				else
					break;
			}
			if (i == record.size() || (i + 1 < record.size() && record[i + 1] != ','))
				return false;
		}
	}
	return true;
}

std::string decode64(std::string_view text)
{
	static constexpr std::string_view kAlphabet =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	std::string bytes;
	uint32_t bits = 0;
	unsigned count = 0;
	for (const char c : text.substr(0, std::min(text.find('='), text.size()))) {
		const size_t value = kAlphabet.find(c);
		if (value == std::string_view::npos)
			return "not base64";
		bits = bits << 6 | static_cast<uint32_t>(value);
		count += 6;
		if (count >= 8)
			bytes += static_cast<char>(bits >> (count -= 8) & 0xff);
	}
	return bytes;
}

// All that must hold for any bytes.
void check_all(std::string_view bytes)
{
	std::string back;
	const std::string text = escaped(bytes);
	REQUIRE(is_safe(text));
	REQUIRE(unescape_text(text, back));
	REQUIRE(back == bytes);

	const std::string quote = quoted(bytes);
	REQUIRE(is_safe(quote));
	REQUIRE(quote.size() >= 2);
	REQUIRE((quote.front() == '"' && quote.back() == '"'));
	for (size_t i = 1; i + 1 < quote.size(); i++) {
		REQUIRE(quote[i] != '"');
		if (quote[i] == '\\')
			i++;
	}
	REQUIRE(unescape_text(std::string_view(quote).substr(1, quote.size() - 2), back));
	REQUIRE(back == bytes);

	bool exact = false;
	const std::string string = json(bytes, exact);
	REQUIRE(is_safe(string));
	REQUIRE(exact == oracle().valid(bytes));
	REQUIRE(nlohmann::json::parse(string).get<std::string>() == oracle().replaced(bytes));

	std::vector<std::string> fields;
	const std::string cell = csv(bytes);
	REQUIRE(is_safe(cell));
	REQUIRE(parse_csv(cell + ',' + cell, fields));
	REQUIRE(fields == std::vector<std::string>{text, text});

	REQUIRE(decode64(with([&](Buffer& out) { base64(out, bytes); })) == bytes);
	REQUIRE(valid_utf8(bytes) == oracle().valid(bytes));
}

uint32_t random_character(std::mt19937& random)
{
	static constexpr uint32_t kLimits[] = {0x80, 0x100, 0x800, 0x3000, 0x10000, 0x110000};
	for (;;) {
		const uint32_t code = static_cast<uint32_t>(random()) % kLimits[random() % 6];
		if (!is_surrogate(code))
			return code;
	}
}

} // namespace

TEST_CASE("escaping of every single byte")
{
	for (unsigned i = 0; i < 256; i++) {
		const char byte = static_cast<char>(i);
		const std::string text = escaped({&byte, 1});
		char hex[8];
		std::snprintf(hex, sizeof(hex), "\\x%02x", i);
		if (i == '\\')
			REQUIRE(text == "\\\\");
		else if (i == '\n')
			REQUIRE(text == "\\n");
		else if (i == '\t')
			REQUIRE(text == "\\t");
		else if (i == '\r')
			REQUIRE(text == "\\r");
		else if (i >= 0x20 && i < 0x7f)
			REQUIRE(text == std::string(1, byte));
		else
			REQUIRE(text == hex);
		// Anywhere in a word of eight and behind it.
		for (size_t at = 0; at < 20; at++) {
			std::string bytes(20, 'a');
			bytes[at] = byte;
			REQUIRE(escaped(bytes) == std::string(at, 'a') + text + std::string(19 - at, 'a'));
		}
		check_all({&byte, 1});
	}
	std::string all;
	for (unsigned i = 0; i < 256; i++)
		all += static_cast<char>(i);
	check_all(all);
	check_all(all + all);
	check_all("");
}

TEST_CASE("escaping of every character")
{
	std::string back;
	for (uint32_t code = 0; code <= 0x10ffff; code++) {
		if (is_surrogate(code))
			continue;
		const std::string character = encode(code);
		const std::string text = escaped(character);
		if (code >= 0x80 && (text == character) == is_active(code))
			FAIL("U+" << std::hex << code << " became " << text);
		if (!unescape_text(text, back) || back != character)
			FAIL("U+" << std::hex << code << " does not come back from " << text);
		bool exact = false;
		const std::string string = json(character, exact);
		if (!exact || (code >= 0x80 && (string == '"' + character + '"') == is_active(code)))
			FAIL("U+" << std::hex << code << " became " << string);
	}
	SUCCEED();
}

TEST_CASE("UTF-8 is valid exactly where the oracle says so")
{
	unsigned long wrong = 0;
	const auto try_bytes = [&](std::string_view bytes) {
		wrong += valid_utf8(bytes) != oracle().valid(bytes);
	};
	char bytes[4];
	for (unsigned first = 0; first < 256; first++) {
		bytes[0] = static_cast<char>(first);
		for (unsigned second = 0; second < 256; second++) {
			bytes[1] = static_cast<char>(second);
			try_bytes({bytes, 2});
			for (unsigned third = 0; third < 256; third += first < 0xe0 ? 15 : 1) {
				bytes[2] = static_cast<char>(third);
				try_bytes({bytes, 3});
				for (const unsigned fourth : {0x7fU, 0x80U, 0xbfU, 0xc0U}) {
					bytes[3] = static_cast<char>(fourth);
					if (first >= 0xf0)
						try_bytes({bytes, 4});
				}
			}
		}
	}
	REQUIRE(wrong == 0);
}

TEST_CASE("what must never reach a terminal, by example")
{
	REQUIRE(escaped("\x1b]0;owned\a") == "\\x1b]0;owned\\x07");
	REQUIRE(escaped("\x1b[2J\xc2\x9b"
					"31m") == "\\x1b[2J\\xc2\\x9b31m"); // the C1 form of ESC [
	REQUIRE(escaped("two\nrecords\r\n") == "two\\nrecords\\r\\n");
	REQUIRE(escaped("caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x91\x8d") == "café 日本 👍");
	REQUIRE(escaped("cut caf\xc3") == "cut caf\\xc3"); // as comm may be, after 15 bytes
	REQUIRE(escaped("gpj.\xe2\x80\xae"
					"exe") == "gpj.\\xe2\\x80\\xaeexe");
	REQUIRE(escaped("a\xe2\x80\xa8"
					"b") == "a\\xe2\\x80\\xa8b");
	REQUIRE(escaped("\xed\xa0\x80\xc0\xaf\xf5") == "\\xed\\xa0\\x80\\xc0\\xaf\\xf5");
	REQUIRE(escaped(R"(C:\x41)") == R"(C:\\x41)");
	REQUIRE(quoted("say \"hi\" \\ \n") == R"("say \"hi\" \\ \n")");
	bool exact = false;
	REQUIRE(json("q\" \\ \n\t\r\b\x7f\xc2\x9b\xe2\x80\xa8\xe2\x80\xae", exact) ==
		R"("q\" \\ \n\t\r\u0008\u007f\u009b\u2028\u202e")");
	REQUIRE(exact);
	REQUIRE(json("\xef\xbf\xbd", exact) == "\"\xef\xbf\xbd\"");
	REQUIRE(exact); // it was in the text
	// Unicode 15, table 3-8 and its neighbours: one replacement for each maximal part.
	REQUIRE(json("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", exact) ==
		"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		"A\"");
	REQUIRE_FALSE(exact);
	REQUIRE(json("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", exact) ==
		"\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
		"A\"");
	REQUIRE_FALSE(exact);
}

TEST_CASE("random bytes and random characters come back")
{
	std::mt19937 random(2026);
	for (int round = 0; round < 400; round++) {
		std::string bytes, characters, mixed;
		for (size_t i = random() % 80; i > 0; i--) {
			bytes += static_cast<char>(random());
			characters += encode(random_character(random));
			mixed += random() % 8 ? std::string(1, static_cast<char>(0x20 + random() % 0x5f))
				: random() % 2    ? encode(random_character(random)).substr(0, 1 + random() % 3)
								  : std::string(1, static_cast<char>(random()));
		}
		check_all(bytes);
		check_all(characters);
		check_all(mixed);
		REQUIRE(valid_utf8(characters));
	}
}

TEST_CASE("unescape refuses what escape never writes")
{
	std::string out;
	for (const std::string_view bad :
		{"\\", "abc\\", "\\x", "\\x4", "\\xg0", "\\x0g", "\\q", "\\X41", "\\u0041", "\\0", "\\ "})
		CHECK_FALSE(unescape_text(bad, out));
	REQUIRE(unescape_text("\\x41\\x4a\\x4A", out));
	REQUIRE(out == "AJJ");
	REQUIRE(unescape_text("\\x00", out));
	REQUIRE(out == std::string(1, '\0'));
}

TEST_CASE("base64 has the vectors of RFC 4648")
{
	const auto of = [](std::string_view bytes) { return with([&](Buffer& out) { base64(out, bytes); }); };
	REQUIRE(of("") == "");
	REQUIRE(of("f") == "Zg==");
	REQUIRE(of("fo") == "Zm8=");
	REQUIRE(of("foo") == "Zm9v");
	REQUIRE(of("foob") == "Zm9vYg==");
	REQUIRE(of("fooba") == "Zm9vYmE=");
	REQUIRE(of("foobar") == "Zm9vYmFy");
	REQUIRE(of("\xff\xfe\xfd") == "//79");
}

TEST_CASE("CSV cells are quoted where a reader needs it")
{
	REQUIRE(csv("plain") == "plain");
	REQUIRE(csv("") == "");
	REQUIRE(csv("two words") == "two words");
	REQUIRE(csv("a,b") == "\"a,b\"");
	REQUIRE(csv("say \"hi\"") == "\"say \"\"hi\"\"\"");
	REQUIRE(csv("\"") == "\"\"\"\"");
	REQUIRE(csv("a\nb") == "a\\nb"); // escaped, so one record stays one line
	for (const std::string_view active : {"=1+1", "+1", "-1", "@SUM(A1)", " lead", "trail ", " "})
		REQUIRE(csv(active) == '"' + std::string(active) + '"');
	REQUIRE(csv("a=b") == "a=b");
	// Behind other cells, as the cell is widened in place.
	Buffer out;
	out.append("before,");
	csv_cell(out, "\"x\"");
	out.append(",after");
	REQUIRE(out.view() == "before,\"\"\"x\"\"\",after");
}

TEST_CASE("display width counts columns")
{
	const std::pair<std::string_view, size_t> cases[] = {
		{"", 0},
		{"abc", 3},
		{"\\x1b[2J", 7},
		{"café", 4},
		{"cafe\xcc\x81", 4},
		{"日本", 4},
		{"한국어", 6},
		{"\xef\xbd\xb1", 1},
		{"\xef\xbc\xa1", 2},
		{"👍", 2},
		{"\xe2\x80\x8d", 0},
		{"│┌─▁█", 5},
		{"…→µ", 3},
		{"नि", 1 + 1},
		{"\xe0\xb8\x81\xe0\xb8\xb4", 1},
		{"\xf0\xa0\x80\x80", 2},
		{"Ж", 1},
		{"\xff\xfe", 2},
		{"\xc2\xad", 1},
		{"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 2},
	};
	for (const auto& [text, width] : cases) {
		INFO(text);
		CHECK(display_width(text) == width);
	}
}
