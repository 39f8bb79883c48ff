// SPDX-License-Identifier: BSD-2-Clause
// The examples that hook in elsewhere than at the kernel's tracepoints: user space, the clock, iterators.
#include "load_support.h"

#include <set>
#include <sstream>
#include <time.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

// A static probe with two arguments, as <sys/sdt.h> makes one: a nop, and a note (type 3 of "stapsdt") that tells where it
// is and where its arguments are: "-8@REGISTER" is a signed number of eight bytes.
[[gnu::noinline]] void marked_place(long first, long second)
{
	asm volatile("990: nop\n"
				 ".pushsection .note.stapsdt, \"\", \"note\"\n"
				 ".balign 4\n"
				 ".4byte 992f - 991f, 994f - 993f, 3\n"
				 "991: .asciz \"stapsdt\"\n"
				 "992: .balign 4\n"
				 "993: .8byte 990b\n"
				 ".8byte _.stapsdt.base\n"
				 ".8byte 0\n"
				 ".asciz \"corescope_test\"\n"
				 ".asciz \"ping\"\n"
				 ".asciz \"-8@%0 -8@%1\"\n"
				 "994: .balign 4\n"
				 ".popsection\n"
				 ".ifndef _.stapsdt.base\n"
				 ".pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat\n"
				 ".weak _.stapsdt.base\n"
				 ".hidden _.stapsdt.base\n"
				 "_.stapsdt.base: .space 1\n"
				 ".size _.stapsdt.base, 1\n"
				 ".popsection\n"
				 ".endif\n"
				 :
				 : "r"(first), "r"(second));
}

} // namespace

TEST_CASE("a function of libc is seen with its argument and its result")
{
	NEEDS_EXAMPLES();
	const std::vector<std::string> words = example_command("uprobe", {"--duration", "1ms"});
	const LoadSaid trial = run_load(words);
	if (trial.status == 69)
		SKIP_TEST("no uprobes here: " + trial.errors);
	Tool tool(example_command("uprobe"));
	Child child([] { _exit(getpgid(0) > 0 ? 0 : 1); });
	child.go();
	REQUIRE(child.wait() == 0);
	tool.until([&](const Json& record) {
		return record.value("tid", 0) == child.pid() &&
			record.at("text").get<std::string>().find("returns") != std::string::npos;
	});
	tool.stop();
	CHECK(said_by(tool, child.pid()) ==
		std::vector<std::string>{"getpgid(0) called", "getpgid returns " + std::to_string(getpgid(0))});
}

TEST_CASE("a USDT probe of a running process is seen with its arguments")
{
	NEEDS_EXAMPLES();
	char self[4096] = {};
	REQUIRE(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	Child child([] { marked_place(42, -7); });
	const std::string target =
		"on_probe=" + std::string(self) + ":corescope_test:ping@" + std::to_string(child.pid());
	const LoadSaid trial = run_load({"load", example_path("usdt"), "--attach", target, "--duration", "1ms"});
	if (trial.status == 69)
		SKIP_TEST("no USDT here: " + trial.errors);
	Tool tool(example_command("usdt", {"--attach", target}));
	child.go();
	REQUIRE(child.wait() == 0);
	tool.until([&](const Json& record) { return record.value("tid", 0) == child.pid(); });
	tool.stop();
	CHECK(said_by(tool, child.pid()) == std::vector<std::string>{"probe: 42 -7"});
}

TEST_CASE("samples of a busy process are in proportion to the time that it has run")
{
	NEEDS_EXAMPLES();
	constexpr double kSeconds = 1, kFrequency = 199;
	Tool tool(example_command("sample", {"--freq", "199"}));
	Child child([] {
		timespec used;
		do
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
		while (static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9 < kSeconds);
	});
	child.go();
	REQUIRE(child.wait() == 0);
	tool.stop();
	double samples = 0;
	for (const Json& row : rows(tool, "samples"))
		if (row.at("key").at("pid") == child.pid())
			samples += row.at("value").get<double>();
	CHECK(samples > 0.5 * kSeconds * kFrequency);
	CHECK(samples < 1.6 * kSeconds * kFrequency);
}

TEST_CASE("an iterator's text names every process, and the run ends when it has been read")
{
	NEEDS_EXAMPLES();
	Child child([] {});
	const LoadSaid said = run_load({"load", example_path("tasks")});
	CHECK(said.status == 0);
	std::set<std::pair<int, int>> told;
	std::istringstream lines(said.out);
	std::string line;
	std::getline(lines, line);
	CHECK(line.find("PID") != std::string::npos);
	while (std::getline(lines, line)) {
		int pid = 0, tid = 0, parent = 0;
		if (sscanf(line.c_str(), "%d %d %d", &pid, &tid, &parent) == 3)
			told.insert({pid, parent});
	}
	CHECK(told.count({child.pid(), getpid()}) == 1);
	CHECK(told.count({getpid(), getppid()}) == 1);
}
