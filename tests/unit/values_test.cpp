// SPDX-License-Identifier: BSD-2-Clause
// Arguments of options: numbers, times, sizes, users, expressions, each taken whole or refused.
#include "cli/values.h"

#include <catch2/catch.hpp>
#include <optional>
#include <pwd.h>
#include <random>
#include <string>

using namespace corescope;

namespace {

template <class T>
std::optional<T> value(const std::string& text)
{
	T parsed;
	try {
		parse_value(parsed, text.c_str());
	} catch (const BadValue& bad) {
		CHECK_FALSE(bad.why.empty());
		return std::nullopt;
	}
	return parsed;
}

} // namespace

TEST_CASE("numbers are taken whole, within their bounds, or refused", "[options]")
{
	CHECK(parse_number("0", 0, 10) == 0);
	CHECK(parse_number("10", 0, 10) == 10);
	CHECK(parse_number("007", 0, 10) == 7);
	CHECK(parse_number("18446744073709551615", 0, UINT64_MAX) == UINT64_MAX);
	for (const char* text : {"", " ", "1 ", " 1", "+1", "-1", "-0", "1x", "x1", "0x1", "1.0", "1e3", "abc",
			 "1,000", "\xd9\xa1", "1\n", "18446744073709551616", "99999999999999999999999999", "11"}) {
		INFO(text);
		CHECK_THROWS_AS(parse_number(text, 0, 10), BadValue);
	}
	CHECK_THROWS_AS(parse_number(std::string_view("1\0", 2), 0, 10), BadValue);
	CHECK_THROWS_AS(parse_number("4", 5, 10), BadValue);
	std::mt19937_64 random(1);
	for (int i = 0; i < 1000; i++) {
		const uint64_t number = random() >> random() % 64;
		CHECK(parse_number(std::to_string(number), 0, UINT64_MAX) == number);
		CHECK(parse_number(std::to_string(number), number, number) == number);
		if (number < UINT64_MAX)
			CHECK_THROWS_AS(parse_number(std::to_string(number), number + 1, UINT64_MAX), BadValue);
	}
}

TEST_CASE("processes and counts begin at 1; a process' number ends where the kernel's does", "[options]")
{
	CHECK(value<Pid>("1")->value == 1);
	CHECK(value<Pid>("4194304")->value == 4194304);
	for (const char* text : {"0", "4194305", "-1", "", "self", "1.0"}) {
		INFO(text);
		CHECK_FALSE(value<Pid>(text));
	}
	CHECK_FALSE(Pid{});
	CHECK(value<Count>("18446744073709551615")->value == UINT64_MAX);
	CHECK_FALSE(value<Count>("0"));
	CHECK_FALSE(value<Count>("1k"));
}

TEST_CASE("durations: seconds, fractions and units, exact to the nanosecond", "[options]")
{
	const uint64_t second = 1000000000;
	const std::pair<const char*, uint64_t> good[] = {{"1", second}, {"10", 10 * second}, {"0.5", second / 2},
		{".5", second / 2}, {"100ms", second / 10}, {"1ms", second / 1000}, {"1.5ms", 1500000},
		{"30s", 30 * second}, {"0.001", 1000000}, {"0.001s", 1000000}, {"0.123456789", 123456789},
		{"5m", 300 * second}, {"1.5m", 90 * second}, {"2h", 7200 * second}, {"0.25h", 900 * second},
		{"1d", 86400 * second}, {"3650d", 3650 * 86400 * second}, {"00001", second}};
	for (const auto& [text, ns] : good) {
		INFO(text);
		REQUIRE(value<Duration>(text));
		CHECK(value<Duration>(text)->ns == ns);
	}
	for (const char* text :
		{"", "0", "0.0", "0s", "0.0009", "0.5ms", "-1", "+1", "1.", ".", "1..5", "1.5.5", "s", "ms", ".s",
			"1S", "1 s", "1s ", " 1", "1x", "1us", "1ns", "1min", "1e3", "inf", "nan", "0x1", "1.0000000001",
			"3651d", "99999999999999999999", "18446744073709551616", "315360001", "1d1h", "1,5"}) {
		INFO(text);
		CHECK_FALSE(value<Duration>(text));
	}
}

TEST_CASE("sizes: powers of 1024, without a wrap-around", "[options]")
{
	const std::pair<const char*, uint64_t> good[] = {{"0", 0}, {"4096", 4096}, {"64K", 65536}, {"64k", 65536},
		{"1M", 1 << 20}, {"1G", 1 << 30}, {"1024G", 1ULL << 40}};
	for (const auto& [text, bytes] : good) {
		INFO(text);
		REQUIRE(value<Bytes>(text));
		CHECK(value<Bytes>(text)->value == bytes);
		CHECK(value<Bytes>(text)->given);
	}
	for (const char* text : {"", "K", "M", "1KB", "1Ki", "1T", "1.5M", "-1", "-1K", "1 K", "1K ", "0x10",
			 "1g", "1m", "1025G", "17179869184G", "18014398509481984K", "18446744073709551616"}) {
		INFO(text);
		CHECK_FALSE(value<Bytes>(text));
	}
	CHECK_FALSE(Bytes{}.given);
}

TEST_CASE("users: a number, or a name of /etc/passwd; never a name read as 0", "[options]")
{
	CHECK(value<UserId>("0")->value == 0);
	CHECK(value<UserId>("4294967294")->value == 4294967294U); // -1 is no user
	CHECK(value<UserId>("root")->value == 0);
	for (const char* text : {"", "nobodyy", "12x", "-1", "+1", " 0", "0 ", "1.0", "0x0", "4294967295",
			 "4294967296", "root ", ":", "root:x"}) {
		INFO(text);
		CHECK_FALSE(value<UserId>(text));
	}
	setpwent();
	while (const passwd* entry = getpwent())
		if (std::string(entry->pw_name).find_first_not_of("0123456789") != std::string::npos) {
			INFO(entry->pw_name);
			REQUIRE(value<UserId>(entry->pw_name));
			CHECK(value<UserId>(entry->pw_name)->given);
		}
	endpwent();
}

TEST_CASE("formats, texts and regular expressions are checked when they are given", "[options]")
{
	CHECK(value<OutputFormat>("table") == OutputFormat::table);
	CHECK(value<OutputFormat>("json") == OutputFormat::json);
	CHECK(value<OutputFormat>("csv") == OutputFormat::csv);
	for (const char* text : {"", "JSON", "jso", "json ", "xml"})
		CHECK_FALSE(value<OutputFormat>(text));
	CHECK(value<std::string>(" a b ") == " a b ");
	CHECK_FALSE(value<std::string>(""));
	for (const char* text : {"", "[", "(", ")(", "*", "a{2,1}", "[[:x:]]", "\\"}) {
		INFO(text);
		CHECK_FALSE(value<Regex>(text));
	}
	CHECK_FALSE(Regex{});
	const Regex regex = *value<Regex>("^a(b+)c?$");
	CHECK(regex.matches("abb"));
	CHECK(regex.matches("abc"));
	CHECK_FALSE(regex.matches("ac"));
	CHECK_FALSE(regex.matches("xabc"));
	CHECK_FALSE(regex.matches("ABC"));
}

TEST_CASE("a regular expression finds group or whole, one after the other, and ends", "[options]")
{
	const auto all = [](const char* expression, const char* text) {
		const Regex regex = *value<Regex>(expression);
		std::string found;
		size_t from = 0;
		for (int i = 0; i < 100 && from <= std::string(text).size(); i++) {
			size_t next = from;
			const auto range = regex.find(text, from, &next);
			if (!range)
				return found;
			CHECK(next > from);
			found += "[" + std::string(text).substr(range->begin, range->end - range->begin) + "]";
			from = next;
		}
		return found;
	};
	CHECK(all("a", "banana") == "[a][a][a]");
	CHECK(all("an", "banana") == "[an][an]");
	CHECK(all("(a)n", "banana") == "[a][a]");
	CHECK(all("b(.*)", "banana") == "[anana]");
	CHECK(all("^a", "aaa") == "[a]"); // a later place is no beginning
	CHECK(all("x*", "ab") == "[][][]");
	CHECK(all("(x)|b", "abc") == "[b]"); // a group that took no part leaves the whole
	CHECK(all("z", "banana").empty());
	CHECK(all("a", "").empty());
}
