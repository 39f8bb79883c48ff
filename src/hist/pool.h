// SPDX-License-Identifier: BSD-2-Clause
// Many stored histograms made one: exact, whatever their order, and only where adding them makes sense.
#pragma once

#include "hist/record.h"

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_set>

namespace corescope {

// The time that was traced, each interval once, however many keys were counted in it and wherever it is met again.
class WindowSum {
public:
	void add(const HistSource& source, int64_t start_unix_ns, const HistWindow& window);
	const HistWindow& total() const { return total_; }
	size_t intervals() const { return seen_.size(); }

private:
	std::unordered_set<std::string> seen_;
	HistWindow total_;
};

class HistPool {
public:
	// Throws Error(kDataError) for what cannot be added: of another tool, quantity or unit; counted with other options, or
	// by other keys, so that values might be in both. Schemes that differ are folded to the coarser.
	void add(const HistRecord& record);
	// An interval, also one in which nothing was counted. labels: of a histogram in it, null where there is none. Ignored
	// unless what was counted is of the kind that is in the pool; a run without keys has a histogram in each interval, so
	// that one without is a keyed run's.
	void add_window(const HistSource& source, int64_t start_unix_ns, const HistWindow& window,
		const std::vector<HistLabel>* labels);

	bool empty() const { return !record_; }
	size_t records() const { return records_; }
	size_t intervals() const { return windows_.intervals(); }
	// One record of it all: its source and labels are what all of them share, and empty or left out elsewhere; from the
	// start of the first to the window that was really traced. Not for an empty pool.
	HistRecord total() const;
	int64_t last_unix_ns() const { return last_unix_ns_; } // when the last interval ended

private:
	void count(const HistRecord& record);
	bool same_keys(const std::vector<HistLabel>& labels) const;

	std::optional<HistRecord> record_;
	HistSource source_;
	std::vector<std::string> keys_;
	WindowSum windows_;
	size_t records_ = 0;
	int64_t last_unix_ns_ = 0;
};

// "pid, comm", or "nothing" without labels.
std::string label_names(const std::vector<HistLabel>& labels);

} // namespace corescope
