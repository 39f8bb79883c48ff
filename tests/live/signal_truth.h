// SPDX-License-Identifier: BSD-2-Clause
// What sigload says that it did, turned into the records that killsnoop and sigsnoop owe for it, and compared one to
// one. All cases run once in a session, beside sigsnoop and each of killsnoop's hook sets that this kernel takes.
#pragma once

#include "harness.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace corescope::test {

// killsnoop's hook sets that work here, the best first.
const std::vector<std::string>& kill_hooks();

// One run of sigload, over.
struct SignalCase {
	std::string name;
	std::vector<Json> truth;
	std::set<pid_t> pids; // of all who sent or were sent to
	int status = 0;       // 77: this machine cannot; then `errors` says why
	std::string errors;

	bool skipped() const { return status == 77; }
};
SignalCase run_signal_case(const std::vector<std::string>& arguments);
SignalCase run_signal_case(Load& load); // one that waits for its go
// The names that `sigload --list` prints, without those that take arguments.
std::vector<std::string> signal_cases();

// Events that name one of the case's processes. The test itself is none of them: it gets the load's SIGCHLD.
std::vector<Json> about(const std::vector<Json>& records, const SignalCase& load);
// All events but that of the signal by which the test stopped the tool.
std::vector<Json> events_of(Tool& tool);
// The records that are owed: killsnoop's for the calls, sigsnoop's for the signals. Only the keys that are compared.
std::vector<Json> owed_calls(const SignalCase& load);
std::vector<Json> owed_signals(const SignalCase& load);
// What is missing and what is too much, a line each; empty if `got` is exactly `owed` in any order.
std::string difference(std::vector<Json> owed, const std::vector<Json>& got);

// The tool with each of these sets of options, side by side; then the cases, which end up in `done`; then what each told
// of them.
std::vector<std::vector<Json>> told_with(const char* tool,
	const std::vector<std::vector<std::string>>& options, const std::vector<std::string>& cases,
	std::vector<SignalCase>& done);
// The same for one tool as a table: its lines, the heading first.
std::vector<std::string> table_of(const std::vector<std::string>& tool, const std::vector<std::string>& cases,
	std::map<std::string, SignalCase>& done);
// Of what is owed for all of them, what satisfies it.
std::vector<Json> owed_by(const std::vector<SignalCase>& cases, std::vector<Json> (*owed)(const SignalCase&),
	const std::function<bool(const Json&)>& wanted);

struct SignalSession {
	struct Watcher {
		std::string name; // sigsnoop, or killsnoop's hook set
		Json meta;
		std::vector<Json> records;
		std::string errors; // stderr
	};
	std::map<std::string, SignalCase> cases;
	std::vector<Watcher> kill; // killsnoop by each hook set
	Watcher sig, sig_raw;      // sigsnoop by its best, and by raw_tp
};
// Made at the first call. Fails the test where something is lost or a tool does not start.
const SignalSession& signal_session();

// Fails unless each hook set of killsnoop, or sigsnoop, told exactly what is owed for the case.
void check_calls(const std::string& name);
void check_signals(const std::string& name);

} // namespace corescope::test
