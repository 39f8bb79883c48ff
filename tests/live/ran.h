// SPDX-License-Identifier: BSD-2-Clause
// A program that was run to its end, with all that it wrote.
#pragma once

#include "harness.h"

#include <optional>
#include <string>
#include <vector>

namespace corescope::test {

struct Ran {
	int status = 0;
	std::string out, err;
};

// input: what its stdin has, which is closed then; none: nobody says or closes anything.
inline Ran run(const std::vector<std::string>& words, const Process::Setup& setup = {},
	const std::optional<std::string>& input = {})
{
	Process process(words, setup);
	if (input && !input->empty())
		process.say(*input);
	if (input)
		process.close_stdin();
	Ran ran;
	if (setup.out == Process::Out::pipe)
		ran.out = process.rest();
	ran.status = process.wait();
	ran.err = process.errors();
	return ran;
}

// corescope COMMAND words…, in UTC and with nothing else in its environment, as cron has it.
inline Ran run_command(const std::string& command, const std::vector<std::string>& words,
	Process::Setup setup = {}, const std::optional<std::string>& input = {})
{
	std::vector<std::string> argv = {corescope_path(), command};
	argv.insert(argv.end(), words.begin(), words.end());
	if (setup.environment.empty())
		setup.environment = {"TZ=UTC0"};
	setup.clean_environment = true;
	return run(argv, setup, input);
}

} // namespace corescope::test
