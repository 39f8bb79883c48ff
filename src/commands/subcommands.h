// SPDX-License-Identifier: BSD-2-Clause
// A command that is made of commands: `corescope NAME COMMAND …`. Alone, or with --help, it lists them.
#pragma once

#include "base/error.h"
#include "cli/tool.h"
#include "cli/version.h"

#include <cstdio>
#include <span>
#include <string>
#include <string_view>

namespace corescope {

class SubcommandTool : public Tool {
public:
	// usage: what stands above the list.
	SubcommandTool(
		const char* name, const char* summary, const char* usage, std::span<const Subcommand> commands)
		: Tool(name, Group::command, summary), usage_(usage), commands_(commands)
	{}

	int run(int argc, char** argv) const override
	{
		const std::string_view word = argc > 1 ? argv[1] : "--help";
		if (word == "--help" || word == "-?" || word == "-h" || word == "--usage" || word == "help") {
			std::fputs(usage_, stdout);
			for (const Subcommand& command : commands_)
				std::printf("  %-8s %s\n", command.name, command.summary);
			return kOk;
		}
		if (word == "--version" || word == "-V") {
			std::printf("%s\n", version_line().c_str());
			return kOk;
		}
		for (const Subcommand& command : commands_)
			if (word == command.name)
				return command.run(argc - 1, argv + 1);
		throw unknown(word);
	}
	std::vector<OptionSpec> options() const override { return {}; }
	std::vector<Field> fields() const override { return {}; }
	std::span<const Subcommand> subcommands() const override { return commands_; }

protected:
	virtual Error unknown(std::string_view word) const = 0;

private:
	const char* usage_;
	std::span<const Subcommand> commands_;
};

} // namespace corescope
