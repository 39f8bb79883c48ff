// SPDX-License-Identifier: BSD-2-Clause
// Prometheus' text format, classic histograms: what node_exporter's text file collector reads.
#pragma once

#include "hist/record.h"
#include "output/bucket_ladder.h"
#include "output/buffer.h"

#include <span>

namespace corescope {

// For each source NAME = corescope_<tool>_<quantity> (hist_metric.h):
//   NAME_seconds, NAME_bytes or NAME       histogram: _bucket by le, _sum, _count; one for each set of labels
//   NAME_window_seconds_total              counters of the source, whatever its labels: time really traced,
//   NAME_lost_total, NAME_dropped_total    values that were not counted, and those whose key found no room,
//   NAME_reset_keys_total                  and keys whose counts fell while they were read
//   NAME_runs_total                        by result="success" and "failure"
//   NAME_last_run_timestamp_seconds        gauges, once a run has ended
//   NAME_last_run_success
//
// Sources of the same options and series of the same labels are told as one. There is a label `options` where there
// are any, and `host` where there are several. HELP depends on the name alone. Sorted, no timestamps; nothing at all
// where there is neither. Throws Error (bucket_ladder.h).
void append_prometheus(Buffer& out, std::span<const HistTotal> totals, std::span<const HistRuns> runs,
	const BucketLadder& ladder);

} // namespace corescope
