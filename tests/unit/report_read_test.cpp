// SPDX-License-Identifier: BSD-2-Clause
// What `corescope report` reads: JSON as others read it, and histograms to the last digit.
#include "report/page.h"

#include "base/error.h"
#include "json.h"
#include "output/hist_json.h"
#include "refused_input.h"
#include "store_trial.h"

using namespace corescope;
using namespace corescope::report;
using namespace corescope::test;
using Json = nlohmann::json;

namespace {

std::string hist_line(const HistRecord& record)
{
	Buffer out;
	out.append(
		"{\"type\":\"hist\",\"ts\":\"2026-11-20T12:00:10Z\",\"tool\":\"cpudist\",\"quantity\":\"oncpu\",");
	append_hist_json(out, record.histogram, record.source->unit, record.window);
	out.append('}');
	return std::string(out.view());
}

HistRecord read_back(const std::string& text)
{
	JsonLine line;
	INFO(text);
	REQUIRE(line.parse(text));
	std::shared_ptr<const HistSource> last;
	return hist_record(line, {}, last);
}

std::string why_not(const std::string& text)
{
	JsonLine line;
	REQUIRE(line.parse(text));
	std::shared_ptr<const HistSource> last;
	try {
		hist_record(line, {}, last);
	} catch (const std::runtime_error& error) {
		return error.what();
	}
	return "";
}

} // namespace

TEST_CASE("report: a histogram in JSON is read back to the last digit", "[report]")
{
	std::mt19937_64 random(1);
	for (int i = 0; i < 200; i++) {
		const auto source = a_source();
		const uint64_t limit = i % 3 ? uint64_t{1} << (9 + random() % 50) : Histogram::kNoLimit;
		HistRecord record = a_record(source, 0, some_histogram(random, i % 9, limit, i));
		record.window = {random() >> 8, random(), random(), random()};
		const HistRecord again = read_back(hist_line(record));
		CHECK(again.histogram == record.histogram);
		CHECK(again.window == record.window);
		CHECK(again.source->unit == record.source->unit);
	}
}

TEST_CASE("report: sums beyond 64 bits and of binary units are exact", "[report]")
{
	Histogram large(3, uint64_t{1} << 36);
	large.add_overflow(5, (HistSum{1} << 90) + 7);
	HistSource source = *a_source();
	for (const HistUnit& unit : {kMicroseconds, kNanoseconds, kKibibytes}) {
		source.unit = unit;
		CHECK(read_back(hist_line(a_record(std::make_shared<HistSource>(source), 0, large))).histogram ==
			large);
	}
}

TEST_CASE("report: what does not add up is no histogram", "[report]")
{
	const std::string good =
		R"({"type":"hist","ts":"2026-11-20T12:00:00Z","value_unit":"us","p":3,"limit":1024,"count":3,"sum":5,"window_ns":1,"slots":[[1,1],[2,2]]})";
	CHECK(why_not(good).empty());
	const auto with = [&](const std::string& from, const std::string& to) {
		std::string text = good;
		text.replace(text.find(from), from.size(), to);
		return why_not(text);
	};
	CHECK(with("\"count\":3", "\"count\":4").find("add up") != std::string::npos);
	CHECK(with("[2,2]", "[33,2]").find("upper bound") != std::string::npos);
	CHECK(with("[2,2]", "[2048,2]").find("upper bound") != std::string::npos);
	CHECK(with("[2,2]", "[2]").find("slot") != std::string::npos);
	CHECK(with("[2,2]", "[2,-2]").find("slot") != std::string::npos);
	CHECK(with("[2,2]", "[2,18446744073709551615]").find("64 bits") != std::string::npos);
	CHECK(with("\"us\"", "\"parsec\"").find("value_unit") != std::string::npos);
	CHECK(with("\"p\":3", "\"p\":9").find("scheme") != std::string::npos);
	CHECK(with("\"limit\":1024", "\"limit\":1000").find("scheme") != std::string::npos);
	CHECK(with("\"sum\":5", "\"sum\":1e9").find("sum") != std::string::npos);
	CHECK(with("2026-11-20T12:00:00Z", "yesterday").find("time") != std::string::npos);
	CHECK(
		with("\"window_ns\":1", "\"window_ns\":18446744073709551615").find("window_ns") != std::string::npos);
	CHECK(with("\"limit\":1024", "\"limit\":null").empty());

	// Many that are right may still be too many together.
	HistRecord large = read_back(good);
	large.histogram.add_slot(0, UINT64_MAX - 3, 0);
	Picture picture;
	picture.add(large);
	CHECK(refusal([&] { picture.add(large); }).find("64 bits") != std::string::npos);
}

TEST_CASE("report: its JSON reader takes what another takes, and no other", "[report]")
{
	const std::string seeds[] = {
		R"({"a":[1,-2.5e3,0.1E-7,"x\n\u00e9\ud83d\ude00\"\\\/"],"b":{"c":null,"d":[true,false,{}]},"":[]})",
		R"([[[[]]],{"a":{"b":{"c":[{}]}}},18446744073709551615,""])", R"("text")", "-0", " { } ",
		"{\"a\":1}"};
	std::mt19937 random(2);
	int taken = 0, refused = 0;
	for (int i = 0; i < 30000; i++) {
		std::string text = seeds[random() % std::size(seeds)];
		for (int changes = static_cast<int>(random() % 3); changes > 0 && !text.empty(); changes--) {
			const size_t at = random() % text.size();
			constexpr std::string_view kBytes = "{}[]\",:0123456789.eE+-\\utrfn \t\x01\x7f\xc3\xa9";
			switch (random() % 3) {
			case 0: text.erase(at, 1 + random() % 3); break;
			case 1: text.insert(at, 1, kBytes[random() % kBytes.size()]); break;
			default: text[at] = kBytes[random() % kBytes.size()];
			}
		}
		Json other = Json::parse(text, nullptr, false);
		JsonLine line;
		const bool good = line.parse(text);
		INFO(text << " | " << line.why() << " at " << line.at());
		// The other one also refuses lone surrogates and numbers beyond doubles, of which this one keeps the digits.
		if (good && other.is_discarded())
			CHECK((text.find("\\ud") != std::string::npos || text.find_first_of("eE") != std::string::npos));
		else
			CHECK(good != other.is_discarded());
		if (good && other.is_object() && other.contains("a") && other["a"].is_array() &&
			other["a"].size() == 4 && other["a"][3].is_string()) {
			uint32_t last = 0;
			line.items(line.find(0, "a"), [&](uint32_t item) { last = item; });
			CHECK(line.string(last) == other["a"][3].get<std::string>());
		}
		(good ? taken : refused)++;
	}
	CHECK(taken > 3000);
	CHECK(refused > 3000);
	JsonLine line;
	CHECK(line.parse(std::string(64, '[') + std::string(64, ']')));
	CHECK(!line.parse(std::string(65, '[') + std::string(65, ']')));
	CHECK(!line.parse(std::string(1000000, '[')));
}
