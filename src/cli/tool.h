// SPDX-License-Identifier: BSD-2-Clause
// What the multi-call binary knows of a tool: its name, its place in the list, and how to run it. Tools register
// themselves; nobody lists them.
#pragma once

#include "cli/option.h"
#include "output/field.h"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace corescope {

// command: what traces nothing itself, but works on what tools have left.
enum class Group { process, cpu, memory, block, files, network, system, command };
const char* group_name(Group group);

// A command of a command: `corescope NAME COMMAND …`.
struct Subcommand {
	const char* name;
	const char* summary;
	int (*run)(int argc, char** argv); // argv[0] is its name
};

struct HookChoice;
struct HookSet;
struct HookTrial;

class Tool {
public:
	// Registers it for as long as the process lives: tools are static objects.
	Tool(const char* name, Group group, const char* summary);
	virtual ~Tool() = default;
	Tool(const Tool&) = delete;
	Tool& operator=(const Tool&) = delete;

	const char* name() const { return name_; }
	Group group() const { return group_; }
	const char* summary() const { return summary_; }
	bool traces() const { return group_ != Group::command; }

	// argv[0] is the tool's name. Returns the exit status; throws Error.
	virtual int run(int argc, char** argv) const = 0;
	// What it declares, for whoever documents or checks it.
	virtual std::vector<OptionSpec> options() const = 0;
	virtual std::vector<Field> fields() const = 0;
	// What its records are: by its fields events, or rows of a table; or stacks; histograms, where it declares neither.
	enum class Output { declared, stacks, rows };
	virtual Output output() const { return Output::declared; }
	// See cli/hook_choices.h. Empty for what does not trace.
	virtual std::vector<HookChoice> hook_choices() const;
	virtual std::vector<std::string> hook_places(const HookSet& hooks) const;
	// What comes of it when it hooks in as a run with these words behind its name would, up to the first set that works.
	// Empty for what does not trace. Throws Error as run() does.
	virtual std::vector<HookTrial> try_hooks(const std::vector<std::string>& words) const;
	virtual std::span<const Subcommand> subcommands() const { return {}; }
	// Whether its first word may be a tool that traces, whose words are then the rest.
	virtual bool runs_tools() const { return false; }
	// Its BPF object for kernels that offer no BTF; "" if it has none.
	virtual std::string object_without_btf() const { return ""; }

private:
	const char* name_;
	Group group_;
	const char* summary_;
};

// A command line that was not typed: `name words…`, as run() takes one.
class CommandWords {
public:
	CommandWords(const char* name, const std::vector<std::string>& words);
	int argc() const { return static_cast<int>(argv_.size()) - 1; }
	char** argv() { return argv_.data(); }

private:
	std::vector<std::string> words_;
	std::vector<char*> argv_;
};

// All tools, by group and name.
const std::vector<const Tool*>& all_tools();
const Tool* find_tool(std::string_view name);

// Options that every tool has, all long-only but for -v.
struct CommonOptions {
	OutputFormat output = OutputFormat::table;
	Duration duration;
	Count count;
	bool no_header = false;
	CgroupPath cgroup;
	UnitName unit;
	std::string container;
	std::string btf;
	std::string lock;
	Duration align, jitter, max_runtime;
	bool verbose = false;
};
std::span<const OptionSpec> common_option_specs();

// The cgroup that --cgroup, --unit or --container names; id 0 for none. Throws Error.
struct CgroupFilter {
	uint64_t id = 0;
	unsigned level = 0;
	std::string directory{}, kernel_path{};
	bool for_names = true; // cgroups that are made are also noted for the names of others
};
CgroupFilter cgroup_filter(const CommonOptions& common);

// Nanoseconds of CPU time that this process has used.
uint64_t process_cpu_ns();

// After attaching: gives up privileges and system calls that are no longer needed. also_keep: capabilities, CAP_….
void settle_down(bool needs_cgroup_names, std::initializer_list<int> also_keep = {});

// Writes to standard output until all is written. Throws Error(kIoError) when it cannot be; dies of SIGPIPE by way of
// ReaderGone when nobody reads any more. After a signal to stop, a reader that stalls is waited for a second.
struct ReaderGone {};
class Buffer;
void write_out(Buffer& buffer); // and empties it

} // namespace corescope
