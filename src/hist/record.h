// SPDX-License-Identifier: BSD-2-Clause
// A histogram that outlives its run: what was counted, by what, where and when. Stores keep it, exporters write it.
#pragma once

#include "hist/snapshot.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

// What all histograms of one run have in common.
struct HistSource {
	std::string tool;     // "cpudist"
	std::string quantity; // what is measured, as a metric's name has it: "oncpu"
	std::string what;     // the same for people: "on-CPU time"
	std::string
		options; // those that choose what is counted, in one line: "--pid=1234 --cgroup=/a"; "" for all there is
	std::string version; // of corescope
	std::string hooks;
	std::string host;
	std::string boot_id;
	HistUnit unit = kMicroseconds;
};

struct HistRecord {
	std::shared_ptr<const HistSource> source; // never null
	std::vector<HistLabel> labels;            // of the key; none where there is one histogram for all
	uint64_t others = 0;                      // keys that were merged into this one as "other"
	int64_t start_unix_ns = 0;
	HistWindow window;
	Histogram histogram;

	int64_t end_unix_ns() const { return start_unix_ns + static_cast<int64_t>(window.window_ns); }
};

// What was counted since anybody first did: a monotone counter over all runs, restarts and prunings.
struct HistTotal {
	HistRecord record; // the window is the sum of the windows, the start that of the first
	int64_t last_unix_ns = 0;
};

// How the runs of one source went: what they traced in all, those that ended, and the last of them. The window is
// the source's and not a key's: a key without values in an interval was traced all the same.
struct HistRuns {
	std::shared_ptr<const HistSource> source;
	HistWindow window;
	uint64_t succeeded = 0;
	uint64_t failed = 0;
	int64_t last_unix_ns = 0;
	bool last_success = false;
};

// The unit of that base and scale; null if there is none.
const HistUnit* find_hist_unit(HistBase base, uint64_t scale);
// "time", "bytes", "none", and back; throws std::invalid_argument.
std::string_view hist_base_name(HistBase base);
HistBase hist_base_of(std::string_view name);

// The records of an interval that began at start_unix_ns.
std::vector<HistRecord> records_of(
	const std::shared_ptr<const HistSource>& source, const Snapshot& delta, int64_t start_unix_ns);

// Adds what was counted in another window of the same source: to the total of its labels, or as a new one.
void add_to_totals(std::vector<HistTotal>& totals, const HistRecord& record);
void add_to_total(HistTotal& total, const HistRecord& record);
void add_to_window(HistWindow& sum, const HistWindow& window);

} // namespace corescope
