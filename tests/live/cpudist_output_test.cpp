// SPDX-License-Identifier: BSD-2-Clause
// cpudist's figures as users and programs read them: the classic table, percentiles, JSON slots, CSV.
#include "cpudist.h"

#include <csignal>
#include <set>
#include <sstream>

namespace corescope::test {

namespace {

using Words = std::vector<std::string>;

Words command(std::initializer_list<std::string> more)
{
	Words words = {corescope_path(), "cpudist"};
	words.insert(words.end(), more);
	return words;
}

Words split(const std::string& text, char at)
{
	Words parts;
	std::stringstream stream(text);
	for (std::string part; std::getline(stream, part, at);)
		parts.push_back(part);
	if (!text.empty() && text.back() == at)
		parts.emplace_back();
	return parts;
}

// One histogram of the classic layout, each line checked on the way.
struct Table {
	struct Row {
		uint64_t low, high;
		int64_t count;
		double share;
		std::string bar;
	};
	std::vector<std::string> above; // what stands before it
	std::string heading;
	std::vector<Row> rows;
	std::string figures; // the line below: count, sum, …
};

Table::Row parse_row(const std::string& line)
{
	INFO(line);
	unsigned long long low = 0, high = 0;
	long long count = 0;
	double share = 0;
	int end = 0;
	REQUIRE(
		std::sscanf(line.c_str(), " %llu -> %llu : %lld %lf%% |%n", &low, &high, &count, &share, &end) == 4);
	REQUIRE(end > 0);
	REQUIRE(line.size() == static_cast<size_t>(end) + 41); // forty columns and the other bar
	REQUIRE(line.back() == '|');
	const std::string bar = line.substr(static_cast<size_t>(end), 40);
	const size_t stars = bar.find_first_not_of('*');
	CHECK(bar.find_first_not_of(' ', stars == std::string::npos ? 40 : stars) == std::string::npos);
	return {low, high, count, share, bar.substr(0, stars == std::string::npos ? 40 : stars)};
}

std::vector<Table> parse_tables(const std::string& text, const std::string& unit)
{
	std::vector<Table> tables;
	Table now;
	for (const std::string& line : split(text, '\n')) {
		INFO(line);
		if (line.find(" : count ") != std::string::npos) {
			now.heading = line;
			CHECK(line.find(unit) != std::string::npos);
			CHECK(line.find("distribution") != std::string::npos);
		} else if (line.find(" -> ") != std::string::npos) {
			REQUIRE_FALSE(now.heading.empty());
			now.rows.push_back(parse_row(line));
		} else if (line.rfind("count ", 0) == 0) {
			now.figures = line;
			tables.push_back(now);
			now = {};
		} else if (!line.empty()) {
			now.above.push_back(line);
		}
	}
	CHECK(now.rows.empty());
	return tables;
}

int64_t number_after(const std::string& text, const std::string& words)
{
	const size_t at = text.find(words);
	INFO(text << " lacks " << words);
	REQUIRE(at != std::string::npos);
	return std::atoll(text.c_str() + at + words.size());
}

// A load measured by cpudist in a table or CSV, whose start must be waited for by other means than its meta record.
struct Printed {
	std::string text;
	Json truth;
};
Printed printed_beside(Load& load, std::initializer_list<std::string> more)
{
	until_blocked(load.pid());
	Words words = command({"-p", std::to_string(load.pid())});
	words.insert(words.end(), more);
	words.push_back("0.2");
	Process tool(words);
	const auto first = tool.line(); // CSV's heading, or of the first interval: now it is attached
	REQUIRE(first);
	Printed printed{*first + "\n", {}};
	load.go();
	printed.truth = load.truth(1)[0];
	until_blocked(load.pid());
	tool.signal(SIGINT);
	printed.text += tool.rest();
	CHECK(tool.wait() == 0);
	CHECK(load.finish() == 0);
	return printed;
}

} // namespace

TEST_CASE("cpudist: the table is the classic layout, and what it says adds up")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string unit = GENERATE("usecs", "msecs");
	CAPTURE(unit);
	Load load("switchload", {"burn", "300", "300", "600"}, true);
	NEED_LOAD(load);
	const Printed run =
		unit == "msecs" ? printed_beside(load, {"-m", "-e", "-T"}) : printed_beside(load, {"-e", "-T"});
	INFO(run.text);
	const auto tables = parse_tables(run.text, unit);
	REQUIRE(tables.size() >= 2);
	int64_t whole = 0;
	for (const Table& table : tables) {
		// -T and -e: the time of day, and average and total.
		REQUIRE(table.above.size() == 2);
		int h = 0, m = 0, s = 0, end = 0;
		CHECK(std::sscanf(table.above[0].c_str(), "%2d:%2d:%2d%n", &h, &m, &s, &end) == 3);
		CHECK(table.above[0].size() == 8);
		const int64_t count = number_after(table.figures, "count ");
		CHECK(number_after(table.above[1], "count: ") == count);
		if (count) {
			const int64_t average = number_after(table.above[1], "avg = "),
						  all = number_after(table.above[1], "total: ");
			CHECK(std::llabs(all - average * count) <= count); // both are rounded
		}
		int64_t sum = 0, largest = 0;
		double share = 0;
		for (size_t i = 0; i < table.rows.size(); i++) {
			const auto& row = table.rows[i];
			CHECK(row.low ==
				(i ? table.rows[i - 1].high + 1 : 0)); // without gaps, upper-inclusive, powers of two
			CHECK(row.high == uint64_t{1} << i);
			sum += row.count;
			share += row.share;
			largest = std::max(largest, row.count);
		}
		CHECK(sum == count);
		for (const auto& row : table.rows)
			CHECK(static_cast<int64_t>(row.bar.size()) == row.count * 40 / largest);
		if (count) {
			CHECK(share > 99.0);
			CHECK(share < 101.0);
			CHECK(table.rows.back().count > 0);
			const std::string u = unit == "usecs" ? " us" : " ms";
			for (const char* what : {"p50 <= ", "p90 <= ", "p99 <= ", "p99.9 <= ", "max <= "})
				CHECK(static_cast<uint64_t>(number_after(table.figures, what)) <= table.rows.back().high);
			CHECK(table.figures.find(u) != std::string::npos);
		}
		CHECK(table.figures.find(", sum ") != std::string::npos);
		CHECK(table.figures.find(", window ") != std::string::npos);
		whole += count;
	}
	CHECK(within_one_percent(whole, run.truth.at("switches")));
}

TEST_CASE(
	"cpudist: by key, each histogram stands below its name; --no-header and quiet pipes print nothing else")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("switchload", {"names", "2", "100", "100", "100"}, true);
	NEED_LOAD(load);
	until_blocked(load.pid());
	Process tool(command({"-P", "-p", std::to_string(load.pid()), "--no-header", "0.2"}));
	REQUIRE(tool.line());
	load.go();
	load.truth(1);
	tool.signal(SIGINT);
	const std::string text = tool.rest();
	CHECK(tool.wait() == 0);
	CHECK(tool.errors().empty());
	bool named = false;
	for (const Table& table : parse_tables(text, "usecs"))
		for (const std::string& line : table.above) {
			CHECK(line == "pid = " + std::to_string(load.pid()) + " leadername");
			named = true;
		}
	CHECK(named);
	CHECK(load.finish() == 0);
}

TEST_CASE("cpudist: percentiles are the slices that the load is known to have")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	// 700 us, as long as nobody preempts it, and what a sleep's system call takes. A bucket is at most 12.5 % wide. On a
	// busy machine slices are shorter than that, by the kernel's own count: then there is nothing to compare with.
	int64_t preempted = 0;
	for (int i = 0; i < 10; i++) {
		Load load("switchload", {"burn", "700", "300", "500"}, true);
		NEED_LOAD(load);
		const Beside run = beside({&load}, {"-p", "PID"});
		preempted = run.truth.at(0).at("involuntary").get<int64_t>();
		if (preempted > 10)
			continue;
		const Json& record = run.records.front();
		CAPTURE(record.dump());
		CHECK(record.at("p50").get<int64_t>() >= 640);
		CHECK(record.at("p50").get<int64_t>() <= 900);
		CHECK(record.at("p90").get<int64_t>() >= 700);
		CHECK(total({record}).percentile(0.02) < 900);
		return;
	}
	SKIP_TEST("the machine is too busy: the load was preempted " + std::to_string(preempted) +
		" times in 500 slices");
}

TEST_CASE("cpudist -O: percentiles are no less than the sleeps that the load is known to have")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("switchload", {"burn", "30", "2000", "200"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, {"-O", "-p", "PID"});
	const Json& record = run.records.front();
	CAPTURE(record.dump());
	const double average_us = total({record}).sum_ns / 1000 / record.at("count").get<double>();
	CHECK(record.at("p50").get<double>() >= 2000);
	CHECK(record.at("p50").get<double>() <= average_us * 1.5);
}

TEST_CASE(
	"cpudist --output json: slots, count, sum and percentiles agree, edges are the scheme's and include what they name")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Words ways =
		GENERATE(Words{"-P"}, Words{"-O", "-L"}, Words{"-m", "-P"}, Words{"-I", "--by", "comm"}, Words{});
	CAPTURE(ways);
	Load load("switchload", {"threads", "4", "100", "900", "150"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, ways);
	size_t seen = 0;
	for (const Json& r : run.records) {
		if (r.at("type") != "hist")
			continue;
		seen++;
		CAPTURE(r.dump());
		CHECK(r.at("scheme") == "log-linear");
		CHECK(r.at("p") == HIST_P);
		CHECK(r.at("limit") == uint64_t{1} << HIST_LIMIT_LOG2);
		CHECK(r.at("ts").get<std::string>().size() == 30); // RFC 3339, UTC, nanoseconds (X17)
		CHECK(r.at("ts").get<std::string>().back() == 'Z');
		int64_t count = 0;
		uint64_t before = 0;
		double least = 0, most = 0;
		for (const Json& slot : r.at("slots")) {
			const uint64_t upper = slot.at(0);
			const auto n = slot.at(1).get<int64_t>();
			CHECK(n > 0);
			CHECK(upper > before); // ascending, no edge twice
			CHECK(hist_upper(hist_slot(upper)) == upper);
			CHECK(hist_slot(upper + 1) == hist_slot(upper) + 1);
			const uint32_t index = hist_slot(upper);
			// Values are rounded up to the unit: one of n units is more than n - 1.
			least += static_cast<double>(n) * static_cast<double>(index ? hist_upper(index - 1) : 0);
			most += static_cast<double>(n) * static_cast<double>(upper);
			count += n;
			before = upper;
		}
		CHECK(count == r.at("count"));
		CHECK(r.at("sum").get<double>() >= least);
		CHECK(r.at("sum").get<double>() <= most);
		const Hist hist = total({r});
		if (count == 0)
			continue;
		CHECK(r.at("max") == before);
		for (const auto& [name, q] :
			{std::pair<const char*, double>{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}})
			CHECK(r.at(name) == hist.percentile(q));
	}
	CHECK(seen >= 1);
}

TEST_CASE("cpudist --output csv: a heading, rows of equal length, and counts that add up to each total")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string by = GENERATE("pid", "tid", "comm", "cgroup", "unit", "");
	CAPTURE(by);
	Load load("switchload", {"burn", "100", "100", "600"}, true);
	NEED_LOAD(load);
	const Printed run = by.empty() ? printed_beside(load, {"--output", "csv"})
								   : printed_beside(load, {"--output", "csv", "--by", by, "-I"});
	const Words lines = split(run.text, '\n');
	const Words heading = split(lines[0], ',');
	const auto column = [&](const std::string& name) {
		const auto at = std::find(heading.begin(), heading.end(), name);
		INFO(lines[0] << " lacks " << name);
		REQUIRE(at != heading.end());
		return static_cast<size_t>(at - heading.begin());
	};
	CHECK(heading[0] == "type");
	if (!by.empty())
		column(by);
	std::map<std::string, std::pair<int64_t, int64_t>>
		sums; // by time and total: what was added, what was said
	int64_t whole = 0;
	for (size_t i = 1; i < lines.size(); i++) {
		if (lines[i].empty())
			continue;
		const Words cells = split(lines[i], ',');
		INFO(lines[i]);
		REQUIRE(cells.size() == heading.size());
		CHECK(cells[0] == "hist");
		CHECK(cells[column("value_unit")] == "us");
		const int64_t n = std::atoll(cells[column("count")].c_str());
		auto& sum = sums[cells[column("ts")]];
		sum.first += n;
		sum.second = std::atoll(cells[column("total")].c_str());
		whole += n;
		if (n) {
			const uint64_t high = std::strtoull(cells[column("high")].c_str(), nullptr, 10);
			const uint64_t low = std::strtoull(cells[column("low")].c_str(), nullptr, 10);
			CHECK(low <= high);
			CHECK(hist_upper(hist_slot(high)) == high);
			CHECK(hist_slot(low) == hist_slot(high));
		}
		if (by == "pid" && n)
			CHECK(cells[column("pid")] == std::to_string(load.pid()));
		if (by == "comm" && n)
			CHECK(cells[column("comm")] == "switchload");
	}
	for (const auto& [ts, sum] : sums)
		CHECK(sum.first == sum.second);
	CHECK(within_one_percent(whole, run.truth.at("switches")));
}

TEST_CASE("cpudist --help: examples are lines, not one wrapped paragraph (C9)")
{
	Process tool(command({"--help"}));
	const std::string text = tool.rest();
	CHECK(tool.wait() == 0);
	size_t examples = 0, at = text.find("Examples:\n");
	REQUIRE(at != std::string::npos);
	for (const std::string& line : split(text.substr(at), '\n')) {
		INFO(line);
		CHECK(line.size() <= 80);
		if (line.rfind("  cpudist", 0) == 0)
			examples++;
		else // nothing but the heading and the end: no example was wrapped
			CHECK((line.empty() || line == "Examples:"));
	}
	CHECK(examples >= 3);
}

} // namespace corescope::test
