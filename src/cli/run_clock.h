// SPDX-License-Identifier: BSD-2-Clause
// When a run tells what it has, and what ends it: the grid of its intervals, how many of them are wanted, its duration,
// the job's limit, and signals. All times are CLOCK_MONOTONIC in ns.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace corescope {

constexpr uint64_t kForever = ~uint64_t{0};

class RunClock {
public:
	struct Limits {
		uint64_t interval_ns = 0; // 0: nothing is told before the end
		uint64_t intervals = 0;   // it ends when so many were told; 0: however many
		uint64_t duration_ns = 0; // 0: until something else ends it
		uint64_t job_end_ns = kForever;
	};

	RunClock() = default; // of a run that never ends by itself
	RunClock(const Limits& limits, uint64_t start_ns);

	uint64_t start_ns() const { return start_ns_; }

	// When something is to be done next: the next point of the grid after `now_ns`, or the end if that comes first;
	// kForever where neither will come. The grid lies at multiples of the interval from the start, so intervals do not
	// drift, and one that could not be told in time is part of the next.
	uint64_t next_due(uint64_t now_ns) const;

	// Why the run ends, as the summary's `end` has it: "SIGINT", "SIGTERM", "SIGHUP", "duration", "max-runtime",
	// "count". "" while it goes on. The first reason stays.
	std::string_view end() const { return end_; }
	bool ended() const { return !end_.empty(); }
	// Looks whether `signal` (0: none) or the time ends it.
	bool look(uint64_t now_ns, int signal);
	// Sleeps until something is to be done: see next_due() and sleep_until(). Looks then.
	void wait();
	// One more interval was told.
	void told();
	uint64_t intervals_told() const { return told_; }
	// As many records as were wanted have come.
	void enough() { end_by("count"); }
	// It ends for a reason that is known elsewhere, a constant.
	void end_by(std::string_view reason);

private:
	Limits limits_;
	uint64_t start_ns_ = 0;
	uint64_t end_ns_ = kForever;
	uint64_t told_ = 0;
	std::string_view end_;
};

// The least of two numbers of which 0 means that there is no limit.
uint64_t least_limit(uint64_t a, uint64_t b);

// One sleep, until `due_ns`, a signal to stop, or something to read from `fd` (-1: none). It may end early. Throws
// ReaderGone when nobody reads standard output any more.
void sleep_until(uint64_t due_ns, int fd = -1);
// The same for any number of descriptors.
void sleep_until(uint64_t due_ns, const std::vector<int>& to_read);

} // namespace corescope
