// SPDX-License-Identifier: BSD-2-Clause
// Histograms as OTLP/JSON lines: what the OpenTelemetry Collector's otlpjsonfile receiver reads.
#pragma once

#include "hist/record.h"
#include "output/buffer.h"

#include <span>

namespace corescope {

// One object, on one line, for each interval of a source (records in a row of one source, start and window).
//
// The histogram is folded into powers of two, which is exact as an ExponentialHistogram of scale 0 in the unit that is
// counted: there bucket i holds (2^i, 2^(i+1)] too. What is <= 1 unit is in the zero bucket, whose threshold says so.
// (In seconds the same edges would not be powers of two; and a finer log-linear bucket is none of the exponential
// ones.) Where values exceed the scheme's limit, which no exponential bucket can say, it is a Histogram with the same
// edges up to the limit. Delta temporality; sums in the unit, exact decimals; 64-bit integers are strings, as
// ProtoJSON has them. Beside it the interval's window, lost and dropped values as sums.
void append_otlp(Buffer& out, std::span<const HistRecord> records);

} // namespace corescope
