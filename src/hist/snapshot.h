// SPDX-License-Identifier: BSD-2-Clause
// All histograms of a tool at one instant. The kernel's counts are never reset, so what happened in an
// interval is the difference of two snapshots, and one that nobody printed is lost to nobody.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hist/histogram.h"

namespace corescope {

// What the kernel half keys its slots by: a pid, a cgroup id, a device …; {0, 0} where there is one histogram
// only.
struct HistKey {
	std::array<uint64_t, 2> id{};

	auto operator<=>(const HistKey&) const = default;
};

// One dimension of a key, as JSON members and Prometheus labels name it.
struct HistLabel {
	std::string name;     // "pid", "comm", "unit"
	std::string value;    // raw bytes: whoever writes it escapes it
	bool numeric = false; // a number in JSON

	bool operator==(const HistLabel&) const = default;
};

struct KeyedHistogram {
	HistKey key;
	std::string name; // what stands above it on a terminal, raw bytes
	std::vector<HistLabel> labels;
	Histogram histogram;
	uint64_t others = 0; // how many keys were merged into this one as "other"; 0 for one that is itself
};

// What a histogram says of how it came about. lost: values that were not counted at all; dropped_keys: values
// whose key found no room; reset_keys: keys whose counts fell or vanished between two snapshots, where part
// may be missing.
struct HistWindow {
	uint64_t window_ns = 0; // time really traced
	uint64_t lost = 0;
	uint64_t dropped_keys = 0;
	uint64_t reset_keys = 0;

	bool operator==(const HistWindow&) const = default;
};

struct Snapshot {
	uint64_t at_ns = 0; // CLOCK_MONOTONIC
	HistWindow window;
	std::vector<KeyedHistogram> histograms; // in any order; no key twice
};

// What was counted after `earlier` and until `later`, of the same run: window_ns is the time between, lost
// and dropped are what was added. Names are the later ones; keys without new counts are left out; order as in
// `later`. A key whose counts fell (deleted, and come again) counts from nothing, and in reset_keys; so does
// one that has vanished.
Snapshot difference(const Snapshot& later, const Snapshot& earlier);

// Histograms of the same labels (or the same name, where there are none) made one, under the first one's key:
// several cgroups of one unit, several processes of one name.
Snapshot merged_by_labels(const Snapshot& snapshot);

// The n with the greatest sums, greatest first (then by key), and all others merged in one called "other",
// last. n = 0 means all, in that order.
Snapshot top(const Snapshot& snapshot, size_t n);

} // namespace corescope
