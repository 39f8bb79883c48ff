// SPDX-License-Identifier: BSD-2-Clause
// The data of completions, in each shell's own quotes; see completions.h.
#include "docs/lib/completions.h"

#include "base/error.h"

#include <algorithm>

namespace corescope::docs {

namespace {

using Kind = ArgumentShape::Kind;

std::string replaced(std::string_view text, std::string_view characters, std::string_view before)
{
	std::string out;
	for (const char c : text) {
		if (characters.find(c) != std::string_view::npos)
			out += before;
		out += c;
	}
	return out;
}

const char* kind_name(Kind kind)
{
	switch (kind) {
	case Kind::text: return "text";
	case Kind::words: return "words";
	case Kind::list: return "list";
	case Kind::file: return "file";
	case Kind::folder: return "folder";
	case Kind::pid: return "pid";
	case Kind::user: return "user";
	case Kind::cgroup: return "cgroup";
	case Kind::unit: return "unit";
	case Kind::hook: return "hook";
	case Kind::pin: return "pin";
	case Kind::tool: return "tool";
	}
	return "text";
}

std::string joined(const std::vector<std::string>& words, const char* with = " ")
{
	std::string line;
	for (const std::string& word : words)
		line += (line.empty() ? "" : with) + word;
	return line;
}

std::vector<std::string> tracing(const std::vector<Described>& all)
{
	std::vector<std::string> names;
	for (const Described& one : all)
		if (one.tool->traces())
			names.emplace_back(one.tool->name());
	return names;
}

// `case $1 in NAME) … ;; esac`, for whatever the commands have.
template <class Body>
std::string shell_cases(const std::vector<Described>& all, const Body& body)
{
	std::string out = "\tcase $1 in\n";
	for (const Described& one : all)
		for (const CommandDescription& command : one.commands)
			out += "\t" + shell_quoted(command.name) + ")\n" + body(command) + "\t\t;;\n";
	return out + "\tesac\n";
}

std::string runs_tools_test(const std::vector<Described>& all)
{
	std::string names;
	for (const Described& one : all)
		if (one.tool->runs_tools())
			names += (names.empty() ? "" : " | ") + shell_quoted(one.tool->name());
	return "_corescope_runs_tools() {\n\tcase $1 in\n\t" + (names.empty() ? "''" : names) +
		") return 0 ;;\n\tesac\n\treturn 1\n}\n";
}

std::string bash_kind(const OptionDescription& option)
{
	if (option.argument.empty())
		return "-";
	std::string kind = (option.may_be_left_out ? "?" : "") + std::string(kind_name(option.shape.kind));
	return option.shape.words.empty() ? kind : kind + " " + joined(option.shape.words);
}

std::string zsh_action(const ArgumentShape& shape)
{
	switch (shape.kind) {
	case Kind::words:
	case Kind::hook: return "(" + joined(shape.words) + ")";
	case Kind::list: return "_sequence compadd - " + joined(shape.words);
	case Kind::file: return "_files";
	case Kind::folder: return "_files -/";
	case Kind::pid: return "_corescope_pids";
	case Kind::user: return "_users";
	case Kind::cgroup: return "_corescope_cgroups";
	case Kind::unit: return "_corescope_units";
	case Kind::pin: return "_corescope_pins";
	case Kind::tool: return "_corescope_tools";
	case Kind::text: break;
	}
	return " ";
}

std::string zsh_spec(const OptionDescription& option)
{
	const std::string sign = option.argument.empty() ? "" : option.may_be_left_out ? "=-" : "=";
	std::string text = "[" + replaced(option.doc, "[]\\", "\\") + "]";
	if (!option.argument.empty())
		text += (option.may_be_left_out ? "::" : ":") + replaced(option.argument, ":\\", "\\") + ":" +
			zsh_action(option.shape);
	const std::string again = option.shape.again ? "*" : "";
	if (!option.letter)
		return shell_quoted(again + "--" + option.name + sign + text);
	const std::string letter = std::string("-") + option.letter, name = "--" + option.name;
	const std::string others = option.shape.again ? "*" : "(" + letter + " " + name + ")";
	return shell_quoted(others) + "{" + shell_quoted(letter + (option.argument.empty() ? "" : "+")) + "," +
		name + sign + "}" + shell_quoted(text);
}

std::string zsh_described(const std::vector<std::pair<std::string, std::string>>& list)
{
	std::string out;
	for (const auto& [name, summary] : list)
		out += "\t\t" + shell_quoted(replaced(name, ":\\", "\\") + ":" + summary) + "\n";
	return out;
}

std::string fish_quoted(std::string_view text) { return "'" + replaced(text, "'\\", "\\") + "'"; }

// What comes behind -l NAME, or stands for a word without a dash.
std::string fish_values(const ArgumentShape& shape)
{
	switch (shape.kind) {
	case Kind::words:
	case Kind::hook: return " -f -a " + fish_quoted(joined(shape.words));
	case Kind::list: return " -f -a " + fish_quoted("(__corescope_list " + joined(shape.words) + ")");
	case Kind::file: return " -F";
	case Kind::folder: return " -f -a '(__fish_complete_directories (commandline -ct))'";
	case Kind::pid: return " -f -a '(__fish_complete_pids)'";
	case Kind::user: return " -f -a '(__fish_complete_users)'";
	case Kind::cgroup: return " -f -a '(__corescope_cgroups)'";
	case Kind::unit: return " -f -a '(__corescope_units)'";
	case Kind::pin: return " -f -a '(__corescope_pins)'";
	case Kind::tool: return " -f -a '$__corescope_tools'";
	case Kind::text: break;
	}
	return " -f";
}

} // namespace

std::string shell_quoted(std::string_view text)
{
	std::string out = "'";
	for (const char c : text)
		out += c == '\'' ? std::string("'\\''") : std::string(1, c);
	return out + "'";
}

std::vector<Described> describe_all()
{
	std::vector<Described> all;
	for (const Tool* tool : all_tools())
		all.push_back({tool, describe(*tool)});
	return all;
}

std::string filled(const std::string& text, const std::string& data)
{
	const std::string mark = "# @data@\n";
	const size_t at = text.find(mark);
	if (at == std::string::npos)
		throw Error(kDataError, "the template has no line '# @data@'");
	return text.substr(0, at) + data + text.substr(at + mark.size());
}

std::string bash_data(const std::vector<Described>& all)
{
	std::vector<std::string> names;
	names.reserve(all.size());
	for (const Described& one : all)
		names.emplace_back(one.tool->name());
	std::string out =
		"_corescope_tools=(" + joined(tracing(all)) + ")\n_corescope_all=(" + joined(names) + ")\n\n";
	out += runs_tools_test(all);
	out += "\n# Names of the commands that $1 is made of.\n_corescope_commands() {\n\tcase $1 in\n";
	for (const Described& one : all) {
		std::vector<std::string> commands;
		for (const Subcommand& command : one.tool->subcommands())
			commands.emplace_back(command.name);
		if (!commands.empty())
			out += "\t" + shell_quoted(one.tool->name()) + ") echo " + joined(commands) + " ;;\n";
	}
	out += "\tesac\n}\n\n_corescope_takes() {\n";
	out += shell_cases(all, [](const CommandDescription& command) {
		std::string lines;
		for (const OptionGroup& group : command.groups)
			for (const OptionDescription& option : group.options)
				lines += std::string(1, option.letter ? option.letter : '-') + " " + option.name + " " +
					bash_kind(option) + "\n";
		for (size_t i = 0; i < command.positionals.size(); i++) {
			const PositionalDescription& one = command.positionals[i];
			lines += "@ " + (one.repeats ? "*" : std::to_string(i + 1)) + " " + kind_name(one.shape.kind) +
				(one.shape.words.empty() ? "" : " " + joined(one.shape.words)) + "\n";
		}
		return "\t\techo " + shell_quoted(lines) + "\n";
	});
	return out + "}\n";
}

std::string zsh_data(const std::vector<Described>& all)
{
	std::vector<std::pair<std::string, std::string>> list;
	list.reserve(all.size() + 1);
	for (const Described& one : all)
		list.emplace_back(one.tool->name(), one.tool->summary());
	list.emplace_back("help", "the options of a tool");
	std::string out = "typeset -ga _corescope_tool_names _corescope_list\n_corescope_tool_names=(" +
		joined(tracing(all)) + ")\n_corescope_list=(\n" + zsh_described(list) + ")\n\n" +
		runs_tools_test(all);
	out += "\n# Sets commands: those that $1 is made of.\n_corescope_commands() {\n\tcase $1 in\n";
	for (const Described& one : all) {
		list.clear();
		for (const Subcommand& command : one.tool->subcommands())
			list.emplace_back(command.name, command.summary);
		if (!list.empty())
			out += "\t" + shell_quoted(one.tool->name()) + ")\n\t\tcommands=(\n" + zsh_described(list) +
				"\t\t)\n\t\t;;\n";
	}
	out += "\tesac\n}\n\n# Sets specs.\n_corescope_takes() {\n";
	out += shell_cases(all, [](const CommandDescription& command) {
		std::string lines = "\t\tspecs=(\n";
		for (const OptionGroup& group : command.groups)
			for (const OptionDescription& option : group.options)
				lines += "\t\t\t" + zsh_spec(option) + "\n";
		for (size_t i = 0; i < command.positionals.size(); i++) {
			const PositionalDescription& one = command.positionals[i];
			lines += "\t\t\t" +
				shell_quoted((one.repeats ? "*:" : std::to_string(i + 1) + "::") +
					replaced(one.name, ":\\", "\\") + ":" + zsh_action(one.shape)) +
				"\n";
		}
		return lines + "\t\t)\n";
	});
	return out + "}\n";
}

std::string fish_data(const std::vector<Described>& all)
{
	std::vector<std::string> parents, runners;
	for (const Described& one : all) {
		if (!one.tool->subcommands().empty())
			parents.emplace_back(one.tool->name());
		if (one.tool->runs_tools())
			runners.emplace_back(one.tool->name());
	}
	std::string out = "set -g __corescope_tools " + joined(tracing(all)) +
		"\nset -g __corescope_with_commands " + joined(parents) + "\nset -g __corescope_runs_tools " +
		joined(runners) + "\n\ncomplete -c corescope -f\n";
	const auto add = [&](const std::string& command, const std::string& what, const std::string& doc) {
		out += "complete -c corescope -n " + fish_quoted("__corescope_is " + fish_quoted(command)) + what +
			(doc.empty() ? "" : " -d " + fish_quoted(doc)) + "\n";
	};
	for (const char* before : {"", "help"})
		for (const Described& one : all)
			add(before, std::string(" -a ") + one.tool->name(), one.tool->summary());
	add("", " -a help", "the options of a tool");
	add("", " -s '?' -l help", "list the tools");
	add("", " -s V -l version", "print the version");
	for (const Described& one : all) {
		for (const Subcommand& command : one.tool->subcommands())
			add(one.tool->name(), std::string(" -a ") + command.name, command.summary);
		if (one.tool->runs_tools())
			add(one.tool->name(), " -a '$__corescope_tools'", "as it runs");
		for (const CommandDescription& command : one.commands) {
			for (const OptionGroup& group : command.groups)
				for (const OptionDescription& option : group.options)
					add(command.name,
						(option.letter ? " -s " + fish_quoted(std::string(1, option.letter)) : "") + " -l " +
							option.name +
							(option.argument.empty()
									? ""
									: (option.may_be_left_out ? "" : " -r") + fish_values(option.shape)),
						option.doc);
			for (const PositionalDescription& place : command.positionals)
				if (place.shape.kind != Kind::text)
					add(command.name, fish_values(place.shape), "");
		}
	}
	return out;
}

std::map<std::string, std::string> zsh_links(const std::vector<Described>& all)
{
	return {{"_corescope-links",
		"#compdef " + joined(tracing(all)) +
			"\n# SPDX-License-Identifier: BSD-2-Clause\n# Links that are named like corescope's tools.\n_corescope \"$@\"\n"}};
}

std::map<std::string, std::string> fish_links(const std::vector<Described>& all)
{
	std::map<std::string, std::string> files;
	for (const std::string& name : tracing(all))
		files[name + ".fish"] =
			"# SPDX-License-Identifier: BSD-2-Clause\n# A link that is named like corescope's tool.\ncomplete -c " +
			name + " -w " + fish_quoted("corescope " + name) + "\n";
	return files;
}

} // namespace corescope::docs
