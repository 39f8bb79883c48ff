// SPDX-License-Identifier: BSD-2-Clause
// See decode.h.
#include "decode.h"

#include "output/escape.h"

#include <catch2/catch.hpp>
#include <ctime>

namespace corescope::test {

std::string from_hex(const std::string& hex)
{
	std::string bytes;
	REQUIRE(hex.size() % 2 == 0);
	for (size_t i = 0; i < hex.size(); i += 2)
		bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
	return bytes;
}

std::string from_base64(const std::string& text)
{
	static const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	std::string bytes;
	REQUIRE(text.size() % 4 == 0);
	for (size_t i = 0; i < text.size(); i += 4) {
		uint32_t group = 0;
		size_t padding = 0;
		for (size_t j = 0; j < 4; j++) {
			const char c = text[i + j];
			const size_t value = c == '=' ? 0 : alphabet.find(c);
			REQUIRE(value != std::string::npos);
			padding += c == '=';
			group = group << 6 | static_cast<uint32_t>(value);
		}
		REQUIRE((padding == 0 || (padding < 3 && i + 4 == text.size())));
		for (size_t j = 0; j < 3 - padding; j++)
			bytes += static_cast<char>(group >> (16 - 8 * j) & 0xff);
	}
	return bytes;
}

Strings csv_cells(const std::string& line)
{
	INFO("CSV line: " << line);
	Strings cells(1);
	size_t i = 0;
	while (i < line.size()) {
		if (line[i] == ',') {
			cells.emplace_back();
			i++;
		} else if (line[i] == '"') {
			REQUIRE(cells.back().empty());
			for (i++;; i++) {
				REQUIRE(i < line.size()); // else the quote is never closed
				if (line[i] == '"' && line.substr(i, 2) != "\"\"")
					break;
				i += line[i] == '"';
				cells.back() += line[i];
			}
			i++;
			REQUIRE((i == line.size() || line[i] == ','));
		} else {
			REQUIRE(line[i] != '\r');
			cells.back() += line[i++];
		}
	}
	return cells;
}

Row csv_row(const std::string& heading, const std::string& line)
{
	const Strings keys = csv_cells(heading);
	const Strings cells = csv_cells(line);
	REQUIRE(keys.size() == cells.size());
	Row row;
	for (size_t i = 0; i < keys.size(); i++)
		row[keys[i]] = cells[i];
	REQUIRE(row.size() == keys.size());
	return row;
}

std::string unescaped(const std::string& text)
{
	std::string bytes;
	INFO("text: " << text);
	REQUIRE(unescape_text(text, bytes));
	return bytes;
}

Strings quoted_list(std::string_view text, std::string* rest)
{
	INFO("list: " << text);
	Strings list;
	while (!text.empty() && text[0] == '"') {
		size_t end = 1;
		while (end < text.size() && text[end] != '"')
			end += text[end] == '\\' ? 2 : 1;
		REQUIRE(end < text.size());
		list.push_back(unescaped(std::string(text.substr(1, end - 1))));
		text.remove_prefix(end + 1);
		if (text.substr(0, 2) == " \"")
			text.remove_prefix(1);
	}
	if (rest)
		*rest = text;
	else
		REQUIRE(text.empty());
	return list;
}

int64_t rfc3339_ns(const std::string& text)
{
	INFO("time: " << text);
	static const std::string shape = "0000-00-00T00:00:00.000000000Z";
	REQUIRE(text.size() == shape.size());
	for (size_t i = 0; i < shape.size(); i++)
		REQUIRE((shape[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i]));
	const auto number = [&](size_t at, size_t size) { return std::stol(text.substr(at, size)); };
	tm t{};
	t.tm_year = static_cast<int>(number(0, 4)) - 1900;
	t.tm_mon = static_cast<int>(number(5, 2)) - 1;
	t.tm_mday = static_cast<int>(number(8, 2));
	t.tm_hour = static_cast<int>(number(11, 2));
	t.tm_min = static_cast<int>(number(14, 2));
	t.tm_sec = static_cast<int>(number(17, 2));
	return int64_t{timegm(&t)} * 1000000000 + number(20, 9);
}

} // namespace corescope::test
