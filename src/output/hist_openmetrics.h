// SPDX-License-Identifier: BSD-2-Clause
// Stored histograms as OpenMetrics text with timestamps: a history that `promtool tsdb create-blocks-from openmetrics`
// makes into blocks of Prometheus.
#pragma once

#include "hist/record.h"
#include "output/bucket_ladder.h"
#include "output/buffer.h"

#include <functional>
#include <span>

namespace corescope {

// The histograms, windows and losses of hist_prometheus.h as they would have been scraped at the end of each interval:
// cumulative from the first record on, which is preceded by zeros at its start. A series without values in an interval
// is told all the same, as it would have been; an empty histogram stands for an interval and makes no series of its
// own, unless there is nothing else. Every series bears `host`. Timestamps are seconds, to the millisecond that
// Prometheus keeps. Records in any order. `flush` is called now and then, so that the caller may write what there is
// and clear the buffer. Ends in "# EOF". Throws Error (bucket_ladder.h).
void append_openmetrics(Buffer& out, std::span<const HistRecord> records, const BucketLadder& ladder = {},
	const std::function<void()>& flush = {});

} // namespace corescope
