// SPDX-License-Identifier: BSD-2-Clause
// Numbers of any width out of bytes and into them, as this machine's compilers lay them out.
#pragma once

#include "btf/type.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <string_view>

namespace corescope {

__extension__ typedef unsigned __int128 BtfBits;
__extension__ typedef __int128 BtfSignedBits;

// Bits from 0 up in memory, wherever the machine has its low ones. bits: 1 to 128. All lie in the bytes.
inline BtfBits btf_load_bits(std::string_view bytes, uint64_t bit_offset, unsigned bits)
{
	BtfBits value = 0;
	if (bit_offset % 8 == 0 && bits == 64) {
		uint64_t word;
		std::memcpy(&word, bytes.data() + bit_offset / 8, sizeof(word));
		return word;
	}
	for (unsigned done = 0; done < bits;) {
		const uint64_t at = bit_offset + done;
		const unsigned within = static_cast<unsigned>(at % 8);
		const unsigned taken = std::min(8 - within, bits - done);
		const auto byte = static_cast<unsigned char>(bytes[at / 8]);
		if constexpr (std::endian::native == std::endian::little)
			value |= static_cast<BtfBits>((byte >> within) & ((1U << taken) - 1)) << done;
		else
			value = value << taken | ((byte >> (8 - within - taken)) & ((1U << taken) - 1));
		done += taken;
	}
	return value;
}

inline void btf_store_bits(std::span<char> bytes, uint64_t bit_offset, unsigned bits, BtfBits value)
{
	for (unsigned done = 0; done < bits;) {
		const uint64_t at = bit_offset + done;
		const unsigned within = static_cast<unsigned>(at % 8);
		const unsigned taken = std::min(8 - within, bits - done);
		const bool little = std::endian::native == std::endian::little;
		const unsigned shift = little ? within : 8 - within - taken;
		const auto part = static_cast<unsigned>(value >> (little ? done : bits - done - taken));
		const unsigned mask = ((1U << taken) - 1) << shift;
		auto byte = static_cast<unsigned char>(bytes[at / 8]);
		byte = static_cast<unsigned char>((byte & ~mask) | (part << shift & mask));
		bytes[at / 8] = static_cast<char>(byte);
		done += taken;
	}
}

inline BtfBits btf_extended(BtfBits value, unsigned bits, bool is_signed)
{
	if (!is_signed || bits >= 128 || !(value >> (bits - 1) & 1))
		return value;
	return value | ~BtfBits{0} << bits;
}

// A whole integer, boolean or enumeration, or a bitfield of one (bits not 0), its sign extended if it has one.
inline BtfBits btf_load(const BtfType& type, std::string_view bytes, uint64_t bit_offset, unsigned bits)
{
	const unsigned width = bits ? bits : type.size * 8;
	return btf_extended(btf_load_bits(bytes, bit_offset, width), width, type.is_signed);
}

} // namespace corescope
