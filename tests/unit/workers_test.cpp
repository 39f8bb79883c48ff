// SPDX-License-Identifier: BSD-2-Clause
// The suites' own workers: every case goes to one worker and is run once, whatever happens to its neighbours; the sums are
// right. The cases below that are hidden ([.]) are what is run: they write their names down.
#include "skip.h"
#include "workers.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <string>
#include <sys/file.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

// Into the file that the test below names: what ran, and when.
void note(const std::string& what)
{
	const char* path = getenv("WORKERS_TRIAL");
	REQUIRE(path != nullptr);
	const int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	REQUIRE(file >= 0);
	REQUIRE(write(file, (what + "\n").data(), what.size() + 1) == static_cast<ssize_t>(what.size() + 1));
	close(file);
}

struct Trial {
	int status = -1;
	std::string output;
	std::vector<std::string> noted;

	bool says(const std::string& text) const { return output.find(text) != std::string::npos; }
};

Trial run(const std::string& options)
{
	char path[] = "/tmp/corescope-workers-XXXXXX";
	const int file = mkstemp(path);
	REQUIRE(file >= 0);
	close(file);
	Trial trial;
	char self[4096];
	const ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
	REQUIRE(length > 0);
	const std::string command = "WORKERS_TRIAL=" + std::string(path) + " '" +
		std::string(self, static_cast<size_t>(length)) + "' " + options + " 2>&1";
	FILE* const said = popen(command.c_str(), "re");
	REQUIRE(said != nullptr);
	char part[4096];
	for (size_t n; (n = fread(part, 1, sizeof(part), said)) > 0;)
		trial.output.append(part, n);
	trial.status = WEXITSTATUS(pclose(said));
	std::ifstream notes(path);
	for (std::string line; std::getline(notes, line);)
		trial.noted.push_back(line);
	unlink(path);
	INFO(trial.output);
	CHECK(trial.status >= 0);
	return trial;
}

std::string last_line(const std::string& text)
{
	const size_t at = text.size() < 2 ? std::string::npos : text.rfind('\n', text.size() - 2);
	return text.substr(at == std::string::npos ? 0 : at + 1);
}

} // namespace

TEST_CASE("trial: passes", "[.][workers-good]") { note("passes"); }
TEST_CASE("trial: a name with, [brackets] \"quotes\" and \\ in it", "[.][workers-good]") { note("odd name"); }
TEST_CASE("trial: is skipped", "[.][workers-good]")
{
	note("skipped");
	SKIP_TEST("a trial");
}
TEST_CASE("trial: four sections", "[.][workers-good]")
{
	for (const char* section : {"a", "b", "c", "d"})
		SECTION(section) { note(std::string("section ") + section); }
}
TEST_CASE("trial: alone, first", "[.][workers-good][alone]")
{
	note("alone begins");
	usleep(50000);
	note("alone ends");
}
TEST_CASE("trial: alone, second", "[.][workers-good][alone]")
{
	note("alone begins");
	note("alone ends");
}
TEST_CASE("trial: fails", "[.][workers-bad]")
{
	note("fails");
	FAIL("as it must");
}
TEST_CASE("trial: asserts nothing", "[.][workers-bad]") {}
TEST_CASE("trial: dies", "[.][workers-bad]")
{
	note("dies");
	signal(SIGKILL, SIG_DFL);
	kill(getpid(), SIGKILL);
}
TEST_CASE("trial: ends the program as if all were well", "[.][workers-bad]")
{
	note("ends");
	_exit(0);
}
TEST_CASE("trial: hangs", "[.][workers-bad]")
{
	note("hangs");
	for (;;)
		pause();
}
TEST_CASE("trial: comes behind all those", "[.][workers-bad]") { note("behind"); }

TEST_CASE("trial: fails beside others", "[.][workers-unsteady]")
{
	std::ifstream notes(getenv("WORKERS_TRIAL"));
	const std::string before{std::istreambuf_iterator<char>(notes), {}};
	note("unsteady");
	if (before.find("unsteady") == std::string::npos)
		FAIL("the first time");
	SUCCEED("alone");
}
TEST_CASE("trial: fails by a sanitizer's word", "[.]")
{
	note("sanitizer");
	FAIL("tools/some.cpp:67:21: runtime error: member access within misaligned address");
}
TEST_CASE("trial: is steady", "[.][workers-unsteady]") { note("steady"); }

TEST_CASE("workers: batches hold every case once, the same ones each time, those alone at the end")
{
	for (const size_t count : {0u, 1u, 4u, 5u, 6u, 23u, 290u}) {
		std::vector<Case> cases;
		for (size_t i = 0; i < count; i++)
			cases.push_back({"case " + std::to_string(i), i % 7 == 3});
		const auto dealt = batches(cases, 5);
		std::map<std::string, int> times;
		bool alone = false;
		size_t least = 5, most = 0;
		for (const auto& batch : dealt) {
			REQUIRE(!batch.empty());
			CHECK(batch.size() <= 5);
			CHECK((batch.front().alone || !alone));
			alone = batch.front().alone;
			if (!alone) {
				least = std::min(least, batch.size());
				most = std::max(most, batch.size());
			}
			for (const Case& one : batch) {
				times[one.name]++;
				CHECK(one.alone == alone);
			}
		}
		CHECK(times.size() == count);
		for (const auto& [name, n] : times)
			CHECK(n == 1);
		CHECK(most <= least + 1);
	}
}

TEST_CASE("workers: each case is run once, and the sum is that of one process")
{
	const Trial one = run("'[workers-good]'");
	CHECK(last_line(one.output) == "5 passed, 0 failed, 1 skipped\n");
	for (const char* workers : {"1", "2", "7"}) {
		Trial many = run(std::string("--workers ") + workers + " '[workers-good]'");
		INFO(many.output);
		CHECK(many.status == 0);
		CHECK(last_line(many.output) == last_line(one.output));
		CHECK(many.says("SKIP trial: is skipped: a trial\n"));
		// Their own closing lines are not to be taken for it.
		CHECK(many.output.find(" passed, ") == many.output.rfind(" passed, "));
		// Alone: nothing between its begin and its end, and nothing behind.
		REQUIRE(many.noted.size() == one.noted.size());
		const std::vector<std::string> tail(many.noted.end() - 4, many.noted.end());
		CHECK(tail == std::vector<std::string>{"alone begins", "alone ends", "alone begins", "alone ends"});
		std::vector<std::string> sorted = one.noted;
		std::sort(sorted.begin(), sorted.end());
		std::sort(many.noted.begin(), many.noted.end());
		CHECK(many.noted == sorted);
	}
}

TEST_CASE("workers: a case that dies, ends or hangs fails by itself, and its neighbours are run once")
{
	const Trial trial = run("--workers 2 --patience 2 '[workers-bad]'");
	INFO(trial.output);
	CHECK(trial.status == 1);
	CHECK(last_line(trial.output) == "1 passed, 5 failed, 0 skipped\n");
	CHECK(trial.says("FAILED trial: dies: its process was ended by Killed\n"));
	CHECK(trial.says(
		"FAILED trial: ends the program as if all were well: its process ended with status 0, without a closing line\n"));
	CHECK(trial.says("FAILED trial: hangs: still running after 2 s\n"));
	CHECK(trial.says("as it must"));
	std::vector<std::string> noted = trial.noted;
	std::sort(noted.begin(), noted.end());
	CHECK(noted == std::vector<std::string>{"behind", "dies", "ends", "fails", "hangs"});
}

TEST_CASE("workers: --again runs few failed cases once more, alone, and names them")
{
	const Trial without = run("--workers 2 '[workers-unsteady]'");
	CHECK(without.status == 1);
	CHECK(last_line(without.output) == "1 passed, 1 failed, 0 skipped\n");
	const Trial with = run("--workers 2 --again 1 '[workers-unsteady]'");
	INFO(with.output);
	CHECK(with.status == 0);
	CHECK(last_line(with.output) == "2 passed, 0 failed, 0 skipped\n");
	CHECK(with.says("UNSTEADY trial: fails beside others: failed beside others, passed alone\n"));
	CHECK(with.says("the first time"));
	CHECK(std::count(with.noted.begin(), with.noted.end(), "steady") == 1);
	// What fails alone too has failed, once; more than so many are not tried, nor is anything beside a crash.
	const Trial twice = run("--workers 2 --again 1 'trial: fails','trial: passes'");
	CHECK(last_line(twice.output) == "1 passed, 1 failed, 0 skipped\n");
	CHECK(twice.noted.size() == 3);
	CHECK(run("--workers 2 --again 1 'trial: fails','trial: fails beside others'").noted.size() == 2);
	CHECK(run("--workers 2 --again 9 'trial: fails by*'").noted.size() == 1);
	CHECK(run("--workers 2 --again 9 'trial: dies','trial: fails beside others'").noted.size() == 2);
}

TEST_CASE("workers: nothing chosen, or no number, is a failure")
{
	CHECK(run("--workers 2 '[no-such-tag]'").status == 2);
	CHECK(run("--workers 0 '[workers-good]'").status == 255);
	CHECK(run("--workers many '[workers-good]'").status == 255);
	CHECK(last_line(run("--workers 2 'trial: passes'").output) == "1 passed, 0 failed, 0 skipped\n");
}
