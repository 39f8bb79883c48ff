// SPDX-License-Identifier: BSD-2-Clause
// `corescope pinned read`: one snapshot of what a pinned tool has counted. Without a store all of it since it was
// pinned; with one what came since the last reading that this store keeps. That reading is kept with the histograms in
// one transaction, and nobody else reads between the two, so a count is told once, whoever is killed when.
#include "commands/pinned.h"

#include "base/error.h"
#include "base/pack.h"
#include "cli/pin.h"
#include "cli/tool.h"
#include "cli/version.h"
#include "hist/pack.h"
#include "system/cgroup.h"
#include "system/clock.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

namespace corescope {

namespace {

struct ReadOptions {
	PinName name;
	OutputFormat output = OutputFormat::table;
	bool no_header = false;
};
constexpr std::string_view kFormats[] = {"table", "json", "csv", "heatmap", "prom", "openmetrics", "otlp"};

constexpr OptionSpec kOptions[] = {
	option<&ReadOptions::output>(
		0, "output", "FORMAT", "table (default), json, csv, heatmap, prom, openmetrics or otlp", kFormats),
	option<&ReadOptions::no_header>(0, "no-header", "", "leave out the heading"),
};
constexpr PositionalSpec kPositionals[] = {positional<&ReadOptions::name>("NAME")};

using Reading = PinnedCounts::Reading; // what the next one is the difference to

std::string pack_reading(const Reading& reading)
{
	Packer out;
	pack_snapshot(out, reading.snapshot);
	for (const uint64_t lost : reading.losses)
		out.number(lost);
	return out.bytes();
}

Reading unpack_reading(std::string_view bytes, const std::string& name)
{
	try {
		Unpacker in(bytes);
		Reading reading;
		reading.snapshot = unpack_snapshot(in);
		for (uint64_t& lost : reading.losses)
			lost = in.number();
		return reading;
	} catch (const Malformed&) {
		throw Error(kDataError,
			"the store's last reading of the pin '" + name +
				"' makes no sense, so nobody knows what is new; "
				"pin it anew");
	}
}

class PinnedRead {
public:
	PinnedRead(const ReadOptions& options, const HistOutputOptions& where, bool format_given,
		std::vector<std::string> arguments)
		: arguments_(std::move(arguments)), keeps_(where.store.given || !where.textfile.empty()),
		  pin_(options.name.value, keeps_), about_(read_about(pin_)), counts_(pin_, about_),
		  output_({"pinned", where, options.output, format_given, !options.no_header, hist_labels(about_.by)},
			  std::make_shared<const HistSource>(about_.source))
	{}

	void tell()
	{
		try {
			tell_all();
		} catch (const Error&) {
			output_.failed();
			throw;
		}
	}

private:
	// What was told before; where nothing was, the moment of pinning.
	Reading last_reading()
	{
		const std::optional<std::string> kept = keeps_ ? output_.store()->state(state_key()) : std::nullopt;
		if (kept)
			return unpack_reading(*kept, pin_.name());
		Reading none;
		none.snapshot.at_ns = about_.since_ns;
		return none;
	}

	std::string state_key() const { return "pinned/" + pin_.name() + "/" + about_.identity; }

	void tell_all()
	{
		const Reading last = last_reading();
		CgroupResolver cgroups;
		const Reading now = counts_.read(cgroups);
		const WallClock clock;
		Snapshot delta = difference(now.snapshot, last.snapshot);
		const uint64_t window_ns = delta.window.window_ns;
		const int64_t end = clock.now_unix_ns();
		const int64_t start = end - static_cast<int64_t>(window_ns);
		LossCounts lost;
		for (size_t i = 0; i < lost.size(); i++)
			lost[i] = now.losses[i] - last.losses[i];

		output_.begin({about_.source.tool, version(), about_.source.hooks, arguments_, start});
		std::optional<HistStore::State> state;
		if (keeps_)
			state = HistStore::State{state_key(), pack_reading(now)};
		output_.interval(hist_told(std::move(delta), about_.by), start, end, state);
		output_.end({0, window_ns, process_cpu_ns(), losses_of(lost), "read", end});
		if (const std::string sentence = loss_sentence(lost, "values"); !sentence.empty())
			std::fprintf(stderr, "pinned: %s: %s\n", pin_.name().c_str(), sentence.c_str());
	}

	std::vector<std::string> arguments_;
	bool keeps_;
	PinReader pin_;
	PinAbout about_;
	PinnedCounts counts_;
	HistOutput output_;
};

} // namespace

int pinned_read(int argc, char** argv)
{
	ReadOptions options;
	HistOutputOptions where;
	std::vector<GivenOption> given;
	const OptionSet sets[] = {{nullptr, kOptions, &options}, {"Where it goes:", hist_output_specs(), &where}};
	parse_command_line(
		{"pinned read",
			"what a pinned tool has counted: since it was pinned, or, with --store or --textfile, since "
			"it was last read into that store",
			"Examples:\n"
			"  pinned read oncpu                     all since it was pinned\n"
			"  pinned read oncpu --store             what is new goes into the store\n"
			"  pinned read oncpu --textfile /var/lib/prometheus/node-exporter/oncpu.prom",
			sets, kPositionals, &options, &given},
		argc, argv);
	if (options.name.value.empty())
		throw Error(kUsage, "read: needs a NAME; `corescope pinned list` tells which there are");
	const bool format_given =
		std::any_of(given.begin(), given.end(), [](const GivenOption& one) { return one.name == "output"; });
	std::vector<std::string> arguments = {"pinned"};
	arguments.insert(arguments.end(), argv, argv + argc);
	PinnedRead(options, where, format_given, std::move(arguments)).tell();
	return kOk;
}

} // namespace corescope
