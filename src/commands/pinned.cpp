// SPDX-License-Identifier: BSD-2-Clause
// `corescope pinned`: histogram tools that were left counting in the kernel (cli/pin.h).
#include "commands/pinned.h"
#include "commands/subcommands.h"

#include "base/error.h"
#include "bpf/pin.h"
#include "cli/tool.h"
#include "cli/version.h"

#include <cstdio>
#include <string>

namespace corescope {

namespace {

constexpr Subcommand kCommands[] = {
	{"list", "what is pinned, since when, and whether it can be read", pinned_list},
	{"read", "what a pinned tool has counted, in every format, into a store, for Prometheus", pinned_read},
	{"remove", "ends what is pinned under a name", pinned_remove},
};

struct RemoveOptions {
	PinName name;
};
constexpr PositionalSpec kRemovePositionals[] = {positional<&RemoveOptions::name>("NAME")};

class PinnedTool : public SubcommandTool {
public:
	PinnedTool()
		: SubcommandTool("pinned", "what TOOL --pin NAME has left counting: list, read, remove",
			  "pinned: histogram tools that count on without a process\n\n"
			  "usage: corescope TOOL --pin NAME [OPTION...]\n"
			  "       corescope pinned COMMAND [OPTION...] [NAME]\n"
			  "       corescope pinned COMMAND --help\n\nCommands\n",
			  kCommands)
	{}

private:
	Error unknown(std::string_view) const override
	{
		return {kUsage, "that is none of list, read, remove; `corescope pinned` alone tells of them"};
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
