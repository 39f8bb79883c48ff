// SPDX-License-Identifier: BSD-2-Clause
// `corescope pinned`: histogram tools that were left counting in the kernel (cli/pin.h).
#include "commands/pinned.h"

#include "base/error.h"
#include "bpf/pin.h"
#include "cli/tool.h"
#include "cli/version.h"

#include <cstdio>
#include <string>

namespace corescope {

namespace {

struct Command {
	const char* name;
	const char* summary;
	int (*run)(int argc, char** argv);
};

constexpr Command kCommands[] = {
	{"list", "what is pinned, since when, and whether it can be read", pinned_list},
	{"read", "what a pinned tool has counted, in every format, into a store, for Prometheus", pinned_read},
	{"remove", "ends what is pinned under a name", pinned_remove},
};

struct RemoveOptions {
	PinName name;
};
constexpr PositionalSpec kRemovePositionals[] = {positional<&RemoveOptions::name>("NAME")};

class PinnedTool : public Tool {
public:
	PinnedTool()
		: Tool("pinned", Group::command, "what TOOL --pin NAME has left counting: list, read, remove")
	{}

	int run(int argc, char** argv) const override
	{
		const std::string_view word = argc > 1 ? argv[1] : "--help";
		if (word == "--help" || word == "-?" || word == "-h" || word == "--usage" || word == "help")
			return tell();
		if (word == "--version" || word == "-V") {
			std::printf("%s\n", version_line().c_str());
			return kOk;
		}
		for (const Command& command : kCommands)
			if (word == command.name)
				return command.run(argc - 1, argv + 1);
		throw Error(kUsage, "that is none of list, read, remove; `corescope pinned` alone tells of them");
	}
	std::vector<OptionSpec> options() const override { return {}; }
	std::vector<Field> fields() const override { return {}; }

private:
	static int tell()
	{
		std::printf("pinned: histogram tools that count on without a process\n\n"
					"usage: corescope TOOL --pin NAME [OPTION...]\n"
					"       corescope pinned COMMAND [OPTION...] [NAME]\n"
					"       corescope pinned COMMAND --help\n\nCommands\n");
		for (const Command& command : kCommands)
			std::printf("  %-8s %s\n", command.name, command.summary);
		return kOk;
	}
};

const PinnedTool kPinned;

} // namespace

int pinned_remove(int argc, char** argv)
{
	RemoveOptions options;
	parse_command_line(
		{"pinned remove",
			"end what is pinned under a name: its programs leave the kernel, its counts are lost", nullptr,
			{}, kRemovePositionals, &options},
		argc, argv);
	if (options.name.value.empty())
		throw Error(kUsage, "remove: needs a NAME; `corescope pinned list` tells which there are");
	remove_pin(options.name.value);
	return kOk;
}

} // namespace corescope
