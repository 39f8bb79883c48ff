// SPDX-License-Identifier: BSD-2-Clause
// Which pages there are, the page of the whole, and those of subjects; see man.h. The pages of tools and commands are in
// man_command.cpp.
#include "docs/lib/man.h"

#include "base/error.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace corescope::docs {

namespace {

std::string page_of(const std::string& command)
{
	std::string name = "corescope-" + command;
	std::replace(name.begin(), name.end(), ' ', '-');
	return name;
}

// "# Output: table, JSON …" is about "table, JSON …".
std::string about(const std::string& title)
{
	const size_t colon = title.find(": ");
	return colon == std::string::npos ? title : title.substr(colon + 2);
}

} // namespace

Manual::Manual(Edition edition, Subjects subjects, std::vector<Section> readme)
	: edition_(std::move(edition)), subjects_(std::move(subjects)), readme_(std::move(readme))
{
	for (const char* needed : {"output", "tools"})
		if (!subjects_.count(needed))
			throw Error(kDataError, std::string("docs/") + needed + ".md is not among the pages");
}

std::map<std::string, std::string> Manual::pages() const
{
	std::map<std::string, std::string> all;
	all["corescope.8"] = main_page();
	for (const Tool* tool : all_tools()) {
		const std::vector<CommandDescription> commands = describe(*tool);
		for (const CommandDescription& command : commands)
			all[page_of(command.name) + ".8"] = command_page(*tool, command, commands);
	}
	for (const auto& [name, sections] : subjects_)
		if (name != "tools" && !find_tool(name))
			all["corescope-" + name + ".7"] = subject_page(name);
	return all;
}

RoffPage Manual::begin(const std::string& name, int section, const std::string& summary) const
{
	RoffPage page(name, section, edition_.date, "corescope " + edition_.version);
	page.section("Name");
	page.line(roff_literal(name) + " \\- " + roff_inline(summary, links_from("")));
	return page;
}

const Section* Manual::section_of(const std::string& subject, const std::string& heading) const
{
	const auto found = subjects_.find(subject);
	if (found == subjects_.end())
		return nullptr;
	for (const Section& section : found->second)
		if (section.heading == heading)
			return &section;
	return nullptr;
}

LinkTarget Manual::links_from(std::string self) const
{
	return [this, self = std::move(self)](std::string_view target) -> std::string {
		if (target.find("://") != std::string_view::npos)
			return roff_text(target);
		std::string name(target.substr(0, target.find('#')));
		name = name.substr(name.rfind('/') + 1);
		if (name.size() < 4 || name.substr(name.size() - 3) != ".md")
			return "";
		name.resize(name.size() - 3);
		if (name == self || !subjects_.count(name))
			return "";
		if (name == "tools")
			return roff_page("corescope", 8);
		return roff_page("corescope-" + name, find_tool(name) ? 8 : 7);
	};
}

void Manual::exit_status(RoffPage& page) const
{
	page.section("Exit status");
	if (const Section* section = section_of("output", "Exit status"))
		write_blocks(page, section->blocks, links_from("output"));
}

void Manual::see_also(RoffPage& page, const std::string& self) const
{
	std::vector<std::string> others;
	const auto add = [&](const std::string& name, int section) {
		if (name != self)
			others.push_back(roff_page(name, section));
	};
	add("corescope", 8);
	for (const Tool* tool : all_tools())
		if (!tool->traces())
			add(page_of(tool->name()), 8);
	for (const auto& [name, sections] : subjects_)
		if (name != "tools" && !find_tool(name))
			add("corescope-" + name, 7);
	std::string line;
	for (const std::string& one : others)
		line += (line.empty() ? "" : ", ") + one;
	page.section("See also");
	page.line(line);
}

std::string Manual::main_page() const
{
	const LinkTarget links = links_from("");
	RoffPage page = begin("corescope", 8, "tracing tools for Linux");
	page.section("Synopsis");
	page.synopsis({roff_bold("corescope"), roff_italic("TOOL"), "[" + roff_italic("OPTION") + "...]"});
	page.synopsis({roff_bold("corescope help"), roff_italic("TOOL")});
	page.synopsis({roff_bold("corescope --version")});
	page.section("Description");
	write_blocks(page, readme_.front().blocks, links);
	page.paragraph(
		roff_bold("corescope") + " alone lists the tools. A link that is named like a tool runs that tool.");
	const char* group = nullptr;
	for (const Tool* tool : all_tools()) {
		if (group != group_name(tool->group()))
			page.section(group = group_name(tool->group()));
		page.tagged(roff_page(page_of(tool->name()), 8), roff_text(tool->summary()));
	}
	page.section("Options");
	page.tagged(
		roff_bold("-?") + ", " + roff_bold("--help"), "list the tools; behind a tool: tell its options");
	page.tagged(roff_bold("-V") + ", " + roff_bold("--version"), "print the version");
	page.subsection("What holds for all of them");
	write_blocks(page, subjects_.at("tools").front().blocks, links);
	for (const char* common : {"All tools", "Stream tools", "Histogram tools", "Stacks tools", "Table tools"})
		if (const Section* section = section_of("tools", common)) {
			page.subsection(common);
			write_blocks(page, section->blocks, links);
		}
	for (const Section& section : readme_)
		if (section.heading == "Requirements") {
			page.section(section.heading);
			write_blocks(page, section.blocks, links);
		}
	exit_status(page);
	see_also(page, "corescope");
	return page.text();
}

std::string Manual::subject_page(const std::string& name) const
{
	const LinkTarget links = links_from(name);
	const std::vector<Section>& sections = subjects_.at(name);
	RoffPage page = begin("corescope-" + name, 7, about(sections.front().heading));
	page.section("Description");
	for (const Section& section : sections) {
		if (section.level == 2)
			page.section(section.heading);
		else if (section.level > 2)
			page.subsection(section.heading);
		write_blocks(page, section.blocks, links);
	}
	see_also(page, "corescope-" + name);
	return page.text();
}

} // namespace corescope::docs
