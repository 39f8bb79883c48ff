// SPDX-License-Identifier: BSD-2-Clause
// Kernel time to wall-clock time under a clock that is stepped, a machine that sleeps and a reader that is
// preempted; and times as text, cached by the second, whichever way the seconds go.
#include "system/clock.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

using namespace corescope;

namespace {

constexpr int64_t kSecond = 1'000'000'000;

// A machine whose clocks we turn by hand. Each reading of a clock costs 20 ns, and more where `delays` says
// so: one entry for each reading, half of it before the wall clock is read and half after.
struct Machine {
	uint64_t boot = 5'000 * kSecond;
	int64_t real = 1'795'183'640 * kSecond;
	std::vector<uint64_t> delays;

	void pass(uint64_t ns)
	{
		boot += ns;
		real += static_cast<int64_t>(ns);
	}
	int64_t offset() const { return real - static_cast<int64_t>(boot); }

	ClockReading operator()()
	{
		uint64_t delay = 0;
		if (!delays.empty()) {
			delay = delays.front();
			delays.erase(delays.begin());
		}
		ClockReading reading;
		reading.boot_before_ns = boot;
		pass(20 + delay / 2);
		reading.real_ns = real;
		pass(20 + delay - delay / 2);
		reading.boot_after_ns = boot;
		pass(20);
		return reading;
	}
};

std::string rfc3339(int64_t unix_ns)
{
	Buffer out;
	append_rfc3339(out, unix_ns);
	return std::string(out.view());
}

struct Zone {
	explicit Zone(const char* value)
	{
		setenv("TZ", value, 1);
		tzset();
	}
	~Zone()
	{
		unsetenv("TZ");
		tzset();
	}
};

std::string hms(TimeFormatter& format, int64_t unix_ns)
{
	Buffer out;
	format.hms(out, unix_ns);
	return std::string(out.view());
}

} // namespace

TEST_CASE("an offset lies within what the readings allow")
{
	Machine machine;
	const ClockOffset offset = tightest_offset(machine, 1);
	REQUIRE(offset.contains(machine.offset()));
	REQUIRE(offset.high_ns - offset.low_ns == 40);
	WallClock clock(machine);
	REQUIRE(std::abs(clock.offset_ns() - machine.offset()) <= 20);
	REQUIRE(std::abs(clock.to_unix_ns(machine.boot) - machine.real) <= 20);
}

TEST_CASE("being preempted between the clocks spoils a reading, not the offset")
{
	for (unsigned quiet = 0; quiet < WallClock::kTries; quiet++) {
		Machine machine;
		machine.delays.assign(WallClock::kTries, 30'000'000);
		machine.delays[quiet] = 0;
		WallClock clock(machine);
		REQUIRE(std::abs(clock.offset_ns() - machine.offset()) <= 20);
	}
	// All of them preempted: still right within half of the shortest delay.
	Machine machine;
	machine.delays = {9'000'000, 4'000'000, 1'000'000, 7'000'000, 8'000'000};
	WallClock clock(machine);
	REQUIRE(std::abs(clock.offset_ns() - machine.offset()) <= 500'020);
}

TEST_CASE("jitter never moves the offset, so times never run backwards")
{
	Machine machine;
	WallClock clock(machine);
	const int64_t first = clock.offset_ns();
	std::mt19937 random(3);
	int64_t last = 0;
	for (int i = 0; i < 1000; i++) {
		machine.pass(random() % 1'000'000);
		for (unsigned t = 0; t < WallClock::kTries; t++)
			machine.delays.push_back(random() % 5'000);
		REQUIRE_FALSE(clock.refresh_from(machine));
		REQUIRE(clock.offset_ns() == first);
		const int64_t now = clock.to_unix_ns(machine.boot);
		REQUIRE(now >= last);
		last = now;
	}
}

TEST_CASE("a step of the wall clock is followed at the next refresh, both ways")
{
	for (const int64_t step :
		{kSecond, -kSecond, 3600 * kSecond, -86'400 * kSecond, int64_t{1'000}, int64_t{-1'000}}) {
		Machine machine;
		WallClock clock(machine);
		const uint64_t before = machine.boot;
		const int64_t at = clock.to_unix_ns(before);
		machine.pass(kSecond);
		machine.real += step;
		REQUIRE(clock.refresh_from(machine));
		REQUIRE(std::abs(clock.offset_ns() - machine.offset()) <= 20);
		// What was stamped before the step is told on the new scale: one order of events, one scale.
		REQUIRE(std::abs(clock.to_unix_ns(before) - (at + step)) <= 40);
		REQUIRE_FALSE(clock.refresh_from(machine));
	}
}

TEST_CASE("a suspend changes nothing, as both clocks count it")
{
	Machine machine;
	WallClock clock(machine);
	const int64_t offset = clock.offset_ns();
	machine.pass(8 * 3600 * static_cast<uint64_t>(kSecond));
	REQUIRE_FALSE(clock.refresh_from(machine));
	REQUIRE(clock.offset_ns() == offset);
	REQUIRE(std::abs(clock.to_unix_ns(machine.boot) - machine.real) <= 20);
	// Even if it comes while the clocks are being read.
	machine.delays = {0, 8 * 3600 * static_cast<uint64_t>(kSecond), 0, 0, 0};
	REQUIRE_FALSE(clock.refresh_from(machine));
	REQUIRE(clock.offset_ns() == offset);
}

TEST_CASE("the clocks of this machine agree")
{
	WallClock clock;
	for (int i = 0; i < 100; i++) {
		const ClockReading reading = read_clocks();
		REQUIRE(reading.boot_before_ns <= reading.boot_after_ns);
		const int64_t real = reading.real_ns;
		// Generous, as the machine may be busy: what must not happen is the wrong clock or the wrong unit.
		REQUIRE(clock.to_unix_ns(reading.boot_before_ns) <= real + 50'000'000);
		REQUIRE(clock.to_unix_ns(reading.boot_after_ns) >= real - 50'000'000);
	}
	const uint64_t before = monotonic_ns();
	REQUIRE(boot_ns() >= before);
	REQUIRE(monotonic_ns() >= before);
	REQUIRE(std::abs(clock.now_unix_ns() / kSecond - static_cast<int64_t>(time(nullptr))) <= 1);
}

TEST_CASE("RFC 3339 over all of time")
{
	const std::pair<int64_t, const char*> cases[] = {
		{0, "1970-01-01T00:00:00.000000000Z"},
		{1, "1970-01-01T00:00:00.000000001Z"},
		{-1, "1969-12-31T23:59:59.999999999Z"},
		{-kSecond, "1969-12-31T23:59:59.000000000Z"},
		{951'782'400 * kSecond, "2000-02-29T00:00:00.000000000Z"},
		{1'709'251'199 * kSecond + 999'999'999, "2024-02-29T23:59:59.999999999Z"},
		{1'795'183'640 * kSecond + 123'456'789, "2026-11-20T14:07:20.123456789Z"},
		{4'107'542'400 * kSecond, "2100-03-01T00:00:00.000000000Z"},
		{INT64_MAX, "2262-04-11T23:47:16.854775807Z"},
		{INT64_MIN, "1677-09-21T00:12:43.145224192Z"},
	};
	TimeFormatter format;
	for (const auto& [unix_ns, text] : cases) {
		CHECK(rfc3339(unix_ns) == text);
		Buffer out;
		format.rfc3339(out, unix_ns);
		CHECK(out.view() == text);
	}
}

TEST_CASE("the cached second agrees with the calendar however time jumps")
{
	TimeFormatter format;
	std::mt19937_64 random(11);
	int64_t now = 1'795'183'640 * kSecond;
	for (int i = 0; i < 20'000; i++) {
		switch (random() % 8) {
		case 0:
			now = static_cast<int64_t>(random()); // anywhere
			break;
		case 1:
			now -= now % kSecond; // the first nanosecond of a second, and the last of the one before
			break;
		case 2: now -= now % kSecond + 1; break;
		default: now += static_cast<int64_t>(random() % 400'000'000) - 100'000'000; break;
		}
		Buffer out;
		format.rfc3339(out, now);
		REQUIRE(out.view() == rfc3339(now));
		const int64_t second = now / kSecond - (now % kSecond < 0);
		char expected[32];
		const time_t when = second;
		tm utc{};
		REQUIRE(std::strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S", gmtime_r(&when, &utc)) == 19);
		REQUIRE(out.view().substr(0, 19) == expected);
		REQUIRE(out.view().size() == 30);
	}
}

TEST_CASE("local time goes over daylight saving, forwards and back")
{
	const Zone zone("CET-1CEST,M3.5.0,M10.5.0/3");
	TimeFormatter format;
	const int64_t spring = 1'774'746'000 * kSecond; // 2026-03-29T01:00:00Z
	const int64_t autumn = 1'792'890'000 * kSecond; // 2026-10-25T01:00:00Z
	REQUIRE(rfc3339(spring) == "2026-03-29T01:00:00.000000000Z");
	REQUIRE(rfc3339(autumn) == "2026-10-25T01:00:00.000000000Z");
	CHECK(hms(format, spring - 1) == "01:59:59");
	CHECK(hms(format, spring) == "03:00:00");
	CHECK(hms(format, spring - 1) == "01:59:59"); // the clock is stepped back
	CHECK(hms(format, autumn - 1) == "02:59:59");
	CHECK(hms(format, autumn) == "02:00:00");
	CHECK(hms(format, autumn + 3600 * kSecond) == "03:00:00");
	for (int64_t now = autumn - 7200 * kSecond; now < autumn + 7200 * kSecond; now += 77'777'777'777) {
		const time_t when = now / kSecond;
		tm local{};
		char expected[16];
		std::strftime(expected, sizeof(expected), "%H:%M:%S", localtime_r(&when, &local));
		REQUIRE(hms(format, now) == expected);
	}
}

TEST_CASE("local time knows zones with half hours")
{
	const Zone zone("IST-5:30");
	TimeFormatter format;
	CHECK(hms(format, 0) == "05:30:00");
	CHECK(hms(format, -1) == "05:29:59");
}

TEST_CASE("local times in strftime's words", "[clock]")
{
	constexpr int64_t kNs = 1795176000 * int64_t{1000000000} + 999999999; // 2026-11-20 12:00:00 UTC
	{
		const Zone zone("UTC0");
		CHECK(local_time(kNs) == "2026-11-20 12:00:00");
		CHECK(local_time(kNs, "%H:%M") == "12:00");
		CHECK(local_time(-1) == "1969-12-31 23:59:59");
	}
	const Zone zone("IST-5:30");
	CHECK(local_time(kNs) == "2026-11-20 17:30:00");
}
