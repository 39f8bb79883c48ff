// SPDX-License-Identifier: BSD-2-Clause
// A `hist` record read back, exactly, or refused: what does not add up is no histogram.
#include "report/content.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace corescope::report {

namespace {

constexpr HistUnit kUnits[] = {kNanoseconds, kMicroseconds, kMilliseconds, kBytes, kKibibytes, kItems};
constexpr std::string_view kNoLabels[] = {"type", "id", "store", "ts", "start", "tool", "quantity", "what",
	"host", "options", "version", "boot_id", "hooks", "other", "value_unit", "scheme", "p", "limit", "count",
	"sum", "window_ns", "lost", "dropped_keys", "reset_keys", "p50", "p90", "p99", "p99_9", "max", "slots",
	"histograms", "intervals"};

[[noreturn]] void wrong(const std::string& what) { throw std::runtime_error(what); }

uint64_t number(const JsonLine& line, std::string_view name, uint64_t otherwise)
{
	const uint32_t at = line.find(0, name);
	if (!at || line.is(at, JsonLine::Kind::null))
		return otherwise;
	const auto value = line.u64(at);
	if (!value)
		wrong("`" + std::string(name) + "` is no whole number");
	return *value;
}

void text(const JsonLine& line, std::string_view name, std::string& out)
{
	const uint32_t at = line.find(0, name);
	if (at && line.is(at, JsonLine::Kind::string))
		out = line.string(at);
}

// A decimal times the scale; beyond the scale's own digits it is rounded.
HistSum scaled(std::string_view decimal, uint64_t scale)
{
	constexpr HistSum kMost = HistSum{1} << 100;
	HistSum whole = 0, part = 0, unit = 1;
	bool fraction = false;
	for (const char c : decimal) {
		if (c == '.') {
			fraction = true;
			continue;
		}
		if (c < '0' || c > '9' || whole > kMost)
			wrong("`sum` is no plain decimal that could be one");
		const auto digit = static_cast<unsigned>(c - '0');
		if (!fraction) {
			whole = whole * 10 + digit;
		} else if (unit < HistSum{1000000000000000000}) {
			part = part * 10 + digit;
			unit *= 10;
		}
	}
	return whole * scale + (part * scale + unit / 2) / unit;
}

unsigned digits(std::string_view text, size_t at, size_t count)
{
	unsigned value = 0;
	for (size_t i = at; i < at + count; i++) {
		if (text[i] < '0' || text[i] > '9')
			wrong("a time is not written like 2026-11-20T14:07:20Z");
		value = value * 10 + static_cast<unsigned>(text[i] - '0');
	}
	return value;
}

// Days since 1970 of a date of the Gregorian calendar.
int64_t days_of(int64_t year, unsigned month, unsigned day)
{
	year -= month <= 2;
	const int64_t era = year / 400;
	const int64_t of_era = year - era * 400;
	const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void add_slots(const JsonLine& line, const HistUnit& unit, Histogram& histogram)
{
	const uint32_t slots = line.find(0, "slots");
	if (!slots || !line.is(slots, JsonLine::Kind::array))
		wrong("there are no `slots`");
	HistSum counted = 0;
	const unsigned p = histogram.p();
	line.items(slots, [&](uint32_t slot) {
		std::array<uint32_t, 2> pair{};
		size_t size = 0;
		if (line.is(slot, JsonLine::Kind::array))
			line.items(slot, [&](uint32_t item) {
				if (size < 2)
					pair[size] = item;
				size++;
			});
		const auto count = size == 2 ? line.u64(pair[1]) : std::nullopt;
		if (!count)
			wrong("a slot is not [upper, count]");
		counted += *count;
		if (counted > UINT64_MAX)
			wrong("its slots hold more than 64 bits count");
		if (line.is(pair[0], JsonLine::Kind::null)) {
			if (histogram.limit() == Histogram::kNoLimit)
				wrong("a slot lies above a limit that there is not");
			histogram.add_overflow(*count, 0);
			return;
		}
		const auto upper = line.u64(pair[0]);
		if (!upper || *upper > histogram.limit() || hist_upper_p(hist_slot_p(*upper, p), p) != *upper)
			wrong("a slot's upper bound is none of its scheme");
		histogram.add_slot(hist_slot_p(*upper, p), *count, 0);
	});
	const uint32_t sum = line.find(0, "sum");
	if (!sum || !line.is(sum, JsonLine::Kind::number))
		wrong("there is no `sum`");
	const HistSum base = scaled(line.node(sum).text, unit.scale);
	if (histogram.limit() == Histogram::kNoLimit)
		histogram.add_slot(0, 0, base);
	else
		histogram.add_overflow(0, base);
	if (histogram.count() != number(line, "count", histogram.count()))
		wrong("its slots do not add up to its count");
}

} // namespace

int64_t parse_rfc3339(std::string_view text)
{
	constexpr std::string_view kShape = "....-..-..T..:..:..";
	if (text.size() < kShape.size() + 1)
		wrong("a time is not written like 2026-11-20T14:07:20Z");
	for (size_t i = 0; i < kShape.size(); i++)
		if (kShape[i] != '.' && text[i] != kShape[i])
			wrong("a time is not written like 2026-11-20T14:07:20Z");
	const unsigned year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
	if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 31)
		wrong("a time is of no day from 1970 to 2261");
	int64_t seconds = days_of(year, month, day) * 86400 + digits(text, 11, 2) * 3600 +
		digits(text, 14, 2) * 60 + digits(text, 17, 2);
	size_t at = kShape.size();
	int64_t ns = 0;
	if (text[at] == '.') {
		int64_t unit = 100000000;
		for (at++; at < text.size() && text[at] >= '0' && text[at] <= '9'; at++, unit /= 10)
			ns += unit * (text[at] - '0');
	}
	const std::string_view zone = text.substr(at);
	if (zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':') {
		const int64_t ahead = digits(zone, 1, 2) * 3600 + digits(zone, 4, 2) * 60;
		seconds -= zone[0] == '+' ? ahead : -ahead;
	} else if (zone != "Z" && zone != "z") {
		wrong("a time does not say its zone (Z, +01:00)");
	}
	return seconds * 1000000000 + ns;
}

HistRecord hist_record(
	const JsonLine& line, const HistSource& run, std::shared_ptr<const HistSource>& last_source)
{
	HistSource source = run;
	for (const auto& [name, out] : {std::pair<const char*, std::string*>{"tool", &source.tool},
			 {"quantity", &source.quantity}, {"what", &source.what}, {"host", &source.host},
			 {"options", &source.options}, {"version", &source.version}, {"boot_id", &source.boot_id}})
		text(line, name, *out);
	std::string unit;
	text(line, "value_unit", unit);
	const HistUnit* known = std::find_if(
		std::begin(kUnits), std::end(kUnits), [&](const HistUnit& one) { return unit == one.name; });
	if (known == std::end(kUnits))
		wrong("its `value_unit` is none that is known");
	source.unit = *known;

	const uint64_t p = number(line, "p", HIST_P);
	const uint64_t limit = number(line, "limit", Histogram::kNoLimit);
	if (p > kHistMaxP || (limit != Histogram::kNoLimit && (limit & (limit - 1))) || limit < uint64_t{1} << p)
		wrong("its `p` and `limit` are no scheme");
	HistRecord record{
		nullptr, {}, number(line, "other", 0), 0, {}, Histogram(static_cast<unsigned>(p), limit)};
	record.window = {number(line, "window_ns", 0), number(line, "lost", 0), number(line, "dropped_keys", 0),
		number(line, "reset_keys", 0)};
	std::string ts;
	text(line, "ts", ts);
	const int64_t end = parse_rfc3339(ts);
	if (record.window.window_ns > static_cast<uint64_t>(INT64_MAX) ||
		__builtin_sub_overflow(end, static_cast<int64_t>(record.window.window_ns), &record.start_unix_ns))
		wrong("its `window_ns` is longer than time is");
	std::string start; // of a merged one, the window is less than what lies between
	text(line, "start", start);
	if (!start.empty())
		record.start_unix_ns = parse_rfc3339(start);
	int64_t ends = 0;
	if (record.start_unix_ns < 0 ||
		__builtin_add_overflow(record.start_unix_ns, record.window.window_ns, &ends))
		wrong("its `window_ns` is longer than time is");
	add_slots(line, source.unit, record.histogram);

	line.members(0, [&](std::string_view raw, uint32_t value) {
		const std::string name = line.string(value - 1);
		if (std::find(std::begin(kNoLabels), std::end(kNoLabels), name) != std::end(kNoLabels) ||
			(raw.ends_with("_b64") && line.find(0, raw.substr(0, raw.size() - 4))))
			return;
		if (record.labels.size() >= 32)
			wrong("it has too many labels");
		record.labels.push_back({name, line.string(value), line.is(value, JsonLine::Kind::number)});
	});

	const auto same = [&](const HistSource& a) {
		return a.tool == source.tool && a.quantity == source.quantity && a.options == source.options &&
			a.host == source.host && a.boot_id == source.boot_id && a.version == source.version &&
			a.what == source.what && a.hooks == source.hooks && a.unit == source.unit;
	};
	if (!last_source || !same(*last_source))
		last_source = std::make_shared<HistSource>(std::move(source));
	record.source = last_source;
	return record;
}

} // namespace corescope::report
