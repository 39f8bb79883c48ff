// SPDX-License-Identifier: BSD-2-Clause
// `corescope progs --stats`: what programs cost, beside the kernel's own counters.
#include "bpf_trial.h"

#include <cmath>
#include <sys/prctl.h>

namespace corescope::test {

namespace {

struct Counted {
	uint64_t runs, run_ns;
};
Counted counted(const Fd& prog)
{
	bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	REQUIRE(bpf_obj_get_info_by_fd(prog.get(), &info, &size) == 0);
	return {info.run_cnt, info.run_time_ns};
}

void rename_many(int times)
{
	char name[16] = "";
	REQUIRE(prctl(PR_GET_NAME, name) == 0);
	for (int i = 0; i < times; i++)
		prctl(PR_SET_NAME, name);
}

} // namespace

TEST_CASE("progs --stats: runs and time of a program are the kernel's own counts")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Fd counting(bpf_enable_stats(BPF_STATS_RUN_TIME));
	if (!counting)
		SKIP_TEST("needs BPF_ENABLE_STATS");
	const Fd prog = load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_counted");
	const Fd link(bpf_raw_tracepoint_open("task_rename", prog.get()));
	REQUIRE(link);
	constexpr int kTimes = 20000;
	const Counted before = counted(prog);
	Process stats({corescope_path(), "progs", "--stats", "1", "--count", "3", "--output", "json"});
	REQUIRE(Json::parse(*stats.line()).at("type") == "meta"); // it has read the counters
	const Counted from = counted(prog);
	rename_many(kTimes);
	const Counted to = counted(prog);
	REQUIRE(to.runs - from.runs >= kTimes);
	uint64_t runs = 0, run_ns = 0;
	int intervals = 0;
	while (const auto line = stats.line()) {
		const Json one = Json::parse(*line);
		intervals += one.at("type") == "interval";
		if (one.at("type") != "stats" || one.at("id") != prog_id(prog))
			continue;
		runs += one.at("runs").get<uint64_t>();
		run_ns += one.at("run_ns").get<uint64_t>();
		const double r = one.at("runs"), ns = one.at("run_ns"), window = one.at("window_ns");
		CHECK(std::abs(one.at("ns_per_run").get<double>() - ns / r) <= 0.5);
		CHECK(std::abs(one.at("runs_per_s").get<double>() - r / window * 1e9) <= 0.1);
		CHECK(std::abs(one.at("cpu_percent").get<double>() - ns / window * 100) <= 0.001);
		CHECK(one.at("name") == "see_counted");
	}
	CHECK(stats.wait() == 0);
	const Counted after = counted(prog);
	CHECK(intervals == 3);
	CAPTURE(runs, run_ns, after.runs - before.runs, to.run_ns - from.run_ns);
	// Nothing that we did is missing, and no more is told than the kernel has counted.
	CHECK(runs >= to.runs - from.runs);
	CHECK(runs <= after.runs - before.runs);
	CHECK(run_ns >= to.run_ns - from.run_ns);
	CHECK(run_ns <= after.run_ns - before.run_ns);
}

} // namespace corescope::test
