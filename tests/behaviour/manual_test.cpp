// SPDX-License-Identifier: BSD-2-Clause
// Help, manual and completion of every tool and command, as a user gets them, say the same: each option with its letter,
// its argument and its words is in all of them, and no other is in one alone.
#include "behaviour.h"

#include "cli/describe.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <unistd.h>

namespace corescope::test {

namespace {

namespace fs = std::filesystem;

// "-p, --pid=PID" and its words without blanks, because each way to show them breaks lines elsewhere.
using Options = std::map<std::string, std::string>;

std::string without_blanks(const std::string& text)
{
	std::string result;
	for (const char c : text)
		if (!isspace(static_cast<unsigned char>(c)) && c != '`') // which the manual shows in bold
			result += c;
	return result;
}

// Lines in which an option stands before its words; `deepest`: columns before an option, at most.
Options options_in(const std::vector<std::string>& lines, size_t deepest)
{
	Options options;
	std::string* words = nullptr;
	for (const std::string& line : lines) {
		const size_t indent = line.find_first_not_of(' ');
		if (indent == std::string::npos || indent < 2 || (indent < deepest && line[indent] != '-')) {
			words = nullptr;
			continue;
		}
		if (indent <= deepest && line[indent] == '-') {
			size_t gap = std::min(line.find("  ", indent), line.size());
			// argp leaves one blank where an option ends right before the column of its words.
			constexpr size_t kWords = 29;
			if (indent < 7 && gap > kWords && line.size() > kWords && line[kWords - 1] == ' ')
				gap = kWords - 1;
			words = &options[line.substr(indent, gap - indent)];
			*words = without_blanks(line.substr(gap));
		} else if (words) {
			*words += without_blanks(line);
		}
	}
	return options;
}

std::vector<std::string> words_of(const std::string& name)
{
	std::vector<std::string> words = {corescope_path()};
	for (size_t from = 0; from < name.size();) {
		const size_t blank = std::min(name.find(' ', from), name.size());
		words.push_back(name.substr(from, blank - from));
		from = blank + 1;
	}
	return words;
}

// argp sorts and wraps, but between two options of a group lies no other line.
Options options_in_help(const std::string& name)
{
	std::vector<std::string> words = words_of(name);
	words.push_back("--help");
	return options_in(lines_of(run(words).out), 6);
}

// The page as `man` shows it to somebody with a wide terminal.
Options options_in_manual(const fs::path& page)
{
	const Ran shown = run({"/bin/sh", "-c",
		"LC_ALL=C.UTF-8 MANWIDTH=1000 MANPAGER=cat exec man --no-hyphenation -l \"$0\"", page.string()});
	REQUIRE(shown.status == 0);
	std::vector<std::string> section;
	bool in_options = false;
	for (const std::string& line : lines_of(shown.out)) {
		if (!line.empty() && line[0] != ' ')
			in_options = line == "OPTIONS";
		else if (in_options)
			section.push_back(line);
	}
	return options_in(section, 7);
}

// What one says and the other does not. `more`: the second may say more behind an option's words.
std::vector<std::string> differences(const Options& help, const Options& other, bool more)
{
	std::vector<std::string> found;
	for (const auto& [form, words] : help) {
		const auto same = other.find(form);
		if (same == other.end())
			found.push_back("lacks " + form);
		else if (more ? same->second.rfind(words, 0) != 0 : same->second != words)
			found.push_back(form + " has other words");
	}
	for (const auto& [form, words] : other)
		if (!help.count(form))
			found.push_back("alone has " + form);
	return found;
}

// What bash offers behind "corescope NAME -": letters, and long options, those that need an argument with their =.
std::vector<std::string> offered_by_bash(const std::string& name)
{
	const std::string file = fs::path(corescope_path()).parent_path() / "completions/bash/corescope";
	Words typed = words_of(name);
	typed.front() = "corescope";
	typed.push_back("-");
	const Ran ran = run(with({"/bin/bash", "-c",
								 "compopt() { :; }; . \"$0\"; COMP_LINE=\"$*\" COMP_POINT=${#COMP_LINE} "
								 "COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)); _corescope; "
								 "printf '%s\\n' \"${COMPREPLY[@]}\"",
								 file},
		typed));
	REQUIRE(ran.err.empty());
	std::vector<std::string> offered = lines_of(ran.out);
	std::sort(offered.begin(), offered.end());
	return offered;
}

// The same from --help.
std::vector<std::string> expected_of_bash(const Options& help)
{
	std::vector<std::string> expected;
	for (const auto& [form, words] : help) {
		std::string name = form;
		if (form[1] != '-') {
			expected.push_back(form.substr(0, 2));
			name = form.substr(4);
		}
		const size_t equals = name.find('='), bracket = name.find('[');
		expected.push_back(
			name.substr(0, bracket != std::string::npos ? bracket : equals + (equals != std::string::npos)));
	}
	std::sort(expected.begin(), expected.end());
	return expected;
}

std::vector<CommandDescription> all_commands()
{
	std::vector<CommandDescription> all;
	for (const corescope::Tool* tool : all_tools())
		for (const CommandDescription& command : describe(*tool))
			all.push_back(command);
	return all;
}

// What is made of commands lists them, and no options.
bool lists_commands(const std::string& name)
{
	const corescope::Tool* tool = find_tool(name);
	return tool && !tool->subcommands().empty();
}

fs::path page_of(const std::string& name)
{
	std::string file = "corescope-" + name + ".8";
	std::replace(file.begin(), file.end(), ' ', '-');
	return fs::path(corescope_path()).parent_path() / "man" / file;
}

bool has_program(const char* name)
{
	return run({"/bin/sh", "-c", std::string("command -v ") + name}).status == 0;
}

} // namespace

TEST_CASE("every tool and command: the manual has the options of --help in its words, and no other")
{
	if (!has_program("man"))
		SKIP_TEST("man is not installed (Debian: man-db)");
	if (!fs::exists(page_of("execsnoop").parent_path()))
		SKIP_TEST("there are no manual pages beside the binary (make man)");
	size_t compared = 0;
	for (const CommandDescription& command : all_commands()) {
		if (lists_commands(command.name))
			continue;
		CAPTURE(command.name);
		const Options help = options_in_help(command.name);
		REQUIRE(help.size() >= 3);
		CHECK(
			differences(help, options_in_manual(page_of(command.name)), true) == std::vector<std::string>());
		compared += help.size();
	}
	CHECK(compared > 100);
}

TEST_CASE("every tool and command: bash offers the options of --help, and no other")
{
	if (!has_program("/bin/bash"))
		SKIP_TEST("bash is not installed");
	if (!fs::exists(fs::path(corescope_path()).parent_path() / "completions"))
		SKIP_TEST("there are no completions beside the binary (make completions)");
	for (const CommandDescription& command : all_commands()) {
		if (lists_commands(command.name))
			continue;
		CAPTURE(command.name);
		CHECK(offered_by_bash(command.name) == expected_of_bash(options_in_help(command.name)));
	}
}

TEST_CASE("the completions for zsh and fish have the words of every option")
{
	const fs::path folder = fs::path(corescope_path()).parent_path() / "completions";
	if (!fs::exists(folder))
		SKIP_TEST("there are no completions beside the binary (make completions)");
	std::map<std::string, std::string> texts;
	for (const char* file : {"zsh/_corescope", "fish/corescope.fish"}) {
		std::ifstream in(folder / file);
		// Without the marks by which the shells keep quotes and brackets apart from their own.
		for (std::string line; std::getline(in, line);)
			for (const char c : line)
				if (c != '\\' && c != '\'' && c != ' ')
					texts[file] += c;
	}
	for (const CommandDescription& command : all_commands())
		for (const OptionGroup& group : command.groups)
			for (const OptionDescription& option : group.options) {
				CAPTURE(command.name, option.name);
				std::string words;
				for (const char c : option.doc)
					if (c != '\\' && c != '\'' && c != ' ')
						words += c;
				for (const auto& [file, text] : texts) {
					CAPTURE(file);
					CHECK(text.find(words) != std::string::npos);
				}
			}
}

TEST_CASE("man has nothing to say against any page")
{
	if (!has_program("man"))
		SKIP_TEST("man is not installed (Debian: man-db)");
	const fs::path folder = page_of("execsnoop").parent_path();
	if (!fs::exists(folder))
		SKIP_TEST("there are no manual pages beside the binary (make man)");
	size_t pages = 0;
	for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
		if (entry.path().extension() != ".7" && entry.path().extension() != ".8")
			continue;
		CAPTURE(entry.path());
		const Ran shown = run(
			{"/bin/sh", "-c", "LC_ALL=C.UTF-8 MANWIDTH=80 exec man --warnings=w -E UTF-8 -l -Tutf8 -Z \"$0\"",
				entry.path().string()});
		CHECK(shown.status == 0);
		CHECK(shown.err.empty());
		pages++;
	}
	CHECK(pages > 15);
}

TEST_CASE("the comparison of help and manual notices what is left out, added or said otherwise")
{
	const Options help = options_in_help("execsnoop");
	REQUIRE(differences(help, help, true).empty());
	Options spoilt = help;
	spoilt.erase("-u, --uid=USER");
	CHECK(differences(help, spoilt, true) == std::vector<std::string>{"lacks -u, --uid=USER"});
	spoilt = help;
	spoilt["-u, --uid=USER"] = "onlythisuser";
	CHECK(differences(help, spoilt, true) == std::vector<std::string>{"-u, --uid=USER has other words"});
	spoilt = help;
	spoilt["--new"] = "words";
	CHECK(differences(help, spoilt, true) == std::vector<std::string>{"alone has --new"});
	CHECK(differences(help, {}, true).size() == help.size());
}

TEST_CASE("what the commands of a command are is told by it, by its manual and by bash")
{
	for (const corescope::Tool* tool : all_tools()) {
		if (tool->subcommands().empty())
			continue;
		CAPTURE(tool->name());
		const std::string listed = run({corescope_path(), tool->name()}).out;
		for (const Subcommand& command : tool->subcommands()) {
			CAPTURE(command.name);
			CHECK(listed.find(std::string("\n  ") + command.name + " ") != std::string::npos);
			const std::string name = std::string(tool->name()) + " " + command.name;
			CHECK(run(with(words_of(name), {"--help"})).status == 0);
			if (fs::exists(page_of("execsnoop").parent_path()))
				CHECK(fs::exists(page_of(name)));
		}
	}
}

} // namespace corescope::test
