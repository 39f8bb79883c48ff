// SPDX-License-Identifier: BSD-2-Clause
// Floating numbers as text, held against std::to_chars and std::from_chars, which the binary does without.
#include "base/floating.h"

#include <catch2/catch.hpp>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace corescope;

namespace {

template <class T>
std::string library_text(T value)
{
	char text[128];
	return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

template <class T, class Bits>
void compare_random(int count)
{
	std::mt19937_64 random(4711);
	int longer = 0;
	for (int i = 0; i < count; i++) {
		const auto bits = static_cast<Bits>(random());
		T value;
		std::memcpy(&value, &bits, sizeof(value));
		if (!std::isfinite(value))
			continue;
		const std::string text = shortest_text(value);
		T back = 0;
		CAPTURE(text, library_text(value));
		REQUIRE(read_floating(text, back) == FloatingRead::ok);
		REQUIRE(std::bit_cast<Bits>(back) == bits);
		longer += text != library_text(value);
	}
	// At a power of two the neighbour below is nearer, and the shortest text may be none that printf rounds to.
	CHECK(longer <= count / 1000);
}

} // namespace

TEST_CASE("floating numbers: the shortest text that reads back as the same number")
{
	compare_random<double, uint64_t>(20000);
	compare_random<float, uint32_t>(20000);
	for (const double value : {0.0, -0.0, 1.0, 1.5, 0.1, -0.001, 1e-5, 100000.0, 1e5, 1e15, 1e22, 1e23, 1e300,
			 5e-324, 123456789.0, 9007199254740993.0, 18014398509481984.0, std::numeric_limits<double>::max(),
			 std::numeric_limits<double>::min(), std::numeric_limits<double>::infinity()}) {
		CHECK(shortest_text(value) == library_text(value));
		CHECK(shortest_text(-value) == library_text(-value));
		char wide[64];
		const auto end = std::to_chars(wide, wide + sizeof(wide), value, std::chars_format::scientific).ptr;
		CHECK(shortest_scientific(value) == std::string(wide, end));
	}
	CHECK(shortest_text(std::nan("")) == "nan");
	CHECK(shortest_text(1.25L) == "1.25");
	CHECK(shortest_plain(1e-4) == "0.0001");
	CHECK(shortest_plain(1048576e3) == "1048576000");
}

TEST_CASE("floating numbers: read whole or not at all")
{
	double value = 7;
	for (const char* text :
		{"", "-", "+1", " 1", "1 ", "0x10", "1e", "1.2.3", "e5", "1,5", "infinite", "--1", "nan(1)", "1-1"}) {
		CAPTURE(text);
		CHECK(read_floating(text, value) == FloatingRead::no_number);
	}
	CHECK(value == 7);
	CHECK(read_floating("1e999", value) == FloatingRead::out_of_range);
	CHECK(read_floating("1e-999", value) == FloatingRead::out_of_range);
	CHECK((read_floating("-.5", value) == FloatingRead::ok && value == -0.5));
	CHECK((read_floating("5e-324", value) == FloatingRead::ok && value > 0));
	CHECK((read_floating("-inf", value) == FloatingRead::ok && std::isinf(value)));
	float single;
	CHECK(read_floating("1e39", single) == FloatingRead::out_of_range);
}
