// SPDX-License-Identifier: BSD-2-Clause
// execsnoop at its limits: a burst, a reader that stands still, the memory that it holds, and hosts that lack what it
// needs. The numbers E11… are those defects of libbpf-tools' execsnoop that a case would show there.
#include "exec_support.h"
#include "own_place.h"
#include "ran.h"

#include <algorithm>
#include <csignal>
#include <grp.h>
#include <linux/capability.h>
#include <set>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

// A burst beside a tool that stands still meanwhile, if it is to.
struct Burst {
	Json truth;
	Strings lines; // without the heading
	std::string heading, errors;
	int64_t issued = 0;
};

Burst burst(int64_t count, Strings options, bool frozen)
{
	Burst result;
	Load load("execload", {"burst", std::to_string(count)});
	options.insert(options.end(), {"-P", std::to_string(load.pid())});
	TextTool tool(options);
	if (frozen)
		tool.process().signal(SIGSTOP);
	load.go();
	result.truth = load.truth().at(0);
	INFO(load.errors());
	REQUIRE(load.finish() == 0);
	tool.process().signal(SIGCONT);
	result.lines = tool.stop();
	result.heading = tool.heading();
	result.errors = tool.process().errors();
	result.issued = result.truth.at("count").get<int64_t>();
	return result;
}

// Which programs of the burst were shown: each at most once, in full, and none that was not.
class Checklist {
public:
	explicit Checklist(const Json& truth)
		: pids_(truth.at("pids").get<std::vector<pid_t>>()), token_(truth.at("argv1").get<std::string>())
	{}

	void tick(pid_t pid, const Strings& args)
	{
		REQUIRE(args.size() == 3);
		CHECK(args[0] == "burst");
		CHECK(args[1] == token_);
		const size_t number = std::stoul(args[2]);
		REQUIRE(number < pids_.size());
		CHECK(pids_[number] == pid);
		CHECK(seen_.insert(number).second);
	}
	int64_t shown() const { return static_cast<int64_t>(seen_.size()); }

private:
	std::vector<pid_t> pids_;
	std::string token_;
	std::set<size_t> seen_;
};

Ran run_tool(const Strings& options, const std::function<void()>& in_child, const std::string& program)
{
	Strings command = {program, "execsnoop", "--duration", "1ms"};
	command.insert(command.end(), options.begin(), options.end());
	return run(command, {.in_child = in_child});
}
Ran run_tool(const Strings& options, const std::function<void()>& in_child)
{
	return run_tool(options, in_child, corescope_path());
}

void check_told(const Ran& ended, int status, const Strings& words)
{
	INFO("stderr: " << ended.err);
	CHECK(ended.status == status);
	CHECK(ended.out.empty());
	CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
	CHECK(ended.err.rfind("execsnoop: ", 0) == 0);
	CHECK(ended.err.find("libbpf") == std::string::npos);
	CHECK(ended.err.find("errno") == std::string::npos);
	for (const std::string& word : words) {
		INFO(word);
		CHECK(ended.err.find(word) != std::string::npos);
	}
}

void without_tracefs()
{
	if (!own_mounts())
		_exit(126);
	for (const char* path : {"/sys/kernel/debug/tracing", "/sys/kernel/debug", "/sys/kernel/tracing"})
		umount2(path, MNT_DETACH);
}

} // namespace

TEST_CASE("execsnoop: of a burst every exec is shown, or counted as lost (E17)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Burst run = burst(3000, {"--output", "json"}, false);
	Checklist list(run.truth);
	int64_t lost = 0;
	Json summary;
	for (const std::string& line : run.lines) {
		const Json record = Json::parse(line);
		if (record.at("type") == "event")
			list.tick(record.at("pid").get<pid_t>(), exact_list(record, "args"));
		if (record.at("type") == "lost")
			lost += record.at("count").get<int64_t>();
		summary = record;
	}
	REQUIRE(summary.at("type") == "summary");
	CHECK(list.shown() + lost == run.issued);
	CHECK(summary.at("records") == list.shown());
	CHECK(summary.at("lost") == lost);
}

TEST_CASE("execsnoop: with room for all of it a burst loses nothing, also when the reader stands still",
	"[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Burst run = burst(2000, {"--buffer-size", "16M", "-q"}, true);
	Checklist list(run.truth);
	for (const std::string& line : run.lines) {
		const Row row = table_row(run.heading, line);
		list.tick(std::stoi(row.at("PID")), quoted_list(row.at("ARGS")));
	}
	CHECK(list.shown() == run.issued);
	CHECK(run.errors.empty());
}

TEST_CASE("execsnoop: what a reader that stands still loses is told in every format, and at the end (E17)",
	"[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const char* format : {"json", "csv", "table"}) {
		INFO(format);
		const Burst run = burst(2000, {"--output", format, "--buffer-size", "64K", "-q"}, true);
		Checklist list(run.truth);
		int64_t lost = 0, total = -1;
		for (const std::string& line : run.lines) {
			INFO(line);
			if (format[0] == 'j') {
				const Json record = Json::parse(line);
				if (record.at("type") == "event")
					list.tick(record.at("pid").get<pid_t>(), exact_list(record, "args"));
				if (record.at("type") == "lost") {
					lost += record.at("count").get<int64_t>();
					CHECK(record.at("reason") == "ring buffer full");
					rfc3339_ns(record.at("ts"));
				}
				if (record.at("type") == "summary") {
					total = record.at("lost").get<int64_t>();
					CHECK(record.at("lost_by_reason").at("ring buffer full") == total);
				}
			} else if (format[0] == 'c') {
				const Row row = csv_row(run.heading, line);
				if (row.at("type") == "event")
					list.tick(std::stoi(row.at("pid")), quoted_list(row.at("args")));
				else {
					CHECK(row.at("type") == "lost");
					CHECK(row.at("reason") == "ring buffer full");
					lost += std::stol(row.at("lost"));
				}
			} else if (line.rfind("# lost ", 0) == 0) {
				CHECK(line.find("ring buffer full") != std::string::npos);
				lost += std::stol(line.substr(7));
			} else {
				const Row row = table_row(run.heading, line);
				list.tick(std::stoi(row.at("PID")), quoted_list(row.at("ARGS")));
			}
		}
		CHECK(lost > 0);
		CHECK(list.shown() > 0);
		CHECK(list.shown() + lost == run.issued);
		if (format[0] == 'j')
			CHECK(total == lost);
		// The person at the terminal reads the sum, and what helps.
		CHECK(std::count(run.errors.begin(), run.errors.end(), '\n') == 1);
		CHECK(run.errors.find("lost " + std::to_string(lost) + " ") != std::string::npos);
		CHECK(run.errors.find("--buffer-size") != std::string::npos);
	}
}

TEST_CASE("execsnoop: without any filter a mixed set is seen, all of it (E1, E2, E4)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Tool tool({"execsnoop", "--buffer-size", "64M"});
	std::vector<Json> truths;
	for (const char* name :
		{"execve", "execveat", "fexecve", "thread", "nonresident", "exactly20", "long399", "vfork"}) {
		Load load("execload", {name});
		load.go();
		const auto told = load.truth();
		REQUIRE(load.finish() == 0);
		truths.push_back(told.at(0));
	}
	tool.stop();
	for (const Json& truth : truths) {
		INFO(truth.dump().substr(0, 1000));
		const auto found = tool.events([&](const Json& e) {
			return e.at("pid") == truth.at("pid") && e.at("ppid") == truth.at("ppid");
		});
		REQUIRE(found.size() == 1);
		CHECK(found[0].at("args") == truth.at("final_argv"));
		CHECK(found[0].at("tid") == truth.at("tid"));
	}
}

TEST_CASE("execsnoop: kernel memory is its ring buffer and less than 80 KiB, not 80 MB (E11)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const Strings& options :
		{Strings{}, {"-x"}, {"-x", "--max-arg-bytes", "131072"}, {"--buffer-size", "4M"}}) {
		Strings command = {"execsnoop"};
		command.insert(command.end(), options.begin(), options.end());
		Tool tool(command);
		std::set<std::string> counted;
		uint64_t rings = 0, rest = 0, largest = 0;
		for (const BpfFd& fd : bpf_fds(tool.process().pid())) {
			if (!fd.count("map_id") || !counted.insert(fd.at("map_id")).second)
				continue;
			const uint64_t bytes = std::stoull(fd.at("memlock")), entries = std::stoull(fd.at("max_entries"));
			const bool ring = fd.at("map_type") == "27";
			if (ring && entries > largest) {
				rest += rings;
				rings = bytes;
				largest = entries;
			} else {
				rest += bytes;
			}
		}
		INFO(Json(options).dump() << ": ring " << rings << " bytes, besides " << rest);
		CHECK(counted.size() >= 3);
		CHECK(rest < 80 * 1024);
		CHECK(largest == (options.empty() || options[0] != "--buffer-size" ? 1u << 20 : 4u << 20));
		CHECK(rings < largest + 64 * 1024);
		if (largest == 1u << 20)
			CHECK(rings + rest <= 79904848 / 20); // what the peer pins, and a twentieth of it
		tool.stop();
	}
}

TEST_CASE("execsnoop: without privilege it says so in one line, and ends with 77 (E20)", "[execsnoop]")
{
	const ScratchDir dir;
	copy_program(corescope_path(), dir / "corescope"); // the build tree may be root's alone
	const auto run_copy = [&](const Strings& options, const std::function<void()>& in_child) {
		return run_tool(options, in_child, dir / "corescope");
	};
	if (geteuid() != 0) {
		check_told(run_copy({}, {}), 77, {"root", "CAP_BPF", "CAP_PERFMON"});
		return;
	}
	const auto nobody = [] {
		if (setgroups(0, nullptr) != 0 || setresgid(65534, 65534, 65534) != 0 ||
			setresuid(65534, 65534, 65534) != 0)
			_exit(126);
	};
	// As in a container: root by number, without capabilities.
	const auto powerless = [] {
		for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
			if (prctl(PR_CAPBSET_DROP, capability) != 0)
				_exit(126);
	};
	for (const Strings& options : {Strings{}, {"-x"}, {"--output", "json"}}) {
		check_told(run_copy(options, nobody), 77, {"root", "CAP_BPF", "CAP_PERFMON"});
		check_told(run_copy(options, powerless), 77, {"CAP_BPF", "CAP_PERFMON"});
	}
}

TEST_CASE("execsnoop: needs no tracefs; -x does, and names it and how to mount it (E20)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_own_mounts(); !why.empty())
		SKIP_TEST(why);
	const Ran plain = run_tool({"--no-header"}, without_tracefs);
	INFO(plain.err);
	CHECK(plain.status == 0);
	CHECK(plain.err.empty());
	check_told(run_tool({"-x"}, without_tracefs), 69, {"tracefs", "mount -t tracefs"});
}

TEST_CASE("execsnoop: a kernel without type information is told as that (E20)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_own_mounts(); !why.empty())
		SKIP_TEST(why);
	const auto without_btf = [] {
		if (!own_mounts())
			_exit(126);
		if (mount("none", "/sys/kernel/btf", "tmpfs", 0, nullptr) != 0)
			_exit(126);
	};
	check_told(run_tool({}, without_btf), 69, {"/sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF"});
}

TEST_CASE("execsnoop: help tells every option, and -h is as good as --help", "[execsnoop]")
{
	Process help({corescope_path(), "execsnoop", "--help"});
	const std::string text = help.rest();
	CHECK(help.wait() == 0);
	CHECK(help.errors().empty());
	for (const char* option : {"-T, --time", "-t, --timestamp", "-x, --fails", "-u, --uid=", "-q, --quote",
			 "-n, --name=", "-l, --line=", "-U, --print-uid",
			 "--max-args=", "-c, --cgroup=", "-P, --ppid=", "--max-arg-bytes=", "--redact=", "--no-args",
			 "--output=", "--duration=", "--count=", "--unit=", "--buffer-size=", "--no-header",
			 "--hook=", "-v, --verbose"}) {
		INFO(option);
		CHECK(text.find(option) != std::string::npos);
	}
	Process brief({corescope_path(), "execsnoop", "-h"});
	CHECK(brief.rest() == text);
	CHECK(brief.wait() == 0);
	CHECK(text.find("-h,") == std::string::npos); // as in libbpf-tools, where it is not listed
}
