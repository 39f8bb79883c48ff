// SPDX-License-Identifier: BSD-2-Clause
// The two sides of `corescope history diff`: what the user's words, or a moment, make of one selection.
#pragma once

#include "commands/history.h"

#include <string>
#include <utility>

namespace corescope {

struct Side {
	std::string text;
	HistPool pool;
};

// A word is ids, a store, or a span of time; narrowed by all that was said for both. Throws Error(kUsage).
HistorySelection selection_of_side(const HistorySelection& both, const std::string& word);
Side side_of(const HistorySelection& both, const std::string& word);
// The moments that part one selection in two: --before and --after, or --split for both.
struct SideMoments {
	bool given = false;
	int64_t before_ns = 0, after_ns = 0; // since the epoch
};
// Throws Error(kUsage) where they contradict each other; those that come in the wrong order too.
SideMoments side_moments(const TimeSpan& split, const TimeSpan& before, const TimeSpan& after);

// As much time before one moment as after the other, or all there is.
std::pair<Side, Side> sides_of_moments(
	const HistorySelection& selection, int64_t before_ns, int64_t after_ns);

} // namespace corescope
