// SPDX-License-Identifier: BSD-2-Clause
// Names of TCP states, and addresses in words.
#include "output/tcp_fields.h"

#include <arpa/inet.h>
#include <cstdint>
#include <iterator>

namespace corescope {

TextValue tcp_state_name(unsigned state)
{
	// include/net/tcp_states.h
	static constexpr std::string_view kStates[] = {"?", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"};
	return Value::word(kStates[state < std::size(kStates) ? state : 0]);
}

TextValue address_text(unsigned family, const void* address)
{
	static char text[INET6_ADDRSTRLEN];
	return Value::word(inet_ntop(static_cast<int>(family), address, text, sizeof(text)) ? text : "?");
}

NumberValue ip_version(unsigned family) { return Value::number(uint64_t{family == AF_INET ? 4U : 6U}); }

} // namespace corescope
