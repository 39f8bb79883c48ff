// SPDX-License-Identifier: BSD-2-Clause
// What commands take, as data: made from the declarations by which they parse, so manuals, completions and tests can't
// say anything else than the commands do, and a new tool is told of without doing anything for it.
#pragma once

#include "cli/option.h"
#include "cli/tool.h"

#include <string>
#include <string_view>
#include <vector>

namespace corescope {

struct OptionDescription {
	char letter = 0; // 0: none
	std::string name;
	std::string argument; // "" for none; without the brackets of one that may be left out
	bool may_be_left_out = false;
	std::string doc;
	ArgumentShape shape; // of the argument, where there is one
};

struct OptionGroup {
	std::string heading; // without its colon; "" for none
	std::vector<OptionDescription> options;
};

struct PositionalDescription {
	std::string name;
	bool repeats = false;
	ArgumentShape shape;
};

struct CommandDescription {
	std::string name;                // as it stands behind `corescope`: "execsnoop", "history show"
	std::string summary;             // in lists of commands
	std::string about;               // what --help begins with
	std::string details;             // what it ends with, or ""
	std::vector<OptionGroup> groups; // the last are those that every command has
	std::vector<PositionalDescription> positionals;

	const OptionDescription* option(std::string_view long_name) const; // null if there is none
};

// The tool, and behind it its commands, if it has any. Nothing is run, and nothing asked of the kernel.
std::vector<CommandDescription> describe(const Tool& tool);

// "-p, --pid=PID", "--store[=FILE]": as --help writes it.
std::string option_form(const OptionDescription& option);
// "[INTERVAL [COUNT]]".
std::string positional_form(const CommandDescription& command);

} // namespace corescope
