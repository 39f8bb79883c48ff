// SPDX-License-Identifier: BSD-2-Clause
// What the tests of cpudist share. The truth is the kernel's own: switches from /proc/PID/status, time on a CPU from
// schedstat, as tests/load/switchload reads them between its go and its end.
//
// A slice counts in the interval in which it ends. So a run differs from the load's own reading by the few slices at
// its edges: from the go to the first reading, and from the last one to the block at the end. kEdgeSlices and
// kEdgeNs are these, and stand beside the one percent.
//
// The scheduler's own clock for a task that is woken often starts at the wake-up and not at the switch, so that the
// way out of idle counts as its run time (13 us here, more on a busy machine). cpudist counts from switch to switch;
// so time is compared where slices are long beside that.
#pragma once

#include "harness.h"

#include "hist.h"

#include <cmath>
#include <map>

namespace corescope::test {

constexpr int64_t kEdgeSlices = 8; // for each task
constexpr double kEdgeNs = 4e6;

inline bool within_one_percent(int64_t told, int64_t truth, int64_t tasks = 1)
{
	return std::llabs(told - truth) <= truth / 100 + kEdgeSlices * tasks;
}
// stalled_ns: what the load saw the clock jump while it burned. What a host takes from a virtual CPU may be missing in the
// kernel's run time, but not between two switches.
inline bool within_two_percent_ns(double told, double truth, double stalled_ns = 0)
{
	return told >= truth - truth / 50 - kEdgeNs && told <= truth + truth / 50 + kEdgeNs + stalled_ns;
}

// One or more `hist` records of one key, added.
struct Hist {
	int64_t count = 0;
	double sum_ns = 0;
	int64_t dropped = 0; // of the last record
	uint64_t window_ns = 0;
	std::map<uint64_t, int64_t> slots; // by upper bound; 0 stands for the one without

	void add(const Json& record);
	uint64_t max() const { return slots.begin()->first == 0 ? UINT64_MAX : slots.rbegin()->first; }
	// The bucket that holds the ceil(q * count)-th value.
	uint64_t percentile(double q) const;
};

// All `hist` records that satisfy `wanted`.
Hist total(const std::vector<Json>& records, const std::function<bool(const Json&)>& wanted = {});
// Of the key `name` = `value`; "" for all.
template <class T>
Hist total_of(const std::vector<Json>& records, const std::string& name, const T& value)
{
	return total(records, [&](const Json& r) { return r.contains(name) && r[name] == Json(value); });
}
// How many `hist` records there are.
size_t hists(const std::vector<Json>& records);

// cpudist, or another histogram tool, beside loads: attached before they go, ended when all have told their truth.
struct Beside {
	std::vector<Json> records;
	std::vector<Json> truth;               // of the first load, line by line
	std::vector<std::vector<Json>> truths; // of each
	std::string errors;
	double outer_ns = 0; // from before the tool began until all loads slept again

	// Whether a time on the CPU agrees with the kernel's run time.
	bool on_time_agrees(double told_ns) const
	{
		return within_two_percent_ns(told_ns, run_ns(), stalled_ns());
	}
	// Whether a time off the CPU agrees with what the first load measured: wall clock less run time. It may be off as
	// well before its first and after its last measured moment. Some kernels leave out switches away from kernel
	// threads for all who trace (perf sees the same gaps): then an interval is missing, or two are told as one.
	bool off_time_agrees(double told_ns) const
	{
		const double off_ns = truth[0].at("wall_ns").get<double>() - run_ns();
		return told_ns >= off_ns - stalled_ns() - off_ns / 20 - kEdgeNs &&
			told_ns <= outer_ns - run_ns() + off_ns / 50 + kEdgeNs;
	}
	int64_t switches() const { return switches_of(truth); }
	double run_ns() const;
	double stalled_ns() const { return truth[0].at("stalled_ns").get<double>(); }
	static int64_t switches_of(const std::vector<Json>& lines);
};
// The text PID in an argument becomes the first load's pid. lines: of truth from each. A load must have been made
// with hold. Loads are let go afterwards.
Beside beside(const std::vector<Load*>& loads, std::vector<std::string> arguments, size_t lines = 1,
	const char* name = "cpudist");

// Waits until a process sleeps: what it did before is over.
void until_blocked(pid_t pid);

// A cgroup of our own, gone at the end. Empty path where there is no cgroup2.
class OwnCgroup {
public:
	explicit OwnCgroup(const std::string& name, const OwnCgroup* parent = nullptr);
	~OwnCgroup();
	OwnCgroup(const OwnCgroup&) = delete;
	OwnCgroup& operator=(const OwnCgroup&) = delete;

	const std::string& directory() const { return directory_; }
	const std::string& path() const { return path_; } // below the mount
	void take_in(pid_t pid) const;

private:
	std::string directory_, path_;
};
std::string cannot_make_cgroups();

// The kernel's count of all context switches since boot.
int64_t all_switches();

} // namespace corescope::test

// Skips where a load cannot run here.
#define NEED_LOAD(load)                 \
	do {                                \
		if ((load).ready().is_null())   \
			SKIP_TEST((load).errors()); \
	} while (false)
