// SPDX-License-Identifier: BSD-2-Clause
// `corescope doctor`: what this kernel, this user and this container allow, and what that means for each tool.
#include "commands/doctor.h"
#include "base/error.h"
#include "cli/tool.h"
#include "cli/version.h"
#include "output/records.h"
#include "system/clock.h"

namespace corescope {

namespace {

struct ToolNames {
	std::vector<std::string> all;
};
void parse_value(ToolNames& out, const char* text) { out.all.emplace_back(text); }
ArgumentShape argument_shape(const ToolNames*) { return {ArgumentShape::Kind::tool, {}, true}; }

struct Options {
	OutputFormat output = OutputFormat::table;
	bool no_header = false;
	bool verbose = false;
	ToolNames tools;
};
constexpr std::string_view kFormats[] = {"table", "json"};
constexpr OptionSpec kOptions[] = {
	option<&Options::output>(0, "output", "FORMAT", "table (default) or json, one object a line", kFormats),
	option<&Options::no_header>(0, "no-header", "", "leave out the headings"),
	option<&Options::verbose>('v', "verbose", "", "libbpf's own log, to standard error"),
};
constexpr PositionalSpec kPositionals[] = {positional<&Options::tools>("TOOL", true)};

std::vector<const Tool*> tools_named(const std::vector<std::string>& names)
{
	std::vector<const Tool*> tools;
	for (const std::string& name : names) {
		const Tool* tool = find_tool(name);
		if (!tool || !tool->traces())
			throw Error(kUsage, "no tool '" + name + "' that traces; `corescope` alone lists them");
		tools.push_back(tool);
	}
	for (const Tool* tool : all_tools())
		if (names.empty() && tool->traces())
			tools.push_back(tool);
	return tools;
}

// Everything is written as it is found.
class Report {
public:
	Report(const Options& options, std::vector<std::string> arguments)
		: json_(options.output == OutputFormat::json), header_(!options.no_header), began_ns_(monotonic_ns())
	{
		if (json_)
			append_json_meta(out_, {"doctor", version(), "", std::move(arguments), clock_.now_unix_ns()});
	}
	void tell(const char* heading, const std::vector<Check>& checks)
	{
		records_ += checks.size();
		head(heading);
		if (json_)
			for (const Check& check : checks)
				append_check_json(out_, check);
		else
			append_checks_table(out_, checks);
		write_out(out_);
	}
	void tell(const std::vector<ToolCheck>& checks)
	{
		for (const ToolCheck& check : checks) {
			records_ += check.tried.size() + 1;
			if (json_)
				append_tool_json(out_, check);
		}
		if (!json_)
			append_tools_table(out_, checks);
		write_out(out_);
	}
	void head(const char* heading)
	{
		if (json_ || !header_)
			return;
		out_.append(first_ ? "" : "\n");
		out_.append(heading);
		out_.append('\n');
		first_ = false;
	}
	void end()
	{
		if (json_)
			append_json_summary(out_,
				{records_, monotonic_ns() - began_ns_, process_cpu_ns(), {}, "done", clock_.now_unix_ns()});
		write_out(out_);
	}

private:
	bool json_, header_, first_ = true;
	uint64_t began_ns_, records_ = 0;
	const WallClock clock_;
	Buffer out_;
};

class DoctorTool : public Tool {
public:
	DoctorTool() : Tool("doctor", Group::command, "what this host allows, and which tools run on it") {}

	int run(int argc, char** argv) const override
	{
		Options options;
		const OptionSet sets[] = {{nullptr, kOptions, &options}};
		parse_command_line(
			{"doctor",
				"what this kernel, this user and this container allow, found by trial; and for each TOOL (default: all) whether it works",
				"Programs are loaded and attached for a moment and taken off again; nothing is left behind.\n"
				"Exit status: 69 if a TOOL that was named cannot run, 77 if for want of privilege.\n\n"
				"Examples:\n"
				"  corescope doctor                          everything\n"
				"  corescope doctor execsnoop && execsnoop   only if it works\n"
				"  corescope doctor --output json | jq 'select(.type == \"tool\")'",
				sets, kPositionals, &options},
			argc, argv);
		if (options.output != OutputFormat::table && options.output != OutputFormat::json)
			throw Error(kUsage, "--output: what doctor finds is a table or json");
		const std::vector<const Tool*> tools = tools_named(options.tools.all);
		set_libbpf_log(options.verbose);
		Report report(options, {argv, argv + argc});
		const Surroundings here = look_around(); // before libbpf raises limits
		report.tell("Where", place_checks(here));
		report.tell("Settings", setting_checks(here));
		{
			TrialGround ground;
			report.tell("Hooks", hook_checks(here, ground));
			report.tell("Maps and helpers", part_checks(here, ground));
		}
		report.head("Tools");
		int status = kOk;
		for (const Tool* tool : tools) {
			const std::vector<ToolCheck> checks = tool_checks(*tool);
			report.tell(checks);
			if (!options.tools.all.empty() && status == kOk)
				status = checks.front().code;
		}
		report.end();
		return status;
	}
	std::vector<OptionSpec> options() const override { return {std::begin(kOptions), std::end(kOptions)}; }
	std::vector<Field> fields() const override { return {}; }
};

const DoctorTool kDoctor;

} // namespace

} // namespace corescope
