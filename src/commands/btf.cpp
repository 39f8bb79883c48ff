// SPDX-License-Identifier: BSD-2-Clause
// `corescope btf`: the types of kernels that do not offer them, and what is in a bundle of them.
#include "commands/btf.h"
#include "commands/subcommands.h"

#include "base/error.h"
#include "btf/bundle.h"
#include "cli/tool.h"
#include "output/escape.h"
#include "output/records.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace corescope {

namespace {

constexpr Subcommand kCommands[] = {
	{"bundle", "of kernels' types, what the tools need, in one small file", btf_bundle},
	{"list", "the kernels in a bundle", btf_list},
};

class BtfTool : public SubcommandTool {
public:
	BtfTool()
		: SubcommandTool("btf", "types for kernels that offer none (--btf): bundle, list",
			  "btf: the types of kernels that do not offer them (CONFIG_DEBUG_INFO_BTF)\n\n"
			  "usage: corescope btf bundle [-o FILE] [[RELEASE=]BTF...]\n"
			  "       corescope btf list FILE\n"
			  "       corescope TOOL --btf FILE [OPTION...]\n\nCommands\n",
			  kCommands)
	{}

private:
	Error unknown(std::string_view) const override
	{
		return {kUsage, "that is none of bundle, list; `corescope btf` alone tells of them"};
	}
};

const BtfTool kBtf;

struct ListOptions {
	OutputFormat output = OutputFormat::table;
	bool no_header = false;
	std::string file;
};
constexpr OptionSpec kListOptions[] = {
	option<&ListOptions::output>(0, "output", "FORMAT", "table (default) or json, one object a line"),
	option<&ListOptions::no_header>(0, "no-header", "", "leave out the heading"),
};
constexpr PositionalSpec kListPositionals[] = {positional<&ListOptions::file>("FILE")};

void append_table(Buffer& out, const BtfBundle& bundle, bool header)
{
	using Row = std::array<std::string, 4>;
	std::vector<Row> rows;
	if (header)
		rows.push_back({"RELEASE", "MACHINE", "BYTES", "VERSION"});
	const auto cell = [](std::string_view text) {
		Buffer escaped;
		escape_text(escaped, text);
		return escaped.empty() ? std::string("-") : std::string(escaped.view());
	};
	for (const BtfBundle::Entry& entry : bundle.entries)
		rows.push_back({cell(entry.kernel.release), cell(entry.kernel.machine),
			std::to_string(entry.raw.size()), cell(entry.kernel.version)});
	std::array<size_t, 3> widths{};
	for (const Row& row : rows)
		for (size_t i = 0; i < widths.size(); i++)
			widths[i] = std::max(widths[i], display_width(row[i]));
	for (const Row& row : rows) {
		for (size_t i = 0; i < widths.size(); i++) {
			out.append(row[i]);
			out.append_fill(' ', widths[i] - display_width(row[i]) + 1);
		}
		out.append(row.back());
		out.append('\n');
	}
}

void append_json(Buffer& out, const BtfBundle& bundle)
{
	const WallClock clock;
	TimeFormatter times;
	const auto member = [&](std::string_view key, const Value& value) {
		out.append(',');
		append_json_member(out, key, value, clock, times);
	};
	for (const BtfBundle::Entry& entry : bundle.entries) {
		out.append("{\"type\":\"btf\"");
		member("release", Value::text(entry.kernel.release));
		member("machine", Value::text(entry.kernel.machine));
		member("version", entry.kernel.version.empty() ? Value::none() : Value::text(entry.kernel.version));
		member("bytes", Value::number(uint64_t{entry.raw.size()}));
		member("made_by", Value::text(bundle.made_by));
		out.append("}\n");
	}
}

} // namespace

int btf_list(int argc, char** argv)
{
	ListOptions options;
	const OptionSet sets[] = {{nullptr, kListOptions, &options}};
	parse_command_line(
		{"btf list", "the kernels in a bundle", nullptr, sets, kListPositionals, &options}, argc, argv);
	if (options.output != OutputFormat::table && options.output != OutputFormat::json)
		throw Error(kUsage, "--output: a list is a table or json");
	if (options.file.empty())
		throw Error(kUsage, "list: needs a FILE, a bundle that `corescope btf bundle` made");
	const BtfBundle bundle = read_bundle(options.file);
	Buffer out;
	if (options.output == OutputFormat::table)
		append_table(out, bundle, !options.no_header);
	else
		append_json(out, bundle);
	write_out(out);
	return kOk;
}

} // namespace corescope
