// SPDX-License-Identifier: BSD-2-Clause
// offcputime against a workload that measures its own sleeps, and against what the kernel counted of threads that burn and
// sleep.
#include "stack_session.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <set>

using namespace corescope::test;

namespace {

struct Times {
	Json truth, meta;
	std::vector<Json> stacks;
};

Times off_cpu(const std::vector<std::string>& load_arguments, std::vector<std::string> more = {})
{
	Load load("stackload", load_arguments);
	std::vector<std::string> words = {"offcputime", "-p", std::to_string(load.pid())};
	words.insert(words.end(), more.begin(), more.end());
	Tool tool(words);
	load.go();
	Times found;
	found.truth = load.truth().at(0);
	CHECK(load.finish() == 0);
	tool.stop();
	CHECK(tool.summary().at("lost") == 0);
	found.stacks = stacks_of(tool, load.pid());
	found.meta = tool.meta();
	return found;
}

} // namespace

TEST_CASE("offcputime: each sleep counts, in the function that slept, for as long as the sleeper measured")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string hook = GENERATE("tp_btf", "tp_btf+hash", "raw_tp+hash");
	CAPTURE(hook);
	if (!takes_hook({"offcputime"}, hook))
		SKIP_TEST("this kernel does not take " + hook);
	const Times got = off_cpu({"naps", "40", "5000"}, {"--hook", hook});
	int64_t count = 0, ns = 0, inner = 0;
	for (const Json& stack : got.stacks) {
		if (stack.at("state") != "S" || !has_frame(stack, "user", "stackload::nap(long)"))
			continue;
		count += stack.at("count").get<int64_t>();
		ns += stack.at("value_ns").get<int64_t>();
		CHECK(stack.at("comm") == "sleeper");
		CHECK(stack.at("partial") == false);
		CHECK(has_frame(stack, "user", "stackload::deep(int, long)"));
		inner +=
			has_frame(stack, "kernel", "do_nanosleep") || has_frame(stack, "kernel", "hrtimer_nanosleep");
		// The way into our own program is not part of it.
		CHECK_FALSE(has_frame(stack, "kernel", "bpf_*"));
		CHECK_FALSE(has_frame(stack, "kernel", "__traceiter*"));
	}
	const int64_t slept = got.truth.at("slept_ns");
	CAPTURE(count, ns, slept);
	// A kernel may leave some switches untraced, see Beside::off_time_agrees(). The sleeper's clock is around each sleep.
	CHECK(count <= 40);
	CHECK(count >= 34);
	CHECK(ns <= slept);
	CHECK(ns >= count * 4900000LL); // the timer runs before the sleeper is off the CPU
	CHECK(inner > 0);
}

TEST_CASE(
	"offcputime: all that a process' threads were off the CPU, as the kernel counts it, and as cpudist -O does")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("switchload", {"burn", "200", "2000", "100"}, true);
	const std::string pid = std::to_string(load.pid());
	Tool off({"offcputime", "-p", pid}), dist({"cpudist", "-O", "-p", pid});
	load.go();
	const Json truth = load.truth(1).at(0);
	// It is held, and blocked: that is the time which is still going on.
	off.stop();
	dist.stop();
	int64_t count = 0, ns = 0, partial = 0;
	for (const Json& stack : stacks_of(off, load.pid())) {
		if (stack.at("partial") == true) {
			partial += stack.at("count").get<int64_t>();
			continue;
		}
		count += stack.at("count").get<int64_t>();
		ns += stack.at("value_ns").get<int64_t>();
	}
	const Json* hist = nullptr;
	for (const Json& record : dist.records())
		if (record.at("type") == "hist")
			hist = &record;
	REQUIRE(hist);
	const int64_t wall = truth.at("wall_ns").get<int64_t>(), run = truth.at("run_ns").get<int64_t>();
	CAPTURE(count, ns, wall - run, hist->at("count"), hist->at("sum"), truth.at("switches"));
	// A kernel may leave some switches untraced, see Beside::off_time_agrees(), and both tools see the same ones.
	const int64_t switches = truth.at("switches");
	CHECK(count + switches / 16 + 2 >= switches);
	CHECK(count <= switches + 2); // and the wait for the go
	CHECK(std::abs(count - hist->at("count").get<int64_t>()) <= 2);
	const double sum = hist->at("sum").get<double>() * 1000;
	CHECK(static_cast<double>(ns) > sum * 0.95);
	CHECK(static_cast<double>(ns) < sum * 1.05);
	CHECK(load.finish() == 0);
	if (off.meta().at("hooks") != "raw_tp+hash")
		CHECK(partial <= 1);
}

TEST_CASE("offcputime: a task that does not come back is told up to the end")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (!takes_hook({"offcputime"}, "tp_btf") && !takes_hook({"offcputime"}, "tp_btf+hash"))
		SKIP_TEST("this kernel cannot tell who is still off");
	Load load("stackload", {"rest"});
	Tool tool({"offcputime", "-p", std::to_string(load.pid())});
	load.go();
	load.truth(1);
	// Until it is off: its own word came before.
	const std::string path = "/proc/" + std::to_string(load.pid()) + "/stat";
	for (std::string stat; stat.find(") S ") == std::string::npos;) {
		stat = contents(path);
		REQUIRE(!stat.empty());
	}
	tool.stop();
	int64_t partial = 0;
	for (const Json& stack : stacks_of(tool, load.pid()))
		if (stack.at("partial") == true && has_frame(stack, "user", "stackload::nap(long)"))
			partial += stack.at("count").get<int64_t>();
	CHECK(partial == 1);
}

TEST_CASE("offcputime: states, least and most, threads of the kernel and of users; idle is nobody's")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	SECTION("another state")
	{
		CHECK(sum_below(off_cpu({"naps", "5", "20000"}, {"--state", "2"}).stacks, "count", "user",
				  "stackload::nap(long)") == 0);
	}
	SECTION("this state")
	{
		CHECK(sum_below(off_cpu({"naps", "5", "20000"}, {"--state", "1"}).stacks, "count", "user",
				  "stackload::nap(long)") >= 4);
	}
	SECTION("least")
	{
		CHECK(sum_below(off_cpu({"naps", "5", "1000"}, {"-m", "60000000"}).stacks, "count") == 0);
		CHECK(sum_below(off_cpu({"naps", "5", "3000"}, {"-m", "1500"}).stacks, "count", "user",
				  "stackload::nap(long)") >= 4);
	}
	SECTION("most") // a timer runs before the task that waits for it is off the CPU
	{
		CHECK(sum_below(off_cpu({"naps", "5", "3000"}, {"-M", "1500"}).stacks, "count", "user",
				  "stackload::nap(long)") == 0);
	}
	SECTION("threads of the kernel, and idle")
	{
		Tool kernel({"offcputime", "-k", "--duration", "0.3"});
		kernel.process().wait();
		Tool all({"offcputime"});
		Load load("stackload", {"naps", "20", "2000"});
		load.go();
		load.truth();
		all.stop();
		std::set<int64_t> tids;
		for (const Json& record : all.records())
			if (record.at("type") == "stack")
				tids.insert(record.at("tid").get<int64_t>());
		CHECK(tids.count(0) == 0);
	}
	SECTION("deep stacks")
	{
		const Times got = off_cpu({"deep", "5", "20000"});
		int64_t cut = 0;
		for (const Json& stack : got.stacks)
			if (has_frame(stack, "user", "stackload::nap(long)")) {
				CHECK(stack.at("truncated") == Json::array({"user"}));
				CHECK(stack.at("user").size() == 127);
				cut += stack.at("count").get<int64_t>();
			}
		CHECK(cut >= 4);
	}
}
