// SPDX-License-Identifier: BSD-2-Clause
// cpudist counts what the kernel counts: slices against context switches, time against schedstat, for whatever is
// selected and however it is keyed.
#include "cpudist.h"

#include <thread>
#include <unistd.h>

namespace corescope::test {

namespace {

using Words = std::vector<std::string>;

std::string one_name() { return "cpudist-test-" + std::to_string(getpid()); }

} // namespace

TEST_CASE("cpudist: every slice counts, voluntary and involuntary, however it is selected or keyed (C1)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const auto [arguments, key] = GENERATE(table<Words, std::string>({
		{{"-p", "PID"}, ""},
		{{"-p", "PID", "-P"}, "pid"},
		{{"-p", "PID", "-L"}, "tid"},
		{{"-p", "PID", "--by", "comm"}, ""},
		{{"-p", "PID", "--by", "cgroup"}, ""},
		{{"-P", "--max-keys", "4000"}, "pid"},
		{{"-L", "--max-keys", "4000"}, "tid"},
		{{"-p", "PID", "-m"}, ""},
		{{"-P", "-I", "--max-keys", "4000"}, "pid"},
	}));
	CAPTURE(arguments);
	Load load("switchload", {"burn", "150", "150", "1500"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, arguments);
	const Hist told = key.empty() ? total(run.records) : total_of(run.records, key, load.pid());
	CAPTURE(told.count, run.switches());
	CHECK(run.truth[0].at("voluntary").get<int64_t>() >= 1000); // those that the peer leaves out
	CHECK(within_one_percent(told.count, run.switches()));
	CHECK(told.dropped == 0);
}

TEST_CASE("cpudist: the sum is the kernel's run time, of slices that end by blocking or by preemption")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Words arguments =
		GENERATE(Words{"-p", "PID"}, Words{"-p", "PID", "-m"}, Words{"-p", "PID", "--by", "comm"});
	CAPTURE(arguments);
	Load load("switchload", {"burn", "5000", "300", "100"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, arguments);
	const Hist told = total(run.records);
	CAPTURE(told.sum_ns, run.run_ns(), run.stalled_ns(), run.switches());
	CHECK(within_one_percent(told.count, run.switches()));
	CHECK(run.on_time_agrees(told.sum_ns));
}

TEST_CASE("cpudist: two spinners on one CPU, where nearly all slices end involuntarily")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load one("switchload", {"spin", "0.7", "--cpu", "0"}, true),
		two("switchload", {"spin", "0.7", "--cpu", "0"}, true);
	NEED_LOAD(one);
	const Beside run = beside({&one, &two}, {"-P", "--max-keys", "4000"});
	for (size_t i = 0; i < 2; i++) {
		const Json& truth = run.truths[i][0];
		const Hist told = total_of(run.records, "pid", truth.at("pid"));
		CAPTURE(i, told.count, truth.dump());
		CHECK(truth.at("involuntary") > truth.at("voluntary"));
		CHECK(truth.at("involuntary") >= 4); // on a busy machine a turn comes late
		CHECK(within_one_percent(told.count, Beside::switches_of({truth})));
		// Each saw the clock jump over the turns of the other: what the host took is not told apart from that.
		const double others = run.truths[1 - i][0].at("run_ns").get<double>(),
					 stalled = truth.at("stalled_ns").get<double>();
		CHECK(within_two_percent_ns(
			told.sum_ns, truth.at("run_ns").get<double>(), std::max(0.0, stalled - others)));
	}
}

TEST_CASE("cpudist: threads on several CPUs count into one key without loss, or each into its own (C13)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string way = GENERATE("-P", "-L", "");
	CAPTURE(way);
	Load load("switchload", {"threads", "4", "60", "40", "1000"}, true);
	NEED_LOAD(load);
	Words arguments = {"-p", "PID"};
	if (!way.empty())
		arguments.push_back(way);
	const Beside run = beside({&load}, arguments);
	const Json& truth = run.truth[0];
	const Hist told = total(run.records);
	CAPTURE(told.count, truth.at("switches"));
	CHECK(within_one_percent(told.count, truth.at("switches"), 5));
	CHECK(hists(run.records) == (way == "-L" ? 5U : 1U));
	if (way == "-L") {
		for (const Json& task : truth.at("tasks")) {
			const Hist own = total_of(run.records, "tid", task.at("tid"));
			CAPTURE(task.dump(), own.count);
			CHECK(within_one_percent(own.count, task.at("switches")));
		}
	}
}

TEST_CASE("cpudist: two processes that wake each other, each its own count")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("switchload", {"pingpong", "20000"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, {"-P", "--max-keys", "4000"}, 2);
	for (const Json& truth : run.truth) {
		const Hist told = total_of(run.records, "pid", truth.at("pid"));
		CAPTURE(truth.dump(), told.count);
		CHECK(within_one_percent(told.count, Beside::switches_of({truth})));
	}
}

TEST_CASE("cpudist: without a filter, with idle, the total is the kernel's count of all switches")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Words way = GENERATE(Words{}, Words{"-P", "--max-keys", "8000"});
	CAPTURE(way);
	Load load("switchload", {"pingpong", "20000"}, true);
	NEED_LOAD(load);
	Words arguments = {"cpudist", "-I"};
	arguments.insert(arguments.end(), way.begin(), way.end());
	// The counter is read on both sides of both edges, so that what it says is a bound and not a guess.
	const int64_t before = all_switches();
	Tool tool(arguments);
	const int64_t from = all_switches();
	load.go();
	load.truth(2);
	const int64_t to = all_switches();
	tool.stop();
	const int64_t after = all_switches();
	const Hist told = total(tool.records());
	CAPTURE(told.count, to - from, after - before);
	const int64_t cpus = sysconf(_SC_NPROCESSORS_CONF);
	CHECK(told.dropped == 0);
	CHECK(told.count >= to - from - cpus - (to - from) / 1000); // a CPU's first switch only begins a slice
	CHECK(told.count <= after - before);
	CHECK(told.count <= to - from + (to - from) / 100 + (after - to) + (from - before));
	CHECK(load.finish() == 0);
}

TEST_CASE(
	"cpudist: a thread that execs takes its leader's number while it runs, and its slice counts all the same")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("execload", {"thread", "--count", "200"}, true);
	Tool tool({"cpudist", "-I"});
	const int64_t from = all_switches();
	load.go();
	load.truth(200);
	const int64_t to = all_switches();
	tool.stop();
	CAPTURE(to - from);
	CHECK(total(tool.records()).count >= to - from - 50);
	CHECK(load.finish() == 0);
}

TEST_CASE("cpudist --cgroup: exactly the tasks in it and below it, whoever ran before them (C3, X6)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const OwnCgroup group(one_name()), below("sub", &group);
	const auto [option, by_path] = GENERATE(table<std::string, bool>({{"--cgroup", false}, {"-c", true}}));
	const std::string way = GENERATE("", "-P");
	CAPTURE(option, by_path, way);
	const std::string cpu = "0"; // all on one CPU: each slice of ours follows another's
	Load inside(
		"switchload", {"incgroup", below.directory(), "burn", "100", "100", "1000", "--cpu", cpu}, true);
	Load outside("switchload", {"burn", "100", "100", "1000", "--cpu", cpu}, true);
	NEED_LOAD(inside);
	Words arguments = {option, by_path ? group.path() : group.directory()};
	if (!way.empty())
		arguments.push_back(way);
	const Beside run = beside({&inside, &outside}, arguments);
	const Hist told = total(run.records);
	CAPTURE(told.count, run.switches());
	CHECK(within_one_percent(told.count, run.switches()));
	if (!way.empty())
		CHECK(total_of(run.records, "pid", inside.pid()).count == told.count);
}

TEST_CASE("cpudist -O: every off-CPU interval, and their time is wall clock less run time")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const auto [arguments, key] = GENERATE(table<Words, std::string>({
		{{"-O", "-p", "PID"}, ""},
		{{"-O", "-p", "PID", "-P"}, "pid"},
		{{"-O", "-P", "--max-keys", "4000"}, "pid"},
		{{"-O", "-L", "--max-keys", "4000"}, "tid"},
		{{"-O", "-m", "-p", "PID"}, ""},
		{{"-O", "-p", "PID", "--hook", "tp_btf+hash"}, ""}, // where there is no task storage
		{{"-O", "-p", "PID", "--hook", "raw_tp+hash"}, ""},
	}));
	CAPTURE(arguments);
	Load load("switchload", {"burn", "200", "4000", "150"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, arguments);
	const Hist told = key.empty() ? total(run.records) : total_of(run.records, key, load.pid());
	const double off_ns = run.truth[0].at("wall_ns").get<double>() - run.run_ns();
	CAPTURE(told.count, run.switches(), told.sum_ns, off_ns, run.errors);
	CHECK(within_one_percent(told.count, run.switches()));
	CHECK(run.off_time_agrees(told.sum_ns));
}

TEST_CASE("cpudist -O --cgroup: the off-CPU time of the tasks in it (C3, X6)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const OwnCgroup group(one_name());
	Load inside(
		"switchload", {"incgroup", group.directory(), "burn", "100", "4000", "150", "--cpu", "0"}, true);
	Load outside("switchload", {"burn", "100", "100", "800", "--cpu", "0"}, true);
	NEED_LOAD(inside);
	const Beside run = beside({&inside, &outside}, {"-O", "--cgroup", group.directory(), "-P"});
	const Hist told = total(run.records);
	const double off_ns = run.truth[0].at("wall_ns").get<double>() - run.run_ns();
	CAPTURE(told.count, run.switches(), told.sum_ns, off_ns, run.errors);
	CHECK(within_one_percent(told.count, run.switches()));
	CHECK(run.off_time_agrees(told.sum_ns));
	CHECK(total_of(run.records, "pid", inside.pid()).count == told.count);
}

TEST_CASE("cpudist -O: threads, each its own off-CPU intervals, whichever CPU they come back on")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("switchload", {"threads", "40", "20", "300", "200"}, true);
	NEED_LOAD(load);
	const std::string hook = GENERATE("tp_btf", "tp_btf+hash", "raw_tp+hash");
	CAPTURE(hook);
	if (!takes_hook({"cpudist", "-O"}, hook)) { // before 5.11 there is no task storage
		CHECK(hook == "tp_btf");
		return;
	}
	const Beside run = beside({&load}, {"-O", "-L", "-p", "PID", "--hook", hook});
	// The last switch of a worker is into the block that outlasts the run.
	for (const Json& task : run.truth[0].at("tasks")) {
		const Hist own = total_of(run.records, "tid", task.at("tid"));
		CAPTURE(task.dump(), own.count);
		// The first thread reads its own count before it reads and prints those of all others.
		if (task.at("tid") == load.pid())
			CHECK(own.count >= task.at("switches").get<int64_t>() - kEdgeSlices);
		else
			CHECK(within_one_percent(own.count, task.at("switches")));
	}
	CHECK(within_one_percent(total(run.records).count, run.truth[0].at("switches"), 41));
}

TEST_CASE("cpudist: idle is left out, and with -I it is each CPU's own and the CPUs' time adds up (C2)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	std::vector<std::unique_ptr<Load>> loads;
	std::vector<Load*> all;
	for (long cpu = 0; cpu < cpus;
		 cpu++) { // so that no slice of idle is long, and what is cut at the edges is short
		loads.push_back(std::make_unique<Load>(
			"switchload", Words{"burn", "200", "200", "2000", "--cpu", std::to_string(cpu)}, true));
		all.push_back(loads.back().get());
	}
	if (loads[0]->ready().is_null())
		SKIP_TEST(loads[0]->errors());
	SECTION("left out")
	{
		const Beside run = beside(all, {"-P", "--max-keys", "4000"});
		CHECK(total_of(run.records, "pid", 0).count == 0);
		CHECK(total(run.records).count > 0);
	}
	SECTION("counted")
	{
		for (Load* load : all)
			until_blocked(load->pid());
		Tool tool({"cpudist", "-P", "-I", "--max-keys", "8000", "0.1"});
		for (Load* load : all)
			load->go();
		// The load runs on throughout the third interval, whatever came before.
		size_t told = 0;
		uint64_t window = 0;
		std::string ts;
		std::vector<Json> third;
		tool.until([&](const Json& r) {
			if (r.at("type") == "hist" && r.at("ts") != ts) {
				ts = r.at("ts");
				told++;
			}
			if (told == 3) {
				window = r.at("window_ns");
				third.push_back(r);
			}
			return told == 4;
		});
		tool.stop();
		double whole = 0;
		for (const Json& r : third)
			whole += total({r}).sum_ns;
		std::map<std::string, Hist> idle;
		for (const Json& r : tool.records())
			if (r.at("type") == "hist" && r.at("pid") == 0)
				idle[r.at("comm")].add(r);
		const double available = static_cast<double>(window) * static_cast<double>(cpus);
		CAPTURE(window, whole, idle.size());
		CHECK(whole > available * 0.90);
		CHECK(whole < available * 1.10);
		// One key for each CPU, none longer than the time that there was. A CPU that others keep busy has none.
		CHECK(idle.size() <= static_cast<size_t>(cpus));
		for (const auto& [name, hist] : idle) {
			CAPTURE(name, hist.sum_ns, hist.window_ns);
			CHECK(name.rfind("swapper/", 0) == 0);
			CHECK(hist.sum_ns <= static_cast<double>(tool.summary().at("window_ns").get<uint64_t>()) * 1.01);
		}
		if (idle.size() < static_cast<size_t>(cpus))
			SKIP_TEST("a CPU is never idle now");
	}
	for (Load* load : all) {
		load->truth(1);
		CHECK(load->finish() == 0);
	}
}

} // namespace corescope::test
