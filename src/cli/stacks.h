// SPDX-License-Identifier: BSD-2-Clause
// A stacks tool: its kernel half counts by stack, its user half says which hooks and filters. Naming, intervals and
// outputs are here, the same for all of them.
#pragma once

#include "bpf/object.h"
#include "cli/tracing_tool.h"
#include "event.h"
#include "stack.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

// What is counted together; usual: as the tool does.
enum class StackBy { usual, pid, tid, comm, pidns, cgroup, unit, container, pod };
void parse_value(StackBy& out, const char* text);
ArgumentShape argument_shape(const StackBy*);

// --pin, refused: what stacks mean is known only while processes live.
struct NoStackPin {};
void parse_value(NoStackPin& out, const char* text);

// Options of every stacks tool.
struct StackOptions {
	bool user_only = false, kernel_only = false, delimited = false, folded = false;
	StackBy by = StackBy::usual;
	Count depth, storage, max_keys;
	Duration interval, duration;
	HookName hook;
	NoStackPin pin;
};

struct StackSetup {
	const CommonOptions& common;
	std::vector<HookSet> hooks{};
	std::string what{};          // "CPU samples"
	bool threads = false;        // each thread by itself, unless --by says otherwise
	bool values = false;         // their sum in ns is what matters; else the number
	bool leaf_is_exact = false;  // a stack's first address is where something was interrupted
	bool keeps_all_cpus = false; // samples each CPU that is online at the beginning
	std::string (*state)(uint32_t detail) = nullptr;
	const char* at_end =
		nullptr; // a program of kind iter/task that counts what has not ended, where the hook set has it
};

struct StackRun {
	const char* name;
	SkeletonType skeleton;
	const StackSetup& setup;
	const StackOptions& options;
	struct Rodata {
		CgroupFilter filter;
		bool kernel, user, threads;
		uint32_t depth, ask;
	};
	std::function<void(void* typed, const Rodata& rodata)> configure;
	event_shared* (*shared)(void* typed);
	std::vector<std::string> arguments;
};
int run_stacks(const StackRun& run);
std::vector<HookTrial> try_stacks(const StackRun& run); // loads and attaches, no more

std::span<const OptionSpec> stack_option_specs();
std::span<const PositionalSpec> stack_positional_specs();

// Skel: bpftool's skeleton, whose kernel half uses bpf/lib/stack.bpf.h. Options: the tool's own.
template <class Skel, class Options>
struct StackParts {
	const char* name;
	Group group;
	const char* summary;
	const char* details = nullptr;
	std::span<const OptionSpec> options;
	void (*prepare)(const Options&, StackSetup&);                // hooks and words
	void (*configure)(Skel&, const Options&, const StackSetup&); // rodata
};

template <class Skel, class Options>
class StackTool : public TracingTool<Skel, Options, StackSetup, StackParts<Skel, Options>> {
	using Base = TracingTool<Skel, Options, StackSetup, StackParts<Skel, Options>>;
	using Base::parts_;

public:
	using Parts = StackParts<Skel, Options>;

	explicit StackTool(const Parts& parts) : Base(parts) {}

	int run(int argc, char** argv) const override { return with_run(argc, argv, run_stacks); }
	std::vector<OptionSpec> options() const override { return Base::own_options_and({stack_option_specs()}); }
	std::vector<Field> fields() const override { return {}; }
	Tool::Output output() const override { return Tool::Output::stacks; }

private:
	std::vector<HookTrial> trials(int argc, char** argv) const override
	{
		return with_run(argc, argv, try_stacks);
	}

	// What `go` makes of the command line.
	template <class Go>
	auto with_run(int argc, char** argv, const Go& go) const
	{
		Options options;
		CommonOptions common;
		StackOptions stacks;
		const OptionSet sets[] = {{nullptr, parts_.options, &options},
			{"Stacks:", stack_option_specs(), &stacks}, {"Common options:", common_option_specs(), &common}};
		parse_command_line(
			{Base::name(), Base::summary(), parts_.details, sets, stack_positional_specs(), &stacks}, argc,
			argv);
		StackSetup setup{common};
		parts_.prepare(options, setup);
		return go(StackRun{Base::name(), Base::skeleton(), setup, stacks,
			[&](void* typed, const StackRun::Rodata& rodata) {
				Skel& skel = Base::filtered(typed, rodata.filter);
				skel.rodata->stack_kernel = rodata.kernel;
				skel.rodata->stack_user = rodata.user;
				skel.rodata->stack_threads = rodata.threads;
				skel.rodata->stack_depth = rodata.depth;
				skel.rodata->stack_ask = rodata.ask;
				parts_.configure(skel, options, setup);
			},
			Base::shared, {argv, argv + argc}});
	}
};

} // namespace corescope
