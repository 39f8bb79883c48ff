// SPDX-License-Identifier: BSD-2-Clause
// `corescope history`: the histograms that runs have stored, looked at, brought together, compared, taken out and removed.
#include "commands/history.h"

#include "base/error.h"
#include "cli/version.h"

#include <cstdio>

namespace corescope {

namespace {

struct Command {
	const char* name;
	const char* summary;
	int (*run)(int argc, char** argv);
};

constexpr Command kCommands[] = {
	{"list", "what is stored: each series with its percentiles over time, and its histograms", history_list},
	{"show", "histograms as they were printed when they were counted", history_show},
	{"merge", "many histograms as one, printed or put into a store", history_merge},
	{"diff", "two histograms, days, stores or sides of a moment, compared; a condition for scripts",
		history_diff},
	{"export", "as JSON Lines, CSV, Prometheus text, OpenMetrics or OTLP/JSON", history_export},
	{"prune", "removes what is old, too much, or selected", history_prune},
};

class HistoryTool : public Tool {
public:
	HistoryTool()
		: Tool("history", Group::command, "stored histograms: list, show, merge, diff, export, prune")
	{}

	int run(int argc, char** argv) const override
	{
		const std::string_view word = argc > 1 ? argv[1] : "--help";
		if (word == "--help" || word == "-?" || word == "-h" || word == "--usage" || word == "help")
			return tell();
		if (word == "--version" || word == "-V") {
			std::printf("%s\n", version_line().c_str());
			return kOk;
		}
		for (const Command& command : kCommands)
			if (word == command.name)
				return command.run(argc - 1, argv + 1);
		throw Error(kUsage, "no command '" + std::string(word) + "'; `corescope history` alone lists them");
	}
	std::vector<OptionSpec> options() const override { return {}; }
	std::vector<Field> fields() const override { return {}; }

private:
	static int tell()
	{
		std::printf(
			"history: the histograms that runs have stored\n\nusage: corescope history COMMAND [OPTION...]\n"
			"       corescope history COMMAND --help\n\nCommands\n");
		for (const Command& command : kCommands)
			std::printf("  %-8s %s\n", command.name, command.summary);
		return kOk;
	}
};

const HistoryTool history;

} // namespace

} // namespace corescope
