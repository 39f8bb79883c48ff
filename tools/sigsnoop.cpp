// SPDX-License-Identifier: BSD-2-Clause
// sigsnoop: every signal that the kernel generates, who caused it, and what became of it.
#include "signals.h"

#include "base/error.h"

#include "sigsnoop.skel.h"

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
	option<&Options::failed>('x', "failed", "", "only signals that were not delivered"),
	option<&Options::calls>('k', "kill", "", "only those that a system call of the kill family sent"),
	option<&Options::pid>('p', "pid", "PID", "only those that this process caused"),
	option<&Options::tpid>('T', "tpid", "PID", "only those sent to this process"),
	option<&Options::signals>('s', "signal", "LIST", "only these, by number or name: 9,TERM,SIGRTMIN+3"),
	option<&Options::names>('n', "name", "", "signals by name"),
	option<&Options::sender>(0, "sender-comm", "REGEX", "only where the sender's name matches"),
	option<&Options::target>(0, "target-comm", "REGEX", "only where the target's name matches"),
	letter_for('c', "cgroup"),
};

constexpr Field kFields[] = {
	time_field<&Event::ts>(kEverywhere),
	computed<Event, pid>(
		"PID", "pid", 7, kEverywhere, "who caused it; null if nobody can be named (timer, interrupt)"),
	computed<Event, comm>("COMM", "comm", 16, kEverywhere, "the sender's name"),
	field<&Event::sig>("SIG", "sig", 4, kEverywhere, "the signal"),
	computed<Event, signame>("SIGNAL", "signal", 12, kOptional, "the signal's name"),
	computed<Event, tpid>(
		"TPID", "tpid", 7, kEverywhere, "the process that it was sent to, as the host numbers it"),
	computed<Event, tcomm>("TCOMM", "tcomm", 16, kEverywhere, "its name"),
	computed<Event, fate>(
		"RESULT", "result", 9, kEverywhere, "delivered, ignored, pending, blocked, overflow or no-info"),
	computed<Event, code_name>("CODE", "code_name", 13, kInTable, "why: si_code in words"),
	computed<Event, call_made>("CALL", "made", 0, kInTable, "the call that sent it"),
	SIGNAL_DATA_FIELDS,
};

void prepare(const Options& o, StreamSetup& setup)
{
	if (o.signals.given && o.signals.probes)
		throw Error(kUsage,
			"--signal: 0 is never generated, it only asks whether a process exists; killsnoop shows it");
	setup.hooks = {{"tp_btf", {"generated"}}};
	if (o.names)
		setup.replace("sig", "signal");
}

void configure(sigsnoop_bpf& skel, const Options& o, const StreamSetup&)
{
	skel.rodata->only_signals = o.signals.mask;
	skel.rodata->only_sender = static_cast<__u32>(o.pid.value);
	skel.rodata->only_target = static_cast<__u32>(o.tpid.value);
	skel.rodata->only_calls = o.calls;
	skel.rodata->only_failed = o.failed;
}

bool keep(const Event& e, const Options& o)
{
	return comm_matches(o.sender, e.comm) && comm_matches(o.target, e.tcomm);
}

const StreamTool<sigsnoop_bpf, Event, Options> kTool{{
	.name = "sigsnoop",
	.group = Group::process,
	.summary = "signals, their causes and their fate",
	.details = "Examples:\n"
			   "  sigsnoop -n                every signal, by name\n"
			   "  sigsnoop -n -s SEGV,BUS    crashes\n"
			   "  sigsnoop -T 1234           what this process is sent\n",
	.options = kOptions,
	.fields = kFields,
	.prepare = prepare,
	.configure = configure,
	.keep = keep,
}};

} // namespace
