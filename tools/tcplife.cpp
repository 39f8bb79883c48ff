// SPDX-License-Identifier: BSD-2-Clause
// tcplife: TCP connections from their first state to their last: whose they are, what they carried, how long they took.
#include "tcplife.h"
#include "base/error.h"
#include "cli/ports.h"
#include "cli/stream.h"
#include "output/latency.h"
#include "tcplife.skel.h"

#include <arpa/inet.h>

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

constexpr std::string_view kStates[] = {"?", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",
	"TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"};
TextValue state_name(unsigned state) { return Value::word(kStates[state < std::size(kStates) ? state : 0]); }

template <auto Member>
NumberValue owned(const Event& e, const FieldContext&)
{
	return e.flags & TCPLIFE_OWNED ? to_value(e.*Member) : Value::none();
}
TextValue comm(const Event& e, const FieldContext&)
{
	return e.flags & TCPLIFE_OWNED ? to_value(e.comm) : Value::none();
}
NumberValue family(const Event& e, const FieldContext&)
{
	return Value::number(uint64_t{e.family == AF_INET ? 4U : 6U});
}
template <auto Member>
TextValue address(const Event& e, const FieldContext&)
{
	static char text[INET6_ADDRSTRLEN];
	inet_ntop(e.family, e.*Member, text, sizeof(text));
	return Value::word(text);
}
TextValue direction(const Event& e, const FieldContext&)
{
	return e.flags & TCPLIFE_CONNECTED ? TextValue(Value::word("out"))
		: e.flags & TCPLIFE_ACCEPTED   ? Value::word("in")
									   : Value::none();
}
BooleanValue established(const Event& e, const FieldContext&)
{
	return Value::boolean(e.flags & TCPLIFE_ESTABLISHED);
}
TextValue error(const Event& e, const FieldContext&)
{
	return e.error ? Value::word(error_name(static_cast<int>(e.error))) : Value::none();
}
TextValue tx_kb(const Event& e, const FieldContext&) { return decimal(e.tx_bytes, 1024); }
TextValue rx_kb(const Event& e, const FieldContext&) { return decimal(e.rx_bytes, 1024); }
// Of a connection that was there before the tool, when it began is not known.
template <auto Member>
NumberValue since_birth(const Event& e, const FieldContext&)
{
	return e.flags & TCPLIFE_SEEN_BORN ? to_value(e.*Member) : Value::none();
}
TextValue ms(const Event& e, const FieldContext&)
{
	static char text[32];
	const std::string_view number = decimal(e.age_ns, 1000000).bytes;
	std::snprintf(text, sizeof(text), "%s%.*s", e.flags & TCPLIFE_SEEN_BORN ? "" : ">",
		static_cast<int>(number.size()), number.data());
	return Value::word(text);
}
NumberValue min_rtt(const Event& e, const FieldContext&)
{
	return e.min_rtt_us == ~0U ? Value::none() : to_value(e.min_rtt_us);
}
TextValue state_ms(const Event& e, const FieldContext&) { return decimal(e.state_ns, 1000000); }
TextValue old_state(const Event& e, const FieldContext&) { return state_name(e.old_state); }
TextValue new_state(const Event& e, const FieldContext&) { return state_name(e.new_state); }

constexpr Field kFields[] = {
	time_field<&Event::ts>(kOptional | kInData),
	computed<Event, owned<&Event::pid>>("PID", "pid", 7, kEverywhere,
		"the process that connected, or of an accepted connection the one that closed it"),
	computed<Event, comm>("COMM", "comm", 16, kEverywhere, "its name"),
	computed<Event, family>(nullptr, "family", 0, kInData, "4 or 6: what goes over the wire"),
	computed<Event, address<&Event::laddr>>("LADDR", "laddr", 15, kEverywhere, "this end's address"),
	computed<Event, address<&Event::laddr>>("LADDR", "laddr_wide", 39, kOptional, "the same, wider"),
	field<&Event::lport>("LPORT", "lport", 5, kEverywhere, "and port"),
	computed<Event, address<&Event::raddr>>("RADDR", "raddr", 15, kEverywhere, "the other end's address"),
	computed<Event, address<&Event::raddr>>("RADDR", "raddr_wide", 39, kOptional, "the same, wider"),
	field<&Event::rport>("RPORT", "rport", 5, kEverywhere, "and port"),
	computed<Event, old_state>("OLDSTATE", "old_state", 11, kInData | kOptional, "the state that it left"),
	computed<Event, new_state>(
		"NEWSTATE", "new_state", 11, kInData | kOptional, "and the one that it has now"),
	computed<Event, tx_kb>("TX_KB", "tx_kb", 9, kInTable | kRight, "KiB sent and acknowledged"),
	computed<Event, rx_kb>("RX_KB", "rx_kb", 9, kInTable | kRight, "KiB received"),
	computed<Event, ms>("MS", "ms", 0, kInTable, "how long it lived, in milliseconds"),
	computed<Event, state_ms>("MS", "state_ms", 0, kOptional, "how long it was in the state that it left"),
	field<&Event::tx_bytes>(
		nullptr, "tx_bytes", 0, kInData, "bytes sent that the other end has acknowledged"),
	field<&Event::rx_bytes>(nullptr, "rx_bytes", 0, kInData, "bytes received"),
	computed<Event, since_birth<&Event::age_ns>>(
		nullptr, "duration_ns", 0, kInData, "how long it lived; null if it began before the tool did"),
	field<&Event::age_ns>(
		nullptr, "seen_ns", 0, kInData, "of this, what the tool saw from the first change of its state on"),
	computed<Event, since_birth<&Event::connect_ns>>(
		nullptr, "connect_ns", 0, kInData, "from its first state until it was established"),
	computed<Event, since_birth<&Event::established_ns>>(
		nullptr, "established_ns", 0, kInData, "how long it was established"),
	field<&Event::state_ns>(
		nullptr, "state_ns", 0, kInData, "how long it was in old_state, or what the tool saw of it"),
	computed<Event, direction>(nullptr, "direction", 0, kInData,
		"out: this end connected, in: it accepted; null if it began before the tool did"),
	computed<Event, established>(nullptr, "established", 0, kInData, "whether it ever was"),
	computed<Event, error>(nullptr, "error", 0, kInData, "what broke it, such as ECONNREFUSED"),
	field<&Event::retrans>(nullptr, "retrans", 0, kInData, "segments sent again"),
	field<&Event::rtt_us>(nullptr, "rtt_us", 0, kInData, "round-trip time, smoothed, the last"),
	computed<Event, min_rtt>(
		nullptr, "min_rtt_us", 0, kInData, "the least in the last minutes; null if none was measured"),
	computed<Event, owned<&Event::nspid>>(
		nullptr, "nspid", 0, kInData, "the process in its own PID namespace"),
	field<&Event::uid>(nullptr, "uid", 0, kInData, "owner of the socket"),
	field<&Event::netns>(nullptr, "netns", 0, kInData, "inode of the network namespace"),
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
	if (o.wide) {
		setup.replace("laddr", "laddr_wide");
		setup.replace("raddr", "raddr_wide");
	}
	if (o.states) {
		setup.show("old_state");
		setup.show("new_state");
		setup.hidden.insert(setup.hidden.end(), {"tx_kb", "rx_kb"});
		setup.replace("ms", "state_ms");
	}
}

void configure(tcplife_bpf& skel, const Options& o, const StreamSetup&)
{
	skel.rodata->only_pid = static_cast<__u32>(o.pid.value);
	skel.rodata->only_family = o.ipv4 ? 4 : o.ipv6 ? 6 : 0;
	skel.rodata->each_change = o.states;
	bpf_map__set_autocreate(skel.maps.lives, bpf_program__autoload(skel.progs.changes));
	bpf_map__set_autocreate(skel.maps.lives_hash, bpf_program__autoload(skel.progs.changes_by_hash));
}

bool keep(const Event& e, const Options& o) { return o.local.has(e.lport) && o.remote.has(e.rport); }

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
