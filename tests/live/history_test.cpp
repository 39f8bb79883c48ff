// SPDX-License-Identifier: BSD-2-Clause
// `corescope history` as a user runs it, on stores whose contents are known.
#include "ran.h"
#include "unit/store_trial.h"

#include "base/error.h"

#include <algorithm>

using namespace corescope;
using namespace corescope::test;

namespace {

Ran history(const std::vector<std::string>& words, const std::vector<std::string>& environment = {})
{
	return run_command("history", words, {.environment = environment});
}

std::vector<std::string> lines(const std::string& text)
{
	std::vector<std::string> all;
	std::istringstream in(text);
	for (std::string line; std::getline(in, line);)
		all.push_back(line);
	return all;
}

std::vector<Json> json_lines(const Ran& ran)
{
	CHECK(ran.status == 0);
	std::vector<Json> all;
	for (const std::string& line : lines(ran.out))
		all.push_back(Json::parse(line));
	return all;
}

// Twelve intervals of 10 s, five minutes apart from noon on: fast, and from 12:30 on twice as slow; each also by comm.
struct Filled {
	Folder folder;
	std::string path = folder.path();

	Filled()
	{
		HistStore store = HistStore::open(path, {});
		for (int i = 0; i < 12; i++) {
			const int64_t start = kNoon + i * 300 * kSecond;
			const uint64_t us = i < 6 ? 100 : 200;
			put(store, {a_record(a_source("web1"), start, values(1000, us))});
			put(store,
				{a_record(
					 a_source("web1"), start + 20 * kSecond, values(600, us), {{"comm", "nginx", false}}),
					a_record(a_source("web1"), start + 20 * kSecond, values(400, us),
						{{"comm", "x\n\x1b", false}})});
		}
	}
};

bool one_line(const std::string& text) { return text.size() > 10 && text.find('\n') == text.size() - 1; }

} // namespace

TEST_CASE("history list: series, their newest histograms, and percentiles over time")
{
	const Filled filled;
	const Ran ran = history({"list", filled.path});
	CHECK(ran.status == 0);
	CHECK(ran.err.empty());
	const auto all = lines(ran.out);
	CHECK(all.at(0) == "cpudist oncpu, web1");
	CHECK(all.at(1) == "  12 histograms, 2026-11-20 12:00:00 .. 2026-11-20 12:55:10, in us");
	CHECK(all.at(2).find("  p50  ") == 0);
	CHECK(all.at(2).find("104 .. 208") != std::string::npos);
	CHECK(ran.out.find("cpudist oncpu, web1, comm=nginx\n") != std::string::npos);
	CHECK(ran.out.find("cpudist oncpu, web1, comm=x\\n\\x1b\n") != std::string::npos);
	for (const unsigned char c : ran.out) // cron has neither UTF-8 nor a terminal
		REQUIRE((c == '\n' || (c >= ' ' && c < 127)));
	CHECK(ran.out.find("(2 earlier ones: --all)") != std::string::npos);
	CHECK(lines(history({"list", "--all", filled.path}).out).size() == all.size() + 3 * 2 - 3);

	const Ran blocks = history({"list", "--brief", filled.path}, {"TZ=UTC0", "LANG=C.UTF-8", "TERM=xterm"});
	CHECK(lines(blocks.out).size() == 4);
	CHECK(blocks.out.find("▁") != std::string::npos);
	const Ran plain = history({"list", "--brief", filled.path});
	CHECK(plain.out.find("▁") == std::string::npos);
	CHECK(plain.out.find('_') != std::string::npos);

	CHECK(history({"list", "--tool", "runqlat", filled.path}).out.empty());
	CHECK(history({"list", "--tool", "runqlat", filled.path}).status == 0);
	CHECK(history({"list", filled.folder.path("none.db")}).status == kIoError);
	CHECK(filled.folder.names().count("none.db") == 0);
}

TEST_CASE("history: selections by time, label, keys, host, id")
{
	const Filled filled;
	const auto count = [&](std::vector<std::string> words) {
		words.insert(words.begin(), {"list", "--output", "json", filled.path});
		return json_lines(history(words)).size();
	};
	CHECK(count({}) == 36);
	CHECK(count({"--keys", "none"}) == 12);
	CHECK(count({"--keys", "comm"}) == 24);
	CHECK(count({"--keys", "pid"}) == 0);
	CHECK(count({"--label", "comm=nginx"}) == 12);
	CHECK(count({"--host", "web1"}) == 36);
	CHECK(count({"--host", "web2"}) == 0);
	CHECK(
		count({"--quantity", "oncpu", "--tool", "cpudist", "--value-unit", "us", "--options", "none"}) == 36);
	CHECK(count({"--value-unit", "ms"}) == 0);
	CHECK(count({"--options", "--pid=1"}) == 0);
	CHECK(count({"--keys", "none", "--since", "2026-11-20 12:30"}) == 6);
	CHECK(count({"--keys", "none", "--until", "2026-11-20 12:30"}) == 6);
	CHECK(count({"--keys", "none", "--since", "2026-11-20T13:30+01:00"}) == 6);
	CHECK(count({"--keys", "none", "--between", "2026-11-20 12:05,2026-11-20 12:15"}) == 2);
	CHECK(count({"--keys", "none", "--between", "2026-11-20 12:05..2026-11-20 12:15"}) == 2);
	CHECK(count({"--since", "2026-11-20", "--until", "2026-11-20"}) == 36); // all of a day
	CHECK(count({"--since", "2026-11-21", "--until", "2026-11-22"}) == 0);
	CHECK(count({"--at", "2026-11-20 12:05:09"}) == 1);
	CHECK(count({"--at", "2026-11-20 12:05:10"}) == 0);
	CHECK(count({"--at", "2026-11-20 12:05:25"}) == 2);
	CHECK(count({"--last", "5"}) == 5);
	CHECK(count({"1", "2", "3", "99"}) == 3);
	const auto newest =
		json_lines(history({"list", "--output", "json", "--keys", "none", "--last", "1", filled.path}));
	CHECK(newest.at(0)["start"] == "2026-11-20T12:55:00.000000000Z");
	CHECK(newest.at(0)["ts"] == "2026-11-20T12:55:10.000000000Z");
	for (const auto& wrong : std::vector<std::vector<std::string>>{{"--since", "soon"}, {"--at", "12:60"},
			 {"--between", "now"}, {"--label", "x"}, {"--last", "0"}, {"--output", "csv"}, {"0"}, {"1@7"},
			 {"--since", "1h", "--between", "2h,1h"}, {"--nonsense"}}) {
		std::vector<std::string> words = {"list", filled.path};
		words.insert(words.end(), wrong.begin(), wrong.end());
		const Ran ran = history(words);
		INFO(wrong[0] << " " << ran.err);
		CHECK(ran.status == kUsage);
		CHECK(one_line(ran.err));
		CHECK(ran.out.empty());
	}
}

TEST_CASE("history show: as it was printed, and the newest by default")
{
	const Filled filled;
	const Ran ran = history({"show", "1", filled.path});
	CHECK(ran.status == 0);
	CHECK(lines(ran.out).at(0) == "#1 cpudist oncpu, web1: on-CPU time");
	CHECK(lines(ran.out).at(1) == "2026-11-20 12:00:00 .. 2026-11-20 12:00:10");
	CHECK(ran.out.find("count 1000, sum 100 ms, window 10.000 s, p50 <= 104 us") != std::string::npos);
	CHECK(lines(history({"show", filled.path}).out).at(1) == "2026-11-20 12:55:20 .. 2026-11-20 12:55:30");
	const auto json = json_lines(history({"show", "2", "--output", "json", filled.path}));
	CHECK(json.at(0)["comm"] == "nginx");
	CHECK(json.at(0)["slots"] == Json::parse("[[104,600]]"));
	const Ran none = history({"show", "99", filled.path});
	CHECK(none.status == kUnavailable);
	CHECK(one_line(none.err));
}

TEST_CASE("history merge: exact, refused where it would count twice, and into another store")
{
	const Filled filled;
	const Ran twice = history({"merge", filled.path});
	CHECK(twice.status == kDataError);
	CHECK(twice.err.find("--keys") != std::string::npos);
	CHECK(one_line(twice.err));
	const auto all = json_lines(history({"merge", "--keys", "none", "--output", "json", filled.path}));
	REQUIRE(all.size() == 1);
	CHECK(all[0]["count"] == 12000);
	CHECK(all[0]["slots"] == Json::parse("[[104,6000],[208,6000]]"));
	CHECK(all[0]["histograms"] == 12);
	CHECK(all[0]["window_ns"] == 12 * 10 * kSecond); // the time of the runs by comm is not theirs
	const auto by_comm =
		json_lines(history({"merge", "--keys", "comm", "--by", "labels", "--output", "json", filled.path}));
	REQUIRE(by_comm.size() == 2);
	CHECK(by_comm[0]["comm"] == "nginx");
	CHECK(by_comm[0]["count"] == 7200);
	{
		// Nobody ran for an interval, in which nginx was traced all the same; not so where one histogram is for all.
		HistStore store = HistStore::open(filled.path, {});
		store.append(a_source("web1"), kNoon - 100 * kSecond, {10 * kSecond, 0, 0, 0}, {});
	}
	CHECK(json_lines(history({"merge", "--label", "comm=nginx", "--output", "json",
			  filled.path}))[0]["window_ns"] == 13 * 10 * kSecond);
	CHECK(json_lines(history({"merge", "--keys", "none", "--output", "json", filled.path}))[0]["window_ns"] ==
		12 * 10 * kSecond);
	const Ran printed = history({"merge", "--keys", "none", filled.path});
	CHECK(printed.out.find("12 histograms of 12 intervals") != std::string::npos);

	const std::string other = filled.folder.path("other.db");
	CHECK(history({"merge", "--keys", "none", "--by", "hour", "--into", other, filled.path}).status == 0);
	const auto copied = json_lines(history({"list", "--output", "json", other}));
	REQUIRE(copied.size() == 1);
	CHECK(copied[0]["slots"] == all[0]["slots"]);
	CHECK(copied[0]["window_ns"] == all[0]["window_ns"]);
	const auto both =
		json_lines(history({"merge", "--keys", "none", "--output", "json", other, filled.path}));
	CHECK(both[0]["count"] == 24000);
	const auto swapped =
		json_lines(history({"merge", "--keys", "none", "--output", "json", filled.path, other}));
	CHECK(both == swapped);
	const Ran itself = history({"merge", "--keys", "none", "--into", filled.path, filled.path});
	CHECK(itself.status == kUsage);
	CHECK(json_lines(history({"list", "--output", "json", filled.path})).size() == 36);
	CHECK(history({"show", "1", other, filled.path}).status == kUsage); // which of both?
	CHECK(lines(history({"show", "1@2", other, filled.path}).out).at(0).find("#1@2 ") == 0);
}

TEST_CASE("history diff: sides, shift, and conditions for scripts")
{
	const Filled filled;
	const auto diff = [&](std::vector<std::string> words) {
		words.insert(words.begin(), {"diff", "--store", filled.path, "--keys", "none"});
		return history(words);
	};
	const Ran split = diff({"--split", "2026-11-20 12:29"});
	CHECK(split.status == 0);
	CHECK(split.out.find(" 97..104 ") != std::string::npos);
	CHECK(split.out.find("+100.0%") != std::string::npos);
	CHECK(split.out.find("|++++++++++++++++++++\n") != std::string::npos);
	CHECK(split.out.find("--------------------|\n") != std::string::npos);
	CHECK(split.out.find("no difference") == std::string::npos);
	CHECK(diff({"2026-11-20 12:00..2026-11-20 12:30", "2026-11-20 12:30..2026-11-20 13:00"})
			  .out.find("+100.0%") != std::string::npos);
	const auto json =
		json_lines(diff({"--split", "2026-11-20 12:29", "--output", "json", "--fail-if", "p99<-20%"}));
	CHECK(json.at(0)["change"]["p99"] == 1.0);
	CHECK(json.at(0)["change"]["count_rate"] == 0.0);
	CHECK(json.at(0)["a"]["count"] == 6000);
	CHECK(json.at(0)["b"]["count"] == 6000);
	CHECK(json.at(0)["same_within_buckets"] == false);
	CHECK(json.at(0)["fail_if"][0]["verdict"] == "holds");

	const Ran same = diff({"1", "4"});
	CHECK(same.status == 0);
	CHECK(same.out.find("no difference beyond bucket width") != std::string::npos);
	CHECK(diff({"1,4", "2026-11-20 12:05:01"}).out.find("no difference beyond bucket width") !=
		std::string::npos);

	const Ran fails = diff({"--split", "2026-11-20 12:29", "--fail-if", "p99>+20%"});
	CHECK(fails.status == kFailure);
	CHECK(fails.out == split.out);
	CHECK(fails.err == "history: --fail-if p99>+20%: it is +100.0%\n");
	CHECK(diff({"--split", "2026-11-20 12:29", "--fail-if", "p99>+100%"}).status == 0);
	CHECK(diff({"--split", "2026-11-20 12:29", "--fail-if", "p99>+100%", "--fail-if", "mean>+20%"}).status ==
		kFailure);
	const Ran few = diff({"1", "22", "--fail-if", "p99.9>+20%"}); // 1000 values each
	CHECK(few.status == kUnavailable);
	CHECK(one_line(few.err));
	CHECK(diff({"1", "22", "--fail-if", "p99.9>+20%", "--min-count", "1000"}).status == kFailure);
	CHECK(diff({"1", "22", "--fail-if", "p99.9>+20%", "--fail-if", "p50>+20%"}).status == kFailure);
	CHECK(diff({"1", "22", "--fail-if", "p50>+20%", "--min-count", "1001"}).status == kUnavailable);
	CHECK(diff({"1", "22", "--fail-if", "p50>20"}).status == kUsage);
	const auto apart = json_lines(
		diff({"--before", "2026-11-20 12:05:10", "--after", "2026-11-20 12:50", "--output", "json"}));
	CHECK(apart.at(0)["a"]["histograms"] == 2); // the second one ends at that moment
	CHECK(apart.at(0)["b"]["histograms"] == 2);
	CHECK(diff({"--before", "2026-11-20 12:50", "--after", "2026-11-20 12:05"}).status == kUsage);
	CHECK(diff({"--before", "2026-11-20 12:50"}).status == kUsage);
	CHECK(diff({"--after", "2026-11-20 12:50", "--split", "2026-11-20 12:50"}).status == kUsage);
	CHECK(diff({"1"}).status == kUsage);
	CHECK(diff({"1", "2", "3"}).status == kUsage);
	CHECK(diff({"1", "4", "--split", "12:00"}).status == kUsage);
	CHECK(diff({"1", "whenever"}).status == kUsage);
	CHECK(diff({"1", "99"}).status == kUnavailable);
	CHECK(diff({"--split", "2026-11-20 11:00"}).status == kUnavailable);
	CHECK(history({"diff", "--keys", "none", filled.path, filled.path})
			  .out.find("no difference beyond bucket width") != std::string::npos);
}

TEST_CASE("history export: JSON Lines, CSV, OpenMetrics, OTLP and Prometheus text say the same")
{
	const Filled filled;
	const auto exported = [&](const std::string& format, std::vector<std::string> more = {}) {
		more.insert(more.begin(), {"export", "--output", format, filled.path});
		const Ran ran = history(more);
		INFO(ran.err);
		CHECK(ran.status == 0);
		CHECK(ran.err.empty());
		return ran.out;
	};
	uint64_t total = 0;
	for (const Json& one : json_lines(history({"export", filled.path}))) {
		CHECK(one["type"] == "hist");
		CHECK(one["host"] == "web1");
		total += one["count"].get<uint64_t>();
	}
	CHECK(total == 24000);
	const auto csv = lines(exported("csv"));
	CHECK(csv.size() == 37);
	const auto columns = [](const std::string& line) { return std::count(line.begin(), line.end(), ','); };
	CHECK(columns(csv[0]) == 22);
	CHECK(columns(csv[1]) == 22);
	CHECK(lines(exported("csv", {"--no-header", "--keys", "none"})).size() == 12);
	const std::string text = exported("openmetrics", {"--keys", "none"});
	CHECK(text.substr(text.size() - 6) == "# EOF\n");
	CHECK(text.find("corescope_cpudist_oncpu_seconds_count{host=\"web1\"} 12000 ") != std::string::npos);
	for (const std::string& line : lines(exported("otlp", {"--keys", "none"})))
		CHECK(Json::parse(line).contains("resourceMetrics"));
	const std::string prom = exported("prom");
	CHECK(prom.find("corescope_cpudist_oncpu_seconds_count 12000\n") != std::string::npos);
	CHECK(history({"export", "--output", "table", filled.path}).status == kUsage);
	CHECK(history({"export", "--output", "prom", "--last", "1", filled.path}).status == kUsage);
}

TEST_CASE("history prune: by age, size or selection, after a look")
{
	const Filled filled;
	const auto left = [&] { return json_lines(history({"list", "--output", "json", filled.path})).size(); };
	CHECK(history({"prune", filled.path}).status == kUsage); // never everything by mistake
	CHECK(history({"prune", "--keep", "1d", "--tool", "cpudist", filled.path}).status == kUsage);
	CHECK(history({"prune", "--keep", "1d", filled.folder.path("none.db")}).status == kIoError);
	CHECK(filled.folder.names().count("none.db") == 0);
	CHECK(history({"prune", "--label", "comm=nginx", "--dry-run", filled.path}).out ==
		"12 histograms would be removed\n");
	CHECK(left() == 36);
	CHECK(history({"prune", "--label", "comm=nginx", filled.path}).out == "12 histograms removed\n");
	CHECK(left() == 24);
	CHECK(history({"prune", "1", filled.path}).out == "1 histograms removed\n");
	CHECK(history({"prune", "1", filled.path}).out == "0 histograms removed\n");
	CHECK(history({"prune", "--max-size", "1G", filled.path}).out == "0 histograms removed\n");
	{
		HistStore store = HistStore::open(filled.path, {});
		put(store, {a_record(a_source("web1"), kDay, values(1, 1))});
	}
	CHECK(history({"prune", "--keep", "3650d", "--dry-run", filled.path}).out ==
		"1 histograms would be removed\n");
	CHECK(history({"prune", "--keep", "3650d", filled.path}).out == "1 histograms removed\n");
	CHECK(left() == 23);
	CHECK(history({"export", "--output", "prom", filled.path}).out.find("_count 12001\n") !=
		std::string::npos); // totals stay
}

TEST_CASE("history: its commands, help and refusals")
{
	const Ran alone = history({});
	CHECK(alone.status == 0);
	for (const char* command : {"list", "show", "merge", "diff", "export", "prune"}) {
		CHECK(alone.out.find(std::string("\n  ") + command + " ") != std::string::npos);
		const Ran help = history({command, "--help"});
		CHECK(help.status == 0);
		CHECK(help.out.find("Usage: corescope history " + std::string(command)) != std::string::npos);
		CHECK(help.err.empty());
	}
	const Ran wrong = history({"frobnicate"});
	CHECK(wrong.status == kUsage);
	CHECK(one_line(wrong.err));
	Process broken({"/bin/sh", "-c", "'" + corescope_path() + "' history list --help >/dev/full"});
	CHECK(broken.wait() == kIoError);
}
