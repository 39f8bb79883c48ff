// SPDX-License-Identifier: BSD-2-Clause
// `corescope history`: the histograms that runs have stored, looked at, brought together, compared, taken out and removed.
#include "commands/history.h"
#include "commands/subcommands.h"

namespace corescope {

namespace {

constexpr Subcommand kCommands[] = {
	{"list", "what is stored: each series with its percentiles over time, and its histograms", history_list},
	{"show", "histograms as they were printed when they were counted", history_show},
	{"merge", "many histograms as one, printed or put into a store", history_merge},
	{"diff", "two histograms, days, stores or sides of a moment, compared; a condition for scripts",
		history_diff},
	{"export", "as JSON Lines, CSV, Prometheus text, OpenMetrics or OTLP/JSON", history_export},
	{"prune", "removes what is old, too much, or selected", history_prune},
};

class HistoryTool : public SubcommandTool {
public:
	HistoryTool()
		: SubcommandTool("history", "stored histograms: list, show, merge, diff, export, prune",
			  "history: the histograms that runs have stored\n\nusage: corescope history COMMAND [OPTION...]\n"
			  "       corescope history COMMAND --help\n\nCommands\n",
			  kCommands)
	{}

private:
	Error unknown(std::string_view word) const override
	{
		return {kUsage, "no command '" + std::string(word) + "'; `corescope history` alone lists them"};
	}
};

const HistoryTool history;

} // namespace

} // namespace corescope
