// SPDX-License-Identifier: BSD-2-Clause
// The grid of intervals, and each of the reasons for which a run ends, at chosen times.
#include <catch2/catch.hpp>

#include "cli/run_clock.h"
#include "system/clock.h"

#include <csignal>
#include <unistd.h>
#include <utility>

using namespace corescope;

namespace {

constexpr uint64_t kSecond = 1000000000;
constexpr uint64_t kStart = 5 * kSecond + 123;

} // namespace

TEST_CASE("intervals lie on a grid from the start", "[run_clock]")
{
	const RunClock clock({.interval_ns = kSecond}, kStart);
	CHECK(clock.start_ns() == kStart);
	CHECK(clock.next_due(kStart) == kStart + kSecond);
	CHECK(clock.next_due(kStart + 1) == kStart + kSecond);
	CHECK(clock.next_due(kStart + kSecond - 1) == kStart + kSecond);
	// Told late: the grid stays where it was.
	CHECK(clock.next_due(kStart + kSecond + 7) == kStart + 2 * kSecond);
	// One that could not be told at all is part of the next.
	CHECK(clock.next_due(kStart + 7 * kSecond / 2) == kStart + 4 * kSecond);
	CHECK(clock.next_due(kStart + 4 * kSecond) == kStart + 5 * kSecond);
}

TEST_CASE("a run without interval, duration or limit has nothing to wait for", "[run_clock]")
{
	const RunClock none;
	CHECK(none.next_due(kStart) == kForever);
	RunClock clock({}, kStart);
	CHECK(clock.next_due(kStart) == kForever);
	CHECK_FALSE(clock.look(kForever - 1, 0));
	clock.told();
	CHECK_FALSE(clock.ended());
}

TEST_CASE("the end comes before the next interval where it lies there", "[run_clock]")
{
	const RunClock clock({.interval_ns = kSecond, .duration_ns = 5 * kSecond / 2}, kStart);
	CHECK(clock.next_due(kStart + kSecond) == kStart + 2 * kSecond);
	CHECK(clock.next_due(kStart + 2 * kSecond) == kStart + 5 * kSecond / 2);
}

TEST_CASE("lengths that no clock can hold never come", "[run_clock]")
{
	CHECK(RunClock({.interval_ns = kForever - 1}, kStart).next_due(kStart) == kForever);
	RunClock clock({.duration_ns = kForever - 1}, kStart);
	CHECK(clock.next_due(kStart) == kForever);
	CHECK_FALSE(clock.look(kStart + kSecond, 0));
}

TEST_CASE("a run ends for a reason", "[run_clock]")
{
	RunClock clock({.intervals = 2, .duration_ns = 3 * kSecond, .job_end_ns = kStart + 9 * kSecond}, kStart);
	CHECK(clock.end() == "");
	CHECK_FALSE(clock.look(kStart + 3 * kSecond - 1, 0));

	SECTION("its duration")
	{
		CHECK(clock.look(kStart + 3 * kSecond, 0));
		CHECK(clock.end() == "duration");
	}
	SECTION("the job's limit, when both have passed")
	{
		CHECK(clock.look(kStart + 9 * kSecond, 0));
		CHECK(clock.end() == "max-runtime");
	}
	SECTION("a signal, even when its time has come too")
	{
		const auto [signal, name] =
			GENERATE(std::pair{SIGINT, "SIGINT"}, std::pair{SIGTERM, "SIGTERM"}, std::pair{SIGHUP, "SIGHUP"});
		CHECK(clock.look(kStart + 3 * kSecond, signal));
		CHECK(clock.end() == name);
	}
	SECTION("enough intervals")
	{
		clock.told();
		CHECK_FALSE(clock.ended());
		clock.told();
		CHECK(clock.end() == "count");
		CHECK(clock.intervals_told() == 2);
	}
	SECTION("enough records")
	{
		clock.enough();
		CHECK(clock.end() == "count");
	}
}

TEST_CASE("the first reason stays", "[run_clock]")
{
	RunClock clock({.intervals = 1, .duration_ns = kSecond}, kStart);
	CHECK(clock.look(kStart, SIGTERM));
	CHECK(clock.look(kStart + kSecond, SIGINT));
	clock.told(); // the interval that had begun
	CHECK(clock.end() == "SIGTERM");
}

TEST_CASE("of two limits the least that is one", "[run_clock]")
{
	CHECK(least_limit(0, 0) == 0);
	CHECK(least_limit(3, 0) == 3);
	CHECK(least_limit(0, 4) == 4);
	CHECK(least_limit(4, 3) == 3);
}

TEST_CASE("a sleep ends when it is due, and before when there is something to read", "[run_clock]")
{
	const uint64_t due_ns = monotonic_ns() + kSecond / 100;
	while (monotonic_ns() < due_ns)
		sleep_until(due_ns);
	sleep_until(0); // long past

	int ends[2];
	REQUIRE(pipe(ends) == 0);
	REQUIRE(write(ends[1], "x", 1) == 1);
	sleep_until(kForever, ends[0]);
	close(ends[0]);
	close(ends[1]);
}
