// SPDX-License-Identifier: BSD-2-Clause
// `corescope load`: its options, what it refuses and in which words, how it ends, and what it leaves behind.
#include "load_support.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <unistd.h>

using namespace corescope::test;

namespace {

struct Refusal {
	const char* example;
	std::vector<std::string> arguments;
	int status;
	const char* words;
};

// Instances of tracing that belong to a process of that number.
bool has_instance(pid_t pid)
{
	const std::string name = "/instances/corescope-" + std::to_string(pid);
	return access(("/sys/kernel/tracing" + name).c_str(), F_OK) == 0 ||
		access(("/sys/kernel/debug/tracing" + name).c_str(), F_OK) == 0;
}

std::vector<std::string> names_in(const std::string& folder)
{
	std::vector<std::string> names;
	for (const auto& entry : std::filesystem::directory_iterator(folder))
		names.push_back(entry.path().filename());
	std::sort(names.begin(), names.end());
	return names;
}

} // namespace

TEST_CASE("load refuses in one line what does not fit, and says what would")
{
	NEEDS_EXAMPLES();
	const Refusal refusals[] = {
		{"hello_pid", {"--set", "my_pidd=1"}, 64, "my_pid"},
		{"hello_pid", {"--set", "my_pid=99999999999"}, 64, "2147483647"},
		{"hello_pid", {"--set", "my_pid=abc"}, 64, "my_pid"},
		{"hello_pid", {"--set", "my_pid"}, 64, "NAME=VALUE"},
		{"hello", {"--only", "hallo"}, 64, "there is hello"},
		{"hello", {"--skip", "hello"}, 64, "no program is left"},
		{"hello", {"--attach", "hello"}, 64, "NAME=VALUE"},
		{"sigkill", {"--entries", "kill=5"}, 64, "there is kills"},
		{"sigkill", {"--entries", "kills=0"}, 64, "--entries"},
		{"ringbuf", {"--event", "events=struct nothing"}, 64, "struct nothing"},
		{"ringbuf", {"--event", "event=struct event"}, 64, "there is events"},
		{"usdt", {}, 64, "--attach on_probe="},
		{"usdt", {"--attach", "on_probe=libc.so.6"}, 64, "BINARY:PROVIDER:NAME"},
		{"hello", {"--pin", "/tmp/no-bpffs-here"}, 64, "BPF file system"},
		{"hello", {"--pin", "/sys/fs/bpf/x", "--duration", "1"}, 64, "--pin"},
		{"hello", {"--output", "prom"}, 64, "--output"},
		{"sample", {"--freq", "1000000"}, 64, "--freq"},
		{"sample", {"--attach", "on_sample=none"}, 64, "PID"},
	};
	for (const Refusal& one : refusals) {
		std::vector<std::string> words = {"load", example_path(one.example)};
		words.insert(words.end(), one.arguments.begin(), one.arguments.end());
		const LoadSaid said = run_load(words);
		INFO(
			one.example << " " << (one.arguments.empty() ? "" : one.arguments.back()) << ": " << said.errors);
		CHECK(said.status == one.status);
		CHECK(said.out.empty());
		CHECK(said.errors.find(one.words) != std::string::npos);
		CHECK(std::count(said.errors.begin(), said.errors.end(), '\n') == 1);
	}
}

TEST_CASE("load needs a file, and says so")
{
	const LoadSaid said = run_load({"load"});
	CHECK(said.status == 64);
	CHECK(said.errors.find("FILE.bpf.o") != std::string::npos);
}

TEST_CASE("only the programs that are asked for are loaded")
{
	NEEDS_EXAMPLES();
	const LoadSaid trial = run_load({"load", example_path("uprobe"), "--duration", "1ms"});
	if (trial.status == 69)
		SKIP_TEST("no uprobes here: " + trial.errors);
	for (const std::vector<std::string>& choice :
		{std::vector<std::string>{"--only", "on_call"}, std::vector<std::string>{"--skip", "on_return"}}) {
		Tool tool({"load", example_path("uprobe"), choice[0], choice[1]});
		CHECK(tool.meta().at("hooks") == "uprobe/libc.so.6:getpgid");
		Child child([] { _exit(getpgid(0) > 0 ? 0 : 1); });
		child.go();
		REQUIRE(child.wait() == 0);
		tool.until([&](const Json& record) { return record.value("tid", 0) == child.pid(); });
		tool.stop();
		CHECK(said_by(tool, child.pid()) == std::vector<std::string>{"getpgid(0) called"});
	}
}

TEST_CASE("a run ends by each signal with its hooks and its tracing instance gone")
{
	NEEDS_EXAMPLES();
	for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
		Tool tool({"load", example_path("hello")});
		const pid_t pid = tool.process().pid();
		CHECK(has_instance(pid));
		tool.stop(number);
		CHECK_FALSE(has_instance(pid));
		CHECK(tool.summary().at("end") ==
			(number == SIGINT           ? "SIGINT"
					: number == SIGTERM ? "SIGTERM"
										: "SIGHUP"));
	}
}

TEST_CASE("an instance that a killed run has left is removed by the next")
{
	NEEDS_EXAMPLES();
	pid_t killed;
	{
		Tool tool({"load", example_path("hello")});
		killed = tool.process().pid();
		tool.process().signal(SIGKILL);
		CHECK(tool.process().wait() == 128 + SIGKILL);
	}
	CHECK(has_instance(killed));
	CHECK(run_load({"load", example_path("hello"), "--duration", "1ms"}).status == 0);
	CHECK_FALSE(has_instance(killed));
}

TEST_CASE("a program that prints nothing leaves tracing alone")
{
	NEEDS_EXAMPLES();
	Tool tool({"load", example_path("percpu")});
	CHECK_FALSE(has_instance(tool.process().pid()));
	tool.stop();
}

// Alone: a second load of the same object prints the same lines.
TEST_CASE("lines that another object prints are not taken for one's own", "[alone]")
{
	NEEDS_EXAMPLES();
	Tool other({"load", example_path("hello")});
	Tool tool({"load", example_path("call")});
	ExecChild child;
	child.go();
	REQUIRE(child.wait() == 0);
	for (Tool* one : {&other, &tool})
		one->until([&](const Json& record) { return record.value("tid", 0) == child.pid(); });
	other.stop();
	tool.stop();
	CHECK(said_by(other, child.pid()) == std::vector<std::string>{"Hello, BPF World!"});
	REQUIRE(said_by(tool, child.pid()).size() == 1);
	CHECK(said_by(tool, child.pid())[0].find("the digits of") == 0);
	CHECK(tool.process().errors().find("left out") != std::string::npos);
}

TEST_CASE("count ends after so many records, in every format")
{
	NEEDS_EXAMPLES();
	for (const std::string format : {"table", "json", "csv"}) {
		Process process(
			{corescope_path(), "load", example_path("ringbuf"), "--count", "2", "--output", format});
		const auto first = process.line(); // a heading, or meta: it is attached
		REQUIRE(first);
		for (int i = 0; i < 3; i++) {
			ExecChild child;
			child.go();
			child.wait();
		}
		const std::string rest = process.rest();
		CHECK(process.wait() == 0);
		const long lines = std::count(rest.begin(), rest.end(), '\n');
		CHECK(lines == (format == "json" ? 3 : 2)); // and the summary
	}
}

TEST_CASE("each interval writes the maps, and so does the end")
{
	NEEDS_EXAMPLES();
	Tool tool({"load", example_path("percpu"), "--interval", "50ms"});
	for (int i = 0; i < 3; i++)
		tool.until([](const Json& record) { return record.at("type") == "row"; });
	tool.stop();
	uint64_t last = 0;
	int count = 0;
	for (const Json& record : tool.records())
		if (record.at("type") == "row") {
			const uint64_t switches = record.at("value").at("switches").get<uint64_t>();
			CHECK(switches >= last);
			last = switches;
			count++;
		}
	CHECK(count >= 4);
}

TEST_CASE("variables are written as the programs have left them")
{
	NEEDS_EXAMPLES();
	Tool tool({"load", example_path("call")});
	std::vector<pid_t> pids;
	for (int i = 0; i < 4; i++) {
		ExecChild child;
		child.go();
		pids.push_back(child.pid());
		REQUIRE(child.wait() == 0);
	}
	tool.until([&](const Json& record) { return record.value("tid", 0) == pids.back(); });
	tool.stop();
	uint64_t calls = 0, sum = 0, told = 0;
	for (const Json& record : tool.records())
		if (record.at("type") == "row" && record.at("source") == ".bss")
			(record.at("key") == "calls" ? calls : sum) = record.at("value").get<uint64_t>();
	for (const Json& event : tool.events())
		told += std::stoul(
			event.at("text").get<std::string>().substr(event.at("text").get<std::string>().rfind(' ')));
	CHECK(calls >= 4);
	CHECK(calls >= tool.events().size());
	CHECK(sum >= told);
}

TEST_CASE("verbose tells each step on standard error, and nothing of it is data")
{
	NEEDS_EXAMPLES();
	const LoadSaid said =
		run_load({"load", example_path("flavor"), "--duration", "1ms", "-v", "--output", "json"});
	CHECK(said.status == 0);
	for (const char* words : {"open ", "licence: GPL", "section tp_btf/sched_process_exec", "program on_exec",
			 "CO-RE in on_exec", "struct task_struct.tgid", "verifier walked", "attached on_exec to"})
		CHECK(said.errors.find(words) != std::string::npos);
	std::istringstream lines(said.out);
	std::string line;
	while (std::getline(lines, line))
		CHECK(Json::parse(line).contains("type"));
	const LoadSaid named = run_load({"load", example_path("hello"), "--duration", "1ms", "-v"});
	CHECK(named.errors.find("tracepoint id ") != std::string::npos);
}

TEST_CASE("what is pinned goes on without a process, and unload takes that away and nothing else")
{
	NEEDS_EXAMPLES();
	PinFolder folder;
	const std::string pin = folder.path() + "/kills";
	const LoadSaid pinned = run_load({"load", example_path("sigkill"), "--pin", pin});
	INFO(pinned.errors);
	if (pinned.status == 69)
		SKIP_TEST("links of tracepoints cannot be pinned here (5.15)");
	REQUIRE(pinned.status == 0);
	CHECK(pinned.out.find("corescope unload " + pin) != std::string::npos);
	CHECK(names_in(folder.path()) == std::vector<std::string>{"kills"});
	const auto names = names_in(pin);
	for (const char* name : {"link_on_signal", "map_kills", "prog_on_signal"})
		CHECK(std::count(names.begin(), names.end(), name) == 1);

	CHECK(run_load({"load", example_path("sigkill"), "--pin", pin}).status == 75); // the name is taken
	CHECK(names_in(pin) == names);

	// A stranger's map in the folder stays, and the folder with it.
	CHECK(
		run_load({"load", example_path("shared_write"), "--pin-root", pin, "--duration", "1ms"}).status == 0);
	CHECK(access((pin + "/shared_execs").c_str(), F_OK) == 0);
	const LoadSaid ended = run_load({"unload", pin});
	CHECK(ended.status == 0);
	CHECK(ended.errors.find(pin + " stays") != std::string::npos);
	CHECK(names_in(pin) == std::vector<std::string>{"shared_execs"});
	CHECK(run_load({"unload", pin}).status == 65);
	CHECK(access((pin + "/shared_execs").c_str(), F_OK) == 0);
}

TEST_CASE("what load has not pinned is not unloaded, and a pin that cannot be leaves nothing")
{
	NEEDS_EXAMPLES();
	PinFolder folder;
	CHECK(run_load({"unload", folder.path()}).status == 65);
	const LoadSaid said = run_load({"load", example_path("hello"), "--pin", folder.path() + "/a.b"});
	CHECK(said.status == 64);
	CHECK(names_in(folder.path()).empty());
}
