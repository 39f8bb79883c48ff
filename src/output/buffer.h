// SPDX-License-Identifier: BSD-2-Clause
// A growable byte buffer that records are formatted into. It keeps its memory when it is cleared, so once it
// has reached the size of the largest batch the event path allocates nothing. All of it is inlined on
// purpose.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace corescope {

namespace detail {

// "000102…99": one load and one store give two decimal digits.
struct DigitPairs {
	char text[200];
	constexpr DigitPairs() : text()
	{
		for (int i = 0; i < 100; i++) {
			text[2 * i] = static_cast<char>('0' + i / 10);
			text[2 * i + 1] = static_cast<char>('0' + i % 10);
		}
	}
};
inline constexpr DigitPairs kDigitPairs;

inline constexpr uint64_t kPowersOfTen[20] = {
	1ULL,
	10ULL,
	100ULL,
	1000ULL,
	10000ULL,
	100000ULL,
	1000000ULL,
	10000000ULL,
	100000000ULL,
	1000000000ULL,
	10000000000ULL,
	100000000000ULL,
	1000000000000ULL,
	10000000000000ULL,
	100000000000000ULL,
	1000000000000000ULL,
	10000000000000000ULL,
	100000000000000000ULL,
	1000000000000000000ULL,
	10000000000000000000ULL,
};

// Decimal digits of value: 1 for 0, at most 20. 1233/4096 is log10(2) from below, the table corrects by one.
constexpr unsigned decimal_digits(uint64_t value)
{
	const unsigned bits = static_cast<unsigned>(std::bit_width(value | 1));
	const unsigned guess = (bits * 1233) >> 12;
	return guess + (guess < 20 && (value | 1) >= kPowersOfTen[guess] ? 1U : 0U);
}

// Writes exactly `digits` digits that end at `end`, the lowest ones of value, with leading zeros.
inline void write_digits(char* end, uint64_t value, unsigned digits)
{
	for (; digits >= 2; digits -= 2) {
		end -= 2;
		std::memcpy(end, kDigitPairs.text + 2 * (value % 100), 2);
		value /= 100;
	}
	if (digits)
		*--end = static_cast<char>('0' + value % 10);
}

} // namespace detail

// Views and pointers into it hold until the next call that appends. What is appended must not lie in the same
// buffer. Throws std::bad_alloc when memory runs out, and is then unchanged.
class Buffer {
public:
	static constexpr size_t kInitialCapacity = 64 * 1024;

	Buffer() = default;
	explicit Buffer(size_t capacity) { enlarge(capacity); }
	~Buffer() { std::free(data_); }

	Buffer(const Buffer&) = delete;
	Buffer& operator=(const Buffer&) = delete;
	Buffer(Buffer&& other) noexcept
		: data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
		  capacity_(std::exchange(other.capacity_, 0))
	{}
	Buffer& operator=(Buffer&& other) noexcept
	{
		std::swap(data_, other.data_);
		std::swap(size_, other.size_);
		std::swap(capacity_, other.capacity_);
		return *this;
	}

	const char* data() const { return data_; }
	size_t size() const { return size_; }
	size_t capacity() const { return capacity_; }
	bool empty() const { return size_ == 0; }
	std::string_view view() const { return {data_, size_}; }
	// What was appended since the buffer had size `start`.
	std::string_view view_from(size_t start) const { return {data_ + start, size_ - start}; }

	void clear() { size_ = 0; }
	// Back to `size` bytes; a larger value than size() changes nothing.
	void truncate(size_t size)
	{
		if (size < size_)
			size_ = size;
	}

	// Room for `count` more bytes; where they go. size() stays as it is.
	char* reserve(size_t count)
	{
		if (capacity_ - size_ < count) [[unlikely]]
			enlarge(count);
		return data_ + size_;
	}
	// `count` more bytes, to be written by the caller; truncate() gives back those not used.
	char* grow(size_t count)
	{
		char* start = reserve(count);
		size_ += count;
		return start;
	}

	void append(char byte) { *grow(1) = byte; }
	void append(std::string_view text)
	{
		if (!text.empty())
			std::memcpy(grow(text.size()), text.data(), text.size());
	}
	void append_fill(char byte, size_t count)
	{
		if (count)
			std::memset(grow(count), byte, count);
	}

	void append_u64(uint64_t value)
	{
		const unsigned digits = detail::decimal_digits(value);
		char* start = grow(digits);
		detail::write_digits(start + digits, value, digits);
	}
	void append_i64(int64_t value)
	{
		if (value < 0) {
			append('-');
			append_u64(0 - static_cast<uint64_t>(value));
		} else {
			append_u64(static_cast<uint64_t>(value));
		}
	}
	// Right-aligned in `width` columns, wider when the number is.
	void append_u64_right(uint64_t value, size_t width)
	{
		const size_t digits = detail::decimal_digits(value);
		if (digits < width)
			append_fill(' ', width - digits);
		append_u64(value);
	}
	void append_i64_right(int64_t value, size_t width)
	{
		const uint64_t magnitude =
			value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
		const size_t length = detail::decimal_digits(magnitude) + (value < 0 ? 1U : 0U);
		if (length < width)
			append_fill(' ', width - length);
		append_i64(value);
	}
	// Exactly `digits` (at most 20) decimal digits with leading zeros; higher ones are dropped.
	void append_digits(uint64_t value, unsigned digits)
	{
		char* start = grow(digits);
		detail::write_digits(start + digits, value, digits);
	}
	// Two digits, value below 100.
	void append_two_digits(unsigned value)
	{
		std::memcpy(grow(2), detail::kDigitPairs.text + 2 * (value % 100), 2);
	}

	// Lower-case hexadecimal without a prefix, as short as the value allows.
	void append_hex(uint64_t value)
	{
		append_hex_digits(value, (static_cast<unsigned>(std::bit_width(value | 1)) + 3) / 4);
	}
	// Exactly `digits` (at most 16) hexadecimal digits.
	void append_hex_digits(uint64_t value, unsigned digits)
	{
		char* start = grow(digits);
		while (digits) {
			start[--digits] = "0123456789abcdef"[value & 15];
			value >>= 4;
		}
	}

	// Spaces until what was appended since `column_start` is `width` bytes long.
	void pad_to(size_t column_start, size_t width)
	{
		const size_t length = size_ - column_start;
		if (length < width)
			append_fill(' ', width - length);
	}
	void append_padded(std::string_view text, size_t width)
	{
		const size_t start = size_;
		append(text);
		pad_to(start, width);
	}
	void append_padded_right(std::string_view text, size_t width)
	{
		if (text.size() < width)
			append_fill(' ', width - text.size());
		append(text);
	}
	void append_u64_padded(uint64_t value, size_t width)
	{
		const size_t start = size_;
		append_u64(value);
		pad_to(start, width);
	}
	void append_i64_padded(int64_t value, size_t width)
	{
		const size_t start = size_;
		append_i64(value);
		pad_to(start, width);
	}

private:
	// Out of line, so that the check above stays small where it is inlined.
	[[gnu::noinline, gnu::cold]] void enlarge(size_t count)
	{
		if (count > SIZE_MAX / 4 || size_ > SIZE_MAX / 4)
			throw std::bad_alloc();
		size_t wanted = capacity_ ? capacity_ : kInitialCapacity;
		while (wanted - size_ < count)
			wanted *= 2;
		char* moved = static_cast<char*>(std::realloc(data_, wanted));
		if (!moved)
			throw std::bad_alloc();
		data_ = moved;
		capacity_ = wanted;
	}

	char* data_ = nullptr;
	size_t size_ = 0;
	size_t capacity_ = 0;
};

} // namespace corescope
