// SPDX-License-Identifier: BSD-2-Clause
// What Prometheus' two text formats share: how a histogram is called there, its labels, its numbers.
#pragma once

#include "hist/record.h"
#include "output/buffer.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace corescope {

// "corescope_cpudist_oncpu". What is counted in another unit than usual has other edges and is therefore another
// metric: "…_coarse" in ms or KiB, "…_fine" in ns. Always [a-z0-9_].
std::string metric_name(const HistSource& source);

// "_seconds", "_bytes" or "": in what sums and bounds are told, and how many base units that is.
std::string_view metric_suffix(HistBase base);
uint64_t metric_scale(HistBase base);

// `comm="cc1",host="db1"`: the labels of a record, sorted by name; "" where there are none. Names are made such that
// the format has, none twice, none that means something to it. In values, backslash, quote and newline are escaped;
// all other control characters, bidi controls and what is not UTF-8 become U+FFFD. An empty value is no label.
std::string metric_labels(const HistSource& source, const std::vector<HistLabel>& labels, bool with_host);

// An edge as `le` has it: the shortest decimal that reads back as the same double, spelt as Go's %g, so that it is
// byte for byte what other exporters write.
std::string metric_bound(uint64_t edge, const HistUnit& unit);

// Nanoseconds as seconds, exact.
void append_metric_seconds(Buffer& out, int64_t ns);

// `{a,b} `, or ` ` where both are empty: what stands between a metric's name and its value.
void append_label_set(Buffer& out, std::string_view labels, std::string_view more = {});

} // namespace corescope
