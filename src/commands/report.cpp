// SPDX-License-Identifier: BSD-2-Clause
// `corescope report`: histograms of stores, and what tools have written, as one HTML file that needs nothing else.
#include "base/error.h"
#include "cli/version.h"
#include "commands/report_sides.h"
#include "output/escape.h"
#include "output/text_file.h"
#include "report/page.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope {

namespace {

using namespace report;

constexpr uint64_t kDefaultRows = 1000;
constexpr uint64_t kMostRows = 100000;

struct Options {
	std::string into, title;
	Count rows;
	SideOptions sides;
};
constexpr OptionSpec kSpecs[] = {
	option<&Options::into>(
		'o', "into", "FILE", "write it there, as a whole or not at all (default: standard output)"),
	option<&Options::title>(0, "title", "TEXT", "what stands above it"),
	option<&Options::rows>(0, "rows", "N", "of events and tables the first N (default 1000)"),
};

std::string quoted(const std::string& text)
{
	Buffer out(128);
	quote_text(out, text);
	return std::string(out.view());
}

// As a whole under its name; what is no file (a pipe, /dev/full) is written to.
void write_report(const std::string& path, Buffer& page)
{
	if (path.empty()) {
		write_out(page);
		return;
	}
	struct stat status = {};
	if (stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) {
		replace_file(path, page.view());
		return;
	}
	const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0;
	for (std::string_view rest = page.view(); written && !rest.empty();) {
		const ssize_t n = write(fd, rest.data(), rest.size());
		if (n < 0 && errno == EINTR)
			continue;
		written = n >= 0;
		rest.remove_prefix(written ? static_cast<size_t>(n) : 0);
	}
	const int error = errno;
	if (fd >= 0)
		close(fd);
	if (!written)
		throw Error(kIoError, "cannot write " + quoted(path) + ": " + std::strerror(error));
}

class Sections {
public:
	void begin(std::string heading) { headings_.push_back(std::move(heading)); }
	size_t number() const { return headings_.size(); }
	const std::vector<std::string>& headings() const { return headings_; }
	Buffer html;

	void add(const Content& content, const std::string& side)
	{
		for (const Picture& picture : content.pictures()) {
			begin((side.empty() ? "" : side + ": ") + picture_name(picture));
			append_picture(html, picture, side, number());
		}
	}

private:
	std::vector<std::string> headings_;
};

std::string default_title(const Sections& sections)
{
	return sections.number() == 1 ? sections.headings()[0] : "corescope report";
}

class ReportTool : public Tool {
public:
	ReportTool() : Tool("report", Group::command, "histograms, stacks and tables as one HTML file") {}

	int run(int argc, char** argv) const override
	{
		HistorySelection selection;
		Options options;
		const OptionSet sets[] = {{nullptr, kSpecs, &options},
			{"Before and after:", report_side_specs(), &options.sides},
			{"Which histograms:", history_selection_specs(), &selection}};
		static constexpr PositionalSpec kWords[] = {
			positional<&HistorySelection::words>("ID|STORE|FILE", true)};
		parse_command_line(
			{"report",
				"One HTML file that needs no network: heat maps and percentiles of stored histograms, or of what tools wrote with --output "
				"json; a flame graph of stacks, also of folded ones (main;read 12) from any tool; tables of events. FILE may be - for standard "
				"input.",
				"EXAMPLES:\n"
				"  corescope report --since 1d -o report.html\n"
				"  corescope report --since 7d --split '2026-11-20 14:05' -o deployment.html\n"
				"  corescope cpudist --output json 1 60 | corescope report - -o cpu.html\n"
				"  corescope report profile.folded > flames.html\n"
				"  corescope report --side before.folded --side after.folded -o both.html",
				sets, kWords, &selection},
			argc, argv);
		if (options.rows && options.rows.value > kMostRows)
			throw Error(kUsage, "--rows: at most " + std::to_string(kMostRows));
		if (options.into.empty() && isatty(STDOUT_FILENO))
			throw Error(kUsage, "standard output is a terminal; name a file with -o, or redirect it");

		const size_t rows = options.rows ? options.rows.value : kDefaultRows;
		ReportInput input = read_report_input(selection, options.sides, rows);
		Sections sections;
		if (input.compared) {
			sections.begin("Difference");
			append_difference(sections.html, input.side_a, input.side_b);
		}
		sections.add(input.content, input.two_contents ? "A" : "");
		if (input.two_contents)
			sections.add(input.other, "B");
		for (const StackGroup& group : input.content.stacks()) {
			if (group.stacks.empty())
				continue;
			sections.begin(group.tool.empty() ? "Stacks" : group.tool + " stacks");
			append_stacks(sections.html, group, sections.number(), input.side_a.text, input.side_b.text);
		}
		for (const Content* content : {&input.content, &input.other})
			for (const RowGroup& group : content->rows()) {
				sections.begin((group.tool.empty() ? "" : group.tool + " ") + group.type);
				append_rows(sections.html, group, sections.number());
			}
		if (!sections.number())
			throw Error(kUnavailable, "there is nothing to show: no histogram, stack or record is selected");

		Report report{options.title.empty() ? default_title(sections) : options.title, version_line(),
			input.sources, input.notes};
		Buffer page(sections.html.size() + (size_t{1} << 18));
		append_page(page, report, input.content, sections.html.view(), sections.headings());
		write_report(options.into, page);
		return kOk;
	}
	std::vector<OptionSpec> options() const override { return {std::begin(kSpecs), std::end(kSpecs)}; }
	std::vector<Field> fields() const override { return {}; }
};

const ReportTool report_tool;

} // namespace

} // namespace corescope
