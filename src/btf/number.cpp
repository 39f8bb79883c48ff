// SPDX-License-Identifier: BSD-2-Clause
// See number.h.
#include "btf/number.h"

#include "base/floating.h"

#include <cmath>
#include <cstring>

namespace corescope {

namespace {

template <class T>
bool append(Buffer& out, T value, bool* finite)
{
	*finite = std::isfinite(value);
	out.append(shortest_text(value));
	return true;
}

template <class T>
T read(std::string_view bytes)
{
	T value{};
	std::memcpy(&value, bytes.data(), std::min(sizeof(value), bytes.size()));
	return value;
}

float half(uint16_t bits)
{
	const int exponent = bits >> 10 & 31;
	const int fraction = bits & 1023;
	const float sign = bits & 0x8000 ? -1.0F : 1.0F;
	if (exponent == 31)
		return fraction ? NAN : sign * INFINITY;
	return sign *
		std::ldexp(static_cast<float>(exponent ? 1024 + fraction : fraction), (exponent ? exponent : 1) - 25);
}

} // namespace

void append_btf_integer(Buffer& out, BtfBits value, bool is_signed)
{
	constexpr uint64_t kGroup = 10000000000000000000ULL; // 19 digits
	if (is_signed && static_cast<BtfSignedBits>(value) < 0) {
		out.append('-');
		value = 0 - value;
	}
	if (value >> 64) {
		const BtfBits high = value / kGroup;
		if (high / kGroup) {
			out.append_u64(static_cast<uint64_t>(high / kGroup));
			out.append_digits(static_cast<uint64_t>(high % kGroup), 19);
		} else {
			out.append_u64(static_cast<uint64_t>(high));
		}
		out.append_digits(static_cast<uint64_t>(value % kGroup), 19);
	} else {
		out.append_u64(static_cast<uint64_t>(value));
	}
}

bool append_btf_floating(Buffer& out, std::string_view bytes, bool* finite)
{
	switch (bytes.size()) {
	case 2: return append(out, half(read<uint16_t>(bytes)), finite);
	case 4: return append(out, read<float>(bytes), finite);
	case 8: return append(out, read<double>(bytes), finite);
	default:
		if (bytes.size() == sizeof(long double) && sizeof(long double) > sizeof(double))
			return append(out, read<long double>(bytes), finite);
	}
	*finite = false;
	out.append("0x");
	for (const char byte : bytes)
		out.append_hex_digits(static_cast<unsigned char>(byte), 2);
	return false;
}

} // namespace corescope
