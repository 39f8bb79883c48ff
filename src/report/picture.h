// SPDX-License-Identifier: BSD-2-Clause
// Histograms of one quantity as a report shows them: over time, in all, and key by key. Memory does not grow with their
// number: columns of time become longer when there are too many of them, which loses no count.
#pragma once

#include "hist/pool.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace corescope::report {

struct TimeColumn {
	int64_t start_ns = 0; // of the first interval in it
	int64_t end_ns = 0;   // when the last one ended
	HistWindow window;    // of each interval once
	Histogram counted;
	bool any = false; // a histogram was merged into it
};

struct KeyTotal {
	std::vector<HistLabel> labels;
	Histogram counted;
	uint64_t records = 0;
};

class Picture {
public:
	static constexpr size_t kMaxColumns = 720; // more than a screen shows
	static constexpr size_t kMaxKeys = 10000;

	// What falls together in one picture; each other one gets its own.
	static std::string subject(const HistRecord& record);

	// Throws Error(kDataError) where all values together are more than 64 bits count.
	void add(const HistRecord& record);
	// An interval, also one in which nothing was counted; ignored unless it is this picture's.
	void add_window(const HistSource& source, int64_t start_ns, const HistWindow& window,
		const std::vector<HistLabel>* labels);

	const HistPool& pool() const { return pool_; }
	// By their beginning. step_ns: how long one is; 0: each interval is its own.
	std::vector<TimeColumn> columns() const;
	int64_t step_ns() const { return step_ns_; }
	// Those with the greatest sums, greatest first; none where there are no keys.
	std::vector<const KeyTotal*> keys() const;
	uint64_t keys_beyond() const { return keys_beyond_; } // histograms of keys above kMaxKeys
	const std::set<std::string>& hosts() const { return hosts_; }

private:
	TimeColumn& column_at(int64_t start_ns, uint64_t window_ns);
	void lengthen();

	HistPool pool_;
	std::map<int64_t, TimeColumn> columns_;
	int64_t step_ns_ = 0;
	uint64_t counted_ = 0;
	std::map<std::string, KeyTotal> keys_;
	uint64_t keys_beyond_ = 0;
	std::set<std::string> hosts_;
};

} // namespace corescope::report
