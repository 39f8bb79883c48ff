// SPDX-License-Identifier: BSD-2-Clause
// cpudist by key: whose histogram it is, what it is called, what happens when there are more keys than room, and which
// are shown.
#include "cpudist.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sched.h>
#include <set>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/sched.h>

namespace corescope::test {

namespace {

using Words = std::vector<std::string>;

std::string own(const std::string& name) { return name + "-" + std::to_string(getpid()); }

std::vector<Json> hist_records(const std::vector<Json>& records)
{
	std::vector<Json> found;
	for (const Json& r : records)
		if (r.at("type") == "hist")
			found.push_back(r);
	return found;
}

} // namespace

TEST_CASE("cpudist -P: the name is the process', not that of whichever thread came first (C14)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("switchload", {"names", "3", "500", "500", "100"}, true);
	NEED_LOAD(load);
	SECTION("by pid")
	{
		const Beside run = beside({&load}, {"-P", "-p", "PID"});
		REQUIRE(hists(run.records) == 1);
		CHECK(run.records.front().at("comm") == "leadername");
		CHECK(run.records.front().at("pid") == load.pid());
		CHECK(run.records.front().at("nspid") == load.pid());
		CHECK(within_one_percent(total(run.records).count, run.truth[0].at("switches"), 4));
	}
	SECTION("by tid, where each thread has its own")
	{
		const Beside run = beside({&load}, {"-L", "-p", "PID"});
		for (const Json& task : run.truth[0].at("tasks")) {
			const Hist one = total(run.records, [&](const Json& r) {
				return r.contains("tid") && r.at("tid") == task.at("tid") && r.at("comm") == task.at("comm");
			});
			CAPTURE(task.dump());
			CHECK(within_one_percent(one.count, task.at("switches")));
		}
	}
	SECTION("by comm, where its threads count for it")
	{
		const Beside run = beside({&load}, {"--by", "comm", "--max-keys", "4000"});
		CHECK(within_one_percent(
			total_of(run.records, "comm", "leadername").count, run.truth[0].at("switches"), 4));
		CHECK(total(run.records, [](const Json& r) {
			return r.contains("comm") && r.at("comm").get<std::string>().rfind("workername", 0) == 0;
		}).count == 0);
	}
}

TEST_CASE("cpudist -P: processes that have ended are named as they were last, not as they were forked")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const OwnCgroup group(own("cpudist-names"));
	Load load("switchload", {"incgroup", group.directory(), "many", "100"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, {"-P", "--cgroup", group.directory()});
	const Json pids = run.truth[0].at("pids");
	for (size_t i = 0; i < pids.size(); i++) {
		const auto found = hist_records(run.records);
		const auto one =
			std::find_if(found.begin(), found.end(), [&](const Json& r) { return r.at("pid") == pids[i]; });
		REQUIRE(one != found.end());
		CHECK(one->at("comm") == "many" + std::to_string(i));
	}
}

TEST_CASE("cpudist --by comm: a process without a name has a histogram too")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const OwnCgroup group(own("cpudist-nameless"));
	Tool tool({"cpudist", "--by", "comm", "--cgroup", group.directory()});
	Process process({"/bin/true"}, {.in_child = [&] {
		group.take_in(getpid());
		prctl(PR_SET_NAME, "");
		for (int i = 0; i < 200; i++) {
			const timespec nap = {0, 200000};
			nanosleep(&nap, nullptr);
		}
		_exit(0);
	}});
	CHECK(process.wait() == 0);
	tool.stop();
	CHECK(total_of(tool.records(), "comm", "").count >= 195);
}

TEST_CASE(
	"cpudist: with more keys than room, what was told and what was lost are together the kernel's count (C13)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("switchload", {"threads", "40", "50", "300", "50"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, {"-L", "-p", "PID", "--max-keys", "8"});
	const Hist told = total(run.records);
	const int64_t truth = run.truth[0].at("switches");
	CAPTURE(told.count, told.dropped, truth, run.errors);
	CHECK(hists(run.records) == 8);
	CHECK(told.dropped > truth / 2);
	CHECK(within_one_percent(told.count + told.dropped, truth, 5));
	const Json& summary = run.records.back();
	CHECK(summary.at("lost") == told.dropped);
	CHECK(summary.at("lost_by_reason").at("table full") == told.dropped);
	CHECK(
		run.errors.find("lost " + std::to_string(told.dropped) + " values: table full") != std::string::npos);
	CHECK(run.errors.find("--max-keys") != std::string::npos);
}

TEST_CASE("cpudist -P: many short processes in a small table, none uncounted")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const OwnCgroup group(own("cpudist-many"));
	Load load("switchload", {"incgroup", group.directory(), "many", "300"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, {"-P", "--cgroup", group.directory(), "--max-keys", "8"});
	const Hist told = total(run.records);
	// Of the processes' switches the last one of each may be missing in the truth; the loader's own are not in it.
	const Hist loader = total_of(run.records, "pid", load.pid());
	const int64_t least = run.switches(), most = least + 300;
	CAPTURE(told.count, told.dropped, loader.count, least);
	CHECK(hists(run.records) == 8);
	CHECK(told.dropped > 0);
	CHECK(told.count - loader.count + told.dropped >= least - least / 100);
	CHECK(told.count - loader.count + told.dropped <= most + most / 100);
}

TEST_CASE("cpudist: lost values are told in the table and in CSV as well")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string format = GENERATE("table", "csv");
	Load load("switchload", {"threads", "20", "50", "300", "20"}, true);
	NEED_LOAD(load);
	Process tool({corescope_path(), "cpudist", "-L", "-p", std::to_string(load.pid()), "--max-keys", "4",
		"--output", format, "0.1"});
	REQUIRE(tool.line()); // it traces: an interval has passed
	load.go();
	load.truth(1);
	tool.signal(SIGINT);
	const std::string text = tool.rest();
	CHECK(tool.wait() == 0);
	CHECK(tool.errors().find("values: table full (a larger --max-keys helps)") != std::string::npos);
	if (format == "table")
		CHECK(text.find("dropped keys ") != std::string::npos);
	CHECK(load.finish() == 0);
}

TEST_CASE("cpudist --by cgroup and --by unit: each group its own count, a unit with all that is below it")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const std::string unit = own("cpudist") + ".service";
	const OwnCgroup slice(own("cpudist") + ".slice"), service(unit, &slice), main("main", &service),
		rest("rest", &service);
	const OwnCgroup other(own("cpudist-other") + ".scope", &slice);
	Load one("switchload", {"incgroup", main.directory(), "burn", "100", "200", "600"}, true);
	Load two("switchload", {"incgroup", rest.directory(), "burn", "100", "200", "500"}, true);
	Load three("switchload", {"incgroup", other.directory(), "burn", "100", "200", "400"}, true);
	NEED_LOAD(one);
	const auto counts = [](const Beside& run, size_t i) { return Beside::switches_of(run.truths[i]); };
	SECTION("cgroup")
	{
		const Beside run = beside({&one, &two, &three}, {"--by", "cgroup", "--max-keys", "1000"});
		const OwnCgroup* groups[] = {&main, &rest, &other};
		std::set<Json> ids;
		for (size_t i = 0; i < 3; i++) {
			CAPTURE(i);
			CHECK(
				within_one_percent(total_of(run.records, "cgroup", groups[i]->path()).count, counts(run, i)));
			for (const Json& r : hist_records(run.records))
				if (r.at("cgroup") == groups[i]->path())
					ids.insert(r.at("cgroup_id"));
		}
		CHECK(ids.size() == 3);
	}
	SECTION("unit")
	{
		const Beside run = beside({&one, &two, &three}, {"--by", "unit", "--max-keys", "1000"});
		CHECK(within_one_percent(
			total_of(run.records, "unit", unit).count, counts(run, 0) + counts(run, 1), 2));
		CHECK(within_one_percent(
			total_of(run.records, "unit", own("cpudist-other") + ".scope").count, counts(run, 2)));
		size_t records = 0;
		for (const Json& r : hist_records(run.records))
			records += r.at("unit") == unit;
		CHECK(records == 1);
	}
	SECTION("a unit as filter")
	{
		const Beside run =
			beside({&one, &two, &three}, {"--unit", own("cpudist")}); // .service goes without saying
		CHECK(within_one_percent(total(run.records).count, counts(run, 0) + counts(run, 1), 2));
	}
}

TEST_CASE(
	"cpudist --top: the N with the greatest total time, and the rest together, so that nothing is missing")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const OwnCgroup group(own("cpudist-top"));
	std::vector<std::unique_ptr<Load>> loads;
	for (const char* burn_us : {"100", "1600", "400", "25", "800"}) // not in their order
		loads.push_back(std::make_unique<Load>(
			"switchload", Words{"incgroup", group.directory(), "burn", burn_us, "200", "200"}, true));
	NEED_LOAD(*loads[0]);
	for (const auto& load : loads)
		until_blocked(load->pid());
	Tool all({"cpudist", "-P", "--cgroup", group.directory()}),
		some({"cpudist", "-P", "--cgroup", group.directory(), "--top", "3"});
	for (const auto& load : loads)
		load->go();
	for (const auto& load : loads) {
		load->truth(1);
		until_blocked(load->pid());
	}
	all.stop();
	some.stop();
	const auto whole = hist_records(all.records()), cut = hist_records(some.records());
	REQUIRE(whole.size() == 5);
	REQUIRE(cut.size() == 4);
	const size_t order[] = {1, 4, 2, 0, 3};
	for (size_t i = 0; i < 5; i++)
		CHECK(whole[i].at("pid") == loads[order[i]]->pid());
	for (size_t i = 0; i < 3; i++) {
		CHECK(cut[i].at("pid") == whole[i].at("pid"));
		CHECK(cut[i].at("sum") >= cut[i + 1].at("sum"));
		CHECK_FALSE(cut[i].contains("other"));
	}
	// Both saw the same, but for what lay between the two attachments.
	CAPTURE(total(whole).count, total(cut).count);
	CHECK(std::llabs(total(whole).count - total(cut).count) <= 10);
	CHECK(cut[3].at("other") == 2);
	CHECK(cut[3].at("pid").is_null()); // a number stays a number
	CHECK(cut[3].at("comm") == "other");
	for (const auto& load : loads)
		CHECK(load->finish() == 0);
}

TEST_CASE("cpudist -O: a process number that is used again does not inherit its last owner's time (C12)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	// The same number twice, by choice.
	const auto run_as = [](pid_t number) -> pid_t {
		clone_args args = {};
		args.exit_signal = SIGCHLD;
		if (number) {
			args.set_tid = reinterpret_cast<uint64_t>(&number);
			args.set_tid_size = 1;
		}
		const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof(args)));
		if (pid == 0) {
			const timespec nap = {0, 2000000};
			syscall(SYS_nanosleep, &nap, nullptr);
			syscall(SYS_exit_group, 0);
		}
		if (pid > 0)
			waitpid(pid, nullptr, 0);
		return pid;
	};
	const pid_t number = run_as(0);
	REQUIRE(number > 0);
	if (run_as(number) != number)
		SKIP_TEST("a process number cannot be chosen here");
	const std::string way = GENERATE("-P", "-L", ""), hook = GENERATE("tp_btf", "tp_btf+hash", "raw_tp+hash");
	CAPTURE(way, hook);
	if (!takes_hook({"cpudist", "-O"}, hook)) { // before 5.11 there is no task storage
		CHECK(hook == "tp_btf");
		return;
	}
	Words arguments = {"cpudist", "-O", "-p", std::to_string(number), "--hook", hook};
	if (!way.empty())
		arguments.push_back(way);
	Tool tool(arguments);
	REQUIRE(run_as(number) == number);
	const timespec dead = {0, 300000000};
	nanosleep(&dead, nullptr);
	REQUIRE(run_as(number) == number);
	tool.stop();
	const Hist told = total(tool.records());
	CAPTURE(told.count, told.sum_ns);
	CHECK(told.count >= 2);
	CHECK(told.max() < 250000);
	if (!way.empty())
		CHECK(hists(tool.records()) == 2); // two processes, whatever their number
}

TEST_CASE("cpudist -O --cgroup: a task that leaves the cgroup and comes back brings no time from outside")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const OwnCgroup inside(own("cpudist-in")), outside(own("cpudist-out"));
	Process task({"/bin/cat"});
	const auto wake = [&] {
		task.say("x\n");
		REQUIRE(task.line() == std::optional<std::string>("x"));
		until_blocked(task.pid());
	};
	const auto now_us = [] {
		timespec t;
		clock_gettime(CLOCK_MONOTONIC, &t);
		return static_cast<uint64_t>(t.tv_sec) * 1000000 + static_cast<uint64_t>(t.tv_nsec) / 1000;
	};
	const timespec nap = {0, 150000000};
	wake();
	inside.take_in(task.pid());
	Tool tool({"cpudist", "-O", "-p", std::to_string(task.pid()), "--cgroup", inside.directory()});
	wake();
	outside.take_in(task.pid());
	nanosleep(&nap, nullptr);
	wake(); // outside, after 150 ms: not counted
	const uint64_t slept = now_us();
	nanosleep(&nap, nullptr);
	inside.take_in(task.pid());
	wake(); // inside again, after 150 ms
	const uint64_t longest = now_us() - slept + 5000;
	tool.stop();
	const Hist told = total(tool.records());
	CAPTURE(longest, told.sum_ns, told.count);
	CHECK(told.max() >= 150000);
	CHECK(told.sum_ns <= static_cast<double>(longest) * 1000);
}

TEST_CASE("cpudist -P: a process in a PID namespace is told with its number there too (C15)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Tool tool({"cpudist", "-P", "--max-keys", "8000"});
	Process init({load_path("switchload"), "burn", "500", "500", "100"}, {.in_child = [] {
		if (unshare(CLONE_NEWPID) != 0)
			_exit(77);
		const pid_t child = fork();
		if (child > 0) {
			int status = 0;
			waitpid(child, &status, 0);
			_exit(WEXITSTATUS(status));
		}
	}});
	const std::string text = init.rest();
	const int status = init.wait();
	if (status == 77)
		SKIP_TEST("PID namespaces cannot be made here");
	REQUIRE(status == 0);
	tool.stop();
	const Hist told = total(
		tool.records(), [](const Json& r) { return r.at("nspid") == 1 && r.at("comm") == "switchload"; });
	CHECK(told.count >= 50); // of 100 sleeps; on a slow machine some are over before they have begun
	CHECK(total_of(tool.records(), "pid", 1).count != told.count);
}

} // namespace corescope::test
