// SPDX-License-Identifier: BSD-2-Clause
// The command line of every tool: help that tells of every option, and one line for whatever makes no sense.
#include "behaviour.h"

#include "cli/tool.h"

#include <algorithm>
#include <map>
#include <set>
#include <unistd.h>

namespace corescope::test {

namespace {

// All options that a tool declares, with those that all tools have.
std::vector<OptionSpec> declared(const corescope::Tool& tool)
{
	std::vector<OptionSpec> all = tool.options();
	for (const OptionSpec& common : common_option_specs())
		all.push_back(common);
	return all;
}

std::string without_space(const std::string& text)
{
	std::string result;
	for (const char c : text)
		if (!isspace(static_cast<unsigned char>(c)))
			result += c;
	return result;
}

std::vector<const corescope::Tool*> tracing_tools()
{
	std::vector<const corescope::Tool*> tools;
	for (const corescope::Tool* tool : all_tools())
		if (tool->traces())
			tools.push_back(tool);
	return tools;
}

} // namespace

TEST_CASE("corescope alone lists every tool that is linked in, by group, with its summary")
{
	const Ran ran = run({corescope_path()});
	CHECK(ran.status == 0);
	CHECK(ran.err.empty());
	const auto& listed = listed_tools();
	const auto tools = tracing_tools();
	REQUIRE(listed.size() == tools.size());
	REQUIRE(listed.size() >= 4);
	for (size_t i = 0; i < listed.size(); i++) {
		CHECK(listed[i].name == tools[i]->name());
		CHECK(listed[i].summary == tools[i]->summary());
		CHECK(listed[i].group == group_name(tools[i]->group()));
	}
	for (const corescope::Tool* tool : all_tools()) // and every command, which traces nothing
		CHECK(ran.out.find(std::string("\n  ") + tool->name() + " ") != std::string::npos);
	for (const Words& same : {Words{"help"}, Words{"--help"}, Words{"-h"}})
		CHECK(run(with({corescope_path()}, same)).out == ran.out);
}

TEST_CASE("every tool: --help tells of every option that is declared, with its letter, argument and words")
{
	for (const corescope::Tool* tool : tracing_tools()) {
		CAPTURE(tool->name());
		const Ran ran = run(command(tool->name(), {"--help"}));
		CHECK(ran.status == 0);
		CHECK(ran.err.empty());
		const std::string all = without_space(ran.out);
		CHECK(all.find(without_space(tool->summary())) != std::string::npos);
		for (const OptionSpec& option : declared(*tool)) {
			CAPTURE(option.name);
			CHECK(has_option(tool->name(), option.name));
			if (*option.doc)
				CHECK(all.find(without_space(option.doc)) != std::string::npos);
			if (option.letter)
				CHECK(ran.out.find(std::string("-") + option.letter + ", --" + option.name) !=
					std::string::npos);
			const std::string word = std::string("--") + option.name;
			if (*option.arg == '[') // it may be left out, and the equals sign with it
				CHECK(ran.out.find(word + "[=" + std::string(option.arg).substr(1)) != std::string::npos);
			else if (*option.arg)
				CHECK(ran.out.find(word + "=" + option.arg) != std::string::npos);
			CHECK((!option.set || *option.doc)); // no option without words
		}
		for (const char* standard : {"help", "usage", "version"})
			CHECK(has_option(tool->name(), standard));
		CHECK(ran.out.find("Examples:") != std::string::npos);
		for (const std::string& line : lines_of(ran.out))
			CHECK(line.size() <= 80);
	}
}

TEST_CASE("every tool: --usage names every option, --version and help TOOL work")
{
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const Ran usage = run(command(tool, {"--usage"}));
	CHECK(usage.status == 0);
	CHECK(usage.err.empty());
	for (const OptionSpec& option : declared(*find_tool(tool)))
		CHECK(usage.out.find(std::string("--") + option.name) != std::string::npos);
	const Ran version = run(command(tool, {"--version"}));
	CHECK(version.status == 0);
	CHECK(version.out == run({corescope_path(), "--version"}).out);
	CHECK(version.out.rfind("corescope ", 0) == 0);
	CHECK(version.out.find("libbpf ") != std::string::npos);
	CHECK(lines_of(version.out).size() == 1);
	CHECK(run({corescope_path(), "help", tool}).out == run(command(tool, {"--help"})).out);
	CHECK(run(command(tool, {"-?"})).out == run(command(tool, {"--help"})).out);
}

TEST_CASE("every command: --help is there, and nonsense is one line and 64")
{
	size_t seen = 0;
	for (const corescope::Tool* tool : all_tools()) {
		if (tool->traces())
			continue;
		seen++;
		CAPTURE(tool->name());
		const Ran help = run(command(tool->name(), {"--help"}));
		CHECK(help.status == 0);
		CHECK(help.err.empty());
		CHECK(help.out.find(tool->name()) != std::string::npos);
		const Ran wrong = run(command(tool->name(), {"--no-such-option"}));
		CHECK(wrong.status == 64);
		CHECK(wrong.out.empty());
		CHECK(is_one_line(wrong.err));
		CHECK(run({corescope_path(), "help", tool->name()}).out == help.out);
	}
	CHECK(seen >= 3);
}

TEST_CASE("every tool: a link by its name, also with a prefix or a suffix, is the tool")
{
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	char folder[] = "/tmp/corescope-links-XXXXXX";
	REQUIRE(mkdtemp(folder));
	const std::string binary = corescope_path();
	for (const std::string& name : {tool, "corescope-" + tool, tool + "-corescope"}) {
		const std::string link = std::string(folder) + "/" + name;
		REQUIRE(symlink(binary.c_str(), link.c_str()) == 0);
		CHECK(run({link, "--help"}).out == run(command(tool, {"--help"})).out);
		const Ran wrong = run({link, "--no-such-option"});
		CHECK(wrong.status == 64);
		CHECK(wrong.err.rfind(tool + ": ", 0) == 0);
		unlink(link.c_str());
	}
	rmdir(folder);
}

TEST_CASE("corescope: a tool or an option that there is not is one line and 64")
{
	const Words arguments =
		GENERATE(Words{"nonsense"}, Words{"--nonsense"}, Words{"-x"}, Words{"help", "nonsense"}, Words{""});
	CAPTURE(arguments);
	const Ran ran = run(with({corescope_path()}, arguments));
	CHECK(ran.status == 64);
	CHECK(ran.out.empty());
	CHECK(is_one_line(ran.err));
	CHECK(ran.err.find("'" + arguments.back() + "'") != std::string::npos);
}

TEST_CASE("every tool: an unknown option or a word too many is one line that names it, and 64")
{
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	// Each with what its line must name.
	const std::vector<std::pair<Words, std::string>> cases = {
		{{"--nonsense"}, "--nonsense"},
		{{"--nonsense=1"}, "--nonsense"},
		{{"-9"}, "-9"},
		{with(has_option(tool, "interval") ? Words{"1"}
				 : has_intervals(tool)     ? Words{"1", "1"}
										   : Words{},
			 {"superfluous"}),
			"superfluous"},
		{{"--no-header=yes"}, "--no-header"},
		{{"--duration"}, "--duration"},
		{{"--cgroup", "/", "--unit", "x"}, "--unit"},
	};
	for (const auto& [arguments, named] : cases) {
		CAPTURE(arguments);
		const Ran ran = run(command(tool, arguments));
		CHECK(ran.status == 64);
		CHECK(ran.out.empty());
		CAPTURE(ran.err);
		CHECK(is_one_line(ran.err));
		CHECK(ran.err.rfind(tool + ": ", 0) == 0);
		CHECK(ran.err.find(named) != std::string::npos);
	}
}

TEST_CASE("every tool: nonsense as an option's argument is one line that names the option, and 64 (X8)")
{
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	// By what --help calls the argument; whatever it is called, an empty one makes no sense.
	const std::map<std::string, Words> nonsense = {
		{"N", {"", "0x10", "abc", "12x", "-1", " 1", "1 ", "1.5", "99999999999999999999", "+1"}},
		{"PID", {"", "0", "abc", "12x", "-1", "99999999", "4294967297"}},
		{"TIME", {"", "0", "abc", "1y", "-1", "1..5", ".", "1e3", "0.0001", "99999999999999999999"}},
		{"BYTES", {"", "abc", "12x", "-1", "K", "99999999999999999999"}},
		{"FORMAT", {"", "xml", "JSON", "json,csv"}},
		{"USER", {"", "no-such-user", "-1", "12x"}},
		{"REGEX", {"", "(", "[a", "*"}},
		{"LIST", {"", "NOSUCHSIGNAL", "65", "9,,10", "-1"}},
		{"WHAT", {"", "nonsense"}},
		{"PATH", {"", "/no/such/cgroup", "no-such-cgroup"}},
	};
	const bool traces = cannot_trace().empty();
	for (const OptionSpec& option : declared(*find_tool(tool))) {
		if (!*option.arg)
			continue;
		const auto found = nonsense.find(option.arg);
		for (const std::string& value : found != nonsense.end() ? found->second : Words{""}) {
			if (value == "(" && std::string(option.arg) != "REGEX")
				continue;
			const Ran ran = run(command(tool, {std::string("--") + option.name + "=" + value}));
			CAPTURE(option.name, value, ran.err, traces);
			CHECK(ran.status == 64);
			CHECK(ran.out.empty());
			CHECK(is_one_line(ran.err));
			CHECK(ran.err.find(std::string("--") + option.name + ":") != std::string::npos);
		}
	}
}

TEST_CASE("every tool: letters are what they are called, and no two options share one")
{
	for (const corescope::Tool* tool : tracing_tools()) {
		std::set<char> letters;
		std::set<std::string> names;
		for (const OptionSpec& option : declared(*tool)) {
			CAPTURE(tool->name(), option.name);
			if (option.letter)
				CHECK(letters.insert(option.letter).second);
			if (option.set)
				CHECK(names.insert(option.name).second);
			// An option with an argument, given without one, is named by its long name whichever way it was given.
			if (option.letter && *option.arg) {
				const Ran ran = run(command(tool->name(), {std::string("-") + option.letter}));
				CHECK(ran.status == 64);
				CHECK(ran.err.find(std::string("--") + option.name) != std::string::npos);
			}
		}
	}
}

} // namespace corescope::test
