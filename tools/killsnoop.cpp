// SPDX-License-Identifier: BSD-2-Clause
// killsnoop: who sends which signal to whom with a system call, and who tries to.
#include "signals.h"

#include "bpf/call_hooks.h"
#include "killsnoop.skel.h"

using namespace corescope;
using namespace corescope::signals;

namespace {

struct Options {
	bool failed = false, calls = false, names = false;
	Pid pid, tpid;
	SignalSet signals;
	Regex sender, target;
};

constexpr OptionSpec kOptions[] = {
	option<&Options::failed>('x', "failed", "", "only calls that failed"),
	option<&Options::calls>('k', "kill", "", "accepted for compatibility: killsnoop tells nothing but calls"),
	option<&Options::pid>('p', "pid", "PID", "only calls of this process"),
	option<&Options::tpid>('T', "tpid", "PID", "only calls at this process"),
	option<&Options::signals>('s', "signal", "LIST", "only these, by number or name: 0,9,TERM,SIGRTMIN+3"),
	option<&Options::names>('n', "name", "", "signals by name"),
	option<&Options::sender>(0, "sender-comm", "REGEX", "only where the sender's name matches"),
	option<&Options::target>(0, "target-comm", "REGEX", "only where the target's name matches"),
	letter_for('c', "cgroup"),
};

NumberValue result(const Event& e, const FieldContext&) { return Value::number(int64_t{e.ret}); }

constexpr Field kFields[] = {
	time_field<&Event::ts>(kEverywhere),
	computed<Event, pid>("PID", "pid", 7, kEverywhere, "the sender"),
	computed<Event, comm>("COMM", "comm", 16, kEverywhere, "its name"),
	field<&Event::sig>("SIG", "sig", 4, kEverywhere, "the signal; 0 only asks whether the target exists"),
	computed<Event, signame>("SIGNAL", "signal", 12, kOptional, "the signal's name"),
	computed<Event, tpid>("TPID", "tpid", 7, kEverywhere, "the target process, as the host numbers it"),
	computed<Event, tcomm>("TCOMM", "tcomm", 16, kEverywhere, "its name"),
	computed<Event, result>("RESULT", "ret", 6, kEverywhere, "0, or the error as a negative number"),
	computed<Event, call_made>("CALL", "made", 0, kInTable, "the call, with the target it was given"),
	computed<Event, fate>(
		nullptr, "result", 0, kInData, "delivered, ignored, pending, no-info, failed or probe"),
	SIGNAL_DATA_FIELDS,
};

void prepare(const Options& o, StreamSetup& setup)
{
	setup.default_buffer = 4 << 20; // signals come in storms
	const CallSet calls{
		.calls = {"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"},
		.beside = {"sent"}};
	setup.hooks = {fexit_of_calls("tp_btf+fexit", calls), tracepoints_of_calls("tp_btf+tracepoint", calls),
		{"tp_btf+sys_exit", {"sent", "any_exit"}, false, {}, kSysExitCost}};
	if (o.names)
		setup.replace("sig", "signal");
}

void configure(killsnoop_bpf& skel, const Options& o, const StreamSetup&)
{
	skel.rodata->only_signals = o.signals.mask;
	skel.rodata->no_probes = !o.signals.probes;
	skel.rodata->only_sender = static_cast<__u32>(o.pid.value);
	skel.rodata->only_target = static_cast<__u32>(o.tpid.value);
	skel.rodata->only_failed = o.failed;
}

bool keep(const Event& e, const Options& o)
{
	return comm_matches(o.sender, e.comm) && comm_matches(o.target, e.tcomm);
}

const StreamTool<killsnoop_bpf, Event, Options> kTool{{
	.name = "killsnoop",
	.group = Group::process,
	.summary = "signals that processes send, or try to",
	.details = "Examples:\n"
			   "  killsnoop -s KILL          tell whenever somebody sends SIGKILL, and who it was\n"
			   "  killsnoop -x               calls that failed\n"
			   "  killsnoop -n -T 1234       who signals this process\n\n"
			   "Calls of 32-bit programs that fail are seen only with --hook tp_btf+sys_exit,\n"
			   "which makes every system call of every process a little slower.",
	.options = kOptions,
	.fields = kFields,
	.prepare = prepare,
	.configure = configure,
	.keep = keep,
}};

} // namespace
