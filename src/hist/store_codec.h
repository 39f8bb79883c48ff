// SPDX-License-Identifier: BSD-2-Clause
// How a histogram and its labels lie in a row: bytes that are small (about three for each bucket that is not empty),
// the same on every machine, and checked when they are read.
#pragma once

#include "hist/snapshot.h"

#include <string>
#include <string_view>
#include <vector>

namespace corescope {

// LEB128: seven bits a byte, the lowest first, the top bit set in all but the last.
void append_varint(std::string& out, uint64_t value);
// Takes one off the front. Throws DamagedStore where there is none, or more than 64 bits.
uint64_t take_varint(std::string_view& bytes);

// The overflow, then for each slot that is not empty how many empty ones stand before it, and its count.
std::string pack_slots(const Histogram& histogram);
// Throws DamagedStore where the bytes are no such thing, or their counts are not `count`.
Histogram unpack_slots(std::string_view bytes, unsigned p, uint64_t limit, uint64_t count, HistSum sum);

// Exact, any bytes: for each label the lengths of name and value, a flag, and both.
std::string pack_labels(const std::vector<HistLabel>& labels);
std::vector<HistLabel> unpack_labels(std::string_view bytes);
// The same as a JSON object, for people; what is not UTF-8 is not exact there.
std::string labels_json(const std::vector<HistLabel>& labels);

// 128 bits as decimal digits. text: throws DamagedStore where it is no such number.
std::string sum_text(HistSum sum);
HistSum sum_of_text(std::string_view text);

} // namespace corescope
