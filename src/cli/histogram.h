// SPDX-License-Identifier: BSD-2-Clause
// A histogram tool: its kernel half counts into slots, its user half says which hooks and filters. Intervals, keys,
// snapshots, outputs are here, the same for all of them.
#pragma once

#include "bpf/object.h"
#include "cli/tool.h"
#include "event.h"
#include "histmap.h"

#include <functional>
#include <string>
#include <vector>

namespace corescope {

enum class HistBy { all, pid, tid, comm, cgroup, unit };
void parse_value(HistBy& out, const char* text);

// Options of every histogram tool.
struct HistOptions {
	bool timestamp = false, milliseconds = false, extension = false, pids = false, tids = false;
	HistBy by = HistBy::all;
	Count top;
	Count max_keys;
	Duration interval;
	Count intervals;
	std::string hook;
};

struct HistSetup {
	const CommonOptions& common;
	std::vector<HookSet> hooks;
	std::string what; // "on-CPU time"
};

struct HistRun {
	const char* name;
	SkeletonType skeleton;
	const HistSetup& setup;
	const HistOptions& options;
	std::function<void(void* typed, hist_by by, bool milliseconds, const CgroupFilter& filter)> configure;
	event_shared* (*shared)(void* typed);
	std::vector<std::string> arguments;
};
int run_histogram(const HistRun& run);

std::span<const OptionSpec> hist_option_specs();
std::span<const PositionalSpec> hist_positional_specs();

// Skel: bpftool's skeleton, whose kernel half uses bpf/lib/hist.bpf.h. Options: the tool's own.
template <class Skel, class Options>
class HistogramTool : public Tool {
public:
	struct Parts {
		const char* name;
		Group group;
		const char* summary;
		const char* details = nullptr;
		std::span<const OptionSpec> options;
		void (*prepare)(const Options&, HistSetup&);                // hooks and words
		void (*configure)(Skel&, const Options&, const HistSetup&); // rodata
	};

	explicit HistogramTool(const Parts& parts) : Tool(parts.name, parts.group, parts.summary), parts_(parts) {}

	int run(int argc, char** argv) const override
	{
		Options options;
		CommonOptions common;
		HistOptions hist;
		const OptionSet sets[] = {{nullptr, parts_.options, &options}, {"Histograms:", hist_option_specs(), &hist},
			{"Common options:", common_option_specs(), &common}};
		parse_command_line({name(), summary(), parts_.details, sets, hist_positional_specs(), &hist}, argc, argv);
		HistSetup setup{common, {}, {}};
		parts_.prepare(options, setup);
		return run_histogram({name(), skeleton_type<Skel>(name()), setup, hist,
			[&](void* typed, hist_by by, bool milliseconds, const CgroupFilter& filter) {
				auto& skel = *static_cast<Skel*>(typed);
				skel.rodata->filter_cgroup = filter.id;
				skel.rodata->filter_cgroup_level = filter.level;
				skel.rodata->hist_by = by;
				skel.rodata->hist_milliseconds = milliseconds;
				parts_.configure(skel, options, setup);
			},
			[](void* typed) -> event_shared* { return &static_cast<Skel*>(typed)->bss->shared; }, {argv, argv + argc}});
	}
	std::vector<OptionSpec> options() const override
	{
		std::vector<OptionSpec> all(parts_.options.begin(), parts_.options.end());
		all.insert(all.end(), hist_option_specs().begin(), hist_option_specs().end());
		return all;
	}
	std::vector<Field> fields() const override { return {}; }

private:
	Parts parts_;
};

} // namespace corescope
