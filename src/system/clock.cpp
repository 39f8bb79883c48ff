// SPDX-License-Identifier: BSD-2-Clause
// Reading the clocks, and writing times: the calendar is consulted once a second, the event path copies the
// rest.
#include "system/clock.h"

#include <cstring>
#include <ctime>
#include <string_view>

namespace corescope {

namespace {

constexpr int64_t kSecond = 1'000'000'000;

int64_t read_ns(clockid_t clock)
{
	timespec now{};
	clock_gettime(clock, &now); // cannot fail: all three clocks are older than any kernel we run on
	return now.tv_sec * kSecond + now.tv_nsec;
}

struct Split {
	int64_t second;
	uint64_t nanosecond;
};

// Rounds towards the past, also before 1970.
Split split(int64_t unix_ns)
{
	int64_t second = unix_ns / kSecond;
	int64_t rest = unix_ns % kSecond;
	if (rest < 0) {
		second--;
		rest += kSecond;
	}
	return {second, static_cast<uint64_t>(rest)};
}

void put_two(char* to, int value) { std::memcpy(to, detail::kDigitPairs.text + 2 * (value % 100), 2); }

// `2026-11-20T14:07:20.`: 64-bit nanoseconds end in 2262, so four digits of year do.
void utc_second_text(int64_t second, char (&text)[20])
{
	const time_t when = second;
	tm utc{};
	gmtime_r(&when, &utc);
	const int year = utc.tm_year + 1900;
	put_two(text, year / 100);
	put_two(text + 2, year);
	text[4] = '-';
	put_two(text + 5, utc.tm_mon + 1);
	text[7] = '-';
	put_two(text + 8, utc.tm_mday);
	text[10] = 'T';
	put_two(text + 11, utc.tm_hour);
	text[13] = ':';
	put_two(text + 14, utc.tm_min);
	text[16] = ':';
	put_two(text + 17, utc.tm_sec);
	text[19] = '.';
}

void append_utc(Buffer& out, const char (&second_text)[20], uint64_t nanosecond)
{
	char* to = out.grow(30);
	std::memcpy(to, second_text, 20);
	detail::write_digits(to + 29, nanosecond, 9);
	to[29] = 'Z';
}

} // namespace

uint64_t boot_ns() { return static_cast<uint64_t>(read_ns(CLOCK_BOOTTIME)); }

uint64_t monotonic_ns() { return static_cast<uint64_t>(read_ns(CLOCK_MONOTONIC)); }

ClockReading read_clocks()
{
	ClockReading reading;
	reading.boot_before_ns = boot_ns();
	reading.real_ns = read_ns(CLOCK_REALTIME);
	reading.boot_after_ns = boot_ns();
	return reading;
}

std::string local_time(int64_t unix_ns, const char* format)
{
	// Towards the past, also before 1970.
	const auto seconds = static_cast<time_t>(unix_ns / 1000000000 - (unix_ns % 1000000000 < 0));
	tm parts{};
	localtime_r(&seconds, &parts);
	char text[64];
	return {text, std::strftime(text, sizeof(text), format, &parts)};
}

void append_rfc3339(Buffer& out, int64_t unix_ns)
{
	const Split when = split(unix_ns);
	char text[20];
	utc_second_text(when.second, text);
	append_utc(out, text, when.nanosecond);
}

TimeFormatter::TimeFormatter()
{
	tzset(); // localtime_r need not do it
}

void TimeFormatter::rfc3339(Buffer& out, int64_t unix_ns)
{
	const Split when = split(unix_ns);
	if (when.second != utc_second_) {
		utc_second_text(when.second, utc_text_);
		utc_second_ = when.second;
	}
	append_utc(out, utc_text_, when.nanosecond);
}

void TimeFormatter::hms(Buffer& out, int64_t unix_ns)
{
	const int64_t second = split(unix_ns).second;
	if (second != local_second_) {
		const time_t when = second;
		tm local{};
		localtime_r(&when, &local);
		put_two(local_text_, local.tm_hour);
		local_text_[2] = ':';
		put_two(local_text_ + 3, local.tm_min);
		local_text_[5] = ':';
		put_two(local_text_ + 6, local.tm_sec);
		local_second_ = second;
	}
	out.append(std::string_view(local_text_, sizeof(local_text_)));
}

} // namespace corescope
