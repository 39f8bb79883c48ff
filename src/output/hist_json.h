// SPDX-License-Identifier: BSD-2-Clause
// A histogram for programs: the members of a JSON `hist` record, and rows of CSV. Numbers are exact:
// integers, and sums as plain decimals, never in scientific notation.
#pragma once

#include <string_view>

#include "hist/snapshot.h"
#include "output/buffer.h"

namespace corescope {

// Appends `"value_unit":"us",…,"slots":[[upper,count],…]`: no brace around it and no comma at either end.
// Percentiles and uppers are inclusive upper bounds in units; null is without bound (overflow), or a
// percentile of nothing. "limit" is the greatest value that has a bucket of its own, null if all have.
// "reset_keys" is there only if it isn't 0.
void append_hist_json(
	Buffer& out, const Histogram& histogram, const HistUnit& unit, const HistWindow& window);

// The CSV columns that append_hist_csv fills, comma between, none at either end, no newline.
inline constexpr std::string_view kHistCsvColumns =
	"value_unit,low,high,count,total,sum,window_ns,lost,dropped_keys,reset_keys";

// One row for each bucket that isn't empty, each behind `prefix` (the caller's own columns, escaped, with a
// comma after the last, or nothing). high is "+Inf" for the overflow. Empty histogram: one row without low
// and high, count 0.
void append_hist_csv(Buffer& out, std::string_view prefix, const Histogram& histogram, const HistUnit& unit,
	const HistWindow& window);

// sum / scale as an exact decimal without trailing zeros; the scale has no prime factors but 2 and 5.
void append_hist_decimal(Buffer& out, HistSum sum, uint64_t scale);

} // namespace corescope
