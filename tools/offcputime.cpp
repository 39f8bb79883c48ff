// SPDX-License-Identifier: BSD-2-Clause
// offcputime: how long tasks wait off the CPU, and with which stacks.
#include "offcputime.h"
#include "base/error.h"
#include "cli/stacks.h"
#include "offcputime.skel.h"

using namespace corescope;

namespace {

// TASK_*, or'ed (include/linux/sched.h).
struct StateMask {
	uint32_t value = 0;
	bool given = false;
};
void parse_value(StateMask& out, const char* text)
{
	out = {static_cast<uint32_t>(parse_number(text, 0, 0x7fffffff)), true};
}

struct Options {
	Pid pid, tid;
	bool user_threads = false, kernel_threads = false;
	Count least_us, most_us;
	StateMask state;
};

constexpr OptionSpec kOptions[] = {
	option<&Options::pid>('p', "pid", "PID", "only this process"),
	option<&Options::tid>('t', "tid", "TID", "only this thread"),
	option<&Options::user_threads>('u', "user-threads-only", "", "without the kernel's threads"),
	option<&Options::kernel_threads>('k', "kernel-threads-only", "", "only the kernel's threads"),
	option<&Options::least_us>(
		'm', "min-block-time", "USECS", "only times of so many us or more (default: all)"),
	option<&Options::most_us>('M', "max-block-time", "USECS", "only times of so many us or less"),
	option<&Options::state>(0, "state", "MASK",
		"only with one of these states, as include/linux/sched.h has them: 1 interruptible, 2 not; 0: preempted"),
};

// As ps tells them.
std::string state_name(uint32_t state)
{
	constexpr uint32_t kNoload = 0x400;
	constexpr struct {
		uint32_t bit;
		const char* name;
	} kStates[] = {{1, "S"}, {2, "D"}, {4, "T"}, {8, "t"}, {0x40, "P"}, {0x8000, "F"}};
	if (!(state & 0xff) && !(state & 0x8000))
		return state ? std::to_string(state) : "R";
	if ((state & 2) && (state & kNoload))
		return "I";
	for (const auto& one : kStates)
		if (state & one.bit)
			return one.name;
	return std::to_string(state);
}

void prepare(const Options& o, StackSetup& setup)
{
	if (o.user_threads + o.kernel_threads + static_cast<bool>(o.pid) > 1)
		throw Error(
			kUsage, "--pid, --user-threads-only and --kernel-threads-only: only one of them can be given");
	if (o.least_us && o.most_us && o.least_us.value > o.most_us.value)
		throw Error(kUsage, "--min-block-time: is more than --max-block-time");
	setup.what = "off-CPU time";
	setup.threads = true;
	setup.values = true;
	setup.state = state_name;
	setup.at_end = "still_off";
	setup.hooks = {{.name = "tp_btf", .programs = {"by_storage", "still_off"}, .typed_only = true},
		{.name = "tp_btf+hash",
			.programs = {"by_hash", "still_off_by_hash"},
			.cost = "each switch of tasks takes 100 to 200 ns more",
			.typed_only = true},
		{.name = "raw_tp+hash",
			.programs = {"by_hash"},
			.cost = "members are read by a helper, not by a load; who is still off in the end is not told",
			.raw = true}};
}

void configure(offcputime_bpf& skel, const Options& o, const StackSetup&)
{
	constexpr uint64_t kUs = 1000;
	skel.rodata->only_pid = static_cast<__u32>(o.pid.value);
	skel.rodata->only_tid = static_cast<__u32>(o.tid.value);
	skel.rodata->only_user_threads = o.user_threads;
	skel.rodata->only_kernel_threads = o.kernel_threads;
	skel.rodata->filter_state = o.state.given;
	skel.rodata->only_state = o.state.value;
	skel.rodata->least_ns = o.least_us.value * kUs;
	skel.rodata->most_ns = o.most_us ? o.most_us.value * kUs : UINT64_MAX;
	const bool by_storage = bpf_program__autoload(skel.progs.by_storage);
	bpf_map__set_autocreate(skel.maps.offs, by_storage);
	bpf_map__set_autocreate(skel.maps.offs_hash, !by_storage);
}

const StackTool<offcputime_bpf, Options> kTool{{
	.name = "offcputime",
	.group = Group::cpu,
	.summary = "how long tasks wait off the CPU, by stack",
	.details = "Examples:\n"
			   "  offcputime 5               all that waits, for five seconds\n"
			   "  offcputime -p 1234 -m 1000 one process, only 1 ms or more\n"
			   "  offcputime -f 30 > stacks  for a flame graph",
	.options = kOptions,
	.prepare = prepare,
	.configure = configure,
}};

} // namespace
