// SPDX-License-Identifier: BSD-2-Clause
// Runs as a timer starts them: one at a time, at aligned moments, never for ever, and silent when all goes well.
#include "harness.h"
#include "pinned.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <unistd.h>

using namespace corescope::test;

namespace {

std::string own_lock(const char* what)
{
	return "test-" + std::string(what) + "-" + std::to_string(getpid());
}

struct Ended {
	int status;
	std::string out, errors;
};

Ended run(std::vector<std::string> arguments, const Process::Setup& setup = {})
{
	arguments.insert(arguments.begin(), corescope_path());
	Process process(arguments, setup);
	Ended ended{0, process.rest(), {}};
	ended.status = process.wait();
	ended.errors = process.errors();
	return ended;
}

} // namespace

TEST_CASE("--lock: a second run of that name ends at once with 75 and names the holder", "[job]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string lock = own_lock("held");
	for (const char* tool : {"cpudist", "execsnoop"}) {
		INFO(tool);
		Tool holder({tool, "--lock", lock});
		for (const char* other : {"cpudist", "execsnoop"}) {
			const Ended second = run({other, "--lock", lock, "--duration", "10"});
			CHECK(second.status == 75);
			CHECK(second.out.empty());
			CHECK(second.errors ==
				std::string(other) + ": --lock: '" + lock + "' is held by process " +
					std::to_string(holder.process().pid()) + "; this run does nothing\n");
		}
		CHECK(run({"cpudist", "--lock", lock + "x", "--duration", "1ms"}).status == 0); // another name
		holder.stop();
		CHECK(run({"cpudist", "--lock", lock, "--duration", "1ms"}).status == 0);
	}
	std::filesystem::remove("/run/corescope/" + lock + ".lock");
	std::filesystem::remove("/run/corescope/" + lock + "x.lock");
}

TEST_CASE("--lock: dies with its holder, however that ended", "[job]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string lock = own_lock("killed");
	{
		Tool holder({"cpudist", "--lock", lock});
		holder.process().signal(SIGKILL);
		CHECK(holder.process().wait() == 128 + SIGKILL);
	}
	CHECK(run({"cpudist", "--lock", lock, "--duration", "1ms"}).status == 0);
	std::filesystem::remove("/run/corescope/" + lock + ".lock");
}

TEST_CASE("--lock: names that could be paths are refused", "[job]")
{
	for (const char* name : {"../x", "a/b", ".hidden", "a b", "", "x\n"}) {
		INFO(name);
		const Ended ended = run({"cpudist", "--lock", name});
		CHECK(ended.status == 64);
		CHECK(ended.errors.find("--lock") != std::string::npos);
		CHECK(std::count(ended.errors.begin(), ended.errors.end(), '\n') == 1);
	}
}

TEST_CASE("--max-runtime: ends in order, with what there is", "[job]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const char* tool : {"cpudist", "execsnoop"}) {
		INFO(tool);
		Tool bounded({tool, "--max-runtime", "300ms"});
		bounded.until([](const Json& record) { return record.at("type") == "summary"; });
		CHECK(bounded.process().wait() == 0);
		CHECK(bounded.summary().at("end") == "max-runtime");
		CHECK(bounded.summary().at("window_ns").get<uint64_t>() < 300000000);
	}
}

TEST_CASE("--max-runtime: a run that would wait longer than that does nothing, and says so", "[job]")
{
	const Ended ended = run({"cpudist", "--align", "1d", "--jitter", "1d", "--max-runtime", "10ms"});
	CHECK(ended.status == 75);
	CHECK(ended.out.empty());
	CHECK(ended.errors.find("--max-runtime") != std::string::npos);
}

TEST_CASE("--align: tracing begins when the clock is a multiple, and a signal ends the waiting", "[job]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	// What can be said without depending on how busy this machine is: it does not begin before the moment.
	timespec before;
	clock_gettime(CLOCK_REALTIME, &before);
	const int64_t moment = (before.tv_sec / 2 + 1) * 2;
	Tool aligned({"cpudist", "--align", "2s", "--duration", "1ms"});
	timespec after;
	clock_gettime(CLOCK_REALTIME, &after);
	CHECK(after.tv_sec >= moment);

	Process waiting(
		{corescope_path(), "cpudist", "--align", "1d", "--jitter", "1d", "--lock", own_lock("wait")});
	const std::string path = "/run/corescope/" + own_lock("wait") + ".lock";
	for (int tries = 0; !std::filesystem::exists(path) || std::filesystem::file_size(path) == 0; tries++) {
		REQUIRE(tries < 100000);
		usleep(100);
	}
	waiting.signal(SIGTERM);
	CHECK(waiting.wait() == 0);
	CHECK(waiting.rest().empty());
	std::filesystem::remove(path);
}

TEST_CASE("a run whose results go to files says nothing, in cron's environment", "[job]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	std::string folder = (std::filesystem::temp_directory_path() / "corescope-job-XXXXXX").string();
	REQUIRE(mkdtemp(folder.data()));
	Process::Setup cron;
	cron.clean_environment = true;
	cron.environment = {"PATH=/usr/bin:/bin", "HOME=/root", "SHELL=/bin/sh", "LOGNAME=root"};
	const std::vector<std::string> command = {"cpudist", "--duration", "20ms",
		"--store=" + folder + "/history.db", "--textfile", folder + "/job.prom"};
	for (int i = 0; i < 3; i++) {
		const Ended ended = run(command, cron);
		CHECK(ended.status == 0);
		CHECK(ended.out.empty());
		CHECK(ended.errors.empty());
	}
	const std::string text = contents(folder + "/job.prom");
	CHECK(text.find("corescope_cpudist_oncpu_runs_total{result=\"success\"} 3\n") != std::string::npos);
	// And with --output it says what was asked for.
	std::vector<std::string> told = command;
	told.insert(told.end(), {"--output", "json"});
	CHECK(run(told, cron).out.find("\"type\":\"hist\"") != std::string::npos);
	std::filesystem::remove_all(folder);
}

TEST_CASE("a run that fails says so in its text file", "[job]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	std::string folder = (std::filesystem::temp_directory_path() / "corescope-job-XXXXXX").string();
	REQUIRE(mkdtemp(folder.data()));
	const std::vector<std::string> command = {"cpudist", "--duration", "20ms",
		"--store=" + folder + "/history.db", "--textfile", folder + "/job.prom"};
	CHECK(run(command).status == 0);
	Process::Setup unprivileged;
	unprivileged.in_child = [] {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(1);
	};
	std::filesystem::permissions(folder, std::filesystem::perms::all);
	for (const auto& entry : std::filesystem::directory_iterator(folder))
		std::filesystem::permissions(entry.path(), std::filesystem::perms(0666));
	std::vector<std::string> as_nobody = command; // who may not be let into the folder of the build
	as_nobody.insert(as_nobody.begin(), public_corescope());
	Process process(as_nobody, unprivileged);
	CHECK(process.rest().empty());
	CHECK(process.wait() == 77);
	const std::string text = contents(folder + "/job.prom");
	CHECK(text.find("corescope_cpudist_oncpu_last_run_success 0\n") != std::string::npos);
	CHECK(text.find("corescope_cpudist_oncpu_runs_total{result=\"failure\"} 1\n") != std::string::npos);
	CHECK(text.find("corescope_cpudist_oncpu_runs_total{result=\"success\"} 1\n") != std::string::npos);
	std::filesystem::remove_all(folder);
}
