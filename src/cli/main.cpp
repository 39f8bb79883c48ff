// SPDX-License-Identifier: BSD-2-Clause
// The one binary: `corescope TOOL …`, or a link named TOOL. Whatever goes wrong below ends here, as one line on
// standard error and an exit status.
#include "base/error.h"
#include "cli/signals.h"
#include "cli/tool.h"
#include "cli/version.h"

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <unistd.h>

using namespace corescope;

namespace {

int list_tools()
{
	std::printf(
		"%s: tracing tools for Linux\n\nusage: corescope TOOL [OPTION...]\n       corescope help TOOL\n       corescope --version\n",
		version_line().c_str());
	const char* group = nullptr;
	for (const Tool* tool : all_tools()) {
		if (group != group_name(tool->group())) {
			group = group_name(tool->group());
			std::printf("\n%s\n", group);
		}
		std::printf("  %-14s %s\n", tool->name(), tool->summary());
	}
	return kOk;
}

const Tool& tool_named(const char* name)
{
	const Tool* tool = find_tool(name);
	if (!tool)
		throw Error(kUsage, std::string("no tool '") + name + "'; `corescope` alone lists them");
	return *tool;
}

int run_corescope(int argc, char** argv)
{
	if (argc < 2)
		return list_tools();
	const std::string_view word = argv[1];
	if (word == "--version" || word == "-V" || word == "version") {
		std::printf("%s\n", version_line().c_str());
		return kOk;
	}
	if (word == "--help" || word == "-?" || word == "-h" || word == "help") {
		if (argc < 3)
			return list_tools();
		char help[] = "--help";
		char* arguments[] = {argv[2], help, nullptr};
		return tool_named(argv[2]).run(2, arguments);
	}
	if (word.substr(0, 1) == "-")
		throw Error(
			kUsage, "unknown option '" + std::string(word) + "'; `corescope help` tells what there is");
	return tool_named(argv[1]).run(argc - 1, argv + 1);
}

// A link may carry a prefix or suffix: corescope-execsnoop, execsnoop-bpf. Commands have none: their names are common words.
const Tool* tool_of_link(std::string_view program)
{
	if (const Tool* exact = find_tool(program))
		return exact->traces() ? exact : nullptr;
	for (const Tool* tool : all_tools()) {
		const std::string_view name = tool->name();
		if (!tool->traces() || program.size() <= name.size() + 1)
			continue;
		if (program.substr(program.size() - name.size() - 1) == "-" + std::string(name) ||
			program.substr(0, name.size() + 1) == std::string(name) + "-")
			return tool;
	}
	return nullptr;
}

// What is opened first would otherwise take the place of a stream that the caller closed, and be written to.
void fill_closed_streams()
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
			open("/dev/null", O_RDONLY) < 0) // read-only: a write must fail as before
			return;
}

} // namespace

int main(int argc, char** argv)
{
	fill_closed_streams();
	const char* slash = argc > 0 ? std::strrchr(argv[0], '/') : nullptr;
	const char* program = slash ? slash + 1 : argc > 0 ? argv[0] : "corescope";
	const Tool* linked = tool_of_link(program);
	const char* speaker = linked ? linked->name() : argc > 1 && find_tool(argv[1]) ? argv[1] : "corescope";
	try {
		const int status = linked ? linked->run(argc, argv) : run_corescope(argc, argv);
		if (std::fflush(stdout) || std::ferror(stdout)) {
			std::fprintf(stderr, "%s: cannot write to standard output\n", speaker);
			return kIoError;
		}
		return status;
	} catch (const Error& error) {
		std::fprintf(stderr, "%s: %s\n", speaker, error.message.c_str());
		return error.code;
	} catch (const ReaderGone&) {
		die_of_sigpipe();
	} catch (const std::bad_alloc&) {
		std::fprintf(stderr, "%s: out of memory\n", speaker);
		return kFailure;
	}
}
