// SPDX-License-Identifier: BSD-2-Clause
// Names and sets of signals, as this architecture numbers them.
#pragma once

#include "base/parse.h"

#include <cstdint>
#include <string_view>

namespace corescope {

// "SIGKILL", "SIGRTMIN+3"; "0" for the probe, "SIG32" for those that libc keeps to itself. Holds until the next call.
std::string_view signal_name(unsigned number);
// What si_code says: "SI_USER", "SI_KERNEL", "SEGV_MAPERR", "CLD_EXITED" …; "?" if nothing is known.
std::string_view signal_code_name(unsigned number, int code);

struct SignalSet {
	uint64_t mask = ~uint64_t{0}; // bit n: signal n for 1..63, bit 0: signal 64
	bool probes = true;           // signal 0
	bool given = false;
};
// Numbers 0 to 64, or names with or without SIG, separated by commas: 9,TERM,SIGRTMIN+3. What signal_name() says is
// understood. Throws BadValue.
void parse_value(SignalSet& out, const char* text);
ArgumentShape argument_shape(const SignalSet*);

} // namespace corescope
