// SPDX-License-Identifier: BSD-2-Clause
// Histograms as rows, text, JSON and CSV: read back by a parser or column by column, never by eye.
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "json.h"
#include "output/hist_json.h"
#include "output/hist_text.h"

using namespace corescope;

namespace {

constexpr uint64_t kMax = ~uint64_t{0};

std::vector<std::string> split(std::string_view text, char at)
{
	std::vector<std::string> parts;
	for (size_t end; (end = text.find(at)) != std::string_view::npos; text.remove_prefix(end + 1))
		parts.emplace_back(text.substr(0, end));
	parts.emplace_back(text);
	return parts;
}

// Lines without their newlines; the text must end in one.
std::vector<std::string> lines_of(std::string_view text)
{
	REQUIRE(!text.empty());
	REQUIRE(text.back() == '\n');
	return split(text.substr(0, text.size() - 1), '\n');
}

std::string text_of(const Histogram& h, const HistUnit& unit = kMicroseconds, const HistWindow& window = {})
{
	Buffer out;
	append_hist_text(out, h, unit, window);
	return std::string(out.view());
}

nlohmann::json json_of(
	const Histogram& h, const HistUnit& unit = kMicroseconds, const HistWindow& window = {})
{
	Buffer out;
	out.append('{');
	append_hist_json(out, h, unit, window);
	out.append('}');
	return nlohmann::json::parse(out.view());
}

std::string decimal(HistSum sum, uint64_t scale)
{
	Buffer out;
	append_hist_decimal(out, sum, scale);
	return std::string(out.view());
}

std::string sum_text(HistSum sum, HistBase base)
{
	Buffer out;
	append_hist_sum(out, sum, base);
	return std::string(out.view());
}

Histogram with(
	std::initializer_list<std::pair<uint64_t, uint64_t>> counts, uint64_t limit = Histogram::kNoLimit)
{
	Histogram h(HIST_P, limit);
	for (const auto& [value, n] : counts) {
		if (value > limit)
			h.add_overflow(n, HistSum{value} * n * 1000);
		else
			h.add_slot(hist_slot(value), n, HistSum{value} * n * 1000);
	}
	return h;
}

HistBucket bucket(uint64_t low, uint64_t high, uint64_t count) { return {low, high, count, false}; }

} // namespace

TEST_CASE("what is over the limit has no upper bound, and says so")
{
	const Histogram h = with({{1, 1}, {2, 1}, {300, 1}, {kMax, 1}}, 256);
	CHECK(h.overflow() == 2);
	CHECK(h.percentile(0.5) == HistBucket{2, 2, 1, false});
	CHECK(h.max_bucket()->overflow);
	const HistBucket over{257, kMax, 2, true};
	CHECK(h.buckets() == std::vector<HistBucket>({bucket(0, 1, 1), bucket(2, 2, 1), over}));
	const std::vector<HistBucket> rows = h.rows();
	REQUIRE(rows.size() == 10);
	CHECK(rows[8] == HistBucket{129, 256, 0, false});
	CHECK(rows[9] == over);
}

TEST_CASE("rows are powers of two from 0 to the last that holds something")
{
	const Histogram h =
		with({{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}, {8, 1}, {9, 1}, {16, 1}, {100, 1}});
	const std::vector<HistBucket> expected({bucket(0, 1, 2), bucket(2, 2, 1), bucket(3, 4, 2),
		bucket(5, 8, 2), bucket(9, 16, 2), bucket(17, 32, 0), bucket(33, 64, 0), bucket(65, 128, 1)});
	CHECK(h.rows() == expected);
	CHECK(Histogram().rows().empty());
	CHECK(Histogram().buckets().empty());
	CHECK(with({{kMax, 1}}).rows().back() == HistBucket{(uint64_t{1} << 63) + 1, kMax, 1, false});
	CHECK(h.mean() == Approx(14800));
	CHECK(Histogram().mean() == 0.0);
}

TEST_CASE("the classic layout, to the letter")
{
	const Histogram h = with({{1, 10}, {2, 20}, {4, 40}, {100, 1}});
	const HistWindow window{.window_ns = 10000400000, .lost = 0, .dropped_keys = 0};
	CHECK(text_of(h, kMicroseconds, window) ==
		"     usecs               : count    share  distribution\n"
		"         0 -> 1          : 10       14.1% |**********                              |\n"
		"         2 -> 2          : 20       28.2% |********************                    |\n"
		"         3 -> 4          : 40       56.3% |****************************************|\n"
		"         5 -> 8          : 0         0.0% |                                        |\n"
		"         9 -> 16         : 0         0.0% |                                        |\n"
		"        17 -> 32         : 0         0.0% |                                        |\n"
		"        33 -> 64         : 0         0.0% |                                        |\n"
		"        65 -> 128        : 1         1.4% |*                                       |\n"
		"count 71, sum 310 us, window 10.000 s, p50 <= 4 us, p90 <= 4 us, p99 <= 104 us, p99.9 <= 104 us, "
		"max <= 104 us\n");
}

TEST_CASE("losses are told when there are any")
{
	const Histogram h = with({{1, 1}});
	CHECK(lines_of(text_of(h)).size() == 3);
	CHECK(lines_of(text_of(h, kMicroseconds, {.lost = 3})).back() == "lost 3");
	CHECK(lines_of(text_of(h, kMicroseconds, {.dropped_keys = 2})).back() == "dropped keys 2");
	CHECK(lines_of(text_of(h, kMicroseconds, {.lost = kMax, .dropped_keys = 2, .reset_keys = 1})).back() ==
		"lost 18446744073709551615, dropped keys 2, reset keys 1");
}

TEST_CASE("a histogram of nothing says so")
{
	CHECK(text_of(Histogram(), kMicroseconds, {.window_ns = 1500000000}) ==
		"count 0, sum 0 ns, window 1.500 s\n");
	CHECK(text_of(Histogram(), kMicroseconds, {.lost = 1}) == "count 0, sum 0 ns, window 0.000 s\nlost 1\n");
}

TEST_CASE("no row leaves its column, whatever the counts and bounds")
{
	std::mt19937_64 random(1);
	const auto check = [](const Histogram& h, const HistUnit& unit) {
		const std::vector<std::string> lines = lines_of(text_of(h, unit));
		const std::vector<HistBucket> rows = h.rows();
		REQUIRE(lines.size() == rows.size() + 2);
		const size_t colon = lines[0].find(" : ");
		REQUIRE(colon != std::string::npos);
		REQUIRE(lines[0].find("distribution") > colon);
		const size_t bar = lines[1].find('|');
		uint64_t total = 0;
		for (size_t i = 0; i < rows.size(); i++) {
			const std::string& line = lines[i + 1];
			CAPTURE(line);
			REQUIRE(line.find(" : ") == colon);
			REQUIRE(line.find('|') == bar);
			REQUIRE(line.size() == bar + 42);
			REQUIRE(line.back() == '|');
			REQUIRE(line[bar - 2] == '%');
			REQUIRE(line[bar - 1] == ' ');
			// A space always parts the count from the share.
			REQUIRE(line[bar - 8] == ' ');
			size_t end = 0;
			const uint64_t low = std::stoull(line, &end);
			REQUIRE(line.substr(end, 4) == " -> ");
			const std::string high = line.substr(end + 4, line.find(' ', end + 4) - end - 4);
			const uint64_t count = std::stoull(line.substr(colon + 3));
			REQUIRE(low == rows[i].low);
			REQUIRE(high == (rows[i].overflow ? "inf" : std::to_string(rows[i].high)));
			REQUIRE(count == rows[i].count);
			total += count;
		}
		REQUIRE(total == h.count());
	};
	check(with({{1, kMax}}), kMicroseconds);
	check(with({{kMax, kMax}}), kNanoseconds);
	check(with({{1, kMax / 2}, {kMax, kMax / 2}}), kItems);
	check(with({{3, 99999999}, {5, 9999999}, {kMax, 5}}), kMilliseconds);
	check(with({{1, 1}, {kMax, kMax - 1}}, uint64_t{1} << 36), kMicroseconds);
	check(with({{kMax, 1}}, uint64_t{1} << 8), kKibibytes);
	for (int round = 0; round < 300; round++) {
		Histogram h(HIST_P, round % 2 ? uint64_t{1} << 36 : Histogram::kNoLimit);
		for (int i = 0; i < 20; i++)
			h.add_slot(hist_slot(random() >> (random() % 64)), random() >> (5 + random() % 59), 1);
		if (!h.empty())
			check(h, kMicroseconds);
	}
}

TEST_CASE("shares and bars are in proportion")
{
	const std::vector<std::string> lines = lines_of(text_of(with({{1, 1}, {2, 1}, {4, 1}})));
	for (size_t i = 1; i <= 3; i++) {
		CHECK(lines[i].find(" 33.3% |") != std::string::npos);
		CHECK(std::count(lines[i].begin(), lines[i].end(), '*') == 40);
	}
	const std::string all = lines_of(text_of(with({{1, kMax}})))[1];
	CHECK(all.find(" 100.0% |*") != std::string::npos);
	// One in 10^19 is seen by its count, though it has neither share nor star.
	const std::vector<std::string> tiny = lines_of(text_of(with({{1, 1}, {2, kMax - 1}})));
	CHECK(tiny[1].find(": 1 ") != std::string::npos);
	CHECK(tiny[1].find("  0.0% | ") != std::string::npos);
}

TEST_CASE("units and bounds stand in the figures")
{
	const std::string us = lines_of(text_of(with({{1000, 5}}, 512))).back();
	CHECK(us ==
		"count 5, sum 5 ms, window 0.000 s, p50 > 512 us, p90 > 512 us, p99 > 512 us, p99.9 > 512 us, "
		"max > 512 us");
	Histogram h;
	h.add(3, 3);
	CHECK(lines_of(text_of(h, kItems)).back() ==
		"count 1, sum 3, window 0.000 s, p50 <= 3, p90 <= 3, p99 <= 3, p99.9 <= 3, max <= 3");
	CHECK(lines_of(text_of(h, kMilliseconds))[0].rfind("     msecs ", 0) == 0);
	CHECK(lines_of(text_of(h, kKibibytes)).back().find("sum 3 B, ") != std::string::npos);
}

TEST_CASE("sums as people read them")
{
	const HistBase time = HistBase::time_ns;
	CHECK(sum_text(0, time) == "0 ns");
	CHECK(sum_text(999, time) == "999 ns");
	CHECK(sum_text(1000, time) == "1 us");
	CHECK(sum_text(56700000, time) == "56.7 ms");
	CHECK(sum_text(999999999, time) == "999.999 ms");
	CHECK(sum_text(1000000000, time) == "1 s");
	CHECK(sum_text(HistSum{kMax} * 1000, time) == "18446744073709.551 s");
	CHECK(sum_text(1536, HistBase::bytes) == "1.5 KiB");
	CHECK(sum_text((1 << 20) + (1 << 18), HistBase::bytes) == "1.25 MiB");
	CHECK(sum_text(123456789, HistBase::none) == "123456789");
}

TEST_CASE("decimals are exact, at any size")
{
	CHECK(decimal(0, 1000) == "0");
	CHECK(decimal(1, 1000) == "0.001");
	CHECK(decimal(1500, 1000) == "1.5");
	CHECK(decimal(100000, 1000) == "100");
	CHECK(decimal(1, 1000000) == "0.000001");
	CHECK(decimal(1, 1024) == "0.0009765625");
	CHECK(decimal(1000000000000000000, 1) == "1000000000000000000");
	CHECK(decimal(HistSum{1000000000000000000} * 1000000000000000000, 1) ==
		"1000000000000000000000000000000000000");
	CHECK(decimal(~HistSum{0}, 1) == "340282366920938463463374607431768211455");
	CHECK(decimal(~HistSum{0}, 1000) == "340282366920938463463374607431768211.455");
	std::mt19937_64 random(2);
	for (int i = 0; i < 20000; i++) {
		const uint64_t value = random() >> (random() % 64);
		REQUIRE(decimal(value, 1) == std::to_string(value));
		const std::string text = decimal(value, 1000);
		const size_t point = text.find('.');
		std::string digits = text.substr(0, point);
		std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
		REQUIRE((point == std::string::npos || (!fraction.empty() && fraction.back() != '0')));
		fraction.resize(3, '0');
		REQUIRE(std::stoull(digits) == value / 1000);
		REQUIRE(std::stoull(fraction) == value % 1000);
	}
}

TEST_CASE("a JSON record carries all that the histogram knows")
{
	const Histogram h = with({{1, 10}, {5, 20}, {100, 3}, {600, 2}}, 512);
	const HistWindow window{.window_ns = 5000000001, .lost = 4, .dropped_keys = 6};
	const nlohmann::json j = json_of(h, kMicroseconds, window);
	CHECK(j["value_unit"] == "us");
	CHECK(j["scheme"] == "log-linear");
	CHECK(j["p"] == 3);
	CHECK(j["limit"] == 512);
	CHECK(j["count"] == 35);
	CHECK(j["sum"] == 1610);
	CHECK(j["window_ns"] == 5000000001);
	CHECK(j["lost"] == 4);
	CHECK(j["dropped_keys"] == 6);
	CHECK_FALSE(j.contains("reset_keys"));
	CHECK(j["p50"] == 5);
	CHECK(j["p90"] == 104);
	CHECK(j["p99"].is_null());
	CHECK(j["p99_9"].is_null());
	CHECK(j["max"].is_null());
	CHECK(j["slots"] == nlohmann::json::parse("[[1,10],[5,20],[104,3],[null,2]]"));
	CHECK(json_of(h, kMicroseconds, {.reset_keys = 9})["reset_keys"] == 9);

	const nlohmann::json none = json_of(Histogram());
	CHECK(none["count"] == 0);
	CHECK(none["limit"].is_null());
	CHECK(none["p50"].is_null());
	CHECK(none["max"].is_null());
	CHECK(none["slots"] == nlohmann::json::array());
}

TEST_CASE("numbers in JSON keep every digit")
{
	Histogram h;
	h.add(kMax, kMax);
	h.add_slot(hist_slot(1), kMax - 1, 0);
	Buffer out;
	append_hist_json(out, h, kMicroseconds, {.window_ns = kMax, .lost = kMax, .dropped_keys = kMax});
	const std::string text(out.view());
	CHECK(text.find("\"count\":18446744073709551615,") != std::string::npos);
	CHECK(text.find("\"sum\":18446744073709551.615,") != std::string::npos);
	CHECK(text.find("\"window_ns\":18446744073709551615,") != std::string::npos);
	CHECK(text.find("[18446744073709551615,1]]") != std::string::npos);
	CHECK(text.find('\n') == std::string::npos);
	CHECK(text.find("e+") == std::string::npos);
	CHECK(text.front() == '"');
	CHECK(text.back() == ']');
}

TEST_CASE("a histogram comes back from its JSON as it was")
{
	std::mt19937_64 random(3);
	for (int round = 0; round < 200; round++) {
		const auto p = static_cast<unsigned>(random() % (kHistMaxP + 1));
		const uint64_t limit = random() % 2 ? Histogram::kNoLimit : uint64_t{1} << (10 + random() % 50);
		Histogram h(p, limit);
		for (uint64_t n = random() % 50; n; n--) {
			const uint64_t value = random() >> (random() % 64);
			h.add(value, value >> 20);
		}
		const nlohmann::json j = json_of(h, kNanoseconds);
		Histogram back(
			j["p"].get<unsigned>(), j["limit"].is_null() ? Histogram::kNoLimit : j["limit"].get<uint64_t>());
		for (const nlohmann::json& slot : j["slots"]) {
			if (slot[0].is_null())
				back.add_overflow(slot[1].get<uint64_t>(), 0);
			else
				back.add_slot(hist_slot_p(slot[0].get<uint64_t>(), back.p()), slot[1].get<uint64_t>(), 0);
		}
		back.add_slot(0, 0, j["sum"].get<uint64_t>());
		REQUIRE(back == h);
	}
}

TEST_CASE("CSV has one row for each bucket, and each row says it all")
{
	const Histogram h = with({{1, 10}, {100, 3}, {600, 2}}, 512);
	const HistWindow window{.window_ns = 5, .lost = 4, .dropped_keys = 6, .reset_keys = 7};
	Buffer out;
	append_hist_csv(out, "2026-01-02,nginx,", h, kMicroseconds, window);
	CHECK(out.view() ==
		"2026-01-02,nginx,us,0,1,10,15,1510,5,4,6,7\n"
		"2026-01-02,nginx,us,97,104,3,15,1510,5,4,6,7\n"
		"2026-01-02,nginx,us,513,+Inf,2,15,1510,5,4,6,7\n");
	const size_t columns = split(kHistCsvColumns, ',').size();
	for (const std::string& line : lines_of(out.view()))
		CHECK(split(line, ',').size() == columns + 2);

	Buffer empty;
	append_hist_csv(empty, "", Histogram(), kMicroseconds, window);
	CHECK(empty.view() == "us,,,0,0,0,5,4,6,7\n");
	CHECK(split(lines_of(empty.view())[0], ',').size() == columns);
}
