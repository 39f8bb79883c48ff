// SPDX-License-Identifier: BSD-2-Clause
// Heat maps: what is drawn where, in which characters, and that a window's length does not change its shade.
#include <catch2/catch.hpp>

#include "output/heatmap.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace corescope;

namespace {

constexpr int64_t kSecond = 1000000000;
constexpr int64_t kStart = 1763664000 * kSecond;

std::shared_ptr<const HistSource> source()
{
	auto result = std::make_shared<HistSource>();
	result->tool = "trial";
	result->unit = kMicroseconds;
	return result;
}

// n values of `us` microseconds in a window of `window` seconds that begins `at` seconds after the start.
HistRecord record(int64_t at, uint64_t window, uint64_t us, uint64_t n)
{
	static const auto kSource = source();
	HistRecord one;
	one.source = kSource;
	one.start_unix_ns = kStart + at * kSecond;
	one.window.window_ns = window * static_cast<uint64_t>(kSecond);
	one.histogram = Histogram();
	one.histogram.add_slot(hist_slot(us), n, HistSum{us} * 1000 * n);
	return one;
}

std::vector<std::string> draw(
	const std::vector<HistRecord>& records, const Terminal& terminal, unsigned height = 24)
{
	Buffer out;
	append_heatmap(out, records, terminal, height);
	std::istringstream text{std::string(out.view())};
	std::vector<std::string> lines;
	for (std::string line; std::getline(text, line);)
		lines.push_back(line);
	return lines;
}

// The cells of the row with that label.
std::string cells(const std::vector<std::string>& lines, const std::string& label)
{
	for (const std::string& line : lines) {
		const size_t bar = line.find('|');
		if (bar != std::string::npos && line.substr(0, bar).find(label) != std::string::npos)
			return line.substr(bar + 1);
	}
	return "no such row";
}

} // namespace

TEST_CASE("a heat map has time to the right and values upwards", "[heatmap]")
{
	std::vector<HistRecord> records;
	for (int64_t i = 0; i < 10; i++)
		records.push_back(record(i * 60, 60, i < 5 ? 10 : 1000, 600));
	const auto lines = draw(records, {}, 8);
	CHECK(cells(lines, "1.024 ms") == "     @@@@@");
	CHECK(cells(lines, "16 us") == "@@@@@     ");
	const auto row = [&](const char* label) {
		return std::find_if(lines.begin(), lines.end(),
			[&](const std::string& line) { return line.find(label) != std::string::npos; });
	};
	CHECK(row("1.024 ms |") < row("16 us |"));
	CHECK(lines.back().find("a column is 60 s") != std::string::npos);
	CHECK(lines.back().find("nothing was traced") == std::string::npos);
}

TEST_CASE(
	"a heat map's shade is a rate: a short window is no pale one, and a gap is none at all", "[heatmap]")
{
	const auto lines =
		draw({record(0, 60, 100, 6000), record(60, 6, 100, 600), record(180, 60, 100, 60)}, {});
	const std::string row = cells(lines, "104 us");
	REQUIRE(row.size() == 4);
	CHECK(row[0] == row[1]); // 100 a second, both
	CHECK(row[2] == '.');    // nothing was traced
	CHECK(row[3] != row[0]); // one a second
	CHECK(row[3] != ' ');
	CHECK(lines.back().find("nothing was traced") != std::string::npos);
}

TEST_CASE("a heat map fits its width and height, whatever the number of records", "[heatmap]")
{
	std::vector<HistRecord> records;
	for (int64_t i = 0; i < 1000; i++)
		records.push_back(record(i * 300, 30, uint64_t{1} << (i % 30), 1 + static_cast<uint64_t>(i)));
	for (const unsigned width : {40U, 80U, 200U}) {
		Terminal terminal;
		terminal.width = width;
		for (const unsigned height : {5U, 24U, 60U}) {
			const auto lines = draw(records, terminal, height);
			size_t rows = 0;
			for (const std::string& line : lines) {
				if (line.find('|') == std::string::npos)
					continue;
				rows++;
				CHECK(line.size() <= width);
			}
			CHECK(rows >= 1);
			CHECK(rows <= std::max(height, 31U)); // powers of two are the coarsest there is
		}
	}
}

TEST_CASE("a heat map uses no more than the terminal has", "[heatmap]")
{
	const std::vector<HistRecord> records = {record(0, 60, 10, 1), record(60, 60, 10, 100)};
	const auto text = [&](bool unicode, bool colours) {
		std::string all;
		for (const std::string& line : draw(records, {unicode, colours, 80}))
			all += line + "\n";
		return all;
	};
	const std::string ascii = text(false, false), blocks = text(true, false), colours = text(true, true);
	CHECK(
		std::all_of(ascii.begin(), ascii.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
	CHECK(blocks.find("\u2588") != std::string::npos);
	CHECK(blocks.find('\033') == std::string::npos);
	CHECK(colours.find("\033[48;5;231m") != std::string::npos);
}

TEST_CASE("what a terminal may show is read from its environment", "[heatmap]")
{
	CHECK(terminal_of("en_GB.UTF-8", "xterm", nullptr, nullptr, nullptr, true, 120).unicode);
	CHECK(terminal_of("C.utf8", "xterm", nullptr, nullptr, nullptr, false, 0).unicode);
	CHECK_FALSE(terminal_of("en_GB.UTF-8", nullptr, nullptr, nullptr, nullptr, false, 0).unicode); // cron
	CHECK_FALSE(terminal_of(nullptr, "xterm", nullptr, nullptr, nullptr, true, 80).unicode);
	CHECK_FALSE(terminal_of("C.UTF-8", "dumb", nullptr, nullptr, nullptr, true, 80).unicode);
	CHECK(terminal_of("C", "xterm-256color", nullptr, nullptr, nullptr, true, 80).colours);
	CHECK(terminal_of("C", "xterm", "truecolor", nullptr, nullptr, true, 80).colours);
	CHECK_FALSE(terminal_of("C", "xterm-256color", nullptr, "1", nullptr, true, 80).colours);
	CHECK(terminal_of("C", "xterm-256color", nullptr, "", nullptr, true, 80).colours); // empty: not set
	CHECK_FALSE(terminal_of("C", "xterm-256color", nullptr, nullptr, nullptr, false, 0).colours);
	CHECK(terminal_of("C", "xterm", nullptr, nullptr, "132", true, 80).width == 132);
	CHECK(terminal_of("C", "xterm", nullptr, nullptr, "x", true, 99).width == 99);
	CHECK(terminal_of("C", "xterm", nullptr, nullptr, nullptr, false, 0).width == 80);
	CHECK(terminal_of("C", "xterm", nullptr, nullptr, "1", true, 0).width == 20);
}

TEST_CASE("a run as a heat map has a line for each interval, which fits", "[heatmap]")
{
	Terminal terminal;
	terminal.width = 100;
	const auto writer = heatmap_writer(*source(), {}, terminal);
	Buffer out;
	for (int i = 0; i < 25; i++) {
		Snapshot snapshot;
		KeyedHistogram one;
		one.histogram = Histogram(HIST_P, uint64_t{1} << HIST_LIMIT_LOG2);
		one.histogram.add_slot(hist_slot(100), 900, 90000000);
		one.histogram.add_slot(hist_slot(1 << 20), 1, 1 << 20);
		one.histogram.add_overflow(99, 0);
		snapshot.histograms.push_back(one);
		writer->interval(out, {snapshot, kStart, kStart + kSecond});
	}
	std::istringstream text{std::string(out.view())};
	size_t lines = 0, headings = 0;
	for (std::string line; std::getline(text, line);) {
		CHECK(line.size() <= 100);
		if (line.rfind("TIME", 0) == 0) {
			headings++;
			continue;
		}
		lines++;
		const std::string row = line.substr(9, line.rfind('|') - 9);
		CHECK(row.back() ==
			'-'); // what is greater stands in the last column; 9.9 %: the third shade, up to 11 %
		CHECK(std::count(row.begin(), row.end(), ' ') == static_cast<long>(row.size()) - 3);
		CHECK(line.find("| 1000") != std::string::npos);
	}
	CHECK(lines == 25);
	CHECK(headings == 2);
}
