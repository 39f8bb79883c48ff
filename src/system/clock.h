// SPDX-License-Identifier: BSD-2-Clause
// Kernel time to wall-clock time. Events are stamped in the kernel with CLOCK_BOOTTIME
// (bpf_ktime_get_boot_ns), which neither a clock step nor a suspend disturbs; what turns it into the time of
// day is one offset, re-read now and then.
#pragma once

#include "output/buffer.h"

#include <cstdint>
#include <string>
#include <type_traits>

namespace corescope {

uint64_t boot_ns();      // CLOCK_BOOTTIME
uint64_t monotonic_ns(); // CLOCK_MONOTONIC

// One reading of CLOCK_REALTIME between two of CLOCK_BOOTTIME.
struct ClockReading {
	uint64_t boot_before_ns;
	int64_t real_ns;
	uint64_t boot_after_ns;
};
ClockReading read_clocks();

// REALTIME - BOOTTIME lies in [low_ns, high_ns].
struct ClockOffset {
	int64_t low_ns;
	int64_t high_ns;
	int64_t middle_ns() const { return low_ns + (high_ns - low_ns) / 2; }
	bool contains(int64_t offset_ns) const { return low_ns <= offset_ns && offset_ns <= high_ns; }
};

// The tightest of `tries` readings: being preempted between the clocks spoils a reading, not the result.
template <class Source>
ClockOffset tightest_offset(Source&& read, unsigned tries)
{
	ClockOffset best{};
	for (unsigned i = 0; i < tries; i++) {
		const ClockReading r = read();
		const ClockOffset offset{r.real_ns - static_cast<int64_t>(r.boot_after_ns),
			r.real_ns - static_cast<int64_t>(r.boot_before_ns)};
		if (i == 0 || offset.high_ns - offset.low_ns < best.high_ns - best.low_ns)
			best = offset;
	}
	return best;
}

class WallClock {
public:
	static constexpr unsigned kTries = 5;

	WallClock() { refresh(); }
	template <class Source>
	requires std::is_invocable_r_v<ClockReading, Source&>
	explicit WallClock(Source& read) { refresh_from(read); }

	// Costs well under a microsecond: call it once per batch or second. Follows clock steps and NTP; a
	// suspend changes nothing. True if the offset had to move.
	bool refresh() { return refresh_from(read_clocks); }

	// The old offset stays while the new readings agree with it, so that the mere jitter of reading two
	// clocks never makes times run backwards.
	template <class Source>
	bool refresh_from(Source&& read)
	{
		const ClockOffset measured = tightest_offset(read, kTries);
		if (known_ && measured.contains(offset_ns_))
			return false;
		offset_ns_ = measured.middle_ns();
		known_ = true;
		return true;
	}

	int64_t to_unix_ns(uint64_t kernel_boot_ns) const
	{
		return static_cast<int64_t>(kernel_boot_ns + static_cast<uint64_t>(offset_ns_));
	}
	int64_t now_unix_ns() const { return to_unix_ns(boot_ns()); }
	int64_t offset_ns() const { return offset_ns_; }

private:
	int64_t offset_ns_ = 0;
	bool known_ = false;
};

// `2026-11-20T14:07:20.123456789Z`: RFC 3339, UTC, always nine digits.
void append_rfc3339(Buffer& out, int64_t unix_ns);

// By strftime()'s format and the rules of TZ or /etc/localtime; at most 63 bytes.
std::string local_time(int64_t unix_ns, const char* format = "%Y-%m-%d %H:%M:%S");

// The same, and the local time of day, for the event path: what depends on the second only is kept until
// another second comes, be it later or earlier.
class TimeFormatter {
public:
	TimeFormatter();
	void rfc3339(Buffer& out, int64_t unix_ns);
	// HH:MM:SS by the rules of TZ or /etc/localtime as they were at construction.
	void hms(Buffer& out, int64_t unix_ns);

private:
	int64_t utc_second_ = INT64_MIN;
	int64_t local_second_ = INT64_MIN;
	char utc_text_[20] = {}; // 2026-11-20T14:07:20.
	char local_text_[8] = {};
};

} // namespace corescope
