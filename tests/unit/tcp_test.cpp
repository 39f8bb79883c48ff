// SPDX-License-Identifier: BSD-2-Clause
// What is told of TCP connections: states against the C library's numbers, addresses, and the shared fields.
#include <catch2/catch.hpp>

#include "output/tcp_fields.h"

#include <arpa/inet.h>
#include <cstring>
#include <netinet/tcp.h>
#include <string>

using namespace corescope;

namespace {

struct Event {
	__u32 flags;
	__u32 error;
	__u64 value;
	tcp_counts counts;
	tcp_ends ends;
};

constexpr Field kFields[] = {
	TCP_ENDS_FIELDS(Event, &Event::ends),
	TCP_BYTES_FIELDS(Event, &Event::counts),
	TCP_PATH_FIELDS(Event, &Event::counts),
	field_where<&Event::value, 4>(nullptr, "value", 0, kInData, ""),
	flag_field<Event, 6>("flag", ""),
	error_number_field<&Event::error>(""),
};

Value told(const Event& e, std::string_view key)
{
	for (const Field& field : kFields)
		if (field.key == key)
			return field.value(&e, {});
	FAIL("no field " << key);
	return Value::none();
}
std::string text(const Event& e, std::string_view key) { return std::string(told(e, key).bytes); }

} // namespace

TEST_CASE("TCP states have the names of the numbers that the C library knows", "[tcp]")
{
	CHECK(tcp_state_name(TCP_ESTABLISHED).bytes == "ESTABLISHED");
	CHECK(tcp_state_name(TCP_SYN_SENT).bytes == "SYN_SENT");
	CHECK(tcp_state_name(TCP_SYN_RECV).bytes == "SYN_RECV");
	CHECK(tcp_state_name(TCP_FIN_WAIT1).bytes == "FIN_WAIT1");
	CHECK(tcp_state_name(TCP_FIN_WAIT2).bytes == "FIN_WAIT2");
	CHECK(tcp_state_name(TCP_TIME_WAIT).bytes == "TIME_WAIT");
	CHECK(tcp_state_name(TCP_CLOSE).bytes == "CLOSE");
	CHECK(tcp_state_name(TCP_CLOSE_WAIT).bytes == "CLOSE_WAIT");
	CHECK(tcp_state_name(TCP_LAST_ACK).bytes == "LAST_ACK");
	CHECK(tcp_state_name(TCP_LISTEN).bytes == "LISTEN");
	CHECK(tcp_state_name(TCP_CLOSING).bytes == "CLOSING");
	CHECK(tcp_state_name(TCP_STATE_NEW_SYN_RECV).bytes == "NEW_SYN_RECV");
	CHECK(tcp_state_name(0).bytes == "?");
	CHECK(tcp_state_name(TCP_STATE_NEW_SYN_RECV + 1).bytes == "?");
	CHECK(tcp_state_name(~0U).bytes == "?");
}

TEST_CASE("the ends of a connection are told by what goes over the wire", "[tcp]")
{
	Event e = {};
	e.ends.family = AF_INET;
	REQUIRE(inet_pton(AF_INET, "192.0.2.7", e.ends.laddr) == 1);
	REQUIRE(inet_pton(AF_INET, "255.255.255.255", e.ends.raddr) == 1);
	e.ends.lport = 65535;
	e.ends.rport = 1;
	CHECK(text(e, "laddr") == "192.0.2.7");
	CHECK(text(e, "raddr") == "255.255.255.255");
	CHECK(text(e, "raddr_wide") == "255.255.255.255");
	CHECK(told(e, "lport").bits == 65535);
	CHECK(told(e, "rport").bits == 1);
	CHECK(told(e, "family").bits == 4);

	e.ends.family = AF_INET6;
	REQUIRE(inet_pton(AF_INET6, "2001:db8:0:0:1::1", e.ends.laddr) == 1);
	REQUIRE(inet_pton(AF_INET6, "::", e.ends.raddr) == 1);
	CHECK(text(e, "laddr_wide") == "2001:db8::1:0:0:1");
	CHECK(text(e, "raddr") == "::");
	CHECK(told(e, "family").bits == 6);

	CHECK(address_text(AF_UNIX, e.ends.laddr).bytes == "?");
}

TEST_CASE("what TCP counts is told in bytes and KiB, and no round trip as none", "[tcp]")
{
	Event e = {};
	e.counts = {
		.tx_bytes = 1536, .rx_bytes = ~0ULL, .retrans = 3, .rtt_us = 250, .min_rtt_us = ~0U, .netns = 1};
	CHECK(told(e, "tx_bytes").bits == 1536);
	CHECK(text(e, "tx_kb") == "1.500");
	CHECK(decimal_or_more(1536, 1024, true).bytes == ">1.500");
	CHECK(told(e, "rx_bytes").bits == ~0ULL);
	CHECK(told(e, "retrans").bits == 3);
	CHECK(told(e, "rtt_us").bits == 250);
	CHECK(told(e, "min_rtt_us").kind == Value::Kind::none);
	e.counts.min_rtt_us = 0;
	CHECK(told(e, "min_rtt_us").kind == Value::Kind::unsigned_number);
}

TEST_CASE("fields by bits of the record's flags, and by its error", "[tcp]")
{
	Event e = {};
	e.value = 9;
	e.flags = 2;
	CHECK(told(e, "value").kind == Value::Kind::none);
	CHECK(told(e, "flag").bits == 1);
	CHECK(told(e, "error").kind == Value::Kind::none);
	e.flags = 5;
	e.error = 111;
	CHECK(told(e, "value").bits == 9);
	CHECK(told(e, "flag").bits == 1);
	CHECK(text(e, "error") == "ECONNREFUSED");
	e.flags = 9;
	CHECK(told(e, "flag").bits == 0);
}
