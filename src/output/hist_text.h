// SPDX-License-Identifier: BSD-2-Clause
// A histogram for a terminal, in the layout that operators and their scripts know: power-of-two rows, `lo ->
// hi`, count, share and a bar of stars, with the figures that count below. ASCII only, never coloured.
#pragma once

#include "hist/snapshot.h"
#include "output/buffer.h"

#include <span>
#include <string_view>

namespace corescope {

// Rows from 0 to the last that is not empty (none when the histogram is empty), then one line with count,
// sum, window and percentiles as upper bounds, and one more with what was lost, if anything was. Each line
// ends in a newline.
void append_hist_text(
	Buffer& out, const Histogram& histogram, const HistUnit& unit, const HistWindow& window);

// The rows alone under their heading, each line ended. There is at least one, and one that is not empty.
void append_hist_rows(Buffer& out, std::span<const HistBucket> rows, std::string_view heading);

// A sum of base units as people read it: "56.7 ms", "3.25 MiB", "17".
void append_hist_sum(Buffer& out, HistSum sum, HistBase base);

} // namespace corescope
