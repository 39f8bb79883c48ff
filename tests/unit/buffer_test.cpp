// SPDX-License-Identifier: BSD-2-Clause
// The byte buffer: its number printing against the C library's, alignment, growth, and that it stops
// allocating.
#include "output/buffer.h"

#include <catch2/catch.hpp>
#include <cinttypes>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

using corescope::Buffer;

namespace {

std::string text_of(const Buffer& buffer) { return std::string(buffer.view()); }

// Every length of number: powers of ten and of two with their neighbours, and random ones of every bit width.
std::vector<uint64_t> interesting_numbers()
{
	std::vector<uint64_t> numbers{0, UINT64_MAX};
	for (uint64_t power = 1;; power *= 10) {
		numbers.insert(numbers.end(), {power - 1, power, power + 1});
		if (power > UINT64_MAX / 10)
			break;
	}
	std::mt19937_64 random(42);
	for (unsigned bit = 0; bit < 64; bit++) {
		const uint64_t power = uint64_t{1} << bit;
		numbers.insert(numbers.end(), {power - 1, power, power + 1});
		for (int i = 0; i < 50; i++)
			numbers.push_back(random() >> bit);
	}
	return numbers;
}

} // namespace

TEST_CASE("numbers are printed as the C library prints them")
{
	for (const uint64_t number : interesting_numbers()) {
		Buffer buffer;
		buffer.append_u64(number);
		buffer.append(' ');
		buffer.append_i64(static_cast<int64_t>(number));
		buffer.append(' ');
		buffer.append_hex(number);
		buffer.append(' ');
		buffer.append_hex_digits(number, 16);
		buffer.append(' ');
		buffer.append_digits(number, 20);
		char expected[160];
		std::snprintf(expected, sizeof(expected),
			"%" PRIu64 " %" PRId64 " %" PRIx64 " %016" PRIx64 " %020" PRIu64, number,
			static_cast<int64_t>(number), number, number, number);
		REQUIRE(text_of(buffer) == expected);
	}
}

TEST_CASE("aligned numbers fill their column and never lose digits")
{
	for (const uint64_t number : interesting_numbers()) {
		for (const int width : {0, 1, 7, 20, 25}) {
			Buffer buffer;
			buffer.append_u64_right(number, static_cast<size_t>(width));
			buffer.append('|');
			buffer.append_i64_right(static_cast<int64_t>(number), static_cast<size_t>(width));
			buffer.append('|');
			buffer.append_u64_padded(number, static_cast<size_t>(width));
			buffer.append('|');
			buffer.append_i64_padded(static_cast<int64_t>(number), static_cast<size_t>(width));
			char expected[160];
			std::snprintf(expected, sizeof(expected), "%*" PRIu64 "|%*" PRId64 "|%-*" PRIu64 "|%-*" PRId64,
				width, number, width, static_cast<int64_t>(number), width, number, width,
				static_cast<int64_t>(number));
			REQUIRE(text_of(buffer) == expected);
		}
	}
}

TEST_CASE("fixed digits drop what is higher")
{
	Buffer buffer;
	buffer.append_digits(1234567, 3);
	buffer.append_digits(5, 9);
	buffer.append_digits(5, 0);
	buffer.append_hex_digits(0xabc, 2);
	REQUIRE(text_of(buffer) == "567000000005bc");
	buffer.clear();
	for (unsigned i = 0; i < 100; i++) {
		buffer.clear();
		buffer.append_two_digits(i);
		char expected[4];
		std::snprintf(expected, sizeof(expected), "%02u", i % 100);
		REQUIRE(text_of(buffer) == expected);
	}
}

TEST_CASE("columns are padded, never cut")
{
	Buffer buffer;
	buffer.append("head|");
	const size_t column = buffer.size();
	buffer.append("ab");
	buffer.pad_to(column, 4);
	buffer.append('|');
	buffer.append_padded("abc", 5);
	buffer.append('|');
	buffer.append_padded_right("abc", 5);
	buffer.append('|');
	buffer.append_padded("abcdef", 5);
	buffer.append_padded_right("abcdef", 5);
	REQUIRE(text_of(buffer) == "head|ab  |abc  |  abc|abcdefabcdef");
	REQUIRE(buffer.view_from(column).substr(0, 4) == "ab  ");
	buffer.pad_to(column, 3);
	REQUIRE(buffer.size() == 34);
}

TEST_CASE("content survives growth from any size")
{
	std::mt19937 random(7);
	Buffer buffer;
	std::string copy;
	REQUIRE(buffer.empty());
	REQUIRE(buffer.view().empty());
	while (copy.size() < 3'000'000) {
		const std::string piece(random() % 100'000, static_cast<char>('a' + random() % 26));
		buffer.append(piece);
		copy += piece;
		buffer.append_u64(copy.size());
		copy += std::to_string(copy.size());
		REQUIRE(buffer.size() == copy.size());
		REQUIRE(buffer.capacity() >= buffer.size());
	}
	REQUIRE((buffer.view() == copy));
	Buffer single;
	single.append(copy); // more at once than doubling once gives
	REQUIRE((single.view() == copy));
}

TEST_CASE("a buffer that has reached its size allocates no more")
{
	Buffer buffer;
	buffer.append('x');
	REQUIRE(buffer.capacity() == Buffer::kInitialCapacity);
	const auto batch = [&] {
		buffer.clear();
		for (int i = 0; i < 10'000; i++) {
			buffer.append("some record ");
			buffer.append_i64(-i);
			buffer.append('\n');
		}
	};
	batch();
	const char* const data = buffer.data();
	const size_t capacity = buffer.capacity();
	for (int i = 0; i < 20; i++)
		batch();
	REQUIRE(buffer.data() == data);
	REQUIRE(buffer.capacity() == capacity);
}

TEST_CASE("reserved room is written in place and given back")
{
	Buffer buffer;
	std::memcpy(buffer.grow(5), "hello", 5);
	char* room = buffer.reserve(6);
	REQUIRE(buffer.size() == 5);
	std::memcpy(room, " world", 6);
	buffer.grow(6);
	REQUIRE(text_of(buffer) == "hello world");
	buffer.truncate(100);
	REQUIRE(text_of(buffer) == "hello world");
	buffer.truncate(5);
	REQUIRE(text_of(buffer) == "hello");
	buffer.append_fill('!', 3);
	buffer.append_fill('?', 0);
	buffer.append(std::string_view());
	REQUIRE(text_of(buffer) == "hello!!!");
}

TEST_CASE("a moved buffer takes its bytes along")
{
	Buffer first;
	first.append("abc");
	Buffer second(std::move(first));
	REQUIRE(text_of(second) == "abc");
	Buffer third(200'000);
	REQUIRE(third.capacity() >= 200'000);
	third = std::move(second);
	REQUIRE(text_of(third) == "abc");
	third.append("def");
	REQUIRE(text_of(third) == "abcdef");
}

TEST_CASE("absurd sizes are refused before anything is lost")
{
	Buffer buffer;
	buffer.append("kept");
	REQUIRE_THROWS_AS(buffer.reserve(SIZE_MAX / 2), std::bad_alloc);
	REQUIRE(text_of(buffer) == "kept");
}
