// SPDX-License-Identifier: BSD-2-Clause
// Many histograms as one, whatever their order; what must not be added; and two compared, with conditions on the result.
#include "store_trial.h"

#include "base/error.h"
#include "base/parse.h"
#include "hist/compare.h"
#include "hist/pool.h"

#include <algorithm>

using namespace corescope;
using namespace corescope::test;

namespace {

Histogram of_values(const std::vector<uint64_t>& values, uint64_t limit = uint64_t{1} << 36)
{
	Histogram histogram(3, limit);
	for (const uint64_t value : values)
		histogram.add(value, HistSum{value} * 1000);
	return histogram;
}

int refused(HistPool& pool, const HistRecord& record)
{
	try {
		pool.add(record);
	} catch (const Error& error) {
		return error.code;
	}
	return 0;
}

} // namespace

TEST_CASE("pool: the result does not depend on the order, nor on how it is put together")
{
	std::mt19937_64 random(11);
	for (int round = 0; round < 50; round++) {
		std::vector<HistRecord> records;
		const int n = 2 + static_cast<int>(random() % 12);
		for (int i = 0; i < n; i++)
			records.push_back(a_record(a_source("web" + std::to_string(random() % 3)),
				static_cast<int64_t>(random() % 8) * kSecond,
				some_histogram(
					random, static_cast<unsigned>(random() % 6), uint64_t{1} << (20 + random() % 30), 50)));
		const auto pooled = [](const std::vector<HistRecord>& all) {
			HistPool pool;
			for (const HistRecord& record : all)
				pool.add(record);
			return pool;
		};
		const HistRecord total = pooled(records).total();
		std::shuffle(records.begin(), records.end(), random);
		const HistPool other = pooled(records);
		CHECK(other.total().histogram == total.histogram);
		CHECK(other.total().window == total.window);
		CHECK(other.total().start_unix_ns == total.start_unix_ns);
		CHECK(other.total().source->host == total.source->host);
		CHECK(other.records() == records.size());
		// Associative: (some) + (the rest).
		const auto middle =
			records.begin() + static_cast<std::ptrdiff_t>(1 + random() % (records.size() - 1));
		Histogram left = pooled({records.begin(), middle}).total().histogram;
		left.merge(pooled({middle, records.end()}).total().histogram);
		CHECK(left == total.histogram);
	}
}

TEST_CASE("pool: an interval counts once, however many keys were counted in it")
{
	HistPool pool;
	std::vector<HistRecord> records;
	for (const char* pid : {"1", "2", "3"}) {
		records.push_back(a_record(a_source(), 0, of_values({1}), {{"pid", pid, true}}));
		records.back().window = {10 * kSecond, 5, 6, 7};
		pool.add(records.back());
	}
	CHECK(pool.total().window == HistWindow{10 * kSecond, 5, 6, 7});
	CHECK(pool.total().labels.empty()); // they share no pid
	CHECK(pool.total().histogram.count() == 3);
	pool.add_window(*a_source(), 0, records[0].window, &records[0].labels);
	CHECK(pool.intervals() == 1);
	pool.add_window(*a_source(), 20 * kSecond, records[0].window, nullptr); // in which there was none of them
	CHECK(pool.total().window.window_ns == 20 * kSecond);
	pool.add_window(*a_source("web2"), 20 * kSecond, records[0].window, &records[1].labels);
	CHECK(pool.total().window.window_ns == 30 * kSecond);
	const std::vector<HistLabel> none, comm = {{"comm", "a", false}};
	pool.add_window(
		*a_source(), 30 * kSecond, records[0].window, &none); // another run, of everything together
	pool.add_window(*a_source(), 30 * kSecond, records[0].window, &comm);
	pool.add_window(*a_source("web1", "--pid=1"), 30 * kSecond, records[0].window, nullptr);
	CHECK(pool.total().window.window_ns == 30 * kSecond);
	CHECK(pool.last_unix_ns() == 10 * kSecond);
}

TEST_CASE("pool: what would be counted twice, or lies across buckets, is refused")
{
	HistPool pool;
	const HistRecord one = a_record(a_source(), 0, of_values({1}), {{"comm", "a", false}});
	pool.add(one);
	const auto changed = [&](const std::function<void(HistSource&)>& change) {
		auto source = std::make_shared<HistSource>(*one.source);
		change(*source);
		return a_record(source, 0, of_values({1}), one.labels);
	};
	CHECK(refused(pool, changed([](HistSource& s) { s.tool = "runqlat"; })) == kDataError);
	CHECK(refused(pool, changed([](HistSource& s) { s.quantity = "offcpu"; })) == kDataError);
	CHECK(refused(pool, changed([](HistSource& s) { s.unit = kMilliseconds; })) == kDataError);
	CHECK(refused(pool, changed([](HistSource& s) { s.options = "--pid=1"; })) == kDataError);
	CHECK(refused(pool, a_record(a_source(), 0, of_values({1}))) == kDataError);
	CHECK(refused(pool, a_record(a_source(), 0, of_values({1}), {{"pid", "1", true}})) == kDataError);
	CHECK(refused(pool, changed([](HistSource& s) { s.version = "9"; })) == 0);
	CHECK(refused(pool, changed([](HistSource& s) { s.host = "web2"; })) == 0);
	CHECK(pool.total().histogram.count() == 3);
	CHECK(pool.total().source->version.empty()); // what they don't share is not said
	CHECK(pool.total().source->tool == "cpudist");
	CHECK(pool.total().labels == one.labels);
}

TEST_CASE("compare: rates by the window, percentiles by buckets")
{
	std::vector<uint64_t> low(990, 100), high(990, 200);
	for (int i = 0; i < 10; i++) {
		low.push_back(5000);
		high.push_back(5000);
	}
	const HistComparison c =
		compare(of_values(low), {10 * kSecond, 0, 0, 0}, of_values(high), {20 * kSecond, 0, 0, 0});
	CHECK_FALSE(c.same_within_buckets);
	CHECK(c.rate_change == Approx(-0.5));
	CHECK(c.mean_change == Approx((990 * 200 + 50000.0) / (990 * 100 + 50000.0) - 1));
	REQUIRE(c.figures.size() == 5);
	CHECK(c.figures[0].a->high == 104);
	CHECK(c.figures[0].change == Approx(208.0 / 104 - 1));
	CHECK(c.figures[2].change == Approx(208.0 / 104 - 1));
	CHECK(c.figures[3].change == Approx(0.0)); // p99.9: the same bucket
	CHECK(compare(of_values(low), {}, of_values(low), {}).same_within_buckets);
	CHECK_FALSE(compare(of_values({}), {}, of_values({}), {}).same_within_buckets); // nothing is not alike
	CHECK_FALSE(compare(of_values(low), {}, of_values(low), {}).rate_change);

	// Another scheme: both in the coarser one.
	Histogram coarse(1, uint64_t{1} << 30);
	coarse.add(100, 100000);
	const HistComparison folded = compare(of_values({100}), {}, coarse, {});
	CHECK(folded.a.p() == 1);
	CHECK(folded.a.limit() == uint64_t{1} << 30);
	CHECK(folded.same_within_buckets);
}

TEST_CASE("compare: conditions")
{
	const auto verdict = [](const std::string& condition, const Histogram& a, const Histogram& b) {
		return check(parse_gate(condition), compare(a, {kSecond, 0, 0, 0}, b, {kSecond, 0, 0, 0})).verdict;
	};
	const Histogram a = of_values(std::vector<uint64_t>(1000, 100)),
					b = of_values(std::vector<uint64_t>(1000, 200)),
					half = of_values(std::vector<uint64_t>(500, 100));
	CHECK(verdict("p99>+20%", a, b) == GateResult::fails);
	CHECK(verdict("p99>+20%", a, a) == GateResult::holds);
	CHECK(verdict("p99>+20%", b, a) == GateResult::holds);
	CHECK(verdict("p99<-20%", b, a) == GateResult::fails);
	CHECK(verdict("p99.9>+99.9%", a, b) == GateResult::fails);
	CHECK(verdict("p99.9>+100%", a, b) == GateResult::holds); // more than
	CHECK(verdict("max>+0%", a, b) == GateResult::fails);
	CHECK(verdict("mean>+99%", a, b) == GateResult::fails);
	CHECK(verdict("mean>+101%", a, b) == GateResult::holds);
	CHECK(verdict("count-rate<-49%", a, half) == GateResult::fails);
	CHECK(verdict("count-rate<-50%", a, half) == GateResult::holds);
	CHECK(verdict("count-rate>+50%", half, a) == GateResult::fails);
	CHECK(verdict("p50>+20%", a, of_values({})) == GateResult::unknown);

	// Above the limit nobody knows how far, but which way.
	const Histogram over = of_values({5000}, 1024), under = of_values({500}, 1024);
	CHECK(verdict("p50>+20%", under, over) == GateResult::fails);
	CHECK(verdict("p50<-20%", over, under) == GateResult::fails);
	CHECK(verdict("p50>+20%", over, over) == GateResult::unknown);
	CHECK(verdict("p50>+20%", over, under) == GateResult::unknown);

	CHECK(values_needed(parse_gate("p50>+1%")) == 100);
	CHECK(values_needed(parse_gate("p99>+1%")) == 1000);
	CHECK(values_needed(parse_gate("p99.9>+1%")) == 10000);
	CHECK(values_needed(parse_gate("max>+1%")) == 100);
	CHECK(values_needed(parse_gate("count-rate>+1%")) == 0);
	for (const char* bad :
		{"", "p99", "p99>20%", "p99>+20", "p99>-20%", "p99<+20%", "p98>+20%", "p99>+%", "p99>+1e2%",
			"p99>+ 2%", "p99>+nan%", "p99>+-2%", "p99<-101%", ">+20%", "p99>>+20%", "p99>+20%%"})
		CHECK_THROWS_AS(parse_gate(bad), BadValue);
}
