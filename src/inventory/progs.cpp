// SPDX-License-Identifier: BSD-2-Clause
// `corescope progs`: every BPF program, map and link in the kernel, whoever has loaded it.
#include "inventory/progs.h"

#include "base/error.h"
#include "bpf/object.h"
#include "cli/tool.h"
#include "cli/version.h"
#include "output/escape.h"
#include "output/records.h"

namespace corescope {

namespace {

constexpr std::string_view kFormats[] = {"table", "json", "csv"};
constexpr OptionSpec kOptions[] = {
	option<&ProgsOptions::maps>(0, "maps", "", "maps instead of programs"),
	option<&ProgsOptions::links>(0, "links", "", "links instead of programs"),
	option<&ProgsOptions::stats>(0, "stats", "SECONDS",
		"measure what programs cost, and tell it each time so many seconds have gone, until Ctrl-C or --count"),
	option<&ProgsOptions::watch>(
		0, "watch", "", "tell of programs, maps and links as they come and go, until Ctrl-C or --count"),
	option<&ProgsOptions::count>(
		0, "count", "N", "end after N intervals of --stats, or N records of --watch"),
	option<&ProgsOptions::output>(
		0, "output", "FORMAT", "table (default), json (one object a line) or csv", kFormats),
	option<&ProgsOptions::no_header>(0, "no-header", "", "leave out the heading"),
};

class ProgsTool : public Tool {
public:
	ProgsTool()
		: Tool("progs", Group::command,
			  "BPF programs, maps and links in the kernel: whose, where, at what cost")
	{}

	int run(int argc, char** argv) const override
	{
		ProgsOptions options;
		const OptionSet sets[] = {{nullptr, kOptions, &options}};
		parse_command_line(
			{name(), summary(),
				"What keeps a program (KEPT) is a process that holds it or its link, a pin, an\n"
				"attachment that needs neither (XDP, tc, cgroup), or a map that leads to it.\n"
				"What only a process keeps goes with it; where nothing is found, KEPT is\n"
				"`nothing seen`.\n\n"
				"JSON has programs, maps and links at once, and ends in a summary;\n"
				"docs/progs.md has the keys.",
				sets, {}, nullptr},
			argc, argv);
		if (options.output > OutputFormat::csv)
			throw Error(kUsage, "--output: progs has a table, json or csv");
		if (options.maps + options.links + options.watch + bool(options.stats) > 1)
			throw Error(kUsage, "--maps, --links, --stats and --watch are four questions: ask one at a time");
		if (options.count && !options.watch && !options.stats)
			throw Error(kUsage, "--count: goes with --stats or --watch");
		set_libbpf_log(false); // where something is refused, the output says so in its own words
		const std::vector<std::string> arguments(argv, argv + argc);
		if (options.watch)
			progs_watch(options, arguments);
		else if (options.stats)
			progs_stats(options, arguments);
		else
			progs_list(options, arguments);
		return kOk;
	}
	std::vector<OptionSpec> options() const override { return {std::begin(kOptions), std::end(kOptions)}; }
	std::vector<Field> fields() const override { return {}; }
};

const ProgsTool kProgs;

} // namespace

std::string processes_list(const std::vector<HoldingProcess>& processes, bool own)
{
	if (own)
		return "corescope itself";
	std::string list;
	for (const HoldingProcess& process : processes)
		list += std::to_string(process.pid) + ":" + process.comm + '\0';
	return list;
}

std::string attached_list(const SeenProg& prog)
{
	std::string list;
	for (const Attachment& place : prog.attached) {
		const std::string text = place.target.empty() ? place.kind : place.kind + " " + place.target;
		// A link for each CPU is one attachment to people.
		if ((std::string(1, '\0') + list).find('\0' + text + '\0') == std::string::npos)
			list += text + '\0';
	}
	return list;
}

void append_processes(Buffer& out, const std::vector<HoldingProcess>& processes)
{
	out.append(",\"processes\":[");
	for (size_t i = 0; i < processes.size(); i++) {
		out.append(i ? ",{\"pid\":" : "{\"pid\":");
		out.append_i64(processes[i].pid);
		out.append(",\"comm\":");
		json_string(out, processes[i].comm);
		out.append('}');
	}
	out.append(']');
}

void append_ids(Buffer& out, const char* key, const std::vector<uint32_t>& ids)
{
	out.append(",\"");
	out.append(key);
	out.append("\":[");
	for (size_t i = 0; i < ids.size(); i++) {
		if (i)
			out.append(',');
		out.append_u64(ids[i]);
	}
	out.append(']');
}

void append_progs_meta(Buffer& out, const std::vector<std::string>& arguments)
{
	const WallClock clock;
	append_json_meta(out, {"progs", version(), "", arguments, clock.now_unix_ns()});
}

} // namespace corescope
