// SPDX-License-Identifier: BSD-2-Clause
// Stored histograms for other systems: OpenMetrics with its history in it, and OTLP/JSON lines.
#include "base/error.h"
#include "json.h"
#include "output/hist_openmetrics.h"
#include "output/hist_otlp.h"
#include "support/exposition.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <sstream>

using namespace corescope;
using namespace corescope::test;

namespace {

using Json = nlohmann::json;
using Labels = std::map<std::string, std::string>;

constexpr int64_t kStart = 1795190400000000000;
constexpr int64_t kSecond = 1000000000;

std::shared_ptr<HistSource> source_of(const std::string& host = "db1", const HistUnit& unit = kMicroseconds)
{
	auto source = std::make_shared<HistSource>();
	source->tool = "cpudist";
	source->quantity = "oncpu";
	source->what = "on-CPU time";
	source->version = "1.2.3";
	source->hooks = "tp_btf";
	source->host = host;
	source->boot_id = "b";
	source->unit = unit;
	return source;
}

HistRecord record_of(const std::shared_ptr<const HistSource>& source, int64_t start_s, uint64_t seconds,
	Histogram histogram, std::vector<HistLabel> labels = {})
{
	HistRecord record;
	record.source = source;
	record.labels = std::move(labels);
	record.start_unix_ns = kStart + start_s * kSecond;
	record.window = {seconds * kSecond, 1, 2, 3};
	record.histogram = std::move(histogram);
	return record;
}

Histogram random_histogram(std::mt19937_64& random)
{
	Histogram h(HIST_P, uint64_t{1} << HIST_LIMIT_LOG2);
	for (size_t n = random() % 100; n > 0; n--) {
		const uint64_t value = random() >> (random() % 36 + 28);
		h.add(value, HistSum{value} * 1000 - (value ? random() % 1000 : 0));
	}
	return h;
}

std::string openmetrics_of(const std::vector<HistRecord>& records)
{
	Buffer out;
	append_openmetrics(out, records);
	return std::string(out.view());
}

std::vector<Json> otlp_of(const std::vector<HistRecord>& records)
{
	Buffer out;
	append_otlp(out, records);
	std::vector<Json> objects;
	std::istringstream lines{std::string(out.view())};
	for (std::string line; std::getline(lines, line);)
		objects.push_back(Json::parse(line));
	CHECK((out.empty() || out.view().back() == '\n'));
	return objects;
}

const Json& metrics_of(const Json& object)
{
	REQUIRE(object["resourceMetrics"].size() == 1);
	REQUIRE(object["resourceMetrics"][0]["scopeMetrics"].size() == 1);
	return object["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
}

Labels attributes_of(const Json& list)
{
	Labels all;
	for (const Json& one : list)
		all[one["key"]] = one["value"]["stringValue"];
	return all;
}

// What a reader by the proto's comments makes of a data point: (2^i, 2^(i+1)] for bucket i, and the zero bucket.
std::map<uint64_t, uint64_t> uppers_of(const Json& point)
{
	REQUIRE(point["scale"] == 0);
	REQUIRE(point["zeroThreshold"] == 1);
	std::map<uint64_t, uint64_t> counts;
	if (point["zeroCount"] != "0")
		counts[1] = std::stoull(point["zeroCount"].get<std::string>());
	int index = point["positive"]["offset"];
	for (const Json& count : point["positive"]["bucketCounts"]) {
		index++;
		if (count != "0")
			counts[uint64_t{1} << index] = std::stoull(count.get<std::string>());
	}
	return counts;
}

} // namespace

TEST_CASE(
	"openmetrics: cumulative from zeros on, a point for each interval, whatever order the records came in")
{
	std::mt19937_64 random(4);
	const auto source = source_of();
	std::vector<HistRecord> records;
	Histogram sum(HIST_P, uint64_t{1} << HIST_LIMIT_LOG2);
	std::vector<Histogram> sums;
	for (int i = 0; i < 20; i++) {
		records.push_back(record_of(source, i * 300, 30, random_histogram(random)));
		sum.merge(records.back().histogram);
		sums.push_back(sum);
	}
	const std::string text = openmetrics_of(records);
	std::shuffle(records.begin(), records.end(), random);
	CHECK(openmetrics_of(records) == text);
	const Exposition e = read_openmetrics(text);
	CHECK(e.units.at("corescope_cpudist_oncpu_seconds") == "seconds");
	CHECK(e.units.at("corescope_cpudist_oncpu_window_seconds") == "seconds");
	CHECK(e.types.at("corescope_cpudist_oncpu_window_seconds") == "counter");
	const std::vector<Sample> counts = e.all("corescope_cpudist_oncpu_seconds_count");
	const std::vector<Sample> windows = e.all("corescope_cpudist_oncpu_window_seconds_total");
	REQUIRE(counts.size() == 21);
	REQUIRE(windows.size() == 21);
	CHECK(counts[0].value == 0);
	CHECK(counts[0].time_s == 1795190400.0);
	CHECK(counts[0].labels == Labels{{"host", "db1"}});
	for (size_t i = 0; i < 20; i++) {
		CHECK(counts[i + 1].number == std::to_string(sums[i].count()));
		CHECK(counts[i + 1].time_s == 1795190430.0 + 300.0 * static_cast<double>(i));
		CHECK(windows[i + 1].number == std::to_string(30 * (i + 1)));
	}
	CHECK(e.all("corescope_cpudist_oncpu_lost_total").back().value == 20);
	CHECK(e.all("corescope_cpudist_oncpu_dropped_total").back().value == 40);
	CHECK(e.all("corescope_cpudist_oncpu_reset_keys_total").back().value == 60);
	CHECK(e.all("corescope_cpudist_oncpu_seconds_bucket").size() == 21 * 28);
	CHECK(read_openmetrics(openmetrics_of({})).samples.empty());
}

TEST_CASE("openmetrics: a key that was not seen stays, and a window counts once for all keys")
{
	Histogram h;
	h.add(5, 5000);
	const auto source = source_of();
	const HistLabel a{"comm", "a", false}, b{"comm", "b", false};
	const Exposition e =
		read_openmetrics(openmetrics_of({record_of(source, 0, 10, h, {a}), record_of(source, 0, 10, h, {b}),
			record_of(source, 60, 10, h, {a}), record_of(source_of("db2"), 0, 10, h, {a})}));
	std::map<std::string, std::vector<double>> told;
	for (const Sample& one : e.all("corescope_cpudist_oncpu_seconds_count"))
		told[one.labels.at("host") + one.labels.at("comm")].push_back(one.value);
	CHECK(told ==
		std::map<std::string, std::vector<double>>{
			{"db1a", {0, 1, 2}}, {"db1b", {0, 1, 1}}, {"db2a", {0, 1}}});
	std::vector<std::string> windows;
	for (const Sample& one : e.all("corescope_cpudist_oncpu_window_seconds_total"))
		windows.push_back(one.labels.at("host") + " " + one.number);
	CHECK(windows == std::vector<std::string>{"db1 0", "db1 10", "db1 20", "db2 0", "db2 10"});
}

TEST_CASE("openmetrics: an interval without values counts for the window, and makes no series")
{
	Histogram h;
	h.add(5, 5000);
	const auto source = source_of();
	const HistLabel a{"comm", "a", false};
	const Exposition e = read_openmetrics(openmetrics_of({record_of(source, 0, 10, h, {a}),
		record_of(source, 0, 10, Histogram()), record_of(source, 60, 10, Histogram())}));
	const std::vector<Sample> counts = e.all("corescope_cpudist_oncpu_seconds_count");
	REQUIRE(counts.size() == 3);
	CHECK(counts[2].labels == Labels{{"host", "db1"}, {"comm", "a"}});
	CHECK(counts[2].value == 1);
	CHECK(e.all("corescope_cpudist_oncpu_window_seconds_total").back().number == "20");
	const Exposition none = read_openmetrics(openmetrics_of({record_of(source, 60, 10, Histogram())}));
	CHECK(none.all("corescope_cpudist_oncpu_seconds_count").back().number == "0");
	CHECK(none.all("corescope_cpudist_oncpu_window_seconds_total").back().number == "10");
}

TEST_CASE("openmetrics: intervals that end in the same millisecond are one point; no window is too short")
{
	Histogram h;
	h.add(5, 5000);
	const auto source = source_of();
	std::vector<HistRecord> records = {
		record_of(source, 0, 1, h), record_of(source, 0, 1, h), record_of(source, 0, 0, h)};
	records[1].start_unix_ns += 1000;
	const Exposition e = read_openmetrics(openmetrics_of(records));
	const std::vector<Sample> counts = e.all("corescope_cpudist_oncpu_seconds_count");
	REQUIRE(counts.size() == 3);
	CHECK(counts[0].time_s == Approx(1795190399.999).epsilon(1e-15));
	CHECK(counts[1].value == 1);
	CHECK(counts[2].value == 3);
}

TEST_CASE("openmetrics: what is there is given away in between, and is the same in all")
{
	std::mt19937_64 random(6);
	std::vector<HistRecord> records;
	for (int i = 0; i < 6; i++)
		records.push_back(record_of(
			source_of(), i * 60, 10, random_histogram(random), {{"pid", std::to_string(i % 3), true}}));
	std::string parts;
	size_t times = 0;
	Buffer out;
	append_openmetrics(out, records, {}, [&] {
		parts += out.view();
		out.clear();
		times++;
	});
	parts += out.view();
	CHECK(parts == openmetrics_of(records));
	CHECK(times >= 3);
}

TEST_CASE("otlp: the exponential histogram is the power-of-two fold, exactly")
{
	std::mt19937_64 random(8);
	for (int round = 0; round < 60; round++) {
		const HistRecord record = record_of(source_of(), 0, 30, random_histogram(random));
		const std::vector<Json> objects = otlp_of({record});
		REQUIRE(objects.size() == 1);
		const Json& metric = metrics_of(objects[0])[0];
		CHECK(metric["name"] == "corescope.cpudist.oncpu");
		CHECK(metric["unit"] == "us");
		const Json& data = metric["exponentialHistogram"];
		CHECK(data["aggregationTemporality"] == 1);
		REQUIRE(data["dataPoints"].size() == 1);
		const Json& point = data["dataPoints"][0];
		CHECK(point["count"] == std::to_string(record.histogram.count()));
		CHECK(point["sum"].get<double>() == Approx(static_cast<double>(record.histogram.sum()) / 1000));
		CHECK(point["startTimeUnixNano"] == "1795190400000000000");
		CHECK(point["timeUnixNano"] == "1795190430000000000");
		std::map<uint64_t, uint64_t> expected;
		for (const HistBucket& one : record.histogram.folded(0).buckets())
			expected[one.high] = one.count;
		CHECK(uppers_of(point) == expected);
	}
}

TEST_CASE("otlp: values above the limit make it a histogram with bounds")
{
	Histogram h(HIST_P, 16);
	h.add(1, 1000);
	h.add(3, 2500);
	h.add_overflow(2, 99000);
	Histogram fits(HIST_P, 16);
	fits.add(16, 16000);
	const auto source = source_of();
	const std::vector<Json> objects = otlp_of({record_of(source, 0, 1, h, {{"comm", "a", false}}),
		record_of(source, 0, 1, fits, {{"comm", "b", false}})});
	REQUIRE(objects.size() == 1);
	const Json& metrics = metrics_of(objects[0]);
	REQUIRE(metrics.size() == 5);
	CHECK(uppers_of(metrics[0]["exponentialHistogram"]["dataPoints"][0]) ==
		std::map<uint64_t, uint64_t>{{16, 1}});
	const Json& point = metrics[1]["histogram"]["dataPoints"][0];
	CHECK(point["explicitBounds"] == Json{1, 2, 4, 8, 16});
	CHECK(point["bucketCounts"] == Json{"1", "0", "1", "0", "0", "2"});
	CHECK(point["count"] == "4");
	CHECK(point["sum"] == 102.5);
	CHECK(attributes_of(point["attributes"]) == Labels{{"comm", "a"}});
}

TEST_CASE("otlp: one line for each interval of a source; what it is and what it lacks")
{
	auto narrow = source_of();
	narrow->options = "--pid=1";
	const auto wide = source_of("db2", kBytes);
	const std::vector<Json> objects =
		otlp_of({record_of(narrow, 0, 1, Histogram(), {{"pid", "7", true}, {"comm", "\xff\x1b\"", false}}),
			record_of(narrow, 0, 1, Histogram(), {{"pid", "8", true}}), record_of(narrow, 1, 1, Histogram()),
			record_of(wide, 1, 1, Histogram())});
	REQUIRE(objects.size() == 3);
	const Json& resource = objects[0]["resourceMetrics"][0]["resource"];
	CHECK(attributes_of(resource["attributes"]) ==
		Labels{{"service.name", "corescope"}, {"service.version", "1.2.3"}, {"host.name", "db1"},
			{"corescope.boot_id", "b"}, {"corescope.hooks", "tp_btf"}});
	const Json& metrics = metrics_of(objects[0]);
	REQUIRE(metrics.size() == 4);
	const Json& points = metrics[0]["exponentialHistogram"]["dataPoints"];
	REQUIRE(points.size() == 2);
	CHECK(attributes_of(points[0]["attributes"]) ==
		Labels{{"options", "--pid=1"}, {"pid", "7"}, {"comm", "\xef\xbf\xbd\x1b\""}});
	CHECK(metrics[1]["name"] == "corescope.cpudist.oncpu.window");
	CHECK(metrics[1]["unit"] == "s");
	CHECK(metrics[1]["sum"]["isMonotonic"] == true);
	CHECK(metrics[1]["sum"]["aggregationTemporality"] == 1);
	CHECK(metrics[1]["sum"]["dataPoints"][0]["asDouble"] == 1.0);
	CHECK(metrics[2]["sum"]["dataPoints"][0]["asInt"] == "1");
	CHECK(metrics[3]["name"] == "corescope.cpudist.oncpu.dropped");
	CHECK(metrics[3]["sum"]["dataPoints"][0]["asInt"] == "2");
	CHECK(metrics_of(objects[2])[0]["unit"] == "By");
	CHECK(otlp_of({}).empty());
}
