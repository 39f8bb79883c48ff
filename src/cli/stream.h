// SPDX-License-Identifier: BSD-2-Clause
// A stream tool: its kernel half fills records in the ring buffer, its user half declares what they look like. All
// between the two is here.
#pragma once

#include "bpf/object.h"
#include "cli/tracing_tool.h"
#include "event.h"

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace corescope {

// What a tool decides once its options are known.
struct StreamSetup {
	const CommonOptions& common;
	std::vector<HookSet> hooks{};           // the best first
	std::vector<std::string_view> shown{};  // optional columns
	std::vector<std::string_view> hidden{}; // columns that are otherwise there
	bool quote = false;                     // lists in quotes, in tables
	uint64_t default_buffer = 1 << 20;      // bytes of the ring
	uint64_t least_buffer = 0;              // what it must have to hold the largest record
	std::initializer_list<int> also_keep{}; // capabilities that are needed while it runs, of static lifetime

	bool data() const { return common.output != OutputFormat::table; }
	void show(std::string_view key, bool yes = true)
	{
		if (yes)
			shown.push_back(key);
	}
	void hide(std::string_view key, bool yes = true)
	{
		if (yes)
			hidden.push_back(key);
	}
	// One column in another's place.
	void replace(std::string_view key, std::string_view by, bool yes = true)
	{
		hide(key, yes);
		show(by, yes);
	}
};

// A stream run, without types.
struct StreamRun {
	const char* name;
	SkeletonType skeleton;
	std::span<const Field> fields;
	const void* options;
	const StreamSetup& setup;
	uint64_t buffer_size;
	std::function<void(void* typed, const CgroupFilter& filter)> configure;
	event_shared* (*shared)(void* typed);
	std::function<bool(const void* event)> keep; // whether a record is wanted; empty: all are
	std::vector<std::string> arguments;
};
int run_stream(const StreamRun& run);
std::vector<HookTrial> try_stream(const StreamRun& run); // loads and attaches, no more

// --pin, refused: only what is counted can wait until somebody asks.
struct NoPin {};
void parse_value(NoPin& out, const char* text);

struct StreamOptions {
	Bytes buffer_size;
	HookName hook;
	NoPin pin;
};
std::span<const OptionSpec> stream_option_specs();
uint64_t ring_size(const Bytes& asked, uint64_t otherwise, uint64_t least);
// What --hook leaves of the hook sets and their twins: all of them, or the one of that name. Throws Error(kUsage) if
// there is none.
void choose_hook(std::vector<HookSet>& hooks, const std::string& asked);

// Skel: bpftool's skeleton. Event: the record, with the kernel's stamp first. Options: the tool's own.
template <class Skel, class Event, class Options>
struct StreamParts {
	const char* name;
	Group group;
	const char* summary;
	const char* details = nullptr; // for --help
	std::span<const OptionSpec> options;
	std::span<const Field> fields;
	void (*prepare)(const Options&, StreamSetup&);                // hooks and columns
	void (*configure)(Skel&, const Options&, const StreamSetup&); // rodata
	bool (*keep)(const Event&, const Options&) = nullptr;         // filters that need user space
};

template <class Skel, class Event, class Options>
class StreamTool : public TracingTool<Skel, Options, StreamSetup, StreamParts<Skel, Event, Options>> {
	using Base = TracingTool<Skel, Options, StreamSetup, StreamParts<Skel, Event, Options>>;
	using Base::parts_;

public:
	using Parts = StreamParts<Skel, Event, Options>;

	explicit StreamTool(const Parts& parts) : Base(parts) { static_assert(offsetof(Event, ts) == 0); }

	int run(int argc, char** argv) const override { return with_run(argc, argv, run_stream); }
	std::vector<OptionSpec> options() const override
	{
		return {parts_.options.begin(), parts_.options.end()};
	}
	std::vector<Field> fields() const override { return {parts_.fields.begin(), parts_.fields.end()}; }

private:
	std::vector<HookTrial> trials(int argc, char** argv) const override
	{
		return with_run(argc, argv, try_stream);
	}

	// What `go` makes of the command line.
	template <class Go>
	auto with_run(int argc, char** argv, const Go& go) const
	{
		Options options;
		CommonOptions common;
		StreamOptions stream;
		const OptionSet sets[] = {{nullptr, parts_.options, &options},
			{"Common options:", common_option_specs(), &common}, {nullptr, stream_option_specs(), &stream}};
		parse_command_line({Base::name(), Base::summary(), parts_.details, sets, {}, nullptr}, argc, argv);
		StreamSetup setup{common};
		parts_.prepare(options, setup);
		choose_hook(setup.hooks, stream.hook);
		std::function<bool(const void*)> keep;
		if (parts_.keep)
			keep = [&](const void* event) { return parts_.keep(*static_cast<const Event*>(event), options); };
		return go(StreamRun{Base::name(), Base::skeleton(), parts_.fields, &options, setup,
			ring_size(stream.buffer_size, setup.default_buffer, setup.least_buffer),
			[&](void* typed, const CgroupFilter& filter) {
				parts_.configure(Base::filtered(typed, filter), options, setup);
			},
			Base::shared, keep, {argv, argv + argc}});
	}
};

} // namespace corescope
