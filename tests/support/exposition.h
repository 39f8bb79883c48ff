// SPDX-License-Identifier: BSD-2-Clause
// A strict reader of Prometheus' text format and of OpenMetrics: written from the formats' descriptions, and stricter
// than promtool, which takes falling buckets, a missing +Inf and unsorted edges.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace corescope::test {

struct Sample {
	std::string family; // the name in TYPE
	std::string name;
	std::map<std::string, std::string> labels; // unescaped
	std::string number;                        // as it is written
	double value = 0;
	std::optional<double> time_s;
};

struct Exposition {
	std::map<std::string, std::string> types, helps, units; // by family
	std::vector<Sample> samples;

	// The number of the one sample of that name and these labels, no others; throws std::out_of_range if there is none.
	const Sample& at(const std::string& name, const std::map<std::string, std::string>& labels = {}) const;
	std::vector<Sample> all(const std::string& name) const;
};

// The first thing that is wrong, with its line.
struct BadExposition : std::runtime_error {
	using std::runtime_error::runtime_error;
};

// Each throws BadExposition. Both want: UTF-8 without control characters, a final newline, HELP and TYPE once and before
// the samples, families and series together, no series twice; histograms with all of _bucket (le ascending, cumulative,
// closed by +Inf), _sum and _count = +Inf, counters that end in _total.
Exposition read_prometheus(std::string_view text);  // no timestamps
Exposition read_openmetrics(std::string_view text); // timestamps, ascending; counters that never fall; # EOF

} // namespace corescope::test
