// SPDX-License-Identifier: BSD-2-Clause
// Two histograms side by side: what moved, and whether it moved further than a bucket is wide. And conditions on that,
// for scripts that decide by them.
#pragma once

#include "hist/histogram.h"
#include "hist/snapshot.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

struct HistFigure {
	const char* name;               // "p99"
	double q;                       // 1 for the maximum
	std::optional<HistBucket> a, b; // none for an empty side
	// b's upper bound over a's, less 1. None where a side is empty, or its value is above the limit of the scheme.
	std::optional<double> change;
};

struct HistComparison {
	Histogram a, b; // in the coarser scheme of the two
	HistWindow a_window, b_window;
	std::vector<HistFigure> figures; // p50, p90, p99, p99.9, max
	std::optional<double> mean_change, rate_change;
	// Whether p50 to p99.9 lie in the same buckets on both sides: whatever the difference is, it is not seen.
	bool same_within_buckets = false;
};

HistComparison compare(
	const Histogram& a, const HistWindow& a_window, const Histogram& b, const HistWindow& b_window);

// Values per second of the window; 0 for no window.
double hist_rate(const Histogram& histogram, const HistWindow& window);

// "p99>+20%", "count-rate<-50%": p50, p90, p99, p99.9, max, mean or count-rate; > and a rise, or < and a fall, in percent
// of a.
struct HistGate {
	std::string text;
	std::string figure;
	bool rise = true;
	double limit = 0; // 0.2 for +20%, -0.5 for -50%
	double q = 0;     // of a percentile
};
// Throws BadValue.
HistGate parse_gate(std::string_view text);

// How many values a side needs at least, so that the figure means something: ten of them above a percentile.
uint64_t values_needed(const HistGate& gate);

struct GateResult {
	enum { holds, fails, unknown } verdict = unknown;
	std::optional<double> change;
};
GateResult check(const HistGate& gate, const HistComparison& comparison);

} // namespace corescope
