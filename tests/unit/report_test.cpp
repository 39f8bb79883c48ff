// SPDX-License-Identifier: BSD-2-Clause
// What `corescope report` shows: percentiles and differences as `history` tells them, stacks, and text that cannot leave
// its place in a page.
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

// Of the page, the JSON behind its tables.
Json data_of(std::string_view html)
{
	constexpr std::string_view kBegin = "class=\"data\">", kEnd = "</script>";
	const size_t begin = html.find(kBegin) + kBegin.size();
	REQUIRE(begin > kBegin.size());
	return Json::parse(html.substr(begin, html.find(kEnd, begin) - begin));
}

uint64_t number(const Json& value)
{
	return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<uint64_t>();
}

} // namespace

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
