// SPDX-License-Identifier: BSD-2-Clause
// profile: what the CPUs run, by samples of stacks at a fixed frequency.
#include "profile.h"
#include "base/error.h"
#include "cli/stacks.h"
#include "profile.skel.h"

#include <linux/perf_event.h>

using namespace corescope;

namespace {

struct Options {
	Pid pid, tid;
	Count frequency, period;
	Cpus cpus;
	bool idle = false;
};

constexpr uint64_t kFrequency = 49; // nothing else beats with it

constexpr OptionSpec kOptions[] = {
	option<&Options::pid>('p', "pid", "PID", "only this process"),
	option<&Options::tid>('L', "tid", "TID", "only this thread"),
	option<&Options::frequency>('F', "frequency", "HZ", "samples a second on each CPU (default 49)"),
	option<&Options::period>('c', "period", "COUNT", "instead: one each COUNT ns of a CPU's clock"),
	option<&Options::cpus>('C', "cpu", "LIST", "only these CPUs, such as 0-3,8"),
	option<&Options::idle>('I', "include-idle", "", "also CPUs that are idle"),
};

void prepare(const Options& o, StackSetup& setup)
{
	if (o.frequency && o.period)
		throw Error(kUsage, "--period: cannot be combined with --frequency");
	Sampling clock{PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, !o.period,
		o.period          ? o.period.value
			: o.frequency ? o.frequency.value
						  : kFrequency,
		o.cpus.numbers};
	Sampling cycles = clock;
	cycles.type = PERF_TYPE_HARDWARE;
	cycles.config = PERF_COUNT_HW_CPU_CYCLES;
	setup.what = "samples of what runs";
	setup.leaf_is_exact = true;
	setup.keeps_all_cpus = o.cpus.numbers.empty();
	setup.hooks.clear();
	// A cycle counter interrupts also where interrupts are off, and stands still where a CPU is idle.
	if (!o.period && !o.idle)
		setup.hooks.push_back({.name = "cycles", .programs = {"sample"}, .sampling = cycles});
	setup.hooks.push_back({.name = "cpu-clock",
		.programs = {"sample"},
		.cost = "code that runs with interrupts off shows up where they are on again",
		.sampling = clock});
}

void configure(profile_bpf& skel, const Options& o, const StackSetup&)
{
	skel.rodata->only_pid = static_cast<__u32>(o.pid.value);
	skel.rodata->only_tid = static_cast<__u32>(o.tid.value);
	skel.rodata->include_idle = o.idle;
}

const StackTool<profile_bpf, Options> kTool{{
	.name = "profile",
	.group = Group::cpu,
	.summary = "what the CPUs run, by samples of stacks",
	.details = "Examples:\n"
			   "  profile                    all CPUs at 49 Hz, until Ctrl-C\n"
			   "  profile -F 99 10           at 99 Hz, for ten seconds\n"
			   "  profile -p 1234 -U 10      one process, without the kernel\n"
			   "  profile -f 30 > stacks     for a flame graph",
	.options = kOptions,
	.prepare = prepare,
	.configure = configure,
}};

} // namespace
