// SPDX-License-Identifier: BSD-2-Clause
// syscount counts each call that returns, once, under its name, with its failure: against a program that makes known
// calls a known number of times.
#include "harness.h"

#include <map>
#include <sstream>

namespace corescope::test {

namespace {

using Words = std::vector<std::string>;

struct Counted {
	uint64_t count = 0, failed = 0, ns = 0, in_slots = 0;
};
using Table = std::map<std::string, Counted>; // by the value of `key`

Table table_of(const std::vector<Json>& records, const std::string& key)
{
	Table table;
	for (const Json& record : records) {
		if (record.at("type") != "row")
			continue;
		const Json& name = record.at(key);
		Counted& row = table[name.is_string() ? name.get<std::string>() : name.dump()];
		row.count += record.at("count").get<uint64_t>();
		row.failed += record.at("failed").get<uint64_t>();
		if (record.at("total_ns").is_number())
			row.ns += record.at("total_ns").get<uint64_t>();
		for (const Json& slot : record.at("slots").is_array() ? record.at("slots") : Json::array())
			row.in_slots += slot[1].get<uint64_t>();
	}
	return table;
}

Words traced(const Words& more, pid_t pid)
{
	Words words = {"syscount", "-p", std::to_string(pid)};
	words.insert(words.end(), more.begin(), more.end());
	return words;
}

// What the tool tells of the load, by `key`.
Table beside(Load& load, const Words& more, const std::string& key = "syscall")
{
	Tool tool(traced(more, load.pid()));
	load.go();
	load.truth();
	const Table table = table_of(tool.stop(), key);
	CHECK(tool.summary().at("lost") == 0);
	return table;
}

void check_all(const Table& table, Load& load)
{
	for (const Json& call : load.truth()) {
		CAPTURE(call.dump());
		const auto row = table.find(call.at("syscall"));
		REQUIRE(row != table.end());
		CHECK(row->second.count == call.at("count"));
		CHECK(row->second.failed == call.at("failed"));
	}
}

} // namespace

TEST_CASE(
	"syscount: every call of each kind is counted, with its failures, and what has no name by its number")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Words more =
		GENERATE(Words{}, Words{"-L"}, Words{"--interval", "0.02"}, Words{"-L", "--hook", "tp_btf+hash"},
			Words{"--hook", "raw_tp"}, Words{"-L", "--hook", "raw_tp+hash"});
	CAPTURE(more);
	Load load("syscallload", {"kinds", "--count", "5000"});
	const Table table = beside(load, more);
	check_all(table, load);
	if (more.size() && more[0] == "-L")
		CHECK(table.at("getpgid").in_slots == 5000);
}

TEST_CASE("syscount -x and -e: only what fails, or fails so, by call and by error")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	{
		Load load("syscallload", {"kinds", "--count", "400"});
		const Table table = beside(load, {"-x"});
		CHECK(table.count("getpgid") == 0);
		CHECK(table.at("faccessat").count == 200);
	}
	for (const std::string error : {"EBADF", "9"}) {
		Load load("syscallload", {"kinds", "--count", "400"});
		const Table table = beside(load, {"-e", error, "-L"});
		CHECK(table.size() == 1);
		CHECK(table.at("dup").count == 800);
	}
	Load load("syscallload", {"kinds", "--count", "400"});
	const Table table = beside(load, {"--by", "error"}, "error");
	CHECK(table.at("EBADF").count == 800);
	CHECK(table.at("ENOSYS").count == 400);
	CHECK(table.at("EINVAL").count == 400);
	CHECK(table.at("ENOENT").count == 200);
}

TEST_CASE("syscount: by process, thread, name and cgroup the sums are the same")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string by = GENERATE("pid", "tid", "comm", "cgroup");
	const bool latency = GENERATE(false, true);
	CAPTURE(by, latency);
	Load load("syscallload", {"kinds", "--count", "5000"});
	const std::string pid = std::to_string(load.pid());
	Words more = {"--by", by, "-e", "EBADF"};
	if (latency)
		more.push_back("-L");
	const Table table = beside(load, more, by == "cgroup" ? "cgroup_id" : by);
	REQUIRE(table.size() == 1);
	CHECK(table.begin()->second.count == 10000);
	CHECK(table.begin()->first != "null");
	if (by == "comm")
		CHECK(table.begin()->first == "syscallload");
	else if (by != "cgroup")
		CHECK(table.begin()->first == pid);
}

TEST_CASE("syscount: a fork is one call, though it returns twice")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("syscallload", {"forks", "--count", "200"});
	Tool tool({"syscount", "--by", "comm"}); // the children are other processes
	load.go();
	load.truth();
	tool.stop();
	Load again("syscallload", {"forks", "--count", "200"});
	check_all(beside(again, {}), again);
}

TEST_CASE("syscount: 32-bit calls of a 64-bit program have their own numbers and names")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Words more = GENERATE(Words{}, Words{"-L"}, Words{"--hook", "raw_tp"});
	CAPTURE(more);
	Load load("syscallload", {"compat", "--count", "3000"});
	if (load.ready().is_null())
		SKIP_TEST(load.errors());
	const Table table = beside(load, more);
	check_all(table, load);
	CHECK(table.count("lstat") == 0);
}

TEST_CASE("syscount -L: the sum of the times lies between what was asked and what the caller's clock saw")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Words more = GENERATE(Words{"-L"}, Words{"-L", "--hook", "tp_btf+hash"});
	Load load("syscallload", {"naps", "2", "--count", "100"});
	const Counted naps = beside(load, more).at("nanosleep");
	const Json truth = load.truth().at(0);
	CAPTURE(more, naps.ns, truth.dump());
	CHECK(naps.count == 100);
	CHECK(naps.in_slots == 100);
	CHECK(naps.ns >= truth.at("least_ns"));
	CHECK(naps.ns <= truth.at("ns"));
}

TEST_CASE("syscount: --top keeps the first and adds up the rest; nothing is cut")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("syscallload", {"kinds", "--count", "1000"});
	Tool tool(traced({"-T", "1", "-x"}, load.pid()));
	load.go();
	load.truth();
	const std::vector<Json>& records = tool.stop();
	REQUIRE(records.size() == 3); // with the summary
	CHECK(records[0].at("syscall") == "dup");
	CHECK(records[0].at("count") == 2000);
	CHECK(records[0].at("rows") == 1);
	CHECK(records[1].at("syscall").is_null());
	CHECK(records[1].at("rows") >= 3);
	CHECK(records[1].at("count") >= 2500);
}

TEST_CASE("syscount: what finds no row is counted as lost")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("syscallload", {"kinds", "--count", "100"});
	Tool tool(traced({"--by", "error", "--max-keys", "1"}, load.pid()));
	load.go();
	load.truth();
	const Table table = table_of(tool.stop(), "error");
	CHECK(table.size() == 1);
	CHECK(
		tool.summary().at("lost_by_reason").at("table full").get<uint64_t>() + table.begin()->second.count >=
		450);
}

TEST_CASE("syscount -l: lists names without tracing anything")
{
	Process list({corescope_path(), "syscount", "-l"});
	const std::string text = list.rest();
	CHECK(list.wait() == 0);
	CHECK(text.find(": read\n") != std::string::npos);
	CHECK(text.find("  424: pidfd_send_signal\n") != std::string::npos);
}

} // namespace corescope::test
