// SPDX-License-Identifier: BSD-2-Clause
// Where every tool may find itself: without privilege or with just enough, in cron, on a kernel or in a container that
// lacks something.
#include "behaviour.h"

#include "live/places.h"
#include "system/cgroup.h"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace corescope::test {

namespace {

// How a tool hooks in when nothing is missing.
std::string hooks_of(const std::string& tool)
{
	Tool traced({tool});
	const std::string hooks = traced.meta().at("hooks");
	traced.stop();
	return hooks;
}

// Lines of an orderly run: meta first, summary last.
void check_orderly(const Ran& ran)
{
	CAPTURE(ran.err);
	CHECK(ran.status == 0);
	CHECK(ran.err.empty());
	const auto lines = lines_of(ran.out);
	REQUIRE(lines.size() >= 2);
	CHECK(Json::parse(lines.front()).at("type") == "meta");
	CHECK(Json::parse(lines.back()).at("type") == "summary");
}

const Words kShort = {"--output", "json", "--duration", "100ms"};

} // namespace

TEST_CASE("every tool: without privilege it is 77, one line, and nothing on stdout")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names())), format = GENERATE("table", "json");
	const auto caps = GENERATE(std::vector<cap_value_t>{}, std::vector<cap_value_t>{CAP_BPF},
		std::vector<cap_value_t>{CAP_PERFMON}, std::vector<cap_value_t>{CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE});
	CAPTURE(tool, format, caps);
	const Ran ran = run({public_corescope(), tool, "--output", format}, as(caps));
	if (ran.status == kCannot)
		SKIP_TEST("capabilities cannot be set here");
	CHECK(ran.status == 77);
	CHECK(ran.out.empty());
	CAPTURE(ran.err);
	CHECK(is_one_line(ran.err));
	CHECK(ran.err.find("CAP_BPF") != std::string::npos); // what to do
}

TEST_CASE("every tool: what needs no privilege works without: help, version, and the list")
{
	if (geteuid() != 0)
		SKIP_TEST("needs root to become nobody");
	const std::string tool = GENERATE(from_range(tool_names()));
	for (const Words& words : {Words{tool, "--help"}, Words{"help", tool}, Words{"--version"}, Words{},
			 Words{tool, "--nonsense"}}) {
		CAPTURE(words);
		const Ran ran = run(with({public_corescope()}, words), as({}));
		CHECK(ran.status == (words.size() == 2 && words[1] == "--nonsense" ? 64 : 0));
	}
}

TEST_CASE("every tool: CAP_BPF and CAP_PERFMON are enough, unless it needs tracefs, and then it says so")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const Ran least = run(with({public_corescope(), tool}, kShort), as({CAP_BPF, CAP_PERFMON}));
	if (least.status == kCannot)
		SKIP_TEST("capabilities cannot be set here");
	CAPTURE(least.err);
	if (least.status != 77 || hooks_of(tool).find("tracepoint") == std::string::npos) {
		check_orderly(least);
	} else {
		CHECK(is_one_line(least.err));
		CHECK(least.err.find("CAP_DAC_READ_SEARCH") != std::string::npos);
	}
	check_orderly(
		run(with({public_corescope(), tool}, kShort), as({CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH})));
}

TEST_CASE("every tool: once attached it holds no more than it needs")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	Tool traced({tool});
	std::ifstream file("/proc/" + std::to_string(traced.process().pid()) + "/status");
	std::string word, value;
	int seen = 0;
	while (file >> word) {
		if (word == "CapEff:" || word == "CapPrm:") {
			file >> value;
			const uint64_t caps = std::stoull(value, nullptr, 16);
			// Who names functions looks into the files that other processes have mapped.
			const uint64_t needed = has_option(tool, "stack-storage-size")
				? 1ULL << CAP_SYS_PTRACE | 1ULL << CAP_CHECKPOINT_RESTORE
				: 0;
			CHECK((caps & ~(1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_BPF | needed)) == 0);
			seen++;
		} else if (word == "NoNewPrivs:" || word == "Seccomp:") {
			file >> value;
			CHECK(value == (word == "Seccomp:" ? "2" : "1"));
			seen++;
		}
	}
	CHECK(seen == 4);
	traced.stop();
}

TEST_CASE("every tool: works as cron starts it: no terminal, no locale, hardly an environment")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names())), format = GENERATE("table", "json", "csv");
	CAPTURE(tool, format);
	const Stimulus stimulus({.comm = "na\xc3\xafve"});
	Process::Setup cron;
	cron.clean_environment = true;
	cron.environment = {"PATH=/usr/bin:/bin"};
	cron.in_child = [] {
		setsid();
		if (chdir("/") != 0)
			_exit(kCannot);
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		signal(SIGHUP, SIG_DFL);
	};
	char resolved[4096];
	REQUIRE(realpath(corescope_path().c_str(), resolved));
	Words words = with({resolved, tool}, lively(tool));
	if (has_option(tool, "by"))
		words = with(words, {"--by", "comm"});
	const Ran ran = run(with(words, {"--output", format, "--duration", "300ms"}), cron);
	CHECK(ran.status == 0);
	CHECK(ran.err.empty());
	CHECK(lines_of(ran.out).size() >= 3);
	CHECK(ran.out.find("na\xc3\xafve") != std::string::npos); // no locale is no reason to mangle a name
	if (format == "json")
		for (const std::string& line : lines_of(ran.out))
			CHECK(Json::parse(line).contains("type"));
}

TEST_CASE("every tool: works with stdin and stderr closed, whose numbers no file of ours may take")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	Process::Setup setup;
	setup.in_child = [] {
		close(STDIN_FILENO);
		close(STDERR_FILENO);
	};
	Tool traced({tool, "--verbose"}, setup);
	for (const char* fd : {"0", "2"}) {
		char target[256] = "";
		const std::string link = "/proc/" + std::to_string(traced.process().pid()) + "/fd/" + fd;
		REQUIRE(readlink(link.c_str(), target, sizeof(target) - 1) > 0);
		CHECK(std::string(target) == "/dev/null");
	}
	traced.stop();
}

TEST_CASE("every tool: without tracefs it works, or says that it needs it")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const Ran ran = run(command(tool, kShort), without({"/sys/kernel/tracing", "/sys/kernel/debug"}));
	if (ran.status == kCannot)
		SKIP_TEST("no mount namespace can be made here");
	if (ran.status == 69 && hooks_of(tool).find("tracepoint") != std::string::npos) {
		CHECK(ran.out.empty());
		CHECK(is_one_line(ran.err));
		CHECK(ran.err.find("tracefs") != std::string::npos);
		CHECK(ran.err.find("mount") != std::string::npos);
	} else {
		check_orderly(ran);
	}
}

TEST_CASE("execsnoop -x needs tracefs on this kernel or another hook, and says which it lacks")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Ran ran = run(
		command("execsnoop", with(kShort, {"-x"})), without({"/sys/kernel/tracing", "/sys/kernel/debug"}));
	if (ran.status == kCannot)
		SKIP_TEST("no mount namespace can be made here");
	if (ran.status == 0) {
		check_orderly(ran);
		return;
	}
	CHECK(ran.status == 69);
	CHECK(ran.out.empty());
	CHECK(is_one_line(ran.err));
	CHECK(ran.err.find("mount -t tracefs") != std::string::npos);
}

TEST_CASE("every tool: a kernel without type information is 69 and one line that says what is missing")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const Ran ran = run(command(tool, kShort), without({"/sys/kernel/btf"}));
	if (ran.status == kCannot)
		SKIP_TEST("no mount namespace can be made here");
	CHECK(ran.status == 69);
	CHECK(ran.out.empty());
	CHECK(is_one_line(ran.err));
	CHECK(ran.err.find("CONFIG_DEBUG_INFO_BTF") != std::string::npos);
}

TEST_CASE("every tool: a unit that does not run is 69, a cgroup that is none is 64, each in one line (X7)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (cgroup2_mount().empty())
		SKIP_TEST("needs a mounted cgroup2");
	const std::string tool = GENERATE(from_range(tool_names()));
	const auto [words, status, named] = GENERATE(table<Words, int, std::string>({
		{{"--unit", "no-such-unit"}, 69, "no-such-unit.service"},
		{{"--unit", "no-such.scope"}, 69, "no-such.scope"},
		{{"--unit", "a/b"}, 64, "a/b"},
		{{"--cgroup", "/no/such"}, 64, "/no/such"},
		{{"--cgroup", "no-such"}, 64, "no-such"},
		{{"--cgroup", "/proc"}, 64, "/proc"},
		{{"--cgroup", "/bin/sh"}, 64, "/bin/sh"},
	}));
	CAPTURE(tool, words);
	const Ran ran = run(command(tool, words));
	CHECK(ran.status == status);
	CHECK(ran.out.empty());
	CAPTURE(ran.err);
	CHECK(is_one_line(ran.err));
	CHECK(ran.err.find(words[0] + ": ") != std::string::npos);
	CHECK(ran.err.find(named) != std::string::npos);
}

} // namespace corescope::test
