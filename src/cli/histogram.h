// SPDX-License-Identifier: BSD-2-Clause
// A histogram tool: its kernel half counts into slots, its user half says which hooks and filters. Intervals, keys,
// snapshots, outputs are here, the same for all of them.
#pragma once

#include "bpf/hist_maps.h"
#include "bpf/loss.h"
#include "bpf/object.h"
#include "bpf/pin.h"
#include "cli/hist_output.h"
#include "cli/tracing_tool.h"
#include "event.h"
#include "histmap.h"
#include "system/cgroup.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

// From `own` on: what tools declare for themselves (HistOwnKey), in the order in which they are linked.
enum class HistBy { all, pid, tid, comm, pidns, cgroup, unit, container, pod, own };
// Whether several cgroups may be one key: they are counted apart, and added up when they are told.
constexpr bool merges_cgroups(HistBy by) { return by >= HistBy::unit && by < HistBy::own; }
CgroupLabel cgroup_label(HistBy by);
void parse_value(HistBy& out, const char* text);
ArgumentShape argument_shape(const HistBy*);
// The labels that keys bear, as JSON members and Prometheus labels name them.
std::vector<std::string_view> hist_labels(HistBy by);
std::string_view hist_by_word(HistBy by); // "all", "pid"

// What a tool keeps histograms by besides what every tool can: a word of --by. Its kernel half sees HIST_BY_OWN + n for
// the n-th that it declares. Several tools may declare the same word, if they mean the same.
struct HistOwnKey {
	std::string_view word;
	std::span<const std::string_view> labels;
	HistKeyNames names;
};
// Makes them known, and returns the words that --by takes: those of every tool, then these.
std::vector<std::string_view> add_own_keys(std::span<const HistOwnKey> keys);
HistKeyNames own_key_names(HistBy by); // null where it is none

// Options of every histogram tool.
struct HistOptions {
	bool milliseconds = false, pids = false, tids = false;
	HistBy by = HistBy::all;
	Count max_keys;
	Duration interval;
	Count intervals;
	HookName hook;
	PinName pin;
};

struct HistSetup {
	const CommonOptions& common;
	std::vector<HookSet> hooks{};
	std::string what{};                      // "on-CPU time"
	std::string quantity{};                  // the same as metrics name it: "oncpu"
	std::vector<std::string_view> implied{}; // options that the quantity already tells: "offcpu"
	HistUnit unit = kMicroseconds;           // without --milliseconds
	std::string_view by{};                   // a word of --by that one of the tool's own options stands for
	std::string_view by_option{};            // which: "pidnss"
};

struct HistRun {
	const char* name;
	SkeletonType skeleton;
	const HistSetup& setup;
	const HistOptions& options;
	const HistOutputOptions& output;
	bool format_given;
	std::string selection; // the options that choose what is counted, in one line
	std::function<void(void* typed, hist_by by, bool milliseconds, const CgroupFilter& filter)> configure;
	event_shared* (*shared)(void* typed);
	std::vector<std::string> arguments;
	std::span<const GivenOption> given;
};
int run_histogram(const HistRun& run);
std::vector<HookTrial> try_histogram(const HistRun& run); // loads and attaches, no more

// What a run that stays and one that is pinned have in common.
HistBy asked_by(const HistRun& run); // throws Error(kUsage) where several are asked for
hist_by kernel_by(HistBy by);
std::shared_ptr<const HistSource> hist_source(const HistRun& run);
ObjectLoader hist_loader(const HistRun& run, HistBy by, const CgroupFilter& filter); // which must outlive it
void add_losses(HistWindow& window, const LossCounts& counts);
// By unit, container or pod: one for each. Where nothing was counted: that.
Snapshot hist_told(Snapshot delta, HistBy by);

// Of the options that were given, those that choose what is counted: the tool's own and the cgroup; sorted by name.
std::string hist_selection(
	std::span<const GivenOption> given, std::span<const OptionSpec> own, const HistSetup& setup);

std::span<const OptionSpec> hist_option_specs();
std::span<const PositionalSpec> hist_positional_specs();

// Skel: bpftool's skeleton, whose kernel half uses bpf/lib/hist.bpf.h. Options: the tool's own.
template <class Skel, class Options>
struct HistParts {
	const char* name;
	Group group;
	const char* summary;
	const char* details = nullptr;
	std::span<const OptionSpec> options;
	std::span<const HistOwnKey> keys{};
	void (*prepare)(const Options&, HistSetup&);                // hooks and words
	void (*configure)(Skel&, const Options&, const HistSetup&); // rodata
};

template <class Skel, class Options>
class HistogramTool : public TracingTool<Skel, Options, HistSetup, HistParts<Skel, Options>> {
	using Base = TracingTool<Skel, Options, HistSetup, HistParts<Skel, Options>>;
	using Base::parts_;

public:
	using Parts = HistParts<Skel, Options>;

	explicit HistogramTool(const Parts& parts)
		: Base(parts), by_words_(add_own_keys(parts.keys)), by_spec_(words_for("by", by_words_))
	{}

	int run(int argc, char** argv) const override { return with_run(argc, argv, run_histogram); }
	std::vector<OptionSpec> options() const override
	{
		return Base::own_options_and({{&by_spec_, 1}, hist_option_specs(), hist_output_specs()});
	}
	std::vector<Field> fields() const override { return {}; }

private:
	std::vector<HookTrial> trials(int argc, char** argv) const override
	{
		return with_run(argc, argv, try_histogram);
	}

	// What `go` makes of the command line.
	template <class Go>
	auto with_run(int argc, char** argv, const Go& go) const
	{
		Options options;
		CommonOptions common;
		HistOptions hist;
		HistOutputOptions output;
		std::vector<GivenOption> given;
		const OptionSet sets[] = {{nullptr, parts_.options, &options}, {nullptr, {&by_spec_, 1}, nullptr},
			{"Histograms:", hist_option_specs(), &hist}, {"Where they go:", hist_output_specs(), &output},
			{"Common options:", common_option_specs(), &common}};
		parse_command_line(
			{Base::name(), Base::summary(), parts_.details, sets, hist_positional_specs(), &hist, &given},
			argc, argv);
		HistSetup setup{common};
		parts_.prepare(options, setup);
		const bool format_given = std::any_of(
			given.begin(), given.end(), [](const GivenOption& one) { return one.name == "output"; });
		return go(HistRun{Base::name(), Base::skeleton(), setup, hist, output, format_given,
			hist_selection(given, parts_.options, setup),
			[&](void* typed, hist_by by, bool milliseconds, const CgroupFilter& filter) {
				Skel& skel = Base::filtered(typed, filter);
				skel.rodata->hist_by = by;
				skel.rodata->hist_milliseconds = milliseconds;
				parts_.configure(skel, options, setup);
			},
			Base::shared, {argv, argv + argc}, given});
	}

	std::vector<std::string_view> by_words_;
	OptionSpec by_spec_;
};

} // namespace corescope
