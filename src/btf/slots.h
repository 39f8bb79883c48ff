// SPDX-License-Identifier: BSD-2-Clause
// Log2 histograms that other people's objects keep in maps: recognized by type, read, and drawn as ours are.
#pragma once

#include "btf/type.h"
#include "hist/histogram.h"
#include "output/buffer.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace corescope {

// Where a value holds its slots.
struct BtfSlots {
	uint32_t offset;  // bytes
	uint32_t count;   // 2 to 64
	uint32_t size;    // bytes of each: 4 or 8
	bool whole_value; // nothing else is in the value
};

// A member `slots` that is an array of 2 to 64 integers of 4 or 8 bytes, at any depth of structs; or a value that is
// such an array as a whole, of 16 or more: shorter ones are rather a few counters. None: not a histogram.
std::optional<BtfSlots> btf_slots(const BtfType& value);

// Adds the slots of one value (of one CPU) to `sum`, which has `count` elements or none yet. Slots that are not in the
// bytes count as 0.
void btf_add_slots(std::vector<uint64_t>& sum, const BtfSlots& slots, std::string_view bytes);

// Slot 0 counts 0 and 1, slot i counts 2^i to 2^(i+1)-1, and the last one also all that is greater. Rows from 0 to the
// last that is not empty.
std::vector<HistBucket> log2_rows(std::span<const uint64_t> slots);

// The drawing, each line ended; nothing if all are empty. heading: over the bounds, as "usecs" or "value".
void append_log2_text(Buffer& out, std::span<const uint64_t> slots, std::string_view heading);

} // namespace corescope
