// SPDX-License-Identifier: BSD-2-Clause
// The verifier's log, read for somebody who has not written the verifier: how it ends, at which line of source, and
// what usually helps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace corescope {

struct Refusal {
	std::string reason;            // the line that says why
	std::string source;            // the line of C that it stopped at; "" if the object has none
	std::string hint;              // what usually helps; "" where no common cause is recognized
	std::vector<std::string> last; // the last lines of the log
};

// log: of the verifier; license: of the object. An empty log gives an empty reason.
Refusal read_refusal(std::string_view log, std::string_view license);

// What the verifier says of a program it took or not, from its closing lines (log level 4); 0 where it did not tell.
struct VerifierCost {
	unsigned long instructions = 0; // walked through, over all paths
	unsigned long limit = 0;
	unsigned long states = 0; // kept in all
	unsigned long peak_states = 0;
	unsigned long microseconds = 0;
	std::string stack; // "16+8": bytes, of the program and of each function that it calls
};
VerifierCost read_verifier_cost(std::string_view log);

} // namespace corescope
