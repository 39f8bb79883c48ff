// SPDX-License-Identifier: BSD-2-Clause
// Prometheus text, read back by a reader of our own that is stricter than Prometheus, and compared with the
// histograms that went in.
#include "output/hist_prometheus.h"

#include "base/error.h"
#include "output/escape.h"
#include "output/hist_metric.h"
#include "support/exposition.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

using namespace corescope;
using namespace corescope::test;

namespace {

using Labels = std::map<std::string, std::string>;

std::shared_ptr<HistSource> source_of(const HistUnit& unit = kMicroseconds)
{
	auto source = std::make_shared<HistSource>();
	source->tool = "cpudist";
	source->quantity = "oncpu";
	source->what = "on-CPU time";
	source->version = "1.2.3";
	source->host = "db1";
	source->unit = unit;
	return source;
}

HistTotal total_of(
	const std::shared_ptr<const HistSource>& source, Histogram histogram, std::vector<HistLabel> labels = {})
{
	HistTotal total;
	total.record.source = source;
	total.record.labels = std::move(labels);
	total.record.histogram = std::move(histogram);
	return total;
}

// Values of every magnitude, some above the limit; reproducible by the seed.
Histogram random_histogram(std::mt19937_64& random, unsigned p = HIST_P, uint64_t scale = 1000)
{
	Histogram h(p, uint64_t{1} << HIST_LIMIT_LOG2);
	for (size_t n = random() % 200; n > 0; n--) {
		const uint64_t value = random() >> (random() % 40 + 24);
		if (value > h.limit())
			h.add_overflow(1, HistSum{value} * scale);
		else
			h.add(value, HistSum{value} * scale);
	}
	return h;
}

std::string text_of(const std::vector<HistTotal>& totals, const std::vector<HistRuns>& runs = {},
	const BucketLadder& ladder = {})
{
	Buffer out;
	append_prometheus(out, totals, runs, ladder);
	return std::string(out.view());
}

Exposition told(const std::vector<HistTotal>& totals, const std::vector<HistRuns>& runs = {},
	const BucketLadder& ladder = {})
{
	return read_prometheus(text_of(totals, runs, ladder));
}

BucketLadder ladder_of(const char* text)
{
	BucketLadder ladder;
	parse_value(ladder, text);
	return ladder;
}

std::vector<std::string> bounds_of(const Exposition& exposition, const std::string& family)
{
	std::vector<std::string> bounds;
	for (const Sample& one : exposition.all(family + "_bucket"))
		bounds.push_back(one.labels.at("le"));
	return bounds;
}

} // namespace

TEST_CASE("prometheus: buckets are exact counts of what is <= le, for random histograms")
{
	std::mt19937_64 random(7);
	const char* const ladders[] = {"0", "p=1", "p=2", "3", "2^0..2^36", "p=3,1us..1024us"};
	for (int round = 0; round < 120; round++) {
		const BucketLadder ladder = ladder_of(ladders[round % 6]);
		const Histogram h = random_histogram(random);
		const Exposition e = told({total_of(source_of(), h)}, {}, ladder);
		REQUIRE(e.types.at("corescope_cpudist_oncpu_seconds") == "histogram");
		const std::vector<Sample> buckets = e.all("corescope_cpudist_oncpu_seconds_bucket");
		REQUIRE(buckets.size() >= 11);
		for (const Sample& bucket : buckets) {
			const std::string& le = bucket.labels.at("le");
			const uint64_t edge = le == "+Inf"
				? ~uint64_t{0}
				: static_cast<uint64_t>(std::llround(std::strtod(le.c_str(), nullptr) * 1e6));
			uint64_t expected = 0;
			for (const HistBucket& one : h.buckets())
				if (le == "+Inf" || (!one.overflow && one.high <= edge))
					expected += one.count;
			INFO(le);
			REQUIRE(bucket.number == std::to_string(expected));
			if (le != "+Inf")
				REQUIRE(hist_upper(hist_slot(edge)) == edge);
		}
		REQUIRE(e.at("corescope_cpudist_oncpu_seconds_count").number == std::to_string(h.count()));
		REQUIRE(
			e.at("corescope_cpudist_oncpu_seconds_sum").value == Approx(static_cast<double>(h.sum()) / 1e9));
	}
}

TEST_CASE("prometheus: the ladder is the same whatever was counted, and as Go spells it")
{
	std::mt19937_64 random(11);
	std::vector<std::string> expected;
	for (int k = 0; k <= 26; k++) {
		char text[40]; // what is >= 1e-4 is short enough for %.12g to be exact
		std::snprintf(text, sizeof(text), "%.12g", std::ldexp(1e-6, k));
		expected.emplace_back(text);
	}
	expected.emplace_back("+Inf");
	CHECK(expected[4] == "1.6e-05");
	CHECK(expected[26] == "67.108864");
	for (int round = 0; round < 20; round++) {
		const Histogram h =
			round ? random_histogram(random) : Histogram(HIST_P, uint64_t{1} << HIST_LIMIT_LOG2);
		CHECK(bounds_of(told({total_of(source_of(), h)}), "corescope_cpudist_oncpu_seconds") == expected);
	}
	// Bytes pass a million, where Go changes to exponents.
	const std::vector<std::string> bytes =
		bounds_of(told({total_of(source_of(kBytes), Histogram())}), "corescope_cpudist_oncpu_bytes");
	REQUIRE(bytes.size() == 28);
	CHECK(bytes[0] == "16");
	CHECK(bytes[15] == "524288");
	CHECK(bytes[16] == "1.048576e+06");
	CHECK(bytes[26] == "1.073741824e+09");
}

TEST_CASE("prometheus: a bound reads back as the double nearest to the edge")
{
	std::mt19937_64 random(5);
	for (int round = 0; round < 2000; round++) {
		const uint64_t edge = hist_upper(static_cast<uint32_t>(random() % HIST_OVERFLOW));
		for (const HistUnit& unit :
			{kNanoseconds, kMicroseconds, kMilliseconds, kBytes, kKibibytes, kItems}) {
			const std::string text = metric_bound(edge, unit);
			const auto exact = static_cast<long double>(edge) * static_cast<long double>(unit.scale) /
				static_cast<long double>(metric_scale(unit.base));
			REQUIRE(std::strtod(text.c_str(), nullptr) == static_cast<double>(exact));
		}
	}
}

TEST_CASE("prometheus: units are base units, and another unit is another metric")
{
	Histogram h;
	h.add(5, 4321);
	const auto e = told({total_of(source_of(), h), total_of(source_of(kMilliseconds), h),
		total_of(source_of(kNanoseconds), h), total_of(source_of(kBytes), h),
		total_of(source_of(kKibibytes), h), total_of(source_of(kItems), h)});
	CHECK(e.at("corescope_cpudist_oncpu_seconds_sum").number == "0.000004321");
	CHECK(e.at("corescope_cpudist_oncpu_coarse_seconds_sum").number == "0.000004321");
	CHECK(e.at("corescope_cpudist_oncpu_fine_seconds_sum").number == "0.000004321");
	CHECK(e.at("corescope_cpudist_oncpu_bytes_sum").number == "4321");
	CHECK(e.at("corescope_cpudist_oncpu_coarse_bytes_sum").number == "4321");
	CHECK(e.at("corescope_cpudist_oncpu_sum").number == "4321");
	CHECK(bounds_of(e, "corescope_cpudist_oncpu_coarse_seconds").front() == "0.001");
	CHECK(bounds_of(e, "corescope_cpudist_oncpu_coarse_bytes").front() == "1024");
	CHECK(bounds_of(e, "corescope_cpudist_oncpu_fine_seconds").front() == "3.2e-08");
}

TEST_CASE("prometheus: a sum wider than 64 bits is exact")
{
	Histogram h;
	h.add_slot(0, 1, HistSum{1} << 100);
	CHECK(told({total_of(source_of(), h)}).at("corescope_cpudist_oncpu_seconds_sum").number ==
		"1267650600228229401496.703205376");
}

TEST_CASE("prometheus: edges that a scheme does not have are not told")
{
	Histogram h(HIST_P, 1 << 20);
	h.add(7, 7000);
	h.add_overflow(3, 9000000000);
	const Exposition e = told({total_of(source_of(), h)});
	const std::vector<std::string> bounds = bounds_of(e, "corescope_cpudist_oncpu_seconds");
	REQUIRE(bounds.size() == 22);
	CHECK(bounds[20] == "1.048576");
	CHECK(bounds[21] == "+Inf");
	CHECK(e.at("corescope_cpudist_oncpu_seconds_count").value == 4);

	Histogram coarse(1);
	coarse.add(7, 7000);
	CHECK_NOTHROW(text_of({total_of(source_of(), coarse)}, {}, ladder_of("1")));
	try {
		text_of({total_of(source_of(), coarse)}, {}, ladder_of("2"));
		FAIL("finer than what is there");
	} catch (const Error& error) {
		CHECK(error.code == kDataError);
	}
}

TEST_CASE("prometheus: what a source is, beside its histograms")
{
	HistRuns runs;
	runs.source = source_of();
	runs.window = {30000000001, 4, 5, 6};
	runs.succeeded = 7;
	CHECK(
		told({}, {runs}).types.count("corescope_cpudist_oncpu_last_run_success") == 0); // none has ended yet
	runs.failed = 2;
	runs.last_unix_ns = 1795190400123456789;
	runs.last_success = true;
	const std::string text = text_of({}, {runs});
	const Exposition e = read_prometheus(text);
	CHECK(e.at("corescope_cpudist_oncpu_window_seconds_total").number == "30.000000001");
	CHECK(e.at("corescope_cpudist_oncpu_lost_total").number == "4");
	CHECK(e.at("corescope_cpudist_oncpu_dropped_total").number == "5");
	CHECK(e.at("corescope_cpudist_oncpu_reset_keys_total").number == "6");
	CHECK(e.at("corescope_cpudist_oncpu_runs_total", {{"result", "success"}}).number == "7");
	CHECK(e.at("corescope_cpudist_oncpu_runs_total", {{"result", "failure"}}).number == "2");
	CHECK(e.at("corescope_cpudist_oncpu_last_run_timestamp_seconds").number == "1795190400.123456789");
	CHECK(e.at("corescope_cpudist_oncpu_last_run_success").number == "1");
	CHECK(e.samples.size() == 8);
	CHECK(text_of({}, {}).empty());

	// HELP says nothing that could differ from host to host.
	auto other = source_of();
	other->version = "9";
	other->hooks = "other";
	other->what = "other words";
	other->host = "db2";
	runs.source = other;
	CHECK(text_of({}, {runs}) == text);
}

TEST_CASE("prometheus: options are a label, and the host where there are several")
{
	auto narrow = source_of();
	narrow->options = "--pid=12 --cgroup=/a\"b";
	HistRuns runs;
	runs.source = narrow;
	runs.window.window_ns = 1;
	Histogram h;
	h.add(1, 1);
	auto elsewhere = source_of();
	elsewhere->host = "db2";
	const Exposition one = told({total_of(narrow, h), total_of(source_of(), h)}, {runs});
	CHECK(one.at("corescope_cpudist_oncpu_seconds_count", {{"options", narrow->options}}).value == 1);
	CHECK(one.at("corescope_cpudist_oncpu_seconds_count").value == 1);
	CHECK(one.at("corescope_cpudist_oncpu_window_seconds_total", {{"options", narrow->options}}).number ==
		"0.000000001");
	const Exposition two = told({total_of(source_of(), h), total_of(elsewhere, h)});
	CHECK(two.at("corescope_cpudist_oncpu_seconds_count", {{"host", "db1"}}).value == 1);
	CHECK(two.at("corescope_cpudist_oncpu_seconds_count", {{"host", "db2"}}).value == 1);
}

TEST_CASE("prometheus: the order of what goes in does not matter, and nothing comes twice")
{
	std::mt19937_64 random(3);
	for (int round = 0; round < 30; round++) {
		std::vector<HistTotal> totals;
		Histogram all;
		for (int i = 0; i < 12; i++) {
			const Histogram h = random_histogram(random);
			if (i % 4 == 0)
				all = i ? all.merge(h) : h;
			totals.push_back(total_of(source_of(), h,
				{{"comm", "c" + std::to_string(i % 4), false}, {"pid", std::to_string(i % 2), true}}));
		}
		const std::string text = text_of(totals);
		std::shuffle(totals.begin(), totals.end(), random);
		CHECK(text_of(totals) == text);
		const Exposition e = read_prometheus(text);
		CHECK(e.all("corescope_cpudist_oncpu_seconds_count").size() == 4);
		CHECK(e.at("corescope_cpudist_oncpu_seconds_count", {{"comm", "c0"}, {"pid", "0"}}).number ==
			std::to_string(all.count()));
	}
}

TEST_CASE("prometheus: any bytes in a label")
{
	Histogram h;
	h.add(1, 1);
	const auto value_of = [&](const std::string& bytes) {
		const Exposition e = told({total_of(source_of(), h, {{"comm", bytes, false}})});
		REQUIRE(e.all("corescope_cpudist_oncpu_seconds_count").size() == 1);
		const Labels labels = e.all("corescope_cpudist_oncpu_seconds_count")[0].labels;
		return labels.empty() ? std::string() : labels.at("comm");
	};
	const std::string u = "\xef\xbf\xbd";
	for (int byte = 0; byte < 256; byte++) {
		const std::string alone(1, static_cast<char>(byte));
		const bool plain = (byte >= 0x20 && byte < 0x7f) || byte == '\n';
		INFO(byte);
		CHECK(value_of("a" + alone + "b") == "a" + (plain ? alone : u) + "b");
	}
	for (const char* text : {"dev-disk-by\\x2duuid", "\"", "\\", "\\n", "\n\n", "caf\xc3\xa9", "\xe6\x97\xa5",
			 "\xf0\x9f\x90\xa7", "{le=\"+Inf\"} 1", "a,b=\"c\""})
		CHECK(value_of(text) == text);
	CHECK(value_of("caf\xc3") == "caf" + u); // cut in a character
	CHECK(value_of("\x1b[2J") == u + "[2J");
	CHECK(value_of("a\xe2\x80\xae"
				   "b") == "a" + u + "b"); // right-to-left override
	CHECK(value_of("").empty());

	std::mt19937_64 random(9);
	for (int round = 0; round < 500; round++) {
		std::string bytes;
		for (size_t n = random() % 24; n > 0; n--)
			bytes += static_cast<char>(random());
		REQUIRE(valid_utf8(value_of(bytes)));
	}
}

TEST_CASE("prometheus: labels that become equal are one series; names that mean something are changed")
{
	Histogram h;
	h.add(1, 1000);
	const Exposition e = told({total_of(source_of(), h, {{"comm", "a\xff", false}}),
		total_of(source_of(), h, {{"comm", "a\xfe", false}}), total_of(source_of(), h, {{"comm", "", false}}),
		total_of(source_of(), h)});
	CHECK(e.at("corescope_cpudist_oncpu_seconds_count", {{"comm", "a\xef\xbf\xbd"}}).value == 2);
	CHECK(e.at("corescope_cpudist_oncpu_seconds_count").value == 2);
	const Exposition names = told({total_of(source_of(), h,
		{{"le", "1", false}, {"a-b", "2", false}, {"a.b", "3", false}, {"__name__", "4", false},
			{"9", "5", false}, {"", "6", false}, {"options", "7", false}})});
	CHECK(names
			  .at("corescope_cpudist_oncpu_seconds_count",
				  {{"le_", "1"}, {"a_b", "2"}, {"a_b_", "3"}, {"label___name__", "4"}, {"label_9", "5"},
					  {"label_", "6"}, {"options_", "7"}})
			  .value == 1);
	auto odd = source_of();
	odd->tool = "My-Tool";
	odd->quantity = "";
	CHECK(told({total_of(odd, h)}).at("corescope_my_tool_seconds_count").value == 1);
}
