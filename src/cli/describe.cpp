// SPDX-License-Identifier: BSD-2-Clause
// Each command is run with a reader of declarations in place of the parser; see describe.h.
#include "cli/describe.h"

#include "cli/hook_choices.h"

#include <algorithm>
#include <cctype>
#include <functional>

namespace corescope {

namespace {

bool is_optional(std::string_view argument) { return argument.substr(0, 1) == "["; }

// Plain text may still be a file: the argument's name says it.
ArgumentShape shape_of(ArgumentShape (*declared)(), std::string_view argument)
{
	ArgumentShape shape = declared ? declared() : ArgumentShape{};
	if (shape.kind != ArgumentShape::Kind::text)
		return shape;
	const auto part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
	for (auto from = argument.begin(); from != argument.end();) {
		const auto begin = std::find_if(from, argument.end(), part);
		const auto end = std::find_if_not(begin, argument.end(), part);
		const std::string word(begin, end);
		if (word == "FILE" || word == "PATH" || word == "STORE")
			shape.kind = ArgumentShape::Kind::file;
		else if (word == "DIR")
			shape.kind = ArgumentShape::Kind::folder;
		from = end;
	}
	return shape;
}

OptionDescription description_of(const ResolvedOption& option)
{
	const OptionSpec& spec = *option.spec;
	OptionDescription one;
	one.letter = option.letter;
	one.name = spec.name;
	one.argument = spec.arg;
	one.may_be_left_out = is_optional(spec.arg);
	if (one.may_be_left_out)
		one.argument = one.argument.substr(1, one.argument.size() - 2);
	one.doc = spec.doc;
	if (!one.argument.empty())
		one.shape = shape_of(spec.shape, one.argument);
	if (!option.only.empty())
		one.shape.words.assign(option.only.begin(), option.only.end());
	return one;
}

std::string heading_of(const OptionSet* set)
{
	std::string heading = set && set->heading ? set->heading : "";
	if (!heading.empty() && heading.back() == ':')
		heading.pop_back();
	return heading;
}

CommandDescription description_of(const CommandLine& line)
{
	CommandDescription command;
	command.about = line.summary;
	command.details = line.details ? line.details : "";
	const OptionSet* set = nullptr;
	for (const ResolvedOption& option : resolve_options(line)) {
		if (command.groups.empty() || option.set != set)
			command.groups.push_back({heading_of(option.set), {}});
		set = option.set;
		command.groups.back().options.push_back(description_of(option));
	}
	for (const PositionalSpec& spec : line.positionals)
		command.positionals.push_back({spec.name, spec.repeats, shape_of(spec.shape, spec.name)});
	return command;
}

CommandDescription declared_by(const char* name, const std::function<void(int, char**)>& run)
{
	CommandDescription command;
	const DeclarationReader reader([&](const CommandLine& line) { command = description_of(line); });
	std::string word = name;
	char* words[] = {word.data(), nullptr};
	try {
		run(1, words);
	} catch (const Declared&) {
		// That was what it was run for.
	}
	command.name = name;
	return command;
}

// A command that is made of commands parses nothing itself, but for what all have.
CommandDescription head_of(const Tool& tool)
{
	CommandDescription command =
		description_of(CommandLine{tool.name(), tool.summary(), nullptr, {}, {}, nullptr});
	command.name = tool.name();
	return command;
}

} // namespace

const OptionDescription* CommandDescription::option(std::string_view long_name) const
{
	for (const OptionGroup& group : groups)
		for (const OptionDescription& one : group.options)
			if (one.name == long_name)
				return &one;
	return nullptr;
}

namespace {

// The names that --hook takes, whatever other options are given.
std::vector<std::string> hook_names(const Tool& tool)
{
	std::vector<std::string> names;
	for (const HookChoice& choice : tool.hook_choices())
		for (const HookSet& hooks : choice.hooks)
			if (std::find(names.begin(), names.end(), hooks.name) == names.end())
				names.push_back(hooks.name);
	return names;
}

} // namespace

std::vector<CommandDescription> describe(const Tool& tool)
{
	std::vector<CommandDescription> commands;
	if (tool.subcommands().empty())
		commands.push_back(declared_by(tool.name(), [&](int argc, char** argv) { tool.run(argc, argv); }));
	else
		commands.push_back(head_of(tool));
	commands.back().summary = tool.summary();
	for (OptionGroup& group : commands.back().groups)
		for (OptionDescription& option : group.options)
			if (option.shape.kind == ArgumentShape::Kind::hook)
				option.shape.words = hook_names(tool);
	for (const Subcommand& one : tool.subcommands()) {
		commands.push_back(declared_by(one.name, [&](int argc, char** argv) { one.run(argc, argv); }));
		commands.back().name = std::string(tool.name()) + " " + one.name;
		commands.back().summary = one.summary;
	}
	return commands;
}

std::string option_form(const OptionDescription& option)
{
	std::string form = option.letter ? std::string("-") + option.letter + ", --" : "--";
	form += option.name;
	if (option.may_be_left_out)
		return form + "[=" + option.argument + "]";
	return option.argument.empty() ? form : form + "=" + option.argument;
}

std::string positional_form(const CommandDescription& command)
{
	std::string form;
	for (const PositionalDescription& one : command.positionals)
		form += (form.empty() ? "[" : " [") + one.name + (one.repeats ? "..." : "");
	return form.append(command.positionals.size(), ']');
}

} // namespace corescope
