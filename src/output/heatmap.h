// SPDX-License-Identifier: BSD-2-Clause
// Histograms over time as a picture of characters: the darker a cell, the more values. Two ways: a window of the past
// with time to the right, and a run with a line for each interval, as it comes.
#pragma once

#include "hist/record.h"
#include "output/buffer.h"
#include "output/hist_writer.h"
#include "output/terminal.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace corescope {

// Degrees of darkness, from nothing to the most.
class Shades {
public:
	explicit Shades(const Terminal& terminal);

	size_t count() const { return count_; } // with "nothing", which is 0
	void append(Buffer& out, size_t shade) const;
	// After the last cell of a line.
	void end(Buffer& out) const;

private:
	bool unicode_, colours_;
	size_t count_;
};

// The records of one quantity and unit (which the caller sees to), in any order. Time runs to the right in slots of
// equal length, values upwards in powers of two, or finer where `height` lines allow. A slot's counts are divided by the
// time that was traced in it, so that a short window is no pale one; a slot in which nothing was traced shows `.`. Below
// stand the times and what each shade means.
void append_heatmap(
	Buffer& out, std::span<const HistRecord> records, const Terminal& terminal, unsigned height);

// A line for each interval and key; shades are shares of the line's own count, so that a line does not depend on those
// before. The heading with the bounds comes again now and then.
std::unique_ptr<HistWriter> heatmap_writer(
	const HistSource& source, const HistStyle& style, const Terminal& terminal);

} // namespace corescope
