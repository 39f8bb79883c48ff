// SPDX-License-Identifier: BSD-2-Clause
// `corescope load FILE.bpf.o` and `corescope unload DIR`: their options.
#include "commands/load.h"

#include "base/error.h"
#include "bpf/object.h"
#include "cli/job.h"
#include "cli/signals.h"
#include "commands/load_pin.h"
#include "commands/load_run.h"
#include "output/escape.h"
#include "system/privileges.h"

#include <algorithm>

namespace corescope {

namespace {

constexpr OptionSpec kOptions[] = {
	option<&LoadOptions::attach>('a', "attach", "PROG=TARGET",
		"hook this program in there: a function, CATEGORY/NAME, BINARY:SYMBOL[@PID], a PID (perf_event), an interface, a "
		"cgroup's folder; may be repeated"),
	option<&LoadOptions::only>(0, "only", "PROG", "load this program and no other; may be repeated"),
	option<&LoadOptions::skip>(0, "skip", "PROG", "leave this program out; may be repeated"),
	option<&LoadOptions::set>('s', "set", "NAME=VALUE",
		"set a global variable before the load: my_pid=42, cfg.limits[2]=5, mode=FAST, name=sh; may be repeated"),
	option<&LoadOptions::entries>(
		0, "entries", "MAP=N", "so many entries in this map; of a ring buffer, bytes; may be repeated"),
	option<&LoadOptions::event>(0, "event", "MAP=TYPE",
		"what the records of this ring or perf buffer are, as 'events=struct event'; may be repeated"),
	option<&LoadOptions::frequency>(
		'F', "freq", "HZ", "samples a second of perf_event programs (default 99)"),
	option<&LoadOptions::interval>('i', "interval", "TIME",
		"write the maps and read the iterators again each so often, not only at the end"),
	option<&LoadOptions::per_cpu>(0, "per-cpu", "", "per-CPU values one by one, not added up"),
	option<&LoadOptions::no_maps>(0, "no-maps", "", "leave maps and variables unwritten"),
	option<&LoadOptions::pin>(0, "pin", "DIR",
		"leave all in the kernel, pinned in this new folder of /sys/fs/bpf, and end; `corescope unload DIR` ends them"),
	option<&LoadOptions::pin_root>(
		0, "pin-root", "DIR", "where maps that ask to be pinned by name are (default /sys/fs/bpf)"),
	option<&LoadOptions::verbose>(
		'v', "verbose", "", "each step as it happens: what is found, relocated, verified and attached"),
};
constexpr PositionalSpec kPositionals[] = {positional<&LoadOptions::file>("FILE.bpf.o")};

constexpr std::string_view kFormats[] = {"table", "json", "csv"};

// Of the options of all tools those that mean something here: others need a filter in the kernel half, and --verbose tells
// more.
std::vector<OptionSpec> common_options()
{
	constexpr std::string_view kTaken[] = {
		"output", "duration", "count", "no-header", "btf", "lock", "align", "jitter", "max-runtime"};
	std::vector<OptionSpec> specs;
	for (const OptionSpec& spec : common_option_specs()) {
		if (std::find(std::begin(kTaken), std::end(kTaken), spec.name) == std::end(kTaken))
			continue;
		specs.push_back(spec);
		if (spec.name == std::string_view("output")) {
			specs.back().doc = "table (default), json (one object a line) or csv";
			specs.back().only = kFormats;
		}
	}
	return specs;
}

// Names and the verifier's words come from the object: they steer no terminal, and a message stays one line.
Error printable(const Error& error)
{
	Buffer out(1024);
	escape_text(out, error.message);
	return {error.code, std::string(out.view())};
}

class LoadTool : public Tool {
public:
	LoadTool() : Tool("load", Group::command, "any compiled BPF object: load, attach, and see what it says")
	{}

	int run(int argc, char** argv) const override
	{
		LoadOptions options;
		CommonOptions common;
		const std::vector<OptionSpec> common_specs = common_options();
		const OptionSet sets[] = {{nullptr, kOptions, &options}, {"Common options:", common_specs, &common}};
		parse_command_line(
			{"load",
				"Loads a BPF object (clang -target bpf -g -O2 -c), attaches each program by its section, and shows what "
				"it says: bpf_printk, ring and perf buffers, iterators and, at the end, its maps.",
				"Examples:\n"
				"  corescope load hello.bpf.o\n"
				"  corescope load hello.bpf.o --set my_pid=1234 --verbose\n"
				"  corescope load uprobe.bpf.o --attach on_call=libc.so.6:getpid\n"
				"  corescope load counts.bpf.o -i 1 --output json\n"
				"  corescope load filter.bpf.o --attach drop=lo --pin /sys/fs/bpf/filter",
				sets, kPositionals, &options},
			argc, argv);
		if (options.file.empty())
			throw Error(kUsage, "which object? corescope load FILE.bpf.o; see load --help");
		if (common.output >= OutputFormat::heatmap)
			throw Error(kUsage, "--output: of load it is table, json or csv");
		if (options.frequency.value > 100000)
			throw Error(kUsage, "--freq: must lie between 1 and 100000");
		if (!options.pin.empty() && (common.duration || common.count || options.interval))
			throw Error(kUsage,
				"--pin: ends at once and reads nothing; it goes with none of --duration, --count, --interval");
		options.btf = common.btf;
		try {
			if (!may_load_bpf()) {
				read_object_file(options.file); // what is wrong with the file is told to everyone
				require_bpf();
			}
			catch_signals();
			const Job job(common, "load");
			if (!job.wait())
				return kOk;
			return run_load(options, common, job, {argv, argv + argc});
		} catch (const Error& error) {
			throw printable(error);
		}
	}
	std::vector<OptionSpec> options() const override { return {std::begin(kOptions), std::end(kOptions)}; }
	std::vector<Field> fields() const override { return {}; }
};

struct UnloadOptions {
	std::string folder;
};
constexpr PositionalSpec kUnloadPositionals[] = {positional<&UnloadOptions::folder>("DIR")};

class UnloadTool : public Tool {
public:
	UnloadTool() : Tool("unload", Group::command, "ends what `load --pin DIR` has left in the kernel") {}

	int run(int argc, char** argv) const override
	{
		UnloadOptions options;
		parse_command_line(
			{"unload",
				"Takes away what `corescope load --pin DIR` has pinned in that folder, and nothing else.",
				nullptr, {}, kUnloadPositionals, &options},
			argc, argv);
		if (options.folder.empty())
			throw Error(kUsage, "which folder? corescope unload DIR, as `load --pin DIR` was given it");
		unpin_object(options.folder);
		return kOk;
	}
	std::vector<OptionSpec> options() const override { return {}; }
	std::vector<Field> fields() const override { return {}; }
};

const LoadTool kLoad;
const UnloadTool kUnload;

} // namespace

} // namespace corescope
