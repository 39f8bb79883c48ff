// SPDX-License-Identifier: BSD-2-Clause
// Completions for three shells. What does not depend on the commands is in packaging/completions/; what commands take
// comes from their declarations and is put where a template says so.
#pragma once

#include "cli/describe.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace corescope::docs {

struct Described {
	const Tool* tool;
	std::vector<CommandDescription> commands; // the tool itself first
};
std::vector<Described> describe_all();

// What stands in place of the template's line "# @data@".
std::string bash_data(const std::vector<Described>& all);
std::string zsh_data(const std::vector<Described>& all);
std::string fish_data(const std::vector<Described>& all);

// The template with it. Throws Error(kDataError) where it has no such line.
std::string filled(const std::string& text, const std::string& data);

// For links that are called like a tool: file names below the folder of the shell, and their contents.
std::map<std::string, std::string> zsh_links(const std::vector<Described>& all);
std::map<std::string, std::string> fish_links(const std::vector<Described>& all);

// 'text' for a POSIX shell.
std::string shell_quoted(std::string_view text);

} // namespace corescope::docs
