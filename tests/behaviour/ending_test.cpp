// SPDX-License-Identifier: BSD-2-Clause
// How every tool ends: by a signal, by its reader, by what it was told, and when its output cannot be written.
#include "behaviour.h"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <set>
#include <sstream>
#include <sys/syscall.h>
#include <unistd.h>

namespace corescope::test {

namespace {

constexpr int kPipeDeath = 128 + SIGPIPE;

std::string name_of(int number)
{
	return number == SIGINT ? "SIGINT" : number == SIGHUP ? "SIGHUP" : "SIGTERM";
}

std::string file_text(const std::string& path)
{
	std::ifstream file(path);
	std::stringstream text;
	text << file.rdbuf();
	return text.str();
}

// Whether a process sits in that system call.
bool is_in(pid_t pid, long number)
{
	const std::string text = file_text("/proc/" + std::to_string(pid) + "/syscall");
	return !text.empty() && isdigit(static_cast<unsigned char>(text[0])) && std::atol(text.c_str()) == number;
}

bool is_polling(pid_t pid)
{
#ifdef SYS_poll
	if (is_in(pid, SYS_poll))
		return true;
#endif
	return is_in(pid, SYS_ppoll);
}

// A pipe without room, whose other end nobody reads. The child makes its writing end its stdout.
class FullPipe {
public:
	FullPipe()
	{
		REQUIRE(pipe2(ends_, O_CLOEXEC | O_NONBLOCK) == 0);
		const std::string chunk(4096, 'x');
		while (write(ends_[1], chunk.data(), chunk.size()) > 0) {}
		fcntl(ends_[1], F_SETFL, 0);
	}
	~FullPipe()
	{
		close(ends_[0]);
		close(ends_[1]);
	}
	Process::Setup setup() const
	{
		Process::Setup setup;
		setup.in_child = [end = ends_[1]] { dup2(end, STDOUT_FILENO); };
		return setup;
	}

private:
	int ends_[2];
};

} // namespace

TEST_CASE(
	"every tool | head -1: ends at once by SIGPIPE when the reader goes, also when nothing happens (1.1)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names())), format = GENERATE("table", "json", "csv");
	CAPTURE(tool, format);
	const Quarters quarters; // nothing happens in there
	Words words = with(command(tool, {"--output", format}), quarters.filter());
	if (has_intervals(tool) && format == "table") // has no heading: the first line is an interval's
		words = with(words, interval(tool, "0.1"));
	Process process(words);
	REQUIRE(process.line());
	process.close_stdout();
	CHECK(end_of(process) == kPipeDeath);
	CHECK(process.errors().empty());
}

TEST_CASE("every tool | head -1: the shell's own words, on a busy machine")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const Stimulus stimulus;
	std::string line = "exec '" + corescope_path() + "' " + tool;
	for (const std::string& word : lively(tool))
		line += " " + word;
	Process shell({"/bin/sh", "-c", "{ " + line + "; echo $? >&2; } | head -n 1"});
	const int64_t start = monotonic_ms();
	CHECK(lines_of(shell.rest()).size() == 1);
	CHECK(shell.wait() == 0);
	CHECK(monotonic_ms() - start < 2 * kSoonMs);
}

TEST_CASE(
	"every tool: TERM, INT and HUP end it in order, with status 0, what was counted, and the summary (X1)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	const int number = GENERATE(SIGTERM, SIGINT, SIGHUP);
	CAPTURE(tool, number);
	const Quarters quarters;
	const Words often = has_option(tool, "frequency") ? Words{"--frequency", "4999"} : Words{};
	Tool traced(with(with({tool}, often), quarters.filter()));
	Stimulus stimulus({.quarters = &quarters, .times = 20});
	stimulus.join();
	const int64_t start = monotonic_ms();
	traced.stop(number);
	CHECK(monotonic_ms() - start < kSoonMs);
	CHECK(traced.summary().at("end") == name_of(number));
	size_t told = 0;
	uint64_t counted = 0;
	for (const Json& record : traced.records()) {
		const std::string type = record.at("type");
		const bool counts = type == "hist" || type == "stack" || type == "row";
		told += counts || type == "event";
		counted += counts ? record.at("count").get<uint64_t>() : type == "event";
	}
	CHECK(told == traced.summary().at("records"));
	// All of it, and what came last too. Who takes samples sees what was long.
	CHECK(counted >= (has_option(tool, "frequency") ? 1 : 20));
	CHECK(traced.process().errors().empty());
}

TEST_CASE("every tool: TERM keeps the last interval in tables and CSV too")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names())), format = GENERATE("table", "csv");
	CAPTURE(tool, format);
	const Quarters quarters;
	Words words = with(command(tool, {"--output", format}), quarters.filter());
	words = with(
		words, interval(tool, "0.5")); // so that there is a first line; the second is not over when it ends
	Process process(words);
	REQUIRE(process.line()); // a heading, or the first interval: it is attached
	Stimulus stimulus({.quarters = &quarters, .times = 5});
	stimulus.join();
	process.signal(SIGTERM);
	const std::string text = process.rest();
	CHECK(process.wait() == 0);
	CHECK(lines_of(text).size() >= 5);
}

TEST_CASE("every tool: a HUP that is ignored stays so, as nohup wants it")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	Process::Setup setup;
	setup.in_child = [] { std::signal(SIGHUP, SIG_IGN); };
	Tool traced({tool}, setup);
	traced.process().signal(SIGHUP);
	traced.process().signal(SIGHUP);
	traced.stop(SIGINT);
	CHECK(traced.summary().at("end") == "SIGINT");
}

TEST_CASE("every tool: with a reader that stalls, TERM still ends it within seconds, and says so")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const FullPipe pipe;
	Process process(command(tool, {"--output", "json"}), pipe.setup());
	REQUIRE(until([&] { return is_in(process.pid(), SYS_write); }));
	process.signal(SIGTERM);
	CHECK(end_of(process) == 74);
	CHECK(is_one_line(process.errors()));
}

TEST_CASE("every tool: a second INT ends it at once")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const FullPipe pipe;
	Process process(command(tool, {"--output", "json"}), pipe.setup());
	REQUIRE(until([&] { return is_in(process.pid(), SYS_write); }));
	process.signal(SIGINT);
	REQUIRE(until(
		[&] { return is_polling(process.pid()) || process.ended(); })); // it has taken notice, and is patient
	process.signal(SIGINT);
	CHECK(end_of(process) == 128 + SIGINT); // and not 74, which it would be a second later
}

TEST_CASE("every tool: output that cannot be written is 74 and one line")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names())), format = GENERATE("table", "json", "csv");
	const std::string to = GENERATE("/dev/full", "nowhere", "nowhere, and no other stream either");
	CAPTURE(tool, format, to);
	const Stimulus stimulus;
	Process::Setup setup;
	setup.in_child = [&] {
		if (to == "/dev/full")
			dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
		else
			close(STDOUT_FILENO);
		if (to.find("other") != std::string::npos) {
			close(STDIN_FILENO);
			close(STDERR_FILENO);
		}
	};
	Process process(with(command(tool, {"--output", format}), lively(tool)), setup);
	CHECK(process.wait() == 74);
	if (to.find("other") == std::string::npos)
		CHECK(is_one_line(process.errors()));
}

TEST_CASE("corescope: its own words that cannot be written are 74")
{
	const Words arguments = GENERATE(Words{}, Words{"--version"}, Words{"help"}, Words{"execsnoop", "--help"},
		Words{"cpudist", "--usage"}, Words{"execsnoop", "--version"});
	const bool closed = GENERATE(false, true);
	CAPTURE(arguments, closed);
	Process::Setup setup;
	setup.in_child = [&] {
		if (closed)
			close(STDOUT_FILENO);
		else
			dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
	};
	const Ran ran = run(with({corescope_path()}, arguments), setup);
	CHECK(ran.status == 74);
	CHECK(is_one_line(ran.err));
}

TEST_CASE("every tool: --duration is that long, and ends with status 0")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	const auto [text, ns] = GENERATE(
		table<std::string, int64_t>({{"0.25", 250000000}, {"120ms", 120000000}, {"1s", 1000000000}}));
	CAPTURE(tool, text);
	const Quarters quarters;
	const Stimulus stimulus({.quarters = &quarters});
	const Ran ran = run(with(command(tool, {"--output", "json", "--duration", text}), quarters.filter()));
	CHECK(ran.status == 0);
	CHECK(ran.err.empty());
	const Json summary = Json::parse(lines_of(ran.out).back());
	REQUIRE(summary.at("type") == "summary");
	CHECK(summary.at("end") == "duration");
	const int64_t window = summary.at("window_ns");
	CHECK(window >= ns);
	CHECK(window < ns + 500000000);
}

TEST_CASE("every tool: --count is exact, also under load")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	const size_t count = GENERATE(1, 2, 17);
	CAPTURE(tool, count);
	const Stimulus one, two, three({.pause_us = 0});
	const Ran ran = run(
		with(command(tool, {"--output", "json", "--count", std::to_string(count)}), interval(tool, "0.02")));
	CHECK(ran.status == 0);
	size_t told = 0;
	std::set<std::string> intervals;
	for (const std::string& line : lines_of(ran.out)) {
		const std::string type = Json::parse(line).at("type");
		told += type == "event" || type == "hist" || type == "stack" || type == "row";
		if (type == "stack" || type == "row") // many to an interval
			intervals.insert(Json::parse(line).at("ts"));
	}
	const Json summary = Json::parse(lines_of(ran.out).back());
	CHECK(summary.at("end") == "count");
	CHECK(summary.at("records") == told);
	CHECK((intervals.empty() ? told : intervals.size()) == count);
	// In a table: a heading and as many lines.
	if (!has_intervals(tool))
		CHECK(lines_of(run(command(tool, {"--count", std::to_string(count)})).out).size() == count + 1);
}

} // namespace corescope::test
