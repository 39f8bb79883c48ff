// SPDX-License-Identifier: BSD-2-Clause
// runqlat beside what the kernel counts: a wait ends each time that a task is put on a CPU (the third number of
// /proc/PID/schedstat), and the time of all waits is the second. The kernel takes that time from a clock that is not
// read anew at each switch, so it is exact only where waits are long: sums are compared for tasks that share a CPU.
#include "cpudist.h"

#include <algorithm>
#include <csignal>
#include <unistd.h>

namespace corescope::test {

namespace {

using Words = std::vector<std::string>;

std::string own_name() { return "runqlat-test-" + std::to_string(getpid()); }

int64_t slices(const std::vector<Json>& truth)
{
	int64_t n = 0;
	for (const Json& line : truth)
		n += line.at("slices").get<int64_t>();
	return n;
}

// Some kernels leave out switches away from kernel threads for all who trace, and with each a wait; none is told twice.
bool agrees(int64_t told, int64_t truth)
{
	return told <= truth + truth / 100 + kEdgeSlices && told >= truth - truth / 25 - kEdgeSlices;
}

} // namespace

TEST_CASE("runqlat: every wake-up counts, however it is selected or keyed")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const auto [arguments, key] = GENERATE(table<Words, std::string>({
		{{"-p", "PID"}, ""},
		{{"-p", "PID", "-L"}, "tid"},
		{{"-p", "PID", "--pidnss"}, ""},
		{{"-p", "PID", "--by", "cgroup"}, ""},
		{{"-P", "--max-keys", "4000"}, "pid"},
		{{"-p", "PID", "--hook", "tp_btf+hash"}, ""},
		{{"-p", "PID", "--hook", "raw_tp+hash"}, ""},
	}));
	CAPTURE(arguments);
	if (std::find(arguments.begin(), arguments.end(), "--hook") != arguments.end() &&
		!takes_hook({"runqlat"}, arguments.back()))
		SKIP_TEST("this kernel does not take " + arguments.back());
	Load load("switchload", {"burn", "150", "150", "1000"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, arguments, 1, "runqlat");
	const Hist told = key.empty() ? total(run.records) : total_of(run.records, key, load.pid());
	CAPTURE(told.count, slices(run.truth), run.switches());
	CHECK(agrees(told.count, slices(run.truth)));
	CHECK(agrees(told.count, run.switches()));
	CHECK(told.dropped == 0);
}

TEST_CASE(
	"runqlat: two spinners on one CPU wait for each other, after being preempted, as long as the kernel says")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Words arguments =
		GENERATE(Words{"-P", "--max-keys", "4000"}, Words{"-L", "-m", "--max-keys", "4000"});
	CAPTURE(arguments);
	Load one("switchload", {"spin", "0.7", "--cpu", "0"}, true),
		two("switchload", {"spin", "0.7", "--cpu", "0"}, true);
	NEED_LOAD(one);
	const Beside run = beside({&one, &two}, arguments, 1, "runqlat");
	for (const std::vector<Json>& lines : run.truths) {
		const Json& truth = lines[0];
		const Hist told = total_of(run.records, arguments[0] == "-P" ? "pid" : "tid", truth.at("pid"));
		CAPTURE(told.count, told.sum_ns, truth.dump());
		CHECK(truth.at("involuntary") > truth.at("voluntary"));
		CHECK(truth.at("involuntary") >= 10);
		CHECK(agrees(told.count, truth.at("slices").get<int64_t>()));
		// A wait at the edge may be as long as any, and some kernels leave out switches for all who trace.
		const double edge = static_cast<double>(told.max()) * (arguments[0] == "-P" ? 1e3 : 1e6);
		const double truth_ns = truth.at("delay_ns").get<double>();
		CHECK(std::fabs(told.sum_ns - truth_ns) <= truth_ns / 50 + 2 * edge);
		CHECK(edge <= truth_ns / 2);
	}
}

TEST_CASE("runqlat: threads on several CPUs, woken and moved, each its own waits")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("switchload", {"threads", "8", "300", "200", "150"}, true);
	NEED_LOAD(load);
	const Beside run = beside({&load}, {"-L", "-p", "PID"}, 1, "runqlat");
	for (const Json& task : run.truth[0].at("tasks")) {
		const Hist told = total_of(run.records, "tid", task.at("tid"));
		CAPTURE(told.count, task.dump());
		CHECK(agrees(told.count, task.at("slices").get<int64_t>()));
	}
	const Hist all = total(run.records);
	const double truth_ns = run.truth[0].at("delay_ns").get<double>();
	CAPTURE(all.sum_ns, truth_ns);
	CHECK(std::fabs(all.sum_ns - truth_ns) <= truth_ns / 20 + 9 * static_cast<double>(all.max()) * 1e3);
}

TEST_CASE("runqlat --cgroup: the task that is woken decides, not the one that wakes it (X6)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const OwnCgroup group(own_name()), empty(own_name() + "-empty");
	const bool inside = GENERATE(true, false);
	// A timer wakes it, in whose interrupt anybody may be running.
	Load load("switchload", {"burn", "100", "100", "800"}, true);
	NEED_LOAD(load);
	group.take_in(load.pid());
	const Beside run = beside({&load}, {"-c", inside ? group.path() : empty.path()}, 1, "runqlat");
	const Hist told = total(run.records);
	CAPTURE(told.count, slices(run.truth), run.switches());
	if (inside)
		CHECK(agrees(told.count, slices(run.truth)));
	else
		CHECK(told.count == 0);
}

TEST_CASE("runqlat: ways to say the same exclude each other; the pair that would mix two keys too")
{
	for (const Words& words :
		{Words{"-P", "-L"}, Words{"--pidnss", "-P"}, Words{"--pidnss", "--by", "comm"}}) {
		Words line{corescope_path(), "runqlat"};
		line.insert(line.end(), words.begin(), words.end());
		Process process(line);
		CHECK(process.wait() == 64);
		const std::string errors = process.errors();
		CHECK(errors.find("only one of them") != std::string::npos);
		CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
	}
}

} // namespace corescope::test
