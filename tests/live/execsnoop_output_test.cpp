// SPDX-License-Identifier: BSD-2-Clause
// execsnoop: columns and their options, times, and lines that arrive when things happen. The numbers E14… are those
// defects of libbpf-tools' execsnoop, and of its whole set, that a case would show there.
#include "exec_support.h"

#include "output/escape.h"

#include <csignal>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

const std::string kMe = std::to_string(getpid());

Strings headings(const std::string& heading)
{
	Strings names;
	for (const Column& column : columns_of(heading))
		names.push_back(column.heading);
	return names;
}

int64_t second_of_day(const std::string& hms)
{
	INFO(hms);
	REQUIRE(hms.size() == 8);
	REQUIRE((hms[2] == ':' && hms[5] == ':'));
	return std::stoi(hms.substr(0, 2)) * 3600 + std::stoi(hms.substr(3, 2)) * 60 +
		std::stoi(hms.substr(6, 2));
}

void wait_for_next_second(int64_t unix_ns)
{
	while (wall_ns() / 1000000000 <= unix_ns / 1000000000 + 1)
		usleep(10000);
}

// All of a process' threads stand still.
void freeze(Process& process)
{
	process.signal(SIGSTOP);
	const std::string file = "/proc/" + std::to_string(process.pid()) + "/stat";
	for (char state = 0; state != 'T';) {
		FILE* stat = fopen(file.c_str(), "re");
		REQUIRE(stat);
		REQUIRE(fscanf(stat, "%*d (%*[^)]) %c", &state) == 1);
		fclose(stat);
	}
}

} // namespace

TEST_CASE(
	"execsnoop: every column stands under its heading, with every choice of columns (E14)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (unsigned choice = 0; choice < 8; choice++) {
		Strings options = {"-P", kMe}, expected = {"PCOMM", "PID", "PPID", "RET", "ARGS"};
		if (choice & 4) {
			options.push_back("-U");
			expected.insert(expected.begin(), "UID");
		}
		if (choice & 2) {
			options.push_back("-t");
			expected.insert(expected.begin(), "TIME(s)");
		}
		if (choice & 1) {
			options.push_back("-T");
			expected.insert(expected.begin(), "TIME");
		}
		TextTool tool(options);
		CHECK(headings(tool.heading()) == expected);
		const pid_t pid = run_file(load_path("quiet"), {"name", "argument"});
		const Strings lines = tool.stop();
		REQUIRE(lines.size() == 1);
		const Row row = table_row(tool.heading(), lines[0]); // checks where each value stands
		CHECK(row.at("PCOMM") == "quiet");
		CHECK(row.at("PID") == std::to_string(pid));
		CHECK(row.at("PPID") == kMe);
		CHECK(row.at("RET") == "0");
		CHECK(row.at("ARGS") == "name argument");
		if (choice & 4)
			CHECK(row.at("UID") == std::to_string(getuid()));
		if (choice & 2)
			CHECK(row.at("TIME(s)").find_first_not_of("0123456789.") == std::string::npos);
		if (choice & 1)
			CHECK(second_of_day(row.at("TIME")) < 86401);
	}
}

TEST_CASE("execsnoop: long names of options mean what their letters mean", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const auto heading = [](const Strings& options) {
		TextTool tool(options);
		tool.stop();
		return tool.heading();
	};
	CHECK(heading({"-TtU"}) == heading({"--time", "--timestamp", "--print-uid"}));
	CHECK(heading({"-TtU"}) == heading({"-T", "-t", "-U", "-x", "-q", "-v"}));
}

TEST_CASE("execsnoop: -x shows the error's number to the right of its column (E14)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	TextTool tool({"-x", "-P", kMe, "-U", "-T", "-t"});
	run_file("/no/such/program", {"name"});
	run_file("/etc/passwd", {"name"});
	const Strings lines = tool.stop();
	REQUIRE(lines.size() >= 2);
	CHECK(table_row(tool.heading(), lines[0]).at("RET") == "-2");
	CHECK(table_row(tool.heading(), lines[1]).at("RET") == "-13");
}

TEST_CASE("execsnoop: columns stay in line behind names of wide characters (E14)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const ScratchDir dir;
	for (const std::string name : {"\xe6\x97\xa5\xe6\x9c\xac", "caf\xc3\xa9", "e\xcc\x81"}) {
		copy_program(load_path("quiet"), dir / name);
		TextTool tool({"-P", kMe});
		const pid_t pid = run_program({dir / name});
		const Strings lines = tool.stop();
		REQUIRE(lines.size() == 1);
		const size_t at = lines[0].find(std::to_string(pid));
		REQUIRE(at != std::string::npos);
		CHECK(corescope::display_width(lines[0].substr(0, at)) == columns_of(tool.heading())[1].begin);
	}
}

TEST_CASE("execsnoop: the time is the kernel's at the exec, not the reader's (X17)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("execload", {"execve"});
	const std::string parent = std::to_string(load.pid());
	Process::Setup utc;
	utc.environment = {"TZ=UTC"};
	utc.clean_environment = true;
	Tool json({"execsnoop", "-P", parent});
	TextTool table({"-T", "-t", "-P", parent}, utc);
	TextTool csv({"--output", "csv", "-P", parent});
	const int64_t started = rfc3339_ns(json.meta().at("ts")); // not after the table's start
	freeze(json.process());
	freeze(table.process());
	freeze(csv.process());
	load.go();
	const Json truth = load.truth().at(0);
	REQUIRE(load.finish() == 0);
	const int64_t not_before = truth.at("not_before_ns").get<int64_t>(),
				  not_after = truth.at("not_after_ns").get<int64_t>();
	wait_for_next_second(not_after);
	for (Process* process : {&json.process(), &table.process(), &csv.process()})
		process->signal(SIGCONT);
	json.stop();
	REQUIRE(json.events().size() == 1);
	const Strings rows = table.stop(), cells = csv.stop();
	REQUIRE((rows.size() == 1 && cells.size() == 1));
	for (const int64_t at :
		{rfc3339_ns(json.events()[0].at("ts")), rfc3339_ns(csv_row(csv.heading(), cells[0]).at("ts"))}) {
		CHECK(at >= not_before);
		CHECK(at <= not_after);
	}
	const Row row = table_row(table.heading(), rows[0]);
	const int64_t second = second_of_day(row.at("TIME"));
	CHECK((second == not_before / 1000000000 % 86400 || second == not_after / 1000000000 % 86400));
	const double elapsed = std::stod(row.at("TIME(s)"));
	CHECK(elapsed >= 0);
	CHECK(elapsed * 1e9 <= static_cast<double>(not_after - started));
}

TEST_CASE("execsnoop: -t counts from the tool's own start, to the millisecond", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const int64_t before = wall_ns();
	TextTool tool({"-t", "-P", kMe});
	const int64_t started = wall_ns(); // its heading was here
	std::vector<std::pair<int64_t, int64_t>> execs;
	Strings lines;
	for (int i = 0; i < 3; i++) {
		const int64_t from = wall_ns();
		run_file(load_path("quiet"), {"x"});
		execs.emplace_back(from, wall_ns());
		lines.push_back(tool.line());
	}
	tool.stop();
	for (size_t i = 0; i < 3; i++) {
		const std::string text = table_row(tool.heading(), lines[i]).at("TIME(s)");
		INFO(text);
		REQUIRE(text.find('.') == text.size() - 4);
		const double at = std::stod(text) * 1e9;
		CHECK(at >= static_cast<double>(execs[i].first - started) - 1e6);
		CHECK(at <= static_cast<double>(execs[i].second - before));
	}
}

TEST_CASE("execsnoop: -T is the local time of day", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const auto& [zone, seconds] :
		{std::pair<const char*, int>{"UTC", 0}, {"AAA-3:30", 3 * 3600 + 1800}, {"BBB11", -11 * 3600}}) {
		Process::Setup setup;
		setup.environment = {std::string("TZ=") + zone};
		setup.clean_environment = true;
		TextTool tool({"-T", "-P", kMe}, setup);
		const int64_t before = wall_ns() / 1000000000;
		run_file(load_path("quiet"), {"x"});
		const int64_t after = wall_ns() / 1000000000;
		const Strings lines = tool.stop();
		REQUIRE(lines.size() == 1);
		const int64_t shown = second_of_day(table_row(tool.heading(), lines[0]).at("TIME"));
		bool found = false;
		for (int64_t second = before; second <= after; second++)
			found = found || shown == ((second + seconds) % 86400 + 86400) % 86400;
		INFO(zone << " " << lines[0]);
		CHECK(found);
	}
}

TEST_CASE("execsnoop: a line reaches a pipe while the tool runs on (E16, X1)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const char* format : {"table", "json", "csv"})
		for (const auto out : {Process::Out::pipe, Process::Out::terminal}) {
			if (const auto why = no_terminal(); out == Process::Out::terminal && !why.empty())
				SKIP_TEST(why);
			Process::Setup setup;
			setup.out = out;
			TextTool tool({"-P", kMe, "--output", format}, setup);
			for (int i = 0; i < 3; i++) {
				const pid_t pid = run_file(load_path("quiet"), {"x"});
				CHECK(tool.line().find(std::to_string(pid)) != std::string::npos);
				CHECK_FALSE(tool.process().ended());
			}
			tool.stop();
		}
}

TEST_CASE("execsnoop: INT, TERM and HUP lose nothing of what came before (E16, X1)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const int number : {SIGINT, SIGTERM, SIGHUP})
		for (const bool file : {false, true}) {
			const ScratchDir dir;
			Load load("execload", {"execve", "--count", "20"});
			Process::Setup setup;
			setup.file = dir / "out";
			setup.out = file ? Process::Out::file : Process::Out::pipe;
			Process tool({corescope_path(), "execsnoop", "-P", std::to_string(load.pid())}, setup);
			const auto contents = [&] {
				std::string text;
				FILE* out = fopen(setup.file.c_str(), "re");
				REQUIRE(out);
				for (int c; (c = fgetc(out)) != EOF;)
					text += static_cast<char>(c);
				fclose(out);
				return text;
			};
			if (file)
				while (contents().empty() && !tool.ended())
					usleep(1000);
			else
				REQUIRE(tool.line());
			load.go();
			const auto truths = load.truth();
			REQUIRE(load.finish() == 0);
			tool.signal(number);
			std::string text = file ? "" : tool.rest();
			CHECK(tool.wait() == 0);
			if (file)
				text = contents();
			REQUIRE(truths.size() == 20);
			for (const Json& truth : truths)
				CHECK(
					text.find(" " + std::to_string(truth.at("pid").get<pid_t>()) + " ") != std::string::npos);
			CHECK(std::count(text.begin(), text.end(), '\n') == (file ? 21 : 20));
		}
}

TEST_CASE(
	"execsnoop: JSON begins with meta, ends with summary, and every record has its type (X2)", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"execve", "--count", "3"});
	CHECK(run.meta.at("tool") == "execsnoop");
	CHECK(run.meta.at("argv")[0] == "execsnoop");
	rfc3339_ns(run.meta.at("ts"));
	REQUIRE(run.records.size() == 4);
	for (size_t i = 0; i < 3; i++)
		CHECK(run.records[i].at("type") == "event");
	const Json& summary = run.records[3];
	CHECK(summary.at("type") == "summary");
	CHECK(summary.at("records") == 3);
	CHECK(summary.at("lost") == 0);
	CHECK(summary.at("end") == "SIGINT");
	CHECK(rfc3339_ns(summary.at("ts")) >= run.truths[2].at("not_before_ns").get<int64_t>());
	// The same keys in every event, whatever it is.
	TRACE_OR_SKIP(failed, {"failed-enoent"}, {"-x"});
	const auto keys = [](const Json& event) {
		Strings names;
		for (const auto& [key, value] : event.items())
			names.push_back(key);
		return names;
	};
	CHECK(keys(failed.event()) == keys(run.events[0]));
	for (const char* key : {"ts", "pid", "tid", "ppid", "nspid", "uid", "gid", "comm", "pcomm", "file", "exe",
			 "cwd", "args", "args_truncated", "args_unreadable", "args_bytes", "paths_truncated", "ret",
			 "error", "cgroup", "cgroup_id", "unit", "container", "pod"}) {
		INFO(key);
		CHECK(run.events[0].contains(key));
	}
}
