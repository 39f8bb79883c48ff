// SPDX-License-Identifier: BSD-2-Clause
// One character of UTF-8, or what is ill-formed in its place: shared by escaping and by measuring width.
#pragma once

#include <cstdint>

namespace corescope {

struct Utf8 {
	uint32_t code;   // the character if valid
	unsigned length; // bytes it takes, or of the maximal ill-formed part: at least 1
	bool valid;
};

// One character at p, which is before end. Unicode 15, table 3-7 and "substitution of maximal subparts"
// (section 3.9).
inline Utf8 utf8_decode(const unsigned char* p, const unsigned char* end)
{
	const unsigned char lead = *p;
	if (lead < 0x80)
		return {lead, 1, true};
	// The second byte carries what is special about overlong forms, surrogates and the end of Unicode.
	unsigned char low = 0x80, high = 0xbf;
	unsigned length;
	uint32_t code;
	if (lead >= 0xc2 && lead <= 0xdf) {
		length = 2;
		code = lead & 0x1fU;
	} else if ((lead & 0xf0) == 0xe0) {
		length = 3;
		code = lead & 0x0fU;
		if (lead == 0xe0)
			low = 0xa0;
		else if (lead == 0xed)
			high = 0x9f;
	} else if (lead >= 0xf0 && lead <= 0xf4) {
		length = 4;
		code = lead & 0x07U;
		if (lead == 0xf0)
			low = 0x90;
		else if (lead == 0xf4)
			high = 0x8f;
	} else {
		return {0, 1, false};
	}
	for (unsigned i = 1; i < length; i++) {
		if (p + i == end || p[i] < low || p[i] > high)
			return {0, i, false};
		code = code << 6 | (p[i] & 0x3fU);
		low = 0x80;
		high = 0xbf;
	}
	return {code, length, true};
}

} // namespace corescope
