// SPDX-License-Identifier: BSD-2-Clause
// `corescope pinned list`: what is pinned, by whom and since when, and whether this corescope can read it.
#include "commands/pinned.h"

#include "base/error.h"
#include "cli/pin.h"
#include "cli/tool.h"
#include "output/escape.h"
#include "output/records.h"
#include "system/clock.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace corescope {

namespace {

struct ListOptions {
	OutputFormat output = OutputFormat::table;
	bool no_header = false;
};
constexpr std::string_view kFormats[] = {"table", "json"};
constexpr OptionSpec kOptions[] = {
	option<&ListOptions::output>(
		0, "output", "FORMAT", "table (default) or json, one object a line", kFormats),
	option<&ListOptions::no_header>(0, "no-header", "", "leave out the heading"),
};

struct Line {
	std::string name;
	PinAbout about;
	bool known = false;  // `about` says something
	std::string problem; // why it cannot be read; "" if it can
};

Line look_at(const std::string& name)
{
	Line line;
	line.name = name;
	try {
		const PinReader pin(name, false);
		line.about = read_about(pin);
		line.known = true;
		line.problem = line.about.unreadable();
	} catch (const Error& error) {
		line.problem = error.message;
	}
	return line;
}

std::string_view by_of(const PinAbout& about)
{
	const std::vector<std::string_view> labels = hist_labels(about.by);
	return labels.empty() ? "" : about.by == HistBy::cgroup ? "cgroup" : labels.front();
}

std::string since_text(int64_t unix_ns)
{
	Buffer text;
	append_rfc3339(text, unix_ns / 1000000000 * 1000000000);
	return std::string(text.view().substr(0, 19)) + "Z";
}

void append_table(Buffer& out, const std::vector<Line>& lines, bool header)
{
	using Row = std::array<std::string, 7>;
	std::vector<Row> rows;
	if (header)
		rows.push_back({"NAME", "TOOL", "WHAT", "SINCE", "VERSION", "READABLE", "OPTIONS"});
	const auto cell = [](std::string_view text) {
		Buffer escaped;
		escape_text(escaped, text);
		return escaped.empty() ? std::string("-") : std::string(escaped.view());
	};
	for (const Line& line : lines) {
		const PinAbout& about = line.about;
		const std::string readable = line.problem.empty() ? "yes" : "no: " + line.problem;
		if (line.known)
			rows.push_back({line.name, cell(about.source.tool), cell(about.source.quantity),
				since_text(about.since_unix_ns), cell(about.source.version), cell(readable),
				cell(about.source.options)});
		else
			rows.push_back({cell(line.name), "-", "-", "-", "-", cell(readable), "-"});
	}
	std::array<size_t, 7> widths{};
	for (const Row& row : rows)
		for (size_t i = 0; i < row.size(); i++)
			widths[i] = std::max(widths[i], display_width(row[i]));
	for (const Row& row : rows) {
		for (size_t i = 0; i + 1 < row.size(); i++) {
			out.append(row[i]);
			out.append_fill(' ', widths[i] - display_width(row[i]) + 1);
		}
		out.append(row.back());
		out.append('\n');
	}
}

void append_json(Buffer& out, const Line& line)
{
	const WallClock clock;
	TimeFormatter times;
	const auto text = [&](std::string_view key, std::string_view value, bool known = true) {
		out.append(',');
		append_json_member(out, key, known ? Value::text(value) : Value::none(), clock, times);
	};
	const auto number = [&](std::string_view key, uint64_t value, bool known) {
		out.append(',');
		append_json_member(out, key, known ? Value::number(value) : Value::none(), clock, times);
	};
	const PinAbout& about = line.about;
	const HistSource& source = about.source;
	out.append("{\"type\":\"pin\"");
	text("name", line.name);
	text("readable", line.problem.empty() ? "yes" : "no");
	text("problem", line.problem, !line.problem.empty());
	for (const auto& [key, value] :
		{std::pair<std::string_view, std::string_view>{"identity", about.identity}, {"tool", source.tool},
			{"quantity", source.quantity}, {"what", source.what}, {"options", source.options},
			{"version", source.version}, {"hooks", source.hooks}, {"host", source.host},
			{"boot_id", source.boot_id}})
		text(key, value, line.known);
	text("by", by_of(about), line.known && about.by != HistBy::all);
	text("value_unit", source.unit.name, line.known);
	number("layout", about.layout, line.known);
	number("max_keys", about.max_keys, line.known && about.max_keys);
	out.append(",\"since\":");
	if (line.known) {
		out.append('"');
		append_rfc3339(out, about.since_unix_ns);
		out.append('"');
	} else {
		out.append("null");
	}
	out.append(",\"argv\":[");
	for (size_t i = 0; i < about.arguments.size(); i++) {
		if (i)
			out.append(',');
		json_string(out, about.arguments[i]);
	}
	out.append("]}\n");
}

} // namespace

int pinned_list(int argc, char** argv)
{
	ListOptions options;
	const OptionSet sets[] = {{nullptr, kOptions, &options}};
	parse_command_line(
		{"pinned list", "what is pinned, since when, and whether it can be read", nullptr, sets, {}, nullptr},
		argc, argv);
	remove_pin_leftovers();
	std::vector<Line> lines;
	for (const std::string& name : pin_names())
		lines.push_back(look_at(name));
	Buffer out;
	if (options.output == OutputFormat::table)
		append_table(out, lines, !options.no_header);
	else
		for (const Line& line : lines)
			append_json(out, line);
	write_out(out);
	return kOk;
}

} // namespace corescope
