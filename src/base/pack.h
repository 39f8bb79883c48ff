// SPDX-License-Identifier: BSD-2-Clause
// Numbers and texts one behind the other as bytes, for what only corescope itself reads again: numbers in 7-bit
// groups, the lowest first, texts with their length before them.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace corescope {

class Packer {
public:
	void number(uint64_t value)
	{
		for (; value >= 0x80; value >>= 7)
			bytes_.push_back(static_cast<char>(value | 0x80));
		bytes_.push_back(static_cast<char>(value));
	}
	void text(std::string_view value)
	{
		number(value.size());
		bytes_.append(value);
	}
	const std::string& bytes() const { return bytes_; }

private:
	std::string bytes_;
};

struct Malformed : std::exception {
	const char* what() const noexcept override { return "malformed bytes"; }
};

// Throws Malformed where there is not what is asked for. Texts are views into the bytes.
class Unpacker {
public:
	explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

	uint64_t number()
	{
		uint64_t value = 0;
		for (unsigned shift = 0; shift < 64; shift += 7) {
			if (rest_.empty())
				throw Malformed{};
			const auto byte = static_cast<unsigned char>(rest_.front());
			rest_.remove_prefix(1);
			value |= static_cast<uint64_t>(byte & 0x7f) << shift;
			if (byte < 0x80) {
				if (shift == 63 && byte > 1)
					break;
				return value;
			}
		}
		throw Malformed{};
	}
	std::string_view text()
	{
		const uint64_t size = number();
		if (size > rest_.size())
			throw Malformed{};
		const std::string_view value = rest_.substr(0, size);
		rest_.remove_prefix(size);
		return value;
	}
	size_t left() const { return rest_.size(); }

private:
	std::string_view rest_;
};

} // namespace corescope
