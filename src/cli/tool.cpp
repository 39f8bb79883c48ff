// SPDX-License-Identifier: BSD-2-Clause
// The registry, what all tools have in common on the command line, and the way to standard output.
#include "cli/tool.h"

#include "base/error.h"
#include "bpf/object.h"
#include "cli/hook_choices.h"
#include "cli/signals.h"
#include "output/buffer.h"
#include "system/cgroup.h"
#include "system/clock.h"
#include "system/privileges.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <time.h>
#include <unistd.h>

namespace corescope {

namespace {

std::vector<const Tool*>& registry()
{
	static std::vector<const Tool*> tools; // made on first use: tools are static objects themselves
	return tools;
}

constexpr OptionSpec kCommonOptions[] = {
	option<&CommonOptions::output>(0, "output", "FORMAT",
		"table (default), json (one object a line) or csv; histograms also heatmap, prom, openmetrics, otlp; "
		"stacks also folded, speedscope"),
	option<&CommonOptions::duration>(
		0, "duration", "TIME", "end after this time: 10, 0.5, 100ms, 30s, 5m, 2h"),
	option<&CommonOptions::count>(0, "count", "N", "end after N records"),
	option<&CommonOptions::no_header>(0, "no-header", "", "leave out the heading"),
	option<&CommonOptions::cgroup>(0, "cgroup", "PATH",
		"only tasks in this cgroup (v2) or below it; a path in the file system, or below its mount"),
	option<&CommonOptions::unit>(0, "unit", "NAME", "only tasks of this systemd unit"),
	option<&CommonOptions::container>(0, "container", "ID",
		"only tasks of this container: its id, the beginning of it, or a name that its cgroup has"),
	option<&CommonOptions::btf>(0, "btf", "FILE",
		"the kernel's types, where it offers none: BTF, a vmlinux, or a bundle (see corescope btf)"),
	option<&CommonOptions::lock>(
		0, "lock", "NAME", "one run of this name at a time: where another has it, end at once with 75"),
	option<&CommonOptions::align>(
		0, "align", "TIME", "begin when the clock (UTC) is a multiple of this, as 5m, on all hosts at once"),
	option<&CommonOptions::jitter>(0, "jitter", "TIME",
		"begin up to so much later; how much is always the same for one host and --lock"),
	option<&CommonOptions::max_runtime>(0, "max-runtime", "TIME",
		"end in order so long after the start, waiting included; 5 s later by SIGALRM"),
	option<&CommonOptions::verbose>('v', "verbose", "", "libbpf's own log, to standard error"),
};

constexpr int kStallPatienceMs = 1000;

} // namespace

const char* group_name(Group group)
{
	switch (group) {
	case Group::process: return "Processes";
	case Group::cpu: return "CPU and scheduler";
	case Group::memory: return "Memory";
	case Group::block: return "Block devices";
	case Group::files: return "Files";
	case Group::network: return "Network";
	case Group::system: return "System";
	case Group::command: return "Commands";
	}
	return "";
}

Tool::Tool(const char* name, Group group, const char* summary) : name_(name), group_(group), summary_(summary)
{
	registry().push_back(this);
}

std::vector<HookChoice> Tool::hook_choices() const { return {}; }
std::vector<std::string> Tool::hook_places(const HookSet&) const { return {}; }
std::vector<HookTrial> Tool::try_hooks(const std::vector<std::string>&) const { return {}; }

CommandWords::CommandWords(const char* name, const std::vector<std::string>& words) : words_(words)
{
	words_.insert(words_.begin(), name);
	for (std::string& word : words_)
		argv_.push_back(word.data());
	argv_.push_back(nullptr);
}

const std::vector<const Tool*>& all_tools()
{
	std::vector<const Tool*>& tools = registry();
	std::sort(tools.begin(), tools.end(), [](const Tool* a, const Tool* b) {
		if (a->group() != b->group())
			return a->group() < b->group();
		return std::strcmp(a->name(), b->name()) < 0;
	});
	return tools;
}

const Tool* find_tool(std::string_view name)
{
	for (const Tool* tool : registry())
		if (name == tool->name())
			return tool;
	return nullptr;
}

std::span<const OptionSpec> common_option_specs() { return kCommonOptions; }

CgroupFilter cgroup_filter(const CommonOptions& common)
{
	const bool unit = !common.unit.empty(), container = !common.container.empty();
	const std::string option = container ? "--container" : unit ? "--unit" : "--cgroup";
	if (!common.cgroup.empty() + unit + container > 1)
		throw Error(
			kUsage, option + ": cannot be combined with " + (container && unit ? "--unit" : "--cgroup"));
	try {
		const std::string path = container ? find_container(common.container)
			: unit                         ? find_unit(common.unit)
										   : std::string(common.cgroup);
		if (path.empty())
			return {};
		return {cgroup_id(path), cgroup_level(path), cgroup_directory(path), cgroup_kernel_path(path), true};
	} catch (const Error& error) {
		throw Error(error.code, option + ": " + error.message);
	}
}

uint64_t process_cpu_ns()
{
	timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return static_cast<uint64_t>(used.tv_sec) * 1000000000 + static_cast<uint64_t>(used.tv_nsec);
}

void settle_down(bool, std::initializer_list<int> also_keep)
{
	// Neither is needed for the results; a host that cannot do it is no reason to refuse them.
	drop_privileges(also_keep);
	restrict_syscalls();
}

void write_out(Buffer& buffer)
{
	size_t done = 0;
	uint64_t give_up_ns = 0;
	while (done < buffer.size()) {
		size_t chunk = buffer.size() - done;
		if (stop_signal()) {
			// A blocking write to a pipe that nobody empties would never end. What poll() calls writable has room
			// for PIPE_BUF bytes.
			if (!give_up_ns)
				give_up_ns = monotonic_ns() + uint64_t{kStallPatienceMs} * 1000000;
			pollfd out = {STDOUT_FILENO, POLLOUT, 0};
			if (poll(&out, 1, 20) == 0) {
				if (monotonic_ns() > give_up_ns) {
					const size_t left = buffer.size() - done;
					buffer.clear();
					throw Error(kIoError,
						"standard output: its reader stalls; " + std::to_string(left) +
							" bytes were not written");
				}
				continue;
			}
			chunk = std::min<size_t>(chunk, 4096);
		}
		const ssize_t n = write(STDOUT_FILENO, buffer.data() + done, chunk);
		if (n >= 0) {
			done += static_cast<size_t>(n);
			give_up_ns = 0;
		} else if (errno == EAGAIN) {
			pollfd out = {STDOUT_FILENO, POLLOUT, 0};
			poll(&out, 1, 100);
		} else if (errno != EINTR) {
			const int error = errno;
			buffer.clear();
			if (error == EPIPE)
				throw ReaderGone{};
			throw Error(kIoError, std::string("cannot write to standard output: ") + std::strerror(error));
		}
	}
	buffer.clear();
}

} // namespace corescope
