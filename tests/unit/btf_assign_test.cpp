// SPDX-License-Identifier: BSD-2-Clause
// Values set from text by their BTF type: taken whole and in range, or refused with what would fit, and then unchanged.
#include "btf_trial.h"
#include "json.h"

#include <random>

using namespace corescope;
using namespace corescope::test;
using Json = nlohmann::json;

namespace {

// One value of a type, set and looked at.
struct Variable {
	const BtfType& type;
	std::vector<char> bytes = std::vector<char>(type.size);

	std::string set(std::string_view value, std::string_view path = "")
	{
		return refusal(type, bytes, path, value);
	}
	std::string told() const { return text(type, {bytes.data(), bytes.size()}); }
};

bool has(const std::string& why, std::string_view part)
{
	INFO(why);
	return why.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("BTF: integers are set in every base, within their range", "[btf]")
{
	Btf btf;
	const int u128 = btf.add_int("unsigned __int128", 16, 0);
	BtfTypes types(btf.raw());
	struct {
		int type;
		const char* least;
		const char* most;
		const char* below;
		const char* above;
	} ranges[] = {
		{btf.u8, "0", "255", "-1", "256"},
		{btf.u16, "0", "65535", "-1", "65536"},
		{btf.s16, "-32768", "32767", "-32769", "32768"},
		{btf.u32, "0", "4294967295", "-1", "4294967296"},
		{btf.s32, "-2147483648", "2147483647", "-2147483649", "2147483648"},
		{btf.u64, "0", "18446744073709551615", "-1", "18446744073709551616"},
		{btf.s64, "-9223372036854775808", "9223372036854775807", "-9223372036854775809",
			"9223372036854775808"},
		{u128, "0", "340282366920938463463374607431768211455", "-1",
			"340282366920938463463374607431768211456"},
	};
	for (const auto& range : ranges) {
		Variable v{types.at(range.type)};
		INFO(v.type.name);
		CHECK(v.set(range.least).empty());
		CHECK(v.told() == range.least);
		CHECK(v.set(range.most).empty());
		CHECK(v.told() == range.most);
		const std::string between =
			std::string("must lie between ") + range.least + " and " + range.most + " (" + v.type.name + ")";
		CHECK(v.set(range.below) == between);
		CHECK(v.set(range.above) == between);
		CHECK(v.set(std::string(60, '9')) == between);
		CHECK(v.told() == range.most);
	}
	Variable v{types.at(btf.s32)};
	for (const auto& [given, told] :
		std::vector<std::pair<const char*, const char*>>{{"0x1f", "31"}, {"-0x1F", "-31"}, {"0o644", "420"},
			{"0b101", "5"}, {"0", "0"}, {"-0", "0"}, {"0x7fffffff", "2147483647"}}) {
		INFO(given);
		CHECK(v.set(given).empty());
		CHECK(v.told() == told);
	}
	CHECK(v.set("0644") == "begins with 0: write '0o644' if it is octal, else leave the 0 out");
	for (const char* bad : {"", " ", "-", "0x", "0xg", "0b2", "0o8", "1 ", " 1", "+1", "1.0", "1e3", "abc",
			 "--1", "true", "'1'"}) {
		INFO(bad);
		CHECK(v.set(bad) == "is not a whole number (int)");
	}
}

TEST_CASE(
	"BTF: booleans, enumerations, characters and floating numbers are set by what they are called", "[btf]")
{
	Btf btf;
	const int fruit = btf.enumeration("fruit", 4, {{"APPLE", 0}, {"PEAR", 5}, {"PLUM", 6}});
	const int sign = btf.enumeration("sign", 4, {{"MINUS", -1}, {"PLUS", 1}});
	const int single = btf__add_float(btf.raw(), "float", 4);
	const int twice = btf__add_float(btf.raw(), "double", 8);
	BtfTypes types(btf.raw());

	Variable b{types.at(btf.boolean)};
	for (const char* yes : {"true", "1"}) {
		b.bytes[0] = 0;
		CHECK(b.set(yes).empty());
		CHECK(b.told() == "true");
	}
	for (const char* no : {"false", "0"}) {
		b.bytes[0] = 1;
		CHECK(b.set(no).empty());
		CHECK(b.told() == "false");
	}
	for (const char* bad : {"", "2", "yes", "TRUE", "on", "-1"})
		CHECK(b.set(bad) == "must be true or false (or 1 or 0)");

	Variable f{types.at(fruit)};
	CHECK(f.set("PLUM").empty());
	CHECK(f.told() == "PLUM");
	CHECK(f.set("5").empty());
	CHECK(f.told() == "PEAR");
	CHECK(f.set("77").empty());
	CHECK(f.told() == "77");
	CHECK(f.set("plmu") == "is none of enum fruit; did you mean PLUM?");
	CHECK(f.set("cherries") == "is none of enum fruit; there is APPLE, PEAR, PLUM");
	CHECK(has(f.set("-1"), "between 0 and 4294967295"));
	Variable s{types.at(sign)};
	CHECK(s.set("MINUS").empty());
	CHECK(s.told() == "MINUS");
	CHECK(s.set("-1").empty());
	CHECK(s.told() == "MINUS");

	Variable c{types.at(btf.character)};
	CHECK(c.set("x").empty());
	CHECK(c.told() == "120");
	CHECK(c.set("'7'").empty());
	CHECK(c.told() == "55");
	CHECK(c.set("7").empty());
	CHECK(c.told() == "7");
	CHECK(has(c.set("128"), "between -128 and 127"));
	CHECK(has(c.set("xy"), "not a whole number"));

	Variable d{types.at(twice)};
	CHECK(d.set("-0.1").empty());
	CHECK(d.told() == "-0.1");
	CHECK(d.set("1e300").empty());
	CHECK(d.told() == "1e+300");
	CHECK(has(d.set("1e400"), "too large"));
	CHECK(has(d.set("1,5"), "not a number"));
	Variable e{types.at(single)};
	CHECK(e.set("2.5").empty());
	CHECK(e.told() == "2.5");
	CHECK(has(e.set("1e300"), "too large"));
	CHECK(has(e.set(""), "not a number"));
}

TEST_CASE("BTF: strings and arrays are set as a whole or by element, and nothing beyond their end", "[btf]")
{
	Btf btf;
	const int string = btf.array(btf.character, 8);
	const int names = btf.array(string, 3);
	const int numbers = btf.array(btf.u16, 5);
	const int grid = btf.array(btf.array(btf.s32, 2), 2);
	const int nothing = btf.array(btf.u32, 0);
	BtfTypes types(btf.raw());

	Variable s{types.at(string)};
	CHECK(s.set("1,2,3").empty());
	CHECK(s.told() == "1,2,3");
	CHECK(s.set("seven77").empty());
	CHECK(s.told() == "seven77");
	CHECK(s.set("eight888") == "has 8 bytes; char[8] takes 7 and a closing NUL");
	CHECK(s.set("").empty());
	CHECK(s.bytes == std::vector<char>(8));
	CHECK(s.set("88", "[2]").empty());
	CHECK(s.bytes[2] == 88);
	CHECK(has(s.set(std::string_view("a\0b", 3)), "NUL"));

	Variable n{types.at(numbers)};
	for (const auto& [given, told] : std::vector<std::pair<const char*, const char*>>{
			 {"1,2,3,4,5", "[1,2,3,4,5]"}, {"7", "[7,0*4]"}, {"[1,2]", "[1,2,0,0,0]"},
			 {"1, 2, 3", "[1,2,3,0,0]"}, {"9*5", "[9*5]"}, {"1,3*2", "[1,3,3,0,0]"}}) {
		INFO(given);
		CHECK(n.set(given).empty());
		CHECK(n.told() == told);
	}
	CHECK(n.set("5", "[4]").empty());
	CHECK(n.told() == "[1,3,3,0,5]");
	CHECK(n.set("1,2,3,4,5,6") == "has more elements than unsigned short[5]");
	CHECK(has(n.set("1*6"), "more elements"));
	CHECK(has(n.set("1*4294967295,1*4294967295"), "more elements"));
	CHECK(n.set("1,x,3") == "element [1] 'x' is not a whole number (unsigned short)");
	CHECK(has(n.set("1,65536"), "element [1] '65536' must lie between 0 and 65535"));
	for (const char* bad : {"", "1,", ",1", "1,,2", "[1", "1]", "1*", "1*0", "*3"}) {
		INFO(bad);
		CHECK_FALSE(n.set(bad).empty());
	}
	CHECK(has(n.set("1", "[5]"), "there are [0] to [4]"));
	for (const char* path :
		{"[", "[]", "[1", "[-1]", "[x]", "x", "[1]x", ".x", "[1].x", "[1][1]", "[99999999999999999999]"}) {
		INFO(path);
		CHECK_FALSE(n.set("1", path).empty());
	}
	CHECK(n.told() == "[1,3,3,0,5]");

	Variable g{types.at(grid)};
	CHECK(g.set("-3", "[1][0]").empty());
	CHECK(g.set("1,2", "[0]").empty());
	CHECK(g.told() == "[[1,2],[-3,0]]");
	CHECK(has(g.set("1,2"), "set its elements, as [0]"));

	Variable w{types.at(names)};
	CHECK(w.set("a,b*2").empty());
	CHECK(w.told() == R"(["a","b*2",""])");
	CHECK(w.set("x,y", "[1]").empty());
	CHECK(w.told() == R"(["a","x,y",""])");
	CHECK(has(w.set("12345678"), "element [0] '12345678' has 8 bytes"));

	Variable z{types.at(nothing)};
	CHECK(has(z.set("1", "[0]"), "has no elements"));
	CHECK(has(z.set("1"), "more elements"));
}

TEST_CASE("BTF: members are found by name, in anonymous ones too, and bitfields keep to their bits", "[btf]")
{
	Btf btf;
	const int limits = btf.record("limits", 4, {{"low", btf.u16, 0}, {"high", btf.u16, 16}});
	const int anonymous = btf.choice(nullptr, 4, {{"word", btf.u32, 0}, {"half", btf.u16, 0}});
	const int config = btf.record("config", 32,
		{{"feature_enabled", btf.boolean, 0}, {"limits", btf.array(limits, 3), 32}, {nullptr, anonymous, 128},
			{"narrow", btf.u32, 160, 3}, {"narrow_signed", btf.s32, 163, 5}, {"after", btf.u32, 168, 24},
			{"pointer", btf.pointer(0), 192}});
	BtfTypes types(btf.raw());
	Variable v{types.at(config)};
	CHECK(v.set("true", ".feature_enabled").empty());
	CHECK(v.set("80", ".limits[2].high").empty());
	CHECK(v.set("65537", ".word").empty());
	CHECK(v.set("16777215", ".after").empty());
	CHECK(v.set("-16", ".narrow_signed").empty());
	CHECK(v.set("5", ".narrow").empty());
	CHECK(v.told() ==
		"{feature_enabled=true limits=[{low=0 high=0},{low=0 high=0},{low=0 high=80}] "
		"{word=65537|half=1} narrow=5 narrow_signed=-16 after=16777215 pointer=0x0}");
	CHECK(v.set("8", ".narrow") == "must lie between 0 and 7 (unsigned int, 3 bits)");
	CHECK(v.set("16", ".narrow_signed") == "must lie between -16 and 15 (int, 5 bits)");
	CHECK(has(v.set("-17", ".narrow_signed"), "between -16 and 15"));
	CHECK(v.set("0", ".narrow").empty());
	CHECK(has(v.told(), "narrow=0 narrow_signed=-16 after=16777215"));
	CHECK(v.set("1", ".feature_enbaled") ==
		"struct config has no member 'feature_enbaled'; did you mean feature_enabled?");
	CHECK(has(v.set("1", ".limits[0].x"), "struct limits has no member 'x'; there is low, high"));
	CHECK(has(v.set("1", ".limits.low"), "has no member 'low': it is struct limits[3]"));
	CHECK(has(v.set("1", "[0]"), "has no elements: it is struct config"));
	CHECK(has(v.set("1", ".feature_enabled.x"), "it is _Bool"));
	CHECK(has(
		v.set("1"), "cannot be set as a whole: it is struct config; set its members, as .feature_enabled"));
	CHECK(has(v.set("1", ".limits"), "set its elements, as [0].MEMBER"));
	CHECK(has(v.set("0", ".pointer"), "it is a pointer (void *)"));
	CHECK_FALSE(v.set("1", ".").empty());
	CHECK_FALSE(v.set("1", "..word").empty());
	CHECK_FALSE(v.set("1", ".word\n").empty());
}

TEST_CASE("BTF: what is set is what is printed, and setting it again changes nothing", "[btf]")
{
	Btf btf;
	const int fruit = btf.enumeration("fruit", 4, {{"APPLE", 0}, {"PEAR", 5}, {"MINUS", -4}});
	const int twice = btf__add_float(btf.raw(), "double", 8);
	const int s128 = btf.add_int("__int128", 16, BTF_INT_SIGNED);
	const int kinds[] = {btf.u8, btf.character, btf.u16, btf.s16, btf.u32, btf.s32, btf.u64, btf.s64, s128,
		fruit, twice, btf.array(btf.u8, 9), btf.array(fruit, 6), btf.array(btf.s64, 5),
		btf.array(btf.character, 12)};
	BtfTypes types(btf.raw());
	std::mt19937_64 random(21);
	for (const int kind : kinds) {
		const BtfType& type = types.at(static_cast<uint32_t>(kind));
		INFO(type.name);
		for (int i = 0; i < 400; i++) {
			std::vector<char> bytes(type.size);
			// Few different bytes make equal elements and enumerators likely.
			for (char& c : bytes)
				c = static_cast<char>(random() % 2 ? random() % 6 : random());
			if (type.is_string()) {
				bytes.back() = 0;
				const size_t end = std::string_view(bytes.data(), bytes.size()).find('\0');
				std::fill(bytes.begin() + static_cast<ptrdiff_t>(end), bytes.end(), '\0');
			}
			double number = 0;
			std::memcpy(&number, bytes.data(), std::min(sizeof(number), bytes.size()));
			if (kind == twice && number - number != 0)
				continue;
			const std::string told =
				type.is_string() ? std::string(bytes.data()) : text(type, {bytes.data(), bytes.size()});
			std::vector<char> other(type.size, '\x55');
			INFO(told);
			REQUIRE(refusal(type, other, "", told).empty());
			REQUIRE(other == bytes);
		}
	}
}

TEST_CASE("BTF: a bitfield anywhere in its bytes is set and read back, and its neighbours stay", "[btf]")
{
	std::mt19937_64 random(5);
	for (int i = 0; i < 500; i++) {
		Btf btf;
		const bool is_signed = random() % 2;
		const auto bits = static_cast<uint32_t>(1 + random() % 63);
		const auto at = static_cast<uint32_t>(random() % (128 - bits));
		const int record = btf.record("r", 16, {{"x", is_signed ? btf.s64 : btf.u64, at, bits}});
		BtfTypes types(btf.raw());
		std::vector<char> bytes(16);
		for (char& c : bytes)
			c = static_cast<char>(random());
		const std::vector<char> before = bytes;
		const uint64_t number = random() >> (64 - bits);
		const int64_t signed_number = static_cast<int64_t>(number << (64 - bits)) >> (64 - bits);
		const std::string value = is_signed ? std::to_string(signed_number) : std::to_string(number);
		INFO(bits << " bits at " << at << ": " << value);
		REQUIRE(refusal(types.at(record), bytes, ".x", value).empty());
		REQUIRE(text(types.at(record), {bytes.data(), bytes.size()}) == "{x=" + value + "}");
		if constexpr (std::endian::native == std::endian::little)
			for (uint32_t bit = 0; bit < 128; bit++)
				if (bit < at || bit >= at + bits)
					REQUIRE((bytes[bit / 8] >> bit % 8 & 1) == (before[bit / 8] >> bit % 8 & 1));
	}
}
