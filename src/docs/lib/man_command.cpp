// SPDX-License-Identifier: BSD-2-Clause
// The manual page of one tool or command: first what it declares, then what docs/ says of it; see man.h.
#include "docs/lib/man.h"

#include "bpf/pin.h"
#include "cli/histogram.h"
#include "cli/hook_choices.h"
#include "hist/store.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace corescope::docs {

namespace {

constexpr size_t kFewWords = 12;

std::string sentence(std::string text)
{
	text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
	return text.back() == '.' ? text : text + ".";
}

// --help's last words: examples, and paragraphs about the rest.
struct Details {
	std::vector<std::string> paragraphs;
	struct Example {
		std::string title; // "" for none
		std::vector<std::string> lines;
	};
	std::vector<Example> examples;
};

std::string lower(std::string text)
{
	for (char& c : text)
		c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
	return text;
}

Details details_of(const std::string& text)
{
	Details details;
	for (size_t from = 0; from < text.size();) {
		const size_t end = std::min(text.find("\n\n", from), text.size());
		std::vector<std::string> lines;
		for (size_t at = from; at < end;) {
			const size_t next = std::min(text.find('\n', at), end);
			lines.push_back(text.substr(at, next - at));
			at = next + 1;
		}
		from = end + 2;
		if (lines.empty())
			continue;
		if (lower(lines[0]).rfind("example", 0) == 0) {
			std::string title = lines[0].substr(std::min(lines[0].find(':'), lines[0].size() - 1) + 1);
			title.erase(0, std::min(title.find_first_not_of(' '), title.size()));
			details.examples.push_back({title, {}});
			for (size_t i = 1; i < lines.size(); i++)
				details.examples.back().lines.push_back(
					lines[i].substr(std::min(lines[i].find_first_not_of(' '), size_t{2})));
			continue;
		}
		std::string joined;
		for (const std::string& line : lines)
			joined += (joined.empty() ? "" : " ") + line;
		details.paragraphs.push_back(joined);
	}
	return details;
}

std::string option_tag(const OptionDescription& option)
{
	std::string tag = option.letter ? roff_bold(std::string("-") + option.letter) + ", " : "";
	tag += roff_bold("--" + option.name);
	if (option.argument.empty())
		return tag;
	return tag + (option.may_be_left_out ? "[=" : "=") + roff_italic(option.argument) +
		(option.may_be_left_out ? "]" : "");
}

// What may be given, where the option's own words leave some out.
std::string words_left_out(const OptionDescription& option)
{
	const std::vector<std::string>& words = option.shape.words;
	const bool told = std::all_of(words.begin(), words.end(),
		[&](const std::string& word) { return option.doc.find(word) != std::string::npos; });
	if (told || words.size() > kFewWords)
		return "";
	std::string list;
	for (const std::string& word : words)
		list += (list.empty() ? "" : ", ") + roff_bold(word);
	return ". One of " + list;
}

bool names(const std::string& heading, const std::string& word)
{
	for (size_t from = 0; from < heading.size();) {
		const size_t comma = std::min(heading.find(", ", from), heading.size());
		if (heading.substr(from, comma - from) == word)
			return true;
		from = comma + 2;
	}
	return false;
}

bool tells_options(const Block& block)
{
	return block.kind == Block::Kind::table && !block.rows.empty() && block.rows[0][0] == "option";
}

void files(RoffPage& page, const Tool& tool, const CommandDescription& command)
{
	std::vector<std::pair<std::string, std::string>> all;
	if (tool.traces())
		all.push_back({"/sys/kernel/btf/vmlinux", "the types of the running kernel"});
	if (command.option("store"))
		all.push_back({kDefaultStore, "the store, where no other is named"});
	const OptionDescription* pin = command.option("pin");
	if ((pin && pin->shape.kind == ArgumentShape::Kind::pin) ||
		std::any_of(command.positionals.begin(), command.positionals.end(),
			[](const PositionalDescription& one) { return one.shape.kind == ArgumentShape::Kind::pin; }))
		all.push_back({std::string(kPinFolder) + "/NAME", "what is pinned"});
	if (command.option("lock"))
		all.push_back(
			{"/run/corescope/NAME.lock", "what --lock holds; without privilege below $XDG_RUNTIME_DIR"});
	if (all.empty())
		return;
	page.section("Files");
	for (const auto& [path, what] : all)
		page.tagged(roff_italic(path), roff_text(what));
}

} // namespace

void Manual::description(RoffPage& page, const Tool& tool, const CommandDescription& command) const
{
	const std::string own = command.name.substr(command.name.rfind(' ') + 1);
	page.section("Description");
	page.line(roff_text(sentence(command.about)));
	const auto write = [&](const Section& section, const std::string& subject) {
		for (const Block& block : section.blocks)
			if (!tells_options(block))
				write_blocks(page, {block}, links_from(subject));
	};
	if (const Section* section = section_of("tools", command.name))
		write(*section, "");
	const auto subject = subjects_.find(tool.name());
	if (subject != subjects_.end() && command.name == tool.name())
		write(subject->second.front(), tool.name());
	if (subject != subjects_.end() && command.name != tool.name())
		for (const Section& section : subject->second)
			if (names(section.heading, own))
				write(section, tool.name());
	const auto details = details_of(command.details);
	for (const std::string& paragraph : details.paragraphs)
		page.paragraph(roff_text(paragraph));
}

// All of the page that is called like this command, but for what its commands' own manuals tell.
void Manual::subject_sections(
	RoffPage& page, const Tool& tool, const std::vector<CommandDescription>& all) const
{
	const auto subject = subjects_.find(tool.name());
	if (subject == subjects_.end())
		return;
	for (size_t i = 1; i < subject->second.size(); i++) {
		const Section& section = subject->second[i];
		const bool elsewhere =
			std::any_of(all.begin() + 1, all.end(), [&](const CommandDescription& command) {
				return names(section.heading, command.name.substr(command.name.rfind(' ') + 1));
			});
		if (elsewhere || section.heading == "Exit status")
			continue;
		if (section.level == 2)
			page.section(section.heading);
		else
			page.subsection(section.heading);
		write_blocks(page, section.blocks, links_from(tool.name()));
	}
}

void Manual::options(RoffPage& page, const CommandDescription& command) const
{
	page.section("Options");
	for (const OptionGroup& group : command.groups) {
		const bool standard = &group == &command.groups.back();
		if (!group.heading.empty() || (standard && command.groups.size() > 1))
			page.subsection(standard ? "Help" : group.heading);
		for (const OptionDescription& option : group.options)
			page.tagged(option_tag(option), roff_inline(option.doc, links_from("")) + words_left_out(option));
	}
}

void Manual::fields(RoffPage& page, const Tool& tool, const CommandDescription& command) const
{
	const std::vector<Field> all = tool.fields();
	const OptionDescription* by = command.option("by");
	if (!tool.traces() || (all.empty() && !by))
		return;
	page.section("Fields");
	if (tool.output() == Tool::Output::stacks) {
		if (const Section* section = section_of("output", "stack"))
			write_blocks(page, section->blocks, links_from("output"));
		return;
	}
	if (all.empty()) {
		page.paragraph("With " + roff_bold("--by") + " a histogram bears these keys:");
		for (const std::string& word : by->shape.words) {
			HistBy what;
			parse_value(what, word.c_str());
			std::string labels;
			for (const std::string_view label : hist_labels(what))
				labels += (labels.empty() ? "" : ", ") + roff_bold(label);
			page.tagged(roff_bold(word), labels);
		}
		if (const Section* section = section_of("output", "hist"))
			write_blocks(page, section->blocks, links_from("output"));
		return;
	}
	page.paragraph("The keys of " +
		(tool.output() == Tool::Output::rows ? "a " + roff_bold("row") : "an " + roff_bold("event")) +
		" in JSON and CSV, and the columns of a table. Their types, and the records besides, are in " +
		roff_page("corescope-output", 7) + ".");
	for (const Field& field : all) {
		const bool data = field.flags & kInData;
		std::string tag = roff_bold(data ? field.key : field.heading);
		if (!data)
			tag += " (a column only)";
		else if (field.heading && field.flags & kInTable)
			tag += " (column " + roff_text(field.heading) + ")";
		else if (field.heading && field.flags & kOptional)
			tag += " (column " + roff_text(field.heading) + ", where an option asks for it)";
		page.tagged(tag, roff_inline(field.doc, links_from("")));
	}
}

void Manual::hooks(RoffPage& page, const Tool& tool) const
{
	const std::vector<HookChoice> choices = tool.hook_choices();
	if (choices.empty())
		return;
	page.section("Hooks");
	page.paragraph("The first of these that the kernel takes, or what " + roff_bold("--hook") +
		" names. Which it was is told in the " + roff_bold("meta") + " record.");
	for (const HookChoice& choice : choices) {
		if (!choice.option.empty())
			page.paragraph("With " + roff_bold("--" + choice.option) + ":");
		for (const HookSet& set : choice.hooks) {
			std::string places;
			for (const std::string& place : tool.hook_places(set))
				places += (places.empty() ? "" : ", ") + roff_bold(place);
			page.tagged(roff_bold(set.name),
				places + (set.cost.empty() ? "" : ": " + roff_inline(set.cost, links_from(""))));
		}
	}
}

std::string Manual::command_page(
	const Tool& tool, const CommandDescription& command, const std::vector<CommandDescription>& all) const
{
	std::string name = "corescope-" + command.name;
	std::replace(name.begin(), name.end(), ' ', '-');
	RoffPage page = begin(name, 8, command.summary);
	const bool has_commands = command.name == tool.name() && all.size() > 1;
	page.section("Synopsis");
	std::vector<std::string> words = {roff_bold("corescope " + command.name)};
	if (has_commands)
		words.push_back(roff_italic("COMMAND"));
	words.push_back("[" + roff_italic("OPTION") + "...]");
	if (!command.positionals.empty())
		words.push_back(roff_text(positional_form(command)));
	page.synopsis(words);
	if (tool.runs_tools())
		page.synopsis({roff_bold("corescope " + command.name), roff_italic("TOOL"),
			"[" + roff_italic("OPTION") + "...]"});
	description(page, tool, command);
	if (has_commands) {
		page.section("Commands");
		for (size_t i = 1; i < all.size(); i++) {
			std::string its_page = "corescope-" + all[i].name;
			std::replace(its_page.begin(), its_page.end(), ' ', '-');
			page.tagged(roff_page(its_page, 8), roff_text(all[i].summary));
		}
	}
	options(page, command);
	if (command.name == tool.name())
		subject_sections(page, tool, all);
	fields(page, tool, command);
	hooks(page, tool);
	const Details details = details_of(command.details);
	if (!details.examples.empty())
		page.section("Examples");
	for (const Details::Example& example : details.examples) {
		if (!example.title.empty())
			page.paragraph(roff_text(example.title));
		page.code(example.lines);
	}
	files(page, tool, command);
	const Section* status = section_of(tool.name(), "Exit status");
	if (status) {
		page.section("Exit status");
		write_blocks(page, status->blocks, links_from(tool.name()));
	} else {
		exit_status(page);
	}
	see_also(page, name);
	return page.text();
}

} // namespace corescope::docs
