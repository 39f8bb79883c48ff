// SPDX-License-Identifier: BSD-2-Clause
// Fields of records about TCP connections: `struct tcp_ends` and `struct tcp_counts` of include/tcp.h, wherever the record
// has them.
#pragma once

#include "output/field.h"
#include "output/latency.h"
#include "tcp.h"

namespace corescope {

// "SYN_SENT" for 2; "?" for what is no state.
TextValue tcp_state_name(unsigned state);
// An address as RFC 5952 writes it. family: AF_INET (4 bytes) or AF_INET6 (16). Holds until the next call.
TextValue address_text(unsigned family, const void* address);
// 4 or 6.
NumberValue ip_version(unsigned family);

template <auto Member>
TextValue tcp_state(const typename EventOf<Member>::Event& e, const FieldContext&)
{
	return tcp_state_name(e.*Member);
}
template <auto Ends>
NumberValue ends_version(const typename EventOf<Ends>::Event& e, const FieldContext&)
{
	return ip_version((e.*Ends).family);
}
template <auto Ends, auto Side>
TextValue ends_address(const typename EventOf<Ends>::Event& e, const FieldContext&)
{
	return address_text((e.*Ends).family, (e.*Ends).*Side);
}
template <auto Counts, auto Bytes>
TextValue counts_kb(const typename EventOf<Counts>::Event& e, const FieldContext&)
{
	return decimal((e.*Counts).*Bytes, 1024);
}
template <auto Counts>
NumberValue counts_min_rtt(const typename EventOf<Counts>::Event& e, const FieldContext&)
{
	const auto us = (e.*Counts).min_rtt_us;
	return us == ~decltype(us){0} ? Value::none() : to_value(us);
}

// NOLINTBEGIN(bugprone-macro-parentheses): arguments of templates
// Ends: &Event::ends. A tool that has room replaces "laddr" and "raddr" by "laddr_wide" and "raddr_wide".
#define TCP_ENDS_FIELDS(Event, Ends)                                                                       \
	computed<Event, ends_version<Ends>>(nullptr, "family", 0, kInData, "4 or 6: what goes over the wire"), \
		computed<Event, ends_address<Ends, &tcp_ends::laddr>>(                                             \
			"LADDR", "laddr", 15, kEverywhere, "this end's address"),                                      \
		computed<Event, ends_address<Ends, &tcp_ends::laddr>>(                                             \
			"LADDR", "laddr_wide", 39, kOptional, "the same, wider"),                                      \
		field<Ends, &tcp_ends::lport>("LPORT", "lport", 5, kEverywhere, "and port"),                       \
		computed<Event, ends_address<Ends, &tcp_ends::raddr>>(                                             \
			"RADDR", "raddr", 15, kEverywhere, "the other end's address"),                                 \
		computed<Event, ends_address<Ends, &tcp_ends::raddr>>(                                             \
			"RADDR", "raddr_wide", 39, kOptional, "the same, wider"),                                      \
		field<Ends, &tcp_ends::rport>("RPORT", "rport", 5, kEverywhere, "and port")

// Old, New: members of the record, enum tcp_states.
#define TCP_CHANGE_FIELDS(Event, Old, New)                                           \
	computed<Event, tcp_state<Old>>(                                                 \
		"OLDSTATE", "old_state", 11, kInData | kOptional, "the state that it left"), \
		computed<Event, tcp_state<New>>(                                             \
			"NEWSTATE", "new_state", 11, kInData | kOptional, "and the one that it has now")

// Counts: &Event::counts.
#define TCP_BYTES_FIELDS(Event, Counts)                                                         \
	computed<Event, counts_kb<Counts, &tcp_counts::tx_bytes>>(                                  \
		"TX_KB", "tx_kb", 9, kInTable | kRight, "KiB sent and acknowledged"),                   \
		computed<Event, counts_kb<Counts, &tcp_counts::rx_bytes>>(                              \
			"RX_KB", "rx_kb", 9, kInTable | kRight, "KiB received"),                            \
		field<Counts, &tcp_counts::tx_bytes>(                                                   \
			nullptr, "tx_bytes", 0, kInData, "bytes sent that the other end has acknowledged"), \
		field<Counts, &tcp_counts::rx_bytes>(nullptr, "rx_bytes", 0, kInData, "bytes received")
#define TCP_PATH_FIELDS(Event, Counts)                                                          \
	field<Counts, &tcp_counts::retrans>(nullptr, "retrans", 0, kInData, "segments sent again"), \
		field<Counts, &tcp_counts::rtt_us>(                                                     \
			nullptr, "rtt_us", 0, kInData, "round-trip time, smoothed, the last"),              \
		computed<Event, counts_min_rtt<Counts>>(                                                \
			nullptr, "min_rtt_us", 0, kInData, "the least in the last minutes; null if none was measured")
// NOLINTEND(bugprone-macro-parentheses)

} // namespace corescope
