// SPDX-License-Identifier: BSD-2-Clause
// README.md and docs/ say what the tools do, no more and no less: options, commands, headings, exit statuses, links.
// What they say of keys is in docs_keys_test.cpp.
#include "documented.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <unistd.h>

using namespace corescope::test;

namespace {

// The commands of a page: what stands in blocks of sh, and behind "$ " in those of console.
struct Command {
	std::string text;
	std::string next_line; // the first of its output
};
std::vector<Command> commands_of(const Lines& lines)
{
	std::vector<Command> commands;
	for (const CodeBlock& block : code_blocks(lines)) {
		if (block.language != "sh" && block.language != "console")
			continue;
		for (size_t i = 0; i < block.lines.size(); i++) {
			std::string line = block.lines[i];
			if (block.language == "console" && line.compare(0, 2, "$ ") != 0)
				continue;
			line = line.substr(block.language == "console" ? 2 : 0, line.find("  #"));
			size_t both;
			while ((both = line.find(" && ")) != std::string::npos) {
				commands.push_back({line.substr(0, both), ""});
				line = line.substr(both + 4);
			}
			const bool has_output = block.language == "console" && i + 1 < block.lines.size();
			commands.push_back({trimmed(line), has_output ? block.lines[i + 1] : ""});
		}
	}
	for (Command& command : commands)
		if (command.text.compare(0, 5, "sudo ") == 0)
			command.text = command.text.substr(5);
	return commands;
}

// The tool and its arguments, or "" if the command runs none.
std::string tool_command(const std::string& text, const std::vector<std::string>& tools)
{
	for (const char* before : {"./bootstrap run ", "build/corescope ", "corescope ", "build/", ""}) {
		const std::string prefix = before;
		const auto parts =
			words(text.compare(0, prefix.size(), prefix) == 0 ? text.substr(prefix.size()) : "");
		if (!parts.empty() && contains(tools, parts[0]))
			return text.substr(prefix.size());
	}
	return "";
}

struct TempFolder {
	std::string path = (std::filesystem::temp_directory_path() / "corescope-docs-XXXXXX").string();
	TempFolder() { REQUIRE(mkdtemp(path.data())); }
	~TempFolder() { std::filesystem::remove_all(path); }
	TempFolder(const TempFolder&) = delete;
	TempFolder& operator=(const TempFolder&) = delete;
};

// What a command keeps goes into that folder, and not into this host's own history.
std::string redirected(const std::string& command, const std::string& folder)
{
	std::string result;
	bool keeps = false;
	bool name_follows = false;
	for (const std::string& word : words(command)) {
		const bool store = word == "--store" || word.rfind("--store=", 0) == 0;
		keeps = keeps || store || word.rfind("--textfile", 0) == 0;
		if (!store)
			result += (result.empty() ? "" : " ") + (name_follows ? folder + "/docs.prom" : word);
		name_follows = word == "--textfile" || word == ">";
	}
	return keeps ? result + " --store=" + folder + "/history.db" : result;
}

} // namespace

TEST_CASE("docs/tools.md has every option that --help shows, and no other")
{
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	const Lines tools_page = page("docs/tools.md");
	const std::vector<std::string> kinds = {
		"All tools", "Stream tools", "Histogram tools", "Stacks tools", "Table tools"};
	const std::vector<std::string> tools = tool_names();
	std::map<std::string, std::vector<Documented>> common;
	std::map<std::string, std::set<std::string>> seen; // kind: tool and option
	for (const std::string& kind : kinds)
		common[kind] = options_in(section(tools_page, kind));
	for (const std::string& tool : tools) {
		const auto own = options_in(section(tools_page, tool));
		const std::vector<Option> shown = options_in_help(tool);
		for (const Option& option : shown) {
			INFO(tool << " --help shows " << option);
			const auto same = [&](const Documented& d) { return d.option.name == option.name; };
			auto found = std::find_if(own.begin(), own.end(), same);
			if (found != own.end()) {
				CHECK(found->option == option);
				continue;
			}
			bool documented = false, lettered = option.letter.empty();
			for (const std::string& kind : kinds) {
				found = std::find_if(common[kind].begin(), common[kind].end(), same);
				if (found == common[kind].end())
					continue;
				documented = true;
				seen[kind].insert(tool + " " + option.name);
				CHECK(found->option.argument == option.argument);
				lettered = lettered || contains(found->mentioned, "-" + option.letter);
			}
			CHECK(documented);
			CHECK(lettered);
		}
		for (const Documented& one : own) {
			INFO(tool << " has no option " << one.option);
			CHECK(std::find(shown.begin(), shown.end(), one.option) != shown.end());
		}
		for (const Documented& one : common["All tools"]) {
			INFO(tool << " lacks " << one.option);
			CHECK(seen["All tools"].count(tool + " " + one.option.name) == 1);
		}
	}
	for (const std::string& kind : kinds) {
		for (const Documented& one : common[kind]) {
			INFO(kind << ": nobody has " << one.option);
			CHECK(std::any_of(tools.begin(), tools.end(), [&](const std::string& tool) {
				return seen[kind].count(tool + " " + one.option.name) == 1;
			}));
		}
	}
	for (const std::string& heading : headings(tools_page, 2)) {
		INFO("section " << heading);
		CHECK((contains(kinds, heading) || contains(tools, heading)));
	}
}

TEST_CASE("docs/tools.md names every way to hook in that a tool may be given")
{
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	std::string text;
	for (const std::string& line : page("docs/tools.md"))
		text += line + " ";
	const auto documented = code_spans(text);
	size_t seen = 0;
	for (const std::string& tool : tool_names()) {
		const std::string refusal = run_tool(tool + " --hook '?' 2>&1").out;
		const size_t names = refusal.find("is none of ");
		if (names == std::string::npos) // a tool without this option
			continue;
		for (const std::string& name :
			split(refusal.substr(names + 11, refusal.find('\n') - names - 11), ',')) {
			INFO(tool << " --hook " << name);
			CHECK(contains(documented, trimmed(name)));
			seen++;
		}
	}
	CHECK(seen > 3);
}

TEST_CASE("the commands in the pages exist, and headings in samples are those of the tools")
{
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	const std::vector<std::string> tools = tool_names();
	const std::string bootstrap_help = say("cd '" + source_folder() + "' && ./bootstrap help").out;
	std::string targets;
	for (const char* part : {"Makefile", "packaging/install.mk", "tests/suites.mk"})
		for (const std::string& line : page(part))
			targets += line + "\n";
	const bool traces = cannot_trace().empty();
	const TempFolder folder;
	size_t run = 0;
	for (const char* name : {"README.md", "docs/tools.md", "docs/output.md", "docs/testing.md",
			 "docs/design.md", "docs/history.md", "docs/prometheus.md", "docs/doctor.md"}) {
		for (const Command& command : commands_of(page(name))) {
			INFO(name << ": " << command.text);
			const auto parts = words(command.text);
			REQUIRE(!parts.empty());
			if (parts[0] == "./bootstrap") {
				CHECK(bootstrap_help.find("./bootstrap " + parts.at(1)) != std::string::npos);
				run++;
			}
			if (parts[0] == "make") {
				for (size_t i = 1; i < parts.size(); i++)
					CHECK(targets.find("\n" + parts[i] + ":") != std::string::npos);
				run++;
			}
			const std::string tool = tool_command(command.text, tools);
			if (tool.empty()) {
				if (parts[0].find("corescope") == std::string::npos)
					continue;
				// A command, or a tool that there is not.
				const std::string ours = parts.at(1) == "history" ? "history " + parts.at(2) : parts.at(1);
				CHECK(run_tool(ours + " --help").status == 0);
				run++;
				continue;
			}
			run++;
			// What is pinned would outlive this test.
			const std::string line =
				redirected(tool.substr(0, tool.find(" --pin ")) + " --duration 1ms", folder.path);
			const Said said = run_tool(line);
			CHECK(said.status == (traces ? 0 : 77));
			const bool heading = command.next_line.find("PID") != std::string::npos;
			if (traces && heading)
				CHECK(words(split(said.out, '\n').at(0)) == words(command.next_line));
		}
	}
	CHECK(run > 10); // the pages were read
}

TEST_CASE("exit statuses and causes of loss in docs/output.md are those of the source")
{
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	std::set<std::string> in_source, in_page;
	for (const std::string& line : page("src/base/error.h")) {
		const size_t equals = line.find(" = ");
		if (line.compare(0, 2, "\tk") == 0 && equals != std::string::npos)
			in_source.insert(line.substr(equals + 3, line.find(',') - equals - 3));
	}
	for (const std::string& line : section(page("docs/output.md"), "Exit status"))
		if (line.compare(0, 2, "| ") == 0 && isdigit(line[2]))
			in_page.insert(words(line).at(1));
	CHECK(in_source.size() == 8);
	CHECK(in_source == in_page);
	for (const std::string& line : page("README.md"))
		if (line.compare(0, 2, "| ") == 0 && isdigit(line[2]))
			CHECK(in_source.count(words(line).at(1)) == 1);

	// Causes that a kernel half counts, and the words for them.
	const std::string counted =
		say("cd '" + source_folder() + "' && grep -rho 'count_loss(LOSS_[A-Z_]*' bpf | sort -u").out;
	size_t causes = 0;
	for (const std::string& line : page("src/bpf/loss.cpp")) {
		const size_t name = line.find("case LOSS_"), text = line.find("return \"");
		if (line.find("case LOSS_") == std::string::npos || text == std::string::npos ||
			line.find(':') + 2 != text)
			continue;
		const std::string cause = line.substr(name + 5, line.find(':') - name - 5);
		if (counted.find("(" + cause + "\n") == std::string::npos || line.find("helps") != std::string::npos)
			continue;
		causes++;
		const std::string reason = line.substr(text + 8, line.rfind('"') - text - 8);
		INFO(reason);
		bool documented = false;
		for (const auto& row : table_rows(section(page("docs/output.md"), "Loss")))
			documented = documented || code_spans(row[0]).at(0) == reason;
		CHECK(documented);
	}
	CHECK(causes >= 2);
}

TEST_CASE("links in the pages lead somewhere, and the README stays short")
{
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	CHECK(page("README.md").size() < 360);
	size_t links = 0;
	for (const char* name : {"README.md", "docs/tools.md", "docs/output.md", "docs/testing.md",
			 "docs/design.md", "docs/writing-a-tool.md", "docs/prometheus.md"}) {
		const std::string folder = source_folder() + "/" + (name[0] == 'd' ? "docs/" : "");
		for (const std::string& line : page(name)) {
			for (size_t at = 0; (at = line.find("](", at)) != std::string::npos; at += 2) {
				const std::string target = line.substr(at + 2, line.find(')', at) - at - 2);
				if (target.find("://") != std::string::npos || target[0] == '#')
					continue;
				INFO(name << " links to " << target);
				links++;
				CHECK(access((folder + target.substr(0, target.find('#'))).c_str(), R_OK) == 0);
			}
		}
	}
	CHECK(links > 5);
}
