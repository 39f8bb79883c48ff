// SPDX-License-Identifier: BSD-2-Clause
// cpudist: how long tasks run on a CPU, or wait off it, as a histogram.
#include "cpudist.h"
#include "cli/histogram.h"
#include "cli/marks.h"
#include "cpudist.skel.h"

using namespace corescope;

namespace {

struct Options {
	bool off_cpu = false, idle = false;
	Pid pid;
};

constexpr OptionSpec kOptions[] = {
	option<&Options::off_cpu>('O', "offcpu", "", "time off the CPU instead of on it"),
	option<&Options::pid>('p', "pid", "PID", "only this process"),
	option<&Options::idle>('I', "include-idle", "", "also the CPUs' idle tasks"),
	letter_for('c', "cgroup"),
};

void prepare(const Options& o, HistSetup& setup)
{
	setup.what = o.off_cpu ? "off-CPU time" : "on-CPU time";
	setup.quantity = o.off_cpu ? "offcpu" : "oncpu";
	setup.implied = {"offcpu"};
	if (o.off_cpu)
		setup.hooks = {{.name = "tp_btf", .programs = {"off_cpu"}, .typed_only = true},
			{"tp_btf+hash", {"off_cpu_by_hash"}, false, {}, "each switch of tasks takes 100 to 200 ns more"}};
	else
		setup.hooks = {{"tp_btf", {"on_cpu"}}};
}

void configure(cpudist_bpf& skel, const Options& o, const HistSetup&)
{
	skel.rodata->only_pid = static_cast<__u32>(o.pid.value);
	skel.rodata->include_idle = o.idle;
	configure_marks(skel, bpf_program__autoload(skel.progs.off_cpu), false);
	if (!o.off_cpu)
		bpf_map__set_autocreate(skel.maps.marks_hash, false);
}

const HistogramTool<cpudist_bpf, Options> kTool{{
	.name = "cpudist",
	.group = Group::cpu,
	.summary = "how long tasks stay on the CPU, or off it",
	.details = "Examples:\n"
			   "  cpudist                    on-CPU time of all tasks, until Ctrl-C\n"
			   "  cpudist -O 1 10            off-CPU time, each second, ten times\n"
			   "  cpudist -P --top 5 10 1    the five that ran longest in ten seconds\n"
			   "  cpudist -p 1234 --output json 60",
	.options = kOptions,
	.prepare = prepare,
	.configure = configure,
}};

} // namespace
