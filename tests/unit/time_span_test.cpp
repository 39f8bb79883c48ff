// SPDX-License-Identifier: BSD-2-Clause
// Times as they are typed, in two time zones, one of which changes its clocks; and sparklines.
#include "base/parse.h"
#include "cli/time_span.h"
#include "output/sparkline.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <time.h>
#include <vector>

#include <catch2/catch.hpp>

using namespace corescope;

namespace {

constexpr int64_t kSecond = 1000000000;
constexpr int64_t kNow = 1795202400 * kSecond; // 2026-11-20 19:20:00 UTC

// For as long as it lives, local time is that of a rule, which needs no files.
class Zone {
public:
	explicit Zone(const char* rule)
	{
		if (const char* old = std::getenv("TZ"))
			old_ = old;
		setenv("TZ", rule, 1);
		tzset();
	}
	~Zone()
	{
		if (old_)
			setenv("TZ", old_->c_str(), 1);
		else
			unsetenv("TZ");
		tzset();
	}

private:
	std::optional<std::string> old_;
};

constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";

int64_t at(const std::string& text)
{
	const TimeSpan span = parse_time_span(text, kNow);
	CHECK(span.given);
	CHECK(span.instant());
	CHECK(span.text == text);
	return span.from_ns;
}

std::pair<int64_t, int64_t> seconds_of(const std::string& text)
{
	const TimeSpan span = parse_time_span(text, kNow);
	CHECK_FALSE(span.instant());
	return {span.from_ns / kSecond, span.until_ns / kSecond};
}

std::string spark(const std::vector<std::optional<uint64_t>>& values, bool unicode)
{
	Buffer out(256);
	append_sparkline(out, values, unicode);
	return std::string(out.view());
}

} // namespace

TEST_CASE("times: instants")
{
	const Zone zone("UTC0");
	CHECK(at("now") == kNow);
	CHECK(at("90m") == kNow - 5400 * kSecond);
	CHECK(at("7d") == kNow - 7 * 86400 * kSecond);
	CHECK(at("0.5s") == kNow - kSecond / 2);
	CHECK(at("@12") == 12 * kSecond);
	CHECK(at("19:20") == kNow);
	CHECK(at("19:19:59.25") == kNow - kSecond * 3 / 4);
	CHECK(at("2026-11-20 19:20") == kNow);
	CHECK(at("2026-11-20T19:20:00Z") == kNow);
	CHECK(at("2026-11-20T20:20:00+01:00") == kNow);
	CHECK(at("2026-11-20T13:50:00-0530") == kNow);
	CHECK(at("2026-11-20T19:20:00.123456789Z") == kNow + 123456789);
	CHECK(at("1970-01-01T00:00:01Z") == kSecond);
}

TEST_CASE("times: spans")
{
	const Zone zone("UTC0");
	constexpr int64_t kDay = 86400, kToday = 1795132800;
	CHECK(seconds_of("2026-11-20") == std::pair{kToday, kToday + kDay});
	CHECK(seconds_of("today") == std::pair{kToday, kToday + kDay});
	CHECK(seconds_of("yesterday") == std::pair{kToday - kDay, kToday});
	CHECK(seconds_of("2026-11-18..2026-11-19") == std::pair{kToday - 2 * kDay, kToday});
	CHECK(seconds_of("2026-11-18..now") == std::pair{kToday - 2 * kDay, kNow / kSecond});
	CHECK(seconds_of("3h..1h") == std::pair{kNow / kSecond - 10800, kNow / kSecond - 3600});
	CHECK(seconds_of("14:00..15:30").second - seconds_of("14:00..15:30").first == 5400);
	CHECK(seconds_of("2024-02-29") == std::pair<int64_t, int64_t>{1709164800, 1709164800 + kDay});
}

TEST_CASE("times: local days are as long as they are")
{
	const Zone zone(kBerlin);
	CHECK(at("2026-11-20 20:20") == kNow);
	CHECK(at("2026-07-01 12:00") == at("2026-07-01T10:00Z"));
	const auto hours = [](const std::string& day) {
		const auto [from, until] = seconds_of(day);
		return (until - from) / 3600;
	};
	CHECK(hours("2026-11-20") == 24);
	CHECK(hours("2026-03-29") == 23);
	CHECK(hours("2026-10-25") == 25);
	CHECK(seconds_of("today").first == at("2026-11-19T23:00Z") / kSecond);
}

TEST_CASE("times: what is none is refused")
{
	for (const char* bad : {"", "soon", "2026", "2026-13-01", "2026-02-29", "2026-11-31", "2026-11-20 25:00",
			 "2026-11-20 14:60", "14:5", "2026-11-20x", "2026-11-20 14:05x", "2026-11-20T14:05+1", "2026-1-2",
			 "7", "-7d", "7x", "..", "now..", "1h..2h", "2026-11-20..2026-11-18", "@", "@-1", "20:00..19:00",
			 "2026-11-20 14:05 ", "9999-01-01", "1e9s"}) {
		INFO(bad);
		CHECK_THROWS_AS(parse_time_span(bad, kNow), BadValue);
	}
}

TEST_CASE("sparklines: heights by the logarithm, a column for each value")
{
	CHECK(spark({}, true).empty());
	CHECK(spark({0, 1, 3, 7, 15, 31, 63, 127, 255}, false) == "_.-:=+*##");
	CHECK(spark({127, std::nullopt, 0}, true) == "█ ▁");
	CHECK(spark({100, 100, 100}, false) == "___");
	CHECK(spark({100, 112}, false) == "__"); // a neighbouring bucket is no mountain
	CHECK(spark({~uint64_t{0}, 1}, false) == "#_");
}
