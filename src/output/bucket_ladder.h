// SPDX-License-Identifier: BSD-2-Clause
// The bounds at which monitoring systems are told a histogram: the same on every host and in every run, whatever
// was counted, and always edges of the log-linear scheme, so that the counts below them are exact.
#pragma once

#include "hist/histogram.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace corescope {

// Edges of the scheme p from one bound to another; without bounds a fixed range of 21 to 27 powers of two that suits
// the unit (1 us to 67 s). Finer than powers of two: each of them is cut into 2^p.
struct BucketLadder {
	struct Bound {
		uint64_t value = 0;           // in base units; where there is no base, in those that are counted
		std::optional<HistBase> base; // none for a plain number
		std::string suffix;           // as the user wrote it
		uint64_t suffix_scale = 1;    // base units to it
	};
	struct Range {
		Bound low, high;
	};

	unsigned p = 0; // 0..HIST_P
	std::optional<Range> range;
};

// "p=2", "2", "1us..16777216us", "p=2,2^0..2^24", "4K..1G". Throws BadValue. Whether the bounds are edges is only known
// with the unit that is counted: bucket_edges().
void parse_value(BucketLadder& out, const char* text);

// Ascending, in units, inclusive. Throws Error(kUsage), naming the nearest edges, where a bound is not one.
std::vector<uint64_t> bucket_edges(const BucketLadder& ladder, const HistUnit& unit);

// How many values are <= each edge. Edges above the histogram's limit are not in the result: what lies between the
// limit and them is not known. Throws Error(kDataError) where the histogram is coarser than the edges.
std::vector<uint64_t> counts_up_to(const Histogram& histogram, std::span<const uint64_t> edges, unsigned p);

} // namespace corescope
