// SPDX-License-Identifier: BSD-2-Clause
// See time_span.h. What no calendar has (February 30, 14:61) is refused, not carried over.
#include "cli/time_span.h"

#include "base/parse.h"
#include "cli/values.h"

#include <algorithm>
#include <time.h>

namespace corescope {

namespace {

constexpr int64_t kSecond = 1000000000;

BadValue bad()
{
	return BadValue{
		"is no time (such as 7d, 14:05, 2026-11-20, '2026-11-20 14:05', yesterday, 2026-11-01..2026-11-07)"};
}

// Takes exactly so many digits off the front.
int take(std::string_view& text, size_t digits, int least, int most)
{
	const std::string_view number = text.substr(0, digits);
	if (number.size() != digits || number.find_first_not_of("0123456789") != std::string_view::npos)
		throw bad();
	text.remove_prefix(digits);
	return static_cast<int>(parse_number(number, static_cast<uint64_t>(least), static_cast<uint64_t>(most)));
}

bool skip(std::string_view& text, char c)
{
	if (text.empty() || text.front() != c)
		return false;
	text.remove_prefix(1);
	return true;
}

struct Civil {
	tm parts{};
	int64_t fraction_ns = 0;
};

void take_date(std::string_view& text, Civil& to)
{
	to.parts.tm_year = take(text, 4, 1970, 2261) - 1900;
	if (!skip(text, '-'))
		throw bad();
	to.parts.tm_mon = take(text, 2, 1, 12) - 1;
	if (!skip(text, '-'))
		throw bad();
	to.parts.tm_mday = take(text, 2, 1, 31);
}

void take_clock(std::string_view& text, Civil& to)
{
	to.parts.tm_hour = take(text, 2, 0, 23);
	if (!skip(text, ':'))
		throw bad();
	to.parts.tm_min = take(text, 2, 0, 59);
	to.parts.tm_sec = 0;
	if (!skip(text, ':'))
		return;
	to.parts.tm_sec = take(text, 2, 0, 60);
	if (!skip(text, '.'))
		return;
	int64_t place = kSecond;
	while (!text.empty() && text.front() >= '0' && text.front() <= '9' && place > 1) {
		place /= 10;
		to.fraction_ns += (text.front() - '0') * place;
		text.remove_prefix(1);
	}
}

// east_s: how far east of Greenwich; local time where it is null.
int64_t to_ns(Civil civil, const int64_t* east_s)
{
	civil.parts.tm_isdst = -1;
	const int month = civil.parts.tm_mon, day = civil.parts.tm_mday;
	const time_t time = east_s ? timegm(&civil.parts) : mktime(&civil.parts);
	if (civil.parts.tm_mon != month || civil.parts.tm_mday != day)
		throw BadValue{"is on no calendar"};
	return (int64_t{time} - (east_s ? *east_s : 0)) * kSecond + civil.fraction_ns;
}

int64_t start_of_day(int64_t ns, int later_days)
{
	const time_t time = ns / kSecond;
	Civil civil;
	localtime_r(&time, &civil.parts);
	civil.parts.tm_hour = civil.parts.tm_min = civil.parts.tm_sec = 0;
	civil.parts.tm_mday += later_days;
	civil.parts.tm_isdst = -1;
	return int64_t{mktime(&civil.parts)} * kSecond;
}

int64_t zone(std::string_view& text)
{
	if (skip(text, 'Z'))
		return 0;
	const int64_t sign = text.front() == '-' ? -1 : 1;
	text.remove_prefix(1);
	const int64_t hours = take(text, 2, 0, 14);
	skip(text, ':');
	return sign * (hours * 3600 + take(text, 2, 0, 59) * 60);
}

TimeSpan parse_one(std::string_view text, int64_t now_ns)
{
	const auto instant = [](int64_t ns) { return TimeSpan{true, {}, ns, ns}; };
	if (text == "now")
		return instant(now_ns);
	if (text == "today" || text == "yesterday") {
		const int64_t today = start_of_day(now_ns, 0);
		return text == "today" ? TimeSpan{true, {}, today, start_of_day(today, 1)}
							   : TimeSpan{true, {}, start_of_day(today, -1), today};
	}
	if (skip(text, '@'))
		return instant(static_cast<int64_t>(parse_number(text, 0, 9000000000)) * kSecond);
	if (!text.empty() && std::string_view("smhd").find(text.back()) != std::string_view::npos) {
		Duration ago;
		parse_value(ago, std::string(text).c_str());
		return instant(now_ns - static_cast<int64_t>(ago.ns));
	}
	Civil civil;
	if (text.size() > 2 && text[2] == ':') {
		const time_t today = now_ns / kSecond;
		localtime_r(&today, &civil.parts);
		take_clock(text, civil);
	} else {
		take_date(text, civil);
		if (text.empty()) {
			const int64_t day = to_ns(civil, nullptr);
			return {true, {}, day, start_of_day(day, 1)};
		}
		if (!skip(text, 'T') && !skip(text, ' '))
			throw bad();
		take_clock(text, civil);
	}
	if (text.empty())
		return instant(to_ns(civil, nullptr));
	if (std::string_view("Z+-").find(text.front()) == std::string_view::npos)
		throw bad();
	const int64_t east_s = zone(text);
	if (!text.empty())
		throw bad();
	return instant(to_ns(civil, &east_s));
}

} // namespace

TimeSpan parse_time_span(const std::string& text, int64_t now_ns)
{
	TimeSpan span;
	const size_t dots = text.find("..");
	if (dots == std::string::npos) {
		span = parse_one(text, now_ns);
	} else {
		const TimeSpan a = parse_one(std::string_view(text).substr(0, dots), now_ns);
		const TimeSpan b = parse_one(std::string_view(text).substr(dots + 2), now_ns);
		span = {true, {}, a.from_ns, b.until_ns};
		if (span.from_ns >= span.until_ns)
			throw BadValue{"ends before it begins"};
	}
	span.text = text;
	return span;
}

void parse_value(TimeSpan& out, const char* text)
{
	timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	out = parse_time_span(text, int64_t{now.tv_sec} * kSecond + now.tv_nsec);
}

} // namespace corescope
