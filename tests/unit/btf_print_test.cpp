// SPDX-License-Identifier: BSD-2-Clause
// Values printed by their BTF type. The truth is the C++ compiler's own layout of the same structs.
#include "btf_trial.h"

#include "base/error.h"
#include "decode.h"
#include "json.h"

#include <limits>
#include <random>

using namespace corescope;
using namespace corescope::test;
using Json = nlohmann::json;

TEST_CASE("BTF: whole numbers of every width and sign are printed exactly", "[btf]")
{
	Btf btf;
	const int u128 = btf.add_int("unsigned __int128", 16, 0);
	const int s128 = btf.add_int("__int128", 16, BTF_INT_SIGNED);
	BtfTypes types(btf.raw());
	CHECK(json(types.at(btf.u8), bytes_of(uint8_t{255})) == "255");
	CHECK(json(types.at(btf.character), bytes_of(char{65})) == "65");
	CHECK(json(types.at(btf.s16), bytes_of(int16_t{-32768})) == "-32768");
	CHECK(json(types.at(btf.u64), bytes_of(~uint64_t{0})) == "18446744073709551615");
	CHECK(json(types.at(btf.s64), bytes_of(std::numeric_limits<int64_t>::min())) == "-9223372036854775808");
	uint64_t wide[2] = {~uint64_t{0}, ~uint64_t{0}};
	CHECK(json(types.at(u128), bytes_of(wide)) == "340282366920938463463374607431768211455");
	CHECK(json(types.at(s128), bytes_of(wide)) == "-1");
	uint64_t least[2] = {0, 1ULL << 63};
	if constexpr (std::endian::native == std::endian::little)
		CHECK(json(types.at(s128), bytes_of(least)) == "-170141183460469231731687303715884105728");
	// 10^19 and 10^38, where the decimal groups meet.
	uint64_t group[2] = {10000000000000000000ULL, 0};
	if constexpr (std::endian::native == std::endian::little)
		CHECK(json(types.at(u128), bytes_of(group)) == "10000000000000000000");
	uint64_t groups[2] = {687399551400673280ULL, 5421010862427522170ULL};
	if constexpr (std::endian::native == std::endian::little)
		CHECK(json(types.at(u128), bytes_of(groups)) == "1" + std::string(38, '0'));
	std::mt19937_64 random(3);
	for (int i = 0; i < 1000; i++) {
		const auto n = static_cast<int64_t>(random() >> random() % 64);
		REQUIRE(text(types.at(btf.s64), bytes_of(n)) == std::to_string(n));
		REQUIRE(text(types.at(btf.s32), bytes_of(static_cast<int32_t>(n))) ==
			std::to_string(static_cast<int32_t>(n)));
	}
}

TEST_CASE("BTF: booleans, enumerations and pointers by name, what has none by number", "[btf]")
{
	Btf btf;
	const int fruit = btf.enumeration("fruit", 4, {{"APPLE", 0}, {"PEAR", 5}, {"ALSO_PEAR", 5}});
	const int sign = btf.enumeration("sign", 4, {{"MINUS", -1}, {"PLUS", 1}});
	const int small = btf.enumeration("small", 1, {{"TOP", 255}});
	const int wide = btf__add_enum64(btf.raw(), "wide", 8, false);
	REQUIRE(btf__add_enum64_value(btf.raw(), "HUGE", 1ULL << 63) == 0);
	const int pointer = btf.pointer(fruit);
	BtfTypes types(btf.raw());
	CHECK(json(types.at(btf.boolean), bytes_of(uint8_t{1})) == "true");
	CHECK(json(types.at(btf.boolean), bytes_of(uint8_t{0})) == "false");
	CHECK(json(types.at(btf.boolean), bytes_of(uint8_t{7})) == "7");
	CHECK(json(types.at(fruit), bytes_of(5)) == "\"PEAR\"");
	CHECK(text(types.at(fruit), bytes_of(5)) == "PEAR");
	CHECK(json(types.at(fruit), bytes_of(6)) == "6");
	CHECK(json(types.at(sign), bytes_of(-1)) == "\"MINUS\"");
	CHECK(json(types.at(sign), bytes_of(-2)) == "-2");
	CHECK(json(types.at(small), bytes_of(uint8_t{255})) == "\"TOP\"");
	CHECK(json(types.at(wide), bytes_of(1ULL << 63)) == "\"HUGE\"");
	CHECK(json(types.at(wide), bytes_of(~0ULL)) == "18446744073709551615");
	CHECK(json(types.at(pointer), bytes_of(0xffff888012345678ULL)) == "\"0xffff888012345678\"");
	CHECK(text(types.at(pointer), bytes_of(0ULL)) == "0x0");
	CHECK(types.at(pointer).name == "enum fruit *");
}

TEST_CASE("BTF: floating numbers read back as the same, and what is no number is a string", "[btf]")
{
	Btf btf;
	const int single = btf__add_float(btf.raw(), "float", 4);
	const int twice = btf__add_float(btf.raw(), "double", 8);
	const int half = btf__add_float(btf.raw(), "_Float16", 2);
	const int extended = btf__add_float(btf.raw(), "long double", 16);
	BtfTypes types(btf.raw());
	CHECK(json(types.at(single), bytes_of(0.1F)) == "0.1");
	CHECK(json(types.at(twice), bytes_of(-0.25)) == "-0.25");
	CHECK(json(types.at(twice), bytes_of(std::numeric_limits<double>::infinity())) == "\"inf\"");
	CHECK(text(types.at(twice), bytes_of(std::numeric_limits<double>::quiet_NaN())) == "nan");
	CHECK(json(types.at(half), bytes_of(uint16_t{0x3c00})) == "1");
	CHECK(json(types.at(half), bytes_of(uint16_t{0xc100})) == "-2.5");
	CHECK(json(types.at(half), bytes_of(uint16_t{1})) == "5.9604645e-08");
	CHECK(json(types.at(half), bytes_of(uint16_t{0xfc00})) == "\"-inf\"");
	if constexpr (sizeof(long double) == 16)
		CHECK(json(types.at(extended), bytes_of(1.5L)) == "1.5");
	std::mt19937_64 random(4);
	for (int i = 0; i < 1000; i++) {
		const uint64_t bits = random();
		double number;
		std::memcpy(&number, &bits, sizeof(number));
		if (number != number)
			continue;
		REQUIRE(std::strtod(text(types.at(twice), bytes_of(number)).c_str(), nullptr) == number);
	}
}

namespace {

struct Nested {
	uint16_t low, high;
};
struct Layout {
	uint32_t narrow : 3;
	int32_t narrow_signed : 5;
	uint64_t wide : 40;
	Nested nested[2];
	char comm[8];
	bool flag;
	int32_t last;
};

int add_layout(Btf& btf)
{
	const int nested = btf.record("nested", 4, {{"low", btf.u16, 0}, {"high", btf.u16, 16}});
	const auto bits = [](size_t bytes) { return static_cast<uint32_t>(bytes * 8); };
	// Bitfields of the same unit lie one behind the other from bit 0 on.
	return btf.record("layout", sizeof(Layout),
		{{"narrow", btf.u32, 0, 3}, {"narrow_signed", btf.s32, 3, 5}, {"wide", btf.u64, 8, 40},
			{"nested", btf.array(nested, 2), bits(offsetof(Layout, nested))},
			{"comm", btf.array(btf.character, 8), bits(offsetof(Layout, comm))},
			{"flag", btf.boolean, bits(offsetof(Layout, flag))},
			{"last", btf.s32, bits(offsetof(Layout, last))}});
}

} // namespace

TEST_CASE("BTF: structs, bitfields, nested arrays and strings as the compiler lays them out", "[btf]")
{
	Btf btf;
	const int layout = add_layout(btf);
	BtfTypes types(btf.raw());
	Layout value = {};
	value.narrow = 5;
	value.narrow_signed = -7;
	value.wide = 0xfedcba9876;
	value.nested[0] = {1, 2};
	value.nested[1] = {3, 4};
	std::memcpy(value.comm, "a \"b\"", 6);
	value.flag = true;
	value.last = -8;
	CHECK(json(types.at(layout), bytes_of(value)) ==
		R"({"narrow":5,"narrow_signed":-7,"wide":1094624909430,"nested":[{"low":1,"high":2},{"low":3,"high":4}],)"
		R"("comm":"a \"b\"","flag":true,"last":-8})");
	CHECK(text(types.at(layout), bytes_of(value)) ==
		R"({narrow=5 narrow_signed=-7 wide=1094624909430 nested=[{low=1 high=2},{low=3 high=4}] )"
		R"(comm="a \"b\"" flag=true last=-8})");
}

TEST_CASE("BTF: unions tell all members, anonymous ones count as their holder's", "[btf]")
{
	Btf btf;
	const int anonymous = btf.choice(nullptr, 4, {{"word", btf.u32, 0}, {"half", btf.u16, 0}});
	const int inner = btf.record(nullptr, 4, {{"x", btf.s32, 0}});
	const int outer =
		btf.record("outer", 12, {{nullptr, anonymous, 0}, {"u", anonymous, 32}, {nullptr, inner, 64}});
	BtfTypes types(btf.raw());
	const uint32_t value[3] = {0x10001, 2, 3};
	CHECK(
		json(types.at(outer), bytes_of(value)) == R"({"word":65537,"half":1,"u":{"word":2,"half":2},"x":3})");
	CHECK(text(types.at(outer), bytes_of(value)) == "{{word=65537|half=1} u={word=2|half=2} x=3}");
}

TEST_CASE("BTF: typedefs, const, volatile and tags are looked through, and names are C's", "[btf]")
{
	Btf btf;
	const int constant = btf__add_const(btf.raw(), btf__add_volatile(btf.raw(), btf.u32));
	const int named = btf.type_def("pid_t", constant);
	const int tagged = btf__add_type_tag(btf.raw(), "user", named);
	const int grid = btf.array(btf.array(btf.s16, 3), 2);
	const int record = btf.record("event", 4, {{"pid", named, 0}});
	const int alias = btf.type_def("event_t", record);
	const int to_void = btf.pointer(0);
	const int to_self = btf.pointer(btf.pointer(record));
	BtfTypes types(btf.raw());
	CHECK(types.at(named).name == "pid_t");
	CHECK(json(types.at(tagged), bytes_of(7)) == "7");
	CHECK(types.at(grid).name == "short[2][3]");
	CHECK(types.at(to_void).name == "void *");
	CHECK(types.at(to_self).name == "struct event **");
	CHECK(types.at(record).name == "struct event");
	CHECK(json(types.at(alias), bytes_of(7)) == R"({"pid":7})");
	const int16_t values[2][3] = {{1, 2, 3}, {4, 5, 6}};
	CHECK(json(types.at(grid), bytes_of(values)) == "[[1,2,3],[4,5,6]]");
	CHECK(types.find("struct event") == static_cast<uint32_t>(record));
	CHECK(types.find("event") == static_cast<uint32_t>(record));
	CHECK(types.find("event_t") == static_cast<uint32_t>(alias));
	CHECK(types.find("union event") == 0);
	CHECK(types.find("struct nobody") == 0);
	CHECK(types.find("") == 0);
	CHECK(types.find("struct ") == 0);
	CHECK(types.struct_names() == std::vector<std::string>{"struct event"});
}

TEST_CASE("BTF: equal elements in a row are told once in text and all in JSON", "[btf]")
{
	Btf btf;
	const int array = btf.array(btf.u8, 8);
	BtfTypes types(btf.raw());
	CHECK(text(types.at(array), std::string("\1\2\0\0\0\0\0\0", 8)) == "[1,2,0*6]");
	CHECK(text(types.at(array), std::string("\1\1\1\2\2\2\2\3", 8)) == "[1,1,1,2*4,3]");
	CHECK(text(types.at(array), std::string(8, '\0')) == "[0*8]");
	CHECK(json(types.at(array), std::string(8, '\0')) == "[0,0,0,0,0,0,0,0]");
}

TEST_CASE("BTF: strings of any bytes stay valid JSON, exact by KEY_b64, and one line of text", "[btf]")
{
	Btf btf;
	const int string = btf.array(btf.character, 4);
	const int record =
		btf.record("s", 13, {{"one", string, 0}, {"two", btf.array(string, 2), 32}, {"c", btf.u8, 96}});
	BtfTypes types(btf.raw());
	std::mt19937 random(9);
	unsigned inexact = 0;
	for (int i = 0; i < 3000; i++) {
		std::string bytes(13, '\0');
		for (char& c : bytes)
			c = static_cast<char>(random() % 3 ? 'a' + random() % 4 : random());
		const auto part = [&](size_t at) {
			return bytes.substr(at, 4).substr(0, bytes.substr(at, 4).find('\0'));
		};
		const std::string line = json(types.at(record), bytes);
		INFO(line);
		const Json parsed = Json::parse(line);
		REQUIRE(parsed.at("c") == static_cast<unsigned char>(bytes[12]));
		if (parsed.contains("one_b64"))
			REQUIRE(from_base64(parsed["one_b64"]) == part(0));
		else
			REQUIRE(parsed.at("one") == part(0));
		inexact += parsed.contains("two_b64");
		for (size_t k = 0; k < 2; k++) {
			if (parsed.contains("two_b64"))
				REQUIRE(from_base64(parsed["two_b64"].at(k)) == part(4 + 4 * k));
			else
				REQUIRE(parsed.at("two").at(k) == part(4 + 4 * k));
		}
		for (const char c : text(types.at(record), bytes))
			REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
	}
	CHECK(inexact > 100);
}

TEST_CASE("BTF: flexible arrays take what there is, in whole elements", "[btf]")
{
	Btf btf;
	const int words = btf.record("words", 4, {{"n", btf.u32, 0}, {"data", btf.array(btf.u16, 0), 32}});
	const int path = btf.record(
		"path", 8, {{"n", btf.u32, 0}, {"c", btf.u8, 32}, {"path", btf.array(btf.character, 0), 40}});
	const int marker = btf.record("marker", 4, {{"start", btf.array(btf.u8, 0), 0}, {"n", btf.u32, 0}});
	const int holder = btf.record("holder", 8, {{"m", words, 0}, {"x", btf.u32, 32}});
	BtfTypes types(btf.raw());
	CHECK(json(types.at(words), std::string("\1\0\0\0\2\0\3\0\4", 9)) == R"({"n":1,"data":[2,3]})");
	CHECK(json(types.at(words), std::string("\1\0\0\0", 4)) == R"({"n":1,"data":[]})");
	CHECK(types.at(words).size_in(9) == 8);
	CHECK(types.at(words).size_in(2) == 4);
	// The array begins in what would be padding.
	CHECK(json(types.at(path), std::string("\1\0\0\0\2/bin\0junk", 14)) == R"({"n":1,"c":2,"path":"/bin"})");
	CHECK(json(types.at(path), std::string("\1\0\0\0\2\0\0\0", 8)) == R"({"n":1,"c":2,"path":""})");
	CHECK_FALSE(types.at(marker).flexible);
	CHECK(json(types.at(marker), std::string("\1\0\0\0", 4)) == R"({"start":[],"n":1})");
	CHECK_FALSE(types.at(holder).flexible);
	CHECK(json(types.at(holder), std::string("\1\0\0\0\2\0\0\0", 8)) == R"({"m":{"n":1,"data":[]},"x":2})");
}

TEST_CASE("BTF: of a record that is cut, the members that are not there are null, at every length", "[btf]")
{
	Btf btf;
	const int layout = add_layout(btf);
	BtfTypes types(btf.raw());
	Layout value = {};
	value.narrow = 5;
	value.last = -8;
	for (size_t length = 0; length <= sizeof(value); length++) {
		// A heap copy of exactly that length, so that a sanitizer sees a read past it.
		const std::vector<char> bytes(bytes_of(value).begin(), bytes_of(value).begin() + length);
		const Json parsed = Json::parse(json(types.at(layout), {bytes.data(), bytes.size()}));
		INFO(length);
		CHECK(parsed.at("narrow").is_null() == (length < 1));
		CHECK(parsed.at("wide").is_null() == (length < 6));
		CHECK(parsed.at("nested").at(1).at("high").is_null() == (length < offsetof(Layout, nested) + 8));
		CHECK(parsed.at("last").is_null() == (length < offsetof(Layout, last) + 4));
		CHECK((text(types.at(layout), {bytes.data(), bytes.size()}).find('?') != std::string::npos) ==
			(length < offsetof(Layout, last) + 4));
	}
}
