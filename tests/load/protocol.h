// SPDX-License-Identifier: BSD-2-Clause
// The command line and the life of a load program: ready, go, truth, hold (described in load.h).
#pragma once

#include "load.h"

namespace corescope::load {

struct Request {
	std::string name;              // the case
	std::vector<std::string> args; // what follows it
	long count = 1;                // --count
	bool wait = false;
	bool hold = false;

	const std::string& arg(size_t at, const char* what) const
	{
		if (at >= args.size())
			fail(kUsage, "%s needs %s", name.c_str(), what);
		return args[at];
	}
	long number(size_t at, const char* what, long least, long most) const
	{
		return parse_number(arg(at, what), what, least, most);
	}
	// Says who is there already, then waits for the test's go. Call it when all is set up.
	void begin(const std::vector<pid_t>& targets = {}) const
	{
		Json line;
		line.flag("ready", true).number("pid", getpid()).text("case", name);
		if (!targets.empty())
			line.numbers("targets", targets);
		line.print();
		if (!wait)
			return;
		char c = 0;
		while (c != '\n')
			if (read_some(STDIN_FILENO, &c, 1) != 1)
				fail(kFailed, "stdin closed before the go");
	}
	// Call it after the truth was printed, with everything that should stay alive still there.
	void finish() const
	{
		char c;
		while (hold && read_some(STDIN_FILENO, &c, 1) > 0) {}
	}
};

struct Case {
	const char* name;
	const char* args;
	void (*run)(const Request&);
};

inline void pin_to_cpu(int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(static_cast<size_t>(cpu), &set);
	need(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

inline void run_case(const Request& request, const Case* cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (request.name == cases[i].name)
			return cases[i].run(request);
	fail(kUsage, "no case '%s'; --list names them", request.name.c_str());
}

// The whole of main(). --list prints the cases, one a line, each with its arguments.
template <size_t N>
int run(int argc, char** argv, const Case (&cases)[N])
{
	try {
		Request request;
		for (int i = 1; i < argc; i++) {
			const std::string word = argv[i];
			const bool has_value = i + 1 < argc;
			if (word == "--wait")
				request.wait = true;
			else if (word == "--hold")
				request.hold = true;
			else if (word == "--count" && has_value)
				request.count = parse_number(argv[++i], "--count", 1, 1000000);
			else if (word == "--cpu" && has_value)
				pin_to_cpu(static_cast<int>(parse_number(argv[++i], "--cpu", 0, CPU_SETSIZE - 1)));
			else if (word == "--list")
				request.name = word;
			else if (word.substr(0, 2) == "--")
				fail(kUsage, "unknown or incomplete option %s", word.c_str());
			else if (request.name.empty())
				request.name = word;
			else
				request.args.push_back(word);
		}
		if (request.name.empty())
			fail(kUsage, "usage: %s CASE [ARGS] [--wait] [--hold] [--count N] [--cpu N] | --list", argv[0]);
		if (request.name != "--list") {
			run_case(request, cases, N);
			return 0;
		}
		for (const Case& known : cases)
			write_all(STDOUT_FILENO, known.name + std::string(*known.args ? " " : "") + known.args + "\n");
		return 0;
	} catch (const Failure& failure) {
		if (!failure.message.empty())
			fprintf(stderr, "%s\n", failure.message.c_str());
		return failure.code;
	}
}

} // namespace corescope::load
