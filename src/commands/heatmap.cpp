// SPDX-License-Identifier: BSD-2-Clause
// `corescope heatmap`: stored histograms with time to the right, or a tool as it runs with a line for each interval.
#include "output/heatmap.h"
#include "base/error.h"
#include "commands/history.h"

#include <algorithm>
#include <map>
#include <memory>
#include <sys/ioctl.h>
#include <tuple>
#include <unistd.h>

namespace corescope {

namespace {

constexpr unsigned kLegendLines = 5;
constexpr unsigned kDefaultHeight = 24;

struct Options {
	Count height;
};
constexpr OptionSpec kOptions[] = {
	option<&Options::height>(0, "height", "LINES",
		"at most so many rows; powers of two need one each (default: the terminal's, or 24)"),
};

unsigned height_of(const Options& options)
{
	if (options.height)
		return static_cast<unsigned>(std::min<uint64_t>(options.height.value, 1000));
	winsize size{};
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
		size.ws_row > 2 * kLegendLines)
		return size.ws_row - kLegendLines;
	return kDefaultHeight;
}

// What one picture can show: keys and hosts fall together, quantities and units do not.
using Subject = std::tuple<std::string, std::string, std::string, std::string>;
Subject subject_of(const HistSource& source)
{
	return {source.tool, source.quantity, source.options, source.unit.heading};
}

int draw_stored(int argc, char** argv)
{
	HistorySelection selection;
	Options options;
	const OptionSet sets[] = {
		{nullptr, kOptions, &options}, {"Which histograms:", history_selection_specs(), &selection}};
	parse_command_line(
		{"heatmap", "Histograms over time: from a store, or `corescope heatmap TOOL ...` as a tool runs.",
			"Examples:\n"
			"  corescope heatmap --since 1d --tool cpudist\n"
			"  corescope heatmap --label unit=nginx.service host1.db host2.db\n"
			"  corescope heatmap cpudist -O 1",
			sets, history_word_specs(), &selection},
		argc, argv);
	History history(selection);
	std::map<Subject, std::vector<HistRecord>> pictures;
	history.each([&](const StoredHistogram& stored) {
		pictures[subject_of(*stored.record.source)].push_back(stored.record);
		return true;
	});
	if (pictures.empty())
		history.nothing();
	// An interval in which nothing was counted was traced all the same.
	history.each_interval([&](const HistSource& source, int64_t start_ns, const HistWindow& window,
							  const std::vector<HistLabel>*) {
		const auto picture = pictures.find(subject_of(source));
		if (picture != pictures.end())
			picture->second.push_back({picture->second[0].source, {}, 0, start_ns, window,
				Histogram(picture->second[0].histogram.p(), picture->second[0].histogram.limit())});
	});
	Buffer buffer;
	const Terminal terminal = stdout_terminal();
	for (const auto& [subject, records] : pictures) {
		const HistSource& source = *records[0].source;
		if (&records != &pictures.begin()->second)
			buffer.append('\n');
		const bool one_host = std::all_of(records.begin(), records.end(),
			[&](const HistRecord& record) { return record.source->host == source.host; });
		HistSource title = source;
		if (!one_host)
			title.host = "several hosts";
		buffer.append(series_text(title, {}));
		buffer.append(source.what.empty() ? "\n" : ": " + source.what + "\n");
		append_heatmap(buffer, records, terminal, height_of(options));
		write_out(buffer);
	}
	return kOk;
}

// The tool with its words, and --output heatmap in front of them.
int draw_live(const Tool& tool, int argc, char** argv)
{
	std::string format = "--output=heatmap";
	std::vector<char*> arguments = {argv[0], format.data()};
	arguments.insert(arguments.end(), argv + 1, argv + argc);
	arguments.push_back(nullptr);
	return tool.run(argc + 1, arguments.data());
}

class HeatmapTool : public Tool {
public:
	HeatmapTool() : Tool("heatmap", Group::command, "histograms over time, stored or as a tool runs") {}

	int run(int argc, char** argv) const override
	{
		const Tool* tool = argc > 1 ? find_tool(argv[1]) : nullptr;
		if (tool && tool->group() != Group::command)
			return draw_live(*tool, argc - 1, argv + 1);
		return draw_stored(argc, argv);
	}
	std::vector<OptionSpec> options() const override { return {std::begin(kOptions), std::end(kOptions)}; }
	std::vector<Field> fields() const override { return {}; }
	bool runs_tools() const override { return true; }
};

const HeatmapTool heatmap;

} // namespace

} // namespace corescope
