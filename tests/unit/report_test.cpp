// SPDX-License-Identifier: BSD-2-Clause
// What `corescope report` reads and shows: histograms to the last digit, percentiles and differences as `history` tells
// them, stacks, and text that cannot leave its place in a page.
#include "report/page.h"

#include "base/error.h"
#include "output/hist_json.h"
#include "store_trial.h"

#include <nlohmann/json.hpp>

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

// Of the page, the JSON behind its tables.
Json data_of(std::string_view html)
{
	constexpr std::string_view kBegin = "class=\"data\">", kEnd = "</script>";
	const size_t begin = html.find(kBegin) + kBegin.size();
	REQUIRE(begin > kBegin.size());
	return Json::parse(html.substr(begin, html.find(kEnd, begin) - begin));
}

template <class Read>
std::string refusal(Read&& read)
{
	try {
		read();
	} catch (const Error& error) {
		CHECK(error.code == kDataError);
		return error.message;
	}
	return "";
}

uint64_t number(const Json& value)
{
	return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<uint64_t>();
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

TEST_CASE("report: text stays in its place", "[report]")
{
	const std::string hostile = "</script><img src=x onerror=1>\"'&\u2028\u202e\x01\xff<!--";
	Buffer html, script;
	append_html(html, hostile);
	append_script_string(script, hostile);
	for (const std::string_view text : {html.view(), script.view()}) {
		INFO(text);
		CHECK(text.find('<') == std::string_view::npos);
		CHECK(text.find("\u2028") == std::string_view::npos);
		CHECK(text.find("\u202e") == std::string_view::npos);
		CHECK(text.find('\x01') == std::string_view::npos);
	}
	CHECK(html.view().find_first_of("\"'>") == std::string_view::npos);
	CHECK(Json::parse(script.view()).is_string());

	Content content(10);
	Reader reader(content, nullptr);
	reader.read_bytes("x", "a</script>;b<!--;\"c\" 3\n");
	Buffer page;
	append_stacks(page, content.stacks().front(), 1, "", "");
	const Json names = data_of(page.view())["names"];
	CHECK(names == Json({"all", "a</script>", "b<!--", "\"c\""}));
}

TEST_CASE("report: columns of time are few and lose nothing", "[report]")
{
	std::mt19937_64 random(3);
	for (const int count : {1, 700, 5000}) {
		Picture picture;
		Histogram all(3, uint64_t{1} << 36);
		std::vector<HistRecord> records;
		for (int i = 0; i < count; i++)
			records.push_back(a_record(a_source(), kDay * 20000 + i * 10 * kSecond,
				some_histogram(random, 3, uint64_t{1} << 36, 20)));
		std::shuffle(records.begin(), records.end(), random);
		for (const HistRecord& record : records) {
			picture.add(record);
			all.merge(record.histogram);
		}
		const std::vector<TimeColumn> columns = picture.columns();
		CHECK(columns.size() <= Picture::kMaxColumns);
		CHECK(columns.size() >= std::min<size_t>(static_cast<size_t>(count), Picture::kMaxColumns / 20));
		Histogram sum(3, uint64_t{1} << 36);
		uint64_t window = 0;
		int64_t last = 0;
		for (const TimeColumn& column : columns) {
			sum.merge(column.counted);
			window += column.window.window_ns;
			CHECK(column.start_ns >= last);
			last = column.end_ns;
		}
		CHECK(sum == all);
		CHECK(picture.pool().total().histogram == all);
		CHECK(window == static_cast<uint64_t>(count * 10 * kSecond));
	}
}

TEST_CASE("report: an interval counts once, however many keys it has", "[report]")
{
	Picture picture;
	for (const char* name : {"a", "b", "c"})
		picture.add(a_record(a_source(), kDay, Histogram(), {{"comm", name, false}}));
	const HistSource source = *a_source();
	const std::vector<HistLabel> labels = {{"comm", "a", false}};
	picture.add_window(source, kDay, {10 * kSecond, 0, 0, 0}, &labels);
	picture.add_window(source, kDay + 10 * kSecond, {10 * kSecond, 0, 0, 0}, &labels); // nothing was counted
	REQUIRE(picture.columns().size() == 2);
	CHECK(picture.columns()[0].window.window_ns == static_cast<uint64_t>(10 * kSecond));
	CHECK(picture.columns()[1].window.window_ns == static_cast<uint64_t>(10 * kSecond));
	CHECK(picture.keys().size() == 3);
}

TEST_CASE("report: a page's cells and percentiles are those of the histograms", "[report]")
{
	std::mt19937_64 random(4);
	Picture picture;
	std::vector<HistRecord> records;
	for (int i = 0; i < 30; i++) {
		records.push_back(a_record(a_source(), kDay + i * 10 * kSecond, some_histogram(random)));
		picture.add(records.back());
	}
	Buffer page;
	append_picture(page, picture, "", 1);
	const Json data = data_of(page.view());
	REQUIRE(data["columns"].size() == records.size());
	for (size_t i = 0; i < records.size(); i++) {
		const Json& column = data["columns"][i];
		Buffer text;
		text.append('{');
		append_hist_json(text, records[i].histogram, kMicroseconds, records[i].window);
		text.append('}');
		const Json told = Json::parse(text.view());
		CHECK(number(column["n"]) == told["count"]);
		Json slots = Json::array();
		for (size_t cell = 0; cell < column["c"].size(); cell += 2) {
			const Json upper = data["rows"][column["c"][cell].get<size_t>()][1];
			slots.push_back({upper.is_null() ? upper : Json(number(upper)), number(column["c"][cell + 1])});
		}
		CHECK(slots == told["slots"]);
		size_t q = 0;
		for (const char* name : {"p50", "p90", "p99", "p99_9", "max"}) {
			const Json upper = column["q"][q++][1];
			CHECK((upper.is_null() ? upper : Json(number(upper))) == told[name]);
		}
	}
}

TEST_CASE("report: a difference is that of history diff", "[report]")
{
	std::mt19937_64 random(5);
	const HistRecord a = a_record(a_source(), kDay, some_histogram(random)),
					 b = a_record(a_source(), 2 * kDay, some_histogram(random, 2));
	Buffer page;
	append_difference(page, {"before", a, 1, kDay}, {"after", b, 1, kDay});
	const HistComparison comparison = compare(a.histogram, a.window, b.histogram, b.window);
	for (const HistFigure& figure : comparison.figures) {
		INFO(figure.name);
		CHECK(page.view().find(">" + std::string(figure.name) + "</th><td class=\"n\">" +
				  bucket_text(figure.a) + "</td><td class=\"n\">" + bucket_text(figure.b) + "</td>") !=
			std::string_view::npos);
	}
	const Json data = data_of(page.view());
	std::array<uint64_t, 2> counts{};
	for (const Json& row : data["rows"])
		for (const size_t side : {0U, 1U})
			counts[side] += number(row[2 + side]);
	CHECK(counts == std::array{a.histogram.count(), b.histogram.count()});

	HistSource other = *a_source();
	other.tool = "runqlat";
	const HistRecord c = a_record(std::make_shared<HistSource>(other), kDay, some_histogram(random));
	CHECK(refusal([&] {
		append_difference(page, {"a", a, 1, kDay}, {"c", c, 1, kDay});
	}).find("--tool") != std::string::npos);
}

TEST_CASE("report: folded stacks add up, and a function counts once in a stack", "[report]")
{
	Stacks stacks;
	REQUIRE(stacks.add_folded("a;b;a 3", 0));
	REQUIRE(stacks.add_folded("a;c d;e_[k] 18446744073709551615", 0));
	REQUIRE(stacks.add_folded("a;b;a 4", 0));
	for (const char* wrong : {"a;b", "a;b x", "a;b -1", "a;b 1.5", " 1", "a 18446744073709551616", "a;b 1 "})
		CHECK(!stacks.add_folded(wrong, 0));
	const Weight all = Weight{7} + UINT64_MAX;
	CHECK(stacks.totals()[0][0] == all);
	std::map<std::string, std::pair<Weight, Weight>> functions;
	for (const Stacks::Function& one : stacks.functions())
		functions[stacks.name(one.name)] = {one.total[0], one.self[0]};
	CHECK(functions["a"] == std::pair<Weight, Weight>(all, 7));
	CHECK(functions["b"] == std::pair<Weight, Weight>(7, 0));
	CHECK(functions["c d"] == std::pair<Weight, Weight>(UINT64_MAX, 0));
	CHECK(functions["e"] == std::pair<Weight, Weight>(UINT64_MAX, UINT64_MAX));
	CHECK(stacks.nodes().back().kind == Stacks::FrameKind::kernel);
}

TEST_CASE("report: stack records are folded with the name of their task", "[report]")
{
	Content content(10);
	Reader reader(content, nullptr);
	reader.read_bytes("x",
		R"({"type":"meta","tool":"offcputime"}
{"type":"stack","comm":"sh","count":2,"value_ns":50,"user":["main","read"],"kernel":["vfs_read"],"truncated":["user"]}
{"type":"stack","comm":"sh","count":1,"value_ns":7,"user":null,"kernel":["schedule"],"missing":["user"]}
{"type":"lost","count":4,"reason":"table full"}
{"type":"lost","count":3,"reason":"table full"}
{"type":"summary"}
)");
	REQUIRE(content.stacks().size() == 1);
	const StackGroup& group = content.stacks().front();
	CHECK(group.tool == "offcputime");
	CHECK(group.unit == "ns");
	CHECK(group.stacks.totals()[0][0] == 57);
	std::vector<std::string> names;
	for (const Stacks::Node& node : group.stacks.nodes())
		names.push_back(group.stacks.name(node.name));
	CHECK(names ==
		std::vector<std::string>{"all", "sh", "[cut: outer user frames not kept]", "main", "read", "vfs_read",
			"[user stack not kept]", "schedule"});
	CHECK(content.losses().at("offcputime: table full") == 7);
	CHECK(content.notes().empty());
}

TEST_CASE("report: events are a table of all their keys, the first of them whole", "[report]")
{
	Content content(2);
	Reader reader(content, nullptr);
	reader.read_bytes("x",
		R"({"type":"event","pid":18446744073709551615,"args":["a b","c"]}
{"type":"event","comm":"x","comm_b64":"eA==","pid":2}
{"type":"event","pid":3}
)");
	const Rows& rows = content.rows().front().rows;
	CHECK(rows.columns() == std::vector<std::string>{"pid", "args", "comm"});
	CHECK(rows.count() == 3);
	CHECK(rows.rows().size() == 2);
	CHECK(rows.rows()[0][0].text == "18446744073709551615");
	CHECK(rows.rows()[0][1].text == "a b c");
}

TEST_CASE("report: what is something else is refused with its place", "[report]")
{
	Content content(10);
	const auto why = [&](const std::string& bytes) {
		return refusal([&] { Reader(content, nullptr).read_bytes("file", bytes); });
	};
	CHECK(why("") == "file: it is empty");
	CHECK(why("\n\nhello\n").find("file: line 3: ") == 0);
	CHECK(why("{\"type\":\"hist\"}\n").find("file: line 1: ") == 0);
	CHECK(why("{\n\"type\":1}\n").find("a whole object on each line") != std::string::npos);
	CHECK(why("{\"a\":1}\n").find("without `type`") != std::string::npos);
	CHECK(why("a;b 1\nnot this one\n").find("line 2") != std::string::npos);
	CHECK(why(std::string(Reader::kMaxLine + 2, 'x')).find("longer than") != std::string::npos);
	CHECK(why("a" + std::string(3000, ';') + "b 1\n").find("frames") != std::string::npos);
	CHECK(why("{\"type\":\"stack\",\"count\":-1}\n").find("count") != std::string::npos);
}

TEST_CASE("report: times with zones and fractions", "[report]")
{
	CHECK(parse_rfc3339("1970-01-01T00:00:00Z") == 0);
	CHECK(parse_rfc3339("2026-11-20T12:00:00.123456789Z") == 1795176000123456789);
	CHECK(parse_rfc3339("2026-11-20T13:30:00.5+01:30") == 1795176000500000000);
	CHECK(parse_rfc3339("2024-02-29T00:00:00Z") == 1709164800000000000);
	for (const char* wrong : {"2026-11-20", "2026-11-20T12:00:00", "2026-13-20T12:00:00Z",
			 "2026-11-20 12:00:00Z", "2026-11-20T12:00:00.5"})
		CHECK_THROWS(parse_rfc3339(wrong));
}
