// SPDX-License-Identifier: BSD-2-Clause
// tcplife: TCP connections from their first state to their last: whose they are, what they carried, how long they took.
#include "tcplife.h"
#include "base/error.h"
#include "cli/ports.h"
#include "cli/sock_kept.h"
#include "cli/stream.h"
#include "output/latency.h"
#include "output/tcp_fields.h"
#include "tcplife.skel.h"

using namespace corescope;

namespace {

struct Options {
	Pid pid;
	bool ipv4 = false, ipv6 = false, wide = false, time = false, states = false;
	PortList local, remote;
};

constexpr OptionSpec kOptions[] = {
	option<&Options::pid>('p', "pid", "PID", "only connections of this process"),
	option<&Options::ipv4>('4', "ipv4", "", "only IPv4, also on IPv6 sockets"),
	option<&Options::ipv6>('6', "ipv6", "", "only IPv6"),
	option<&Options::local>('L', "localport", "PORTS", "only from these local ports, with commas between"),
	option<&Options::remote>('D', "remoteport", "PORTS", "only to these remote ports"),
	option<&Options::states>(
		'S', "states", "", "a line for each change of a connection's state, in place of its end"),
	option<&Options::time>('T', "time", "", "a column with the time of day"),
	option<&Options::wide>('w', "wide", "", "addresses in columns that are wide enough for IPv6"),
	letter_for('c', "cgroup"),
};

using Event = tcplife_event;

TextValue direction(const Event& e, const FieldContext&)
{
	return e.flags & TCPLIFE_CONNECTED ? TextValue(Value::word("out"))
		: e.flags & TCPLIFE_ACCEPTED   ? Value::word("in")
									   : Value::none();
}
// Of a connection that was there before the tool, when it began is not known.
TextValue ms(const Event& e, const FieldContext&)
{
	return decimal_or_more(e.age_ns, 1000000, !(e.flags & TCPLIFE_SEEN_BORN));
}

constexpr Field kFields[] = {
	time_field<&Event::ts>(kOptional | kInData),
	field_where<&Event::pid, TCPLIFE_OWNED>("PID", "pid", 7, kEverywhere,
		"the process that connected, or of an accepted connection the one that closed it"),
	field_where<&Event::comm, TCPLIFE_OWNED>("COMM", "comm", 16, kEverywhere, "its name"),
	TCP_ENDS_FIELDS(Event, &Event::ends),
	TCP_CHANGE_FIELDS(Event, &Event::old_state, &Event::new_state),
	TCP_BYTES_FIELDS(Event, &Event::counts),
	computed<Event, ms>("MS", "ms", 0, kInTable, "how long it lived, in milliseconds"),
	computed<Event, decimal_of<&Event::state_ns, 1000000>>(
		"MS", "state_ms", 0, kOptional, "how long it was in the state that it left"),
	field_where<&Event::age_ns, TCPLIFE_SEEN_BORN>(
		nullptr, "duration_ns", 0, kInData, "how long it lived; null if it began before the tool did"),
	field<&Event::age_ns>(
		nullptr, "seen_ns", 0, kInData, "of this, what the tool saw from the first change of its state on"),
	field_where<&Event::connect_ns, TCPLIFE_SEEN_BORN>(
		nullptr, "connect_ns", 0, kInData, "from its first state until it was established"),
	field_where<&Event::established_ns, TCPLIFE_SEEN_BORN>(
		nullptr, "established_ns", 0, kInData, "how long it was established"),
	field<&Event::state_ns>(
		nullptr, "state_ns", 0, kInData, "how long it was in old_state, or what the tool saw of it"),
	computed<Event, direction>(nullptr, "direction", 0, kInData,
		"out: this end connected, in: it accepted; null if it began before the tool did"),
	flag_field<Event, TCPLIFE_ESTABLISHED>("established", "whether it ever was"),
	error_number_field<&Event::error>("what broke it, such as ECONNREFUSED"),
	TCP_PATH_FIELDS(Event, &Event::counts),
	field_where<&Event::nspid, TCPLIFE_OWNED>(
		nullptr, "nspid", 0, kInData, "the process in its own PID namespace"),
	field<&Event::uid>(nullptr, "uid", 0, kInData, "owner of the socket"),
	field<&Event::counts, &tcp_counts::netns>(nullptr, "netns", 0, kInData, "inode of the network namespace"),
	field<&Event::sock>(nullptr, "sock", 0, kInData, "the same for all records of one connection"),
	CGROUP_FIELDS(&Event::cgroup, "cgroup v2 id of the process"),
};

void prepare(const Options& o, StreamSetup& setup)
{
	if (o.ipv4 && o.ipv6)
		throw Error(kUsage, "--ipv4 and --ipv6: only one of them can be given");
	setup.hooks = {{.name = "tp_btf", .programs = {"changes", "goes"}, .typed_only = true},
		{"tp_btf+hash", {"changes_by_hash", "goes_by_hash"}}};
	setup.show("ts", o.time);
	setup.replace("laddr", "laddr_wide", o.wide);
	setup.replace("raddr", "raddr_wide", o.wide);
	setup.show("old_state", o.states);
	setup.show("new_state", o.states);
	setup.hide("tx_kb", o.states);
	setup.hide("rx_kb", o.states);
	setup.replace("ms", "state_ms", o.states);
}

void configure(tcplife_bpf& skel, const Options& o, const StreamSetup&)
{
	skel.rodata->only_pid = static_cast<__u32>(o.pid.value);
	skel.rodata->only_family = o.ipv4 ? 4 : o.ipv6 ? 6 : 0;
	skel.rodata->each_change = o.states;
	configure_sock_kept(skel, bpf_program__autoload(skel.progs.changes));
}

bool keep(const Event& e, const Options& o)
{
	return o.local.has(e.ends.lport) && o.remote.has(e.ends.rport);
}

const StreamTool<tcplife_bpf, Event, Options> kTool{{
	.name = "tcplife",
	.group = Group::network,
	.summary = "TCP connections: whose, how long, how many bytes, and their states",
	.details = "Examples:\n"
			   "  tcplife                    every connection, when it ends\n"
			   "  tcplife -D 80,443 -T       those to these ports\n"
			   "  tcplife -S -p 1234         each change of state of one process' connections",
	.options = kOptions,
	.fields = kFields,
	.prepare = prepare,
	.configure = configure,
	.keep = keep,
}};

} // namespace
