// SPDX-License-Identifier: BSD-2-Clause
// Each of docs/examples, run by `corescope load` beside something that knows what happened.
#include "load_support.h"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <set>
#include <sys/utsname.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

// What an example that speaks at each exec says of one.
std::vector<std::string> lines_of_one_exec(const std::string& example, pid_t& pid)
{
	Tool tool(example_command(example));
	ExecChild child;
	pid = child.pid();
	child.go();
	REQUIRE(child.wait() == 0);
	tool.until([&](const Json& record) { return record.value("tid", 0) == pid; });
	tool.stop();
	return said_by(tool, pid);
}

uint64_t context_switches()
{
	std::ifstream file("/proc/stat");
	std::string word;
	while (file >> word)
		if (word == "ctxt") {
			uint64_t count = 0;
			file >> count;
			return count;
		}
	FAIL("/proc/stat has no ctxt");
	return 0;
}

} // namespace

TEST_CASE("hello says its sentence once for each program that is executed")
{
	NEEDS_EXAMPLES();
	pid_t pid;
	CHECK(lines_of_one_exec("hello", pid) == std::vector<std::string>{"Hello, BPF World!"});
}

TEST_CASE("a line of bpf_printk has its fields: time, command, thread and CPU")
{
	NEEDS_EXAMPLES();
	Tool tool(example_command("hello"));
	ExecChild child;
	child.go();
	REQUIRE(child.wait() == 0);
	const Json line = tool.until([&](const Json& record) { return record.value("tid", 0) == child.pid(); });
	CHECK(line.at("type") == "event");
	CHECK(line.at("source") == "printk");
	// The kernel looks names up when it is read, and says this where it has forgotten one.
	CHECK((line.at("comm") == "true" || line.at("comm") == "<...>"));
	CHECK(line.at("cpu").get<int>() < sysconf(_SC_NPROCESSORS_CONF));
	CHECK(line.at("ts").get<std::string>() >= tool.meta().at("ts").get<std::string>());
	tool.stop();
}

TEST_CASE("hello by its system call names who asked")
{
	NEEDS_EXAMPLES();
	pid_t pid;
	const auto lines = lines_of_one_exec("hello_syscall", pid);
	CHECK(
		lines == std::vector<std::string>{"Hello, BPF World! (" + std::to_string(pid) + " asks for execve)"});
}

TEST_CASE("my_pid, set from outside, is the only process that is heard")
{
	NEEDS_EXAMPLES();
	Tool tool(example_command("hello_pid", {"--set", "my_pid=" + std::to_string(getpid())}));
	const int null = open("/dev/null", O_WRONLY);
	Child other([&] {
		for (int i = 0; i < 5; i++)
			if (write(null, "x", 1) != 1)
				_exit(1);
	});
	other.go();
	REQUIRE(other.wait() == 0);
	for (int i = 0; i < 3; i++)
		REQUIRE(write(null, "x", 1) == 1);
	close(null);
	for (int heard = 0; heard < 3; heard++)
		tool.until([](const Json& record) { return record.at("type") == "event"; });
	tool.stop();
	for (const Json& event : tool.events())
		CHECK(event.at("text") == "Hello from process " + std::to_string(getpid()));
}

TEST_CASE("sigkill's map says who killed whom, and how often")
{
	NEEDS_EXAMPLES();
	Tool tool(example_command("sigkill"));
	std::set<pid_t> killed;
	for (int i = 0; i < 3; i++) {
		Child child([] { pause(); });
		killed.insert(child.pid());
		REQUIRE(kill(child.pid(), SIGKILL) == 0);
		CHECK(child.wait() == 128 + SIGKILL);
	}
	tool.stop();
	std::set<pid_t> told;
	for (const Json& row : rows(tool, "kills"))
		if (row.at("key").at("sender") == getpid()) {
			told.insert(row.at("key").at("target").get<pid_t>());
			CHECK(row.at("value") == 1);
		}
	CHECK(told == killed);
}

TEST_CASE("records of a ring buffer are decoded by their type")
{
	NEEDS_EXAMPLES();
	Tool tool(example_command("ringbuf"));
	ExecChild child;
	child.go();
	REQUIRE(child.wait() == 0);
	const Json record = tool.until([&](const Json& one) { return one.value("pid", 0) == child.pid(); });
	CHECK(record.at("type") == "event");
	CHECK(record.at("source") == "events");
	CHECK(record.at("ppid") == getpid());
	CHECK(record.at("comm") == "true");
	CHECK(record.at("file") == "/bin/true");
	CHECK((record.at("kind") == "KIND_FIRST" || record.at("kind") == "KIND_AGAIN"));
	CHECK(record.at("time_ns").get<uint64_t>() > 0);
	tool.stop();
}

TEST_CASE("records of a perf buffer are decoded by the one struct of their length")
{
	NEEDS_EXAMPLES();
	Tool tool(example_command("perfbuf"));
	ExecChild child;
	child.go();
	REQUIRE(child.wait() == 0);
	const Json record = tool.until([&](const Json& one) { return one.value("pid", 0) == child.pid(); });
	CHECK(record.at("source") == "exits");
	CHECK(record.at("comm") == "true");
	tool.stop();
}

TEST_CASE("per-CPU counts add up to what the kernel counts itself, and can be had one by one")
{
	NEEDS_EXAMPLES();
	for (const bool apart : {false, true}) {
		const uint64_t before = context_switches();
		Tool tool(apart ? example_command("percpu", {"--per-cpu"}) : example_command("percpu"));
		const uint64_t inner_before = context_switches();
		for (int i = 0; i < 20; i++) {
			ExecChild child;
			child.go();
			child.wait();
		}
		const uint64_t inner = context_switches() - inner_before;
		tool.stop();
		const uint64_t outer = context_switches() - before;
		uint64_t sum = 0;
		std::set<int> cpus;
		for (const Json& row : rows(tool, "counts")) {
			sum += row.at("value").at("switches").get<uint64_t>();
			CHECK(row.contains("cpu") == apart);
			if (apart)
				CHECK(cpus.insert(row.at("cpu").get<int>()).second);
		}
		CHECK(
			sum + inner / 32 + 2 >= inner); // a kernel may leave some untraced, see Beside::off_time_agrees()
		CHECK(sum <= outer);
	}
}

TEST_CASE("a value of slots is a histogram of what was counted")
{
	NEEDS_EXAMPLES();
	const int null = open("/dev/null", O_WRONLY);
	const std::vector<char> bytes(5000);
	Child child([&] {
		for (const size_t size : {1, 2, 3, 4, 1000, 1024, 1024, 5000})
			if (write(null, bytes.data(), size) < 0)
				_exit(1);
	});
	const std::vector<std::string> set = {"--set", "my_pid=" + std::to_string(child.pid())};
	Tool tool(example_command("histogram", set));
	child.go();
	REQUIRE(child.wait() == 0);
	close(null);
	tool.stop();
	const auto found = rows(tool, "write_bytes");
	REQUIRE(found.size() == 1);
	CHECK(found[0].at("type") == "hist");
	CHECK(found[0].at("key") == child.pid());
	CHECK(found[0].at("count") == 8);
	CHECK(found[0].at("slots") == Json::parse("[[1,1],[3,2],[7,1],[1023,1],[2047,2],[8191,1]]"));
}

TEST_CASE("a map that is pinned by name is shared by two objects")
{
	NEEDS_EXAMPLES();
	PinFolder folder;
	Tool writer(example_command("shared_write", {"--pin-root", folder.path()}));
	for (int i = 0; i < 7; i++) {
		ExecChild child;
		child.go();
		REQUIRE(child.wait() == 0);
	}
	Tool reader(example_command("shared_read", {"--pin-root", folder.path()}));
	Child last([] {});
	last.go();
	REQUIRE(last.wait() == 0);
	const Json line = reader.until([&](const Json& record) { return record.value("tid", 0) == last.pid(); });
	int told = 0;
	REQUIRE(
		sscanf(line.at("text").get<std::string>().c_str(), "%d programs were executed so far", &told) == 1);
	CHECK(told >= 7);
	reader.stop();
	writer.stop();
	CHECK(writer.process().errors().find(folder.path() + "/shared_execs") != std::string::npos);
	CHECK(access((folder.path() + "/shared_execs").c_str(), F_OK) == 0);
}

TEST_CASE("a tail call goes on in the program that the number chooses")
{
	NEEDS_EXAMPLES();
	pid_t pid;
	const auto lines = lines_of_one_exec("tail_call", pid);
	CHECK(lines ==
		std::vector<std::string>{
			"process " + std::to_string(pid) + " has an " + (pid % 2 ? "odd" : "even") + " number"});
}

TEST_CASE("a BPF function that is called gives its result")
{
	NEEDS_EXAMPLES();
	pid_t pid;
	const auto lines = lines_of_one_exec("call", pid);
	int sum = 0;
	for (int rest = pid; rest; rest /= 10)
		sum += rest % 10;
	CHECK(lines ==
		std::vector<std::string>{
			"the digits of " + std::to_string(pid) + " add up to " + std::to_string(sum)});
}

TEST_CASE("a bounded loop and bpf_loop come to the same end")
{
	NEEDS_EXAMPLES();
	const LoadSaid trial = run_load({"load", example_path("loop"), "--duration", "1ms"});
	if (trial.status == 69 && trial.errors.find("unknown func") != std::string::npos)
		SKIP_TEST("this kernel has no bpf_loop (5.17)");
	pid_t pid;
	const auto lines = lines_of_one_exec("loop", pid);
	const std::string bits = std::to_string(__builtin_popcount(static_cast<unsigned>(pid)));
	CHECK(lines ==
		std::vector<std::string>{
			"pid " + std::to_string(pid) + " has " + bits + " bits set; bpf_loop says " + bits});
}

TEST_CASE("a field is read by the name that this kernel has for it")
{
	NEEDS_EXAMPLES();
	pid_t pid;
	const auto lines = lines_of_one_exec("flavor", pid);
	CHECK(lines == std::vector<std::string>{"pid " + std::to_string(pid) + ": state 0"}); // it runs
}

TEST_CASE("the kernel's version is filled in")
{
	NEEDS_EXAMPLES();
	pid_t pid;
	const auto lines = lines_of_one_exec("version", pid);
	utsname name;
	int major = 0, minor = 0;
	REQUIRE(uname(&name) == 0);
	REQUIRE(sscanf(name.release, "%d.%d", &major, &minor) == 2);
	CHECK(lines == std::vector<std::string>{"Linux " + std::to_string(major) + "." + std::to_string(minor)});
}
