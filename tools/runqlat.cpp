// SPDX-License-Identifier: BSD-2-Clause
// runqlat: how long tasks that could run wait for a CPU, as a histogram.
#include "runqlat.h"
#include "cli/histogram.h"
#include "cli/marks.h"
#include "runqlat.skel.h"

using namespace corescope;

namespace {

struct Options {
	bool pid_namespaces = false;
	Pid pid;
};

constexpr OptionSpec kOptions[] = {
	option<&Options::pid>('p', "pid", "PID", "only this process"),
	option<&Options::pid_namespaces>(0, "pidnss", "", "one histogram for each PID namespace, as --by pidns"),
	letter_for('c', "cgroup"),
};

void prepare(const Options& o, HistSetup& setup)
{
	setup.what = "run queue latency";
	setup.quantity = "latency";
	if (o.pid_namespaces) {
		setup.by = "pidns";
		setup.by_option = "pidnss";
	}
	setup.hooks = {
		{.name = "tp_btf", .programs = {"on_switch", "on_wakeup", "on_wakeup_new"}, .typed_only = true},
		{"tp_btf+hash", {"on_switch_by_hash", "on_wakeup_by_hash", "on_wakeup_new_by_hash"}, false, {},
			"each switch of tasks takes 100 to 200 ns more"}};
}

void configure(runqlat_bpf& skel, const Options& o, const HistSetup&)
{
	skel.rodata->only_pid = static_cast<__u32>(o.pid.value);
	configure_marks(skel, bpf_program__autoload(skel.progs.on_switch), skel.rodata->hist_by == HIST_BY_ALL);
}

const HistogramTool<runqlat_bpf, Options> kTool{{
	.name = "runqlat",
	.group = Group::cpu,
	.summary = "how long tasks that could run wait for a CPU",
	.details =
		"Each wait counts once: from the wake-up, or from being preempted, until the task is on a CPU.\n"
		"\n"
		"Examples:\n"
		"  runqlat                    of all tasks, until Ctrl-C\n"
		"  runqlat -m 1 10            in milliseconds, each second, ten times\n"
		"  runqlat -P --top 5 10 1    the five processes that waited longest in ten seconds\n"
		"  runqlat -c /system.slice/nginx.service --output json 60",
	.options = kOptions,
	.prepare = prepare,
	.configure = configure,
}};

} // namespace
