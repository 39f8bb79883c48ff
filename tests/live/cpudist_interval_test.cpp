// SPDX-License-Identifier: BSD-2-Clause
// cpudist over time: intervals, their number and their sum, how a run ends, and what it costs in memory.
#include "cpudist.h"

#include <csignal>
#include <dirent.h>
#include <fstream>
#include <sstream>
#include <time.h>
#include <unistd.h>

namespace corescope::test {

namespace {

using Words = std::vector<std::string>;

std::vector<Json> lines_of(Process& process)
{
	std::vector<Json> records;
	while (const auto line = process.line())
		records.push_back(Json::parse(*line));
	return records;
}

// What the maps of a process hold in the kernel, in bytes, and the most entries that one of them may have.
struct MapMemory {
	uint64_t bytes = 0, most_entries = 0;
	size_t maps = 0;
};
MapMemory map_memory(pid_t pid)
{
	MapMemory sum;
	const std::string folder = "/proc/" + std::to_string(pid) + "/fdinfo";
	DIR* dir = opendir(folder.c_str());
	REQUIRE(dir);
	while (const dirent* entry = readdir(dir)) {
		std::ifstream file(folder + "/" + entry->d_name);
		std::string word;
		uint64_t memlock = 0, entries = 0;
		bool is_map = false;
		while (file >> word) {
			if (word == "map_type:")
				is_map = true;
			else if (word == "memlock:")
				file >> memlock;
			else if (word == "max_entries:")
				file >> entries;
		}
		if (!is_map)
			continue;
		sum.maps++;
		sum.bytes += memlock;
		sum.most_entries = std::max(sum.most_entries, entries);
	}
	closedir(dir);
	return sum;
}

} // namespace

TEST_CASE("cpudist INTERVAL: intervals are differences, and together they are the whole (C10)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string way = GENERATE("-P", "-L", "");
	CAPTURE(way);
	Load load("switchload", {"threads", "3", "50", "50", "2500"}, true);
	NEED_LOAD(load);
	until_blocked(load.pid());
	Words whole = {"cpudist", "-p", std::to_string(load.pid())};
	if (!way.empty())
		whole.push_back(way);
	Words cut = whole;
	cut.push_back("0.01");
	Tool one(whole), many(cut);
	load.go();
	load.truth(1);
	until_blocked(load.pid());
	one.stop();
	many.stop();
	const Hist a = total(one.records()), b = total(many.records());
	CAPTURE(a.count, b.count, hists(many.records()));
	CHECK(hists(many.records()) >= 10);
	CHECK(std::llabs(a.count - b.count) <= 4); // what lay between the two attachments
	CHECK(within_one_percent(b.count, load.truth(1)[0].at("switches"), 4));
	CHECK(std::fabs(a.sum_ns - b.sum_ns) <= a.sum_ns / 100 + 1e6);
	if (way.empty()) { // each interval is told, and the windows are without a gap
		CHECK(b.window_ns == many.summary().at("window_ns"));
	}
	CHECK(load.finish() == 0);
}

TEST_CASE(
	"cpudist INTERVAL COUNT: so many intervals, of that length, also of a fraction of a second (C6, C7)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const auto [interval, count, ns] = GENERATE(table<std::string, size_t, uint64_t>({{"0.25", 3, 250000000},
		{"0.05", 8, 50000000}, {"200ms", 2, 200000000}, {".1", 1, 100000000}, {"1", 1, 1000000000}}));
	CAPTURE(interval, count);
	Process tool({corescope_path(), "cpudist", "--output", "json", interval, std::to_string(count)});
	const auto records = lines_of(tool);
	CHECK(tool.wait() == 0);
	CHECK(hists(records) == count);
	REQUIRE(records.back().at("type") == "summary");
	CHECK(records.back().at("end") == "count");
	const Hist told = total(records);
	// On a grid: what one tells late the next one lacks, so the sum does not drift.
	CHECK(told.window_ns >= ns * count);
	CHECK(told.window_ns <= ns * count + std::max<uint64_t>(ns, 100000000));
}

TEST_CASE("cpudist: a run without COUNT goes on, --count and --duration end it")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	SECTION("--count")
	{
		Process tool({corescope_path(), "cpudist", "--output", "json", "--count", "3", "0.05"});
		CHECK(hists(lines_of(tool)) == 3);
		CHECK(tool.wait() == 0);
	}
	SECTION("the lesser of --count and COUNT")
	{
		Process tool({corescope_path(), "cpudist", "--output", "json", "--count", "4", "0.05", "2"});
		CHECK(hists(lines_of(tool)) == 2);
		CHECK(tool.wait() == 0);
	}
	SECTION("--duration, with what the last interval has begun")
	{
		Process tool({corescope_path(), "cpudist", "--output", "json", "--duration", "0.25", "0.1"});
		const auto records = lines_of(tool);
		CHECK(tool.wait() == 0);
		CHECK(hists(records) >= 2);
		CHECK(hists(records) <= 3);
		CHECK(records.back().at("end") == "duration");
		const uint64_t window = records.back().at("window_ns");
		CHECK(window >= 250000000);
		CHECK(total(records).window_ns == window);
	}
	SECTION("--count alone would never come to anything")
	{
		Process tool({corescope_path(), "cpudist", "--count", "3"});
		CHECK(tool.rest().empty());
		CHECK(tool.wait() == 64);
		CHECK(tool.errors().find("--count") != std::string::npos);
	}
	SECTION("until Ctrl-C")
	{
		Tool tool({"cpudist", "0.02"});
		size_t seen = 0;
		tool.until([&](const Json& r) { return r.at("type") == "hist" && ++seen == 20; });
		tool.stop();
		CHECK(tool.summary().at("records") == hists(tool.records()));
	}
}

TEST_CASE("cpudist: TERM, INT and HUP keep the histogram that was begun, in a file too (C5, X1)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const int number = GENERATE(SIGTERM, SIGINT, SIGHUP);
	CAPTURE(number);
	Load load("switchload", {"burn", "50", "50", "1000"}, true);
	NEED_LOAD(load);
	until_blocked(load.pid());
	const std::string path = "/tmp/corescope-cpudist-" + std::to_string(getpid());
	Process::Setup setup;
	setup.out = Process::Out::file;
	setup.file = path;
	Process tool({corescope_path(), "cpudist", "-p", std::to_string(load.pid()), "--output", "json"}, setup);
	const auto text = [&] {
		std::ifstream file(path);
		std::stringstream all;
		all << file.rdbuf();
		return all.str();
	};
	for (int i = 0; i < kPatienceMs && text().empty(); i++) {
		const timespec nap = {0, 1000000};
		nanosleep(&nap, nullptr);
	}
	load.go();
	load.truth(1);
	tool.signal(number);
	CHECK(tool.wait() == 0);
	std::stringstream lines(text());
	unlink(path.c_str());
	std::vector<Json> records;
	for (std::string line; std::getline(lines, line);)
		records.push_back(Json::parse(line));
	REQUIRE(records.size() == 3); // meta, hist, summary
	CAPTURE(total(records).count, load.truth(1)[0].dump());
	CHECK(within_one_percent(total(records).count, Beside::switches_of(load.truth(1))));
	CHECK(load.finish() == 0);
}

TEST_CASE("cpudist: a signal is never missed, however soon it comes (C11)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (int i = 0; i < 30; i++) {
		Tool tool({"cpudist", "1000"}); // returns with the first line: what follows is the way into its sleep
		tool.stop(i % 2 ? SIGINT : SIGTERM);
		CHECK(hists(tool.records()) == 1);
		CHECK(tool.summary().at("window_ns").get<uint64_t>() < 20000000000);
	}
}

TEST_CASE("cpudist: memory in the kernel does not depend on pid_max, and stays near 1 MiB (C4)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	// The least pid_max of a machine is 32768: a map of that many entries, at 8 bytes of key and value and what
	// the kernel adds to each, would not fit into this bound.
	const Words arguments = GENERATE(Words{}, Words{"-P"}, Words{"-L"}, Words{"-O"}, Words{"-O", "-P"},
		Words{"-O", "-L"}, Words{"--by", "comm"}, Words{"--by", "cgroup"}, Words{"-I", "-P"});
	CAPTURE(arguments);
	Words command = {"cpudist"};
	command.insert(command.end(), arguments.begin(), arguments.end());
	Tool tool(command);
	const MapMemory memory = map_memory(tool.process().pid());
	CAPTURE(memory.bytes, memory.maps);
	CHECK(memory.maps >= 3);
	// Before 5.11 off-CPU time needs a hash of its own, of 16384 tasks: 1.25 MiB.
	const bool hash = tool.meta().at("hooks") == "tp_btf+hash";
	// Besides, 34 KiB hold the names of cgroups that are made meanwhile.
	CHECK(memory.bytes < ((hash ? 5 : 2) << 19) + (40 << 10));
	CHECK(memory.most_entries < 32768);
	tool.stop();
}

TEST_CASE("cpudist --max-keys: more room costs what it says, and is used")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("switchload", {"threads", "700", "10", "100", "2"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, {"-L", "-p", "PID", "--max-keys", "1000"});
	CHECK(hists(run.records) == 701);
	CHECK(total(run.records).dropped == 0);
	CHECK(run.errors.empty());
}

TEST_CASE("cpudist: what makes no sense is refused with one line that names it (C6, C7, C8, C15, X7, X8)")
{
	const auto [arguments, name] = GENERATE(table<Words, std::string>({
		{{"abc"}, "INTERVAL"},
		{{"0"}, "INTERVAL"},
		{{"-1"}, "-1"},
		{{"1x"}, "INTERVAL"},
		{{""}, "INTERVAL"},
		{{"1", "0"}, "COUNT"},
		{{"1", "-5"}, "-5"},
		{{"1", "1.5"}, "COUNT"},
		{{"1", "2x"}, "COUNT"},
		{{"1", "99999999999999999999"}, "COUNT"},
		{{"1", "1", "1"}, "1"},
		{{"-p", "foo"}, "--pid"},
		{{"-p", "0"}, "--pid"},
		{{"-p", "-1"}, "--pid"},
		{{"-p", "12x"}, "--pid"},
		{{"-p", "99999999"}, "--pid"},
		{{"-P", "-L"}, "--pids"},
		{{"-P", "--by", "comm"}, "--by"},
		{{"--by", "nonsense"}, "--by"},
		{{"--top", "0"}, "--top"},
		{{"--max-keys", "0"}, "--max-keys"},
		{{"--max-keys", "1000001"}, "--max-keys"},
		{{"-c", "/no/such/cgroup"}, "--cgroup"},
		{{"-c", "/proc"}, "--cgroup"},
		{{"--cgroup", "/", "--unit", "x"}, "--unit"},
	}));
	CAPTURE(arguments);
	if (arguments[0] == "-c" && !cannot_trace().empty())
		SKIP_TEST(cannot_trace());
	Words command = {corescope_path(), "cpudist"};
	command.insert(command.end(), arguments.begin(), arguments.end());
	Process tool(command);
	CHECK(tool.rest().empty());
	CHECK(tool.wait() == 64);
	const std::string errors = tool.errors();
	CAPTURE(errors);
	CHECK(errors.rfind("cpudist: ", 0) == 0);
	CHECK(errors.find(name) != std::string::npos);
	CHECK(errors.find('\n') == errors.size() - 1);
}

} // namespace corescope::test
