// SPDX-License-Identifier: BSD-2-Clause
// Places in the kernel: tracepoints from tracefs, everything else from the kernel's types. No index is kept, which could
// be stale: reading all of it takes less time than a person notices.
#include "commands/probes.h"

#include "bpf/kernel_hooks.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string_view>
#include <unistd.h>
#include <unordered_set>

namespace corescope {

namespace {

constexpr std::string_view kSyscallEnter = "syscalls/sys_enter_";
// What the kernel's functions for system calls begin with: newer kernels on the two machines, older ones anywhere.
constexpr std::string_view kSyscallPrefixes[] = {"__x64_sys_", "__arm64_sys_"};

std::string tracefs()
{
	for (const char* place : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"})
		if (access((std::string(place) + "/events").c_str(), F_OK) == 0 || errno == EACCES)
			return place;
	return "";
}

// Lines of a file of tracefs; false if it may not be read.
bool each_line(const std::string& path, const std::function<void(char* line)>& each)
{
	FILE* file = std::fopen(path.c_str(), "re");
	if (!file)
		return false;
	char* line = nullptr;
	size_t room = 0;
	while (getline(&line, &room, file) > 0) {
		line[std::strcspn(line, "\n")] = '\0';
		each(line);
	}
	const bool good = !std::ferror(file);
	std::free(line);
	std::fclose(file);
	return good;
}

// "\tfield:pid_t pid;\toffset:8;…": those that are the event's own.
std::string format_fields(const std::string& root, const std::string& event)
{
	constexpr std::string_view kField = "\tfield:";
	std::string fields;
	each_line(root + "/events/" + event + "/format", [&](char* line) {
		std::string_view text = line;
		if (text.substr(0, kField.size()) != kField)
			return;
		text = text.substr(kField.size(), text.find(';') - kField.size());
		if (text.find(" common_") == std::string_view::npos &&
			text.find(" __syscall_nr") == std::string_view::npos)
			fields.append(text) += '\0';
	});
	return fields;
}

std::string split(const std::string& arguments)
{
	std::string list;
	int depth = 0;
	size_t from = 0;
	for (size_t i = 0; i <= arguments.size(); i++) {
		const char c = i < arguments.size() ? arguments[i] : ',';
		depth += (c == '(') - (c == ')');
		if (c == ',' && depth == 0) {
			if (i > from)
				list.append(arguments, from, i - from) += '\0';
			from = i + 2;
		}
	}
	return list;
}

class KernelProbes {
public:
	KernelProbes(const ProbesOptions& options, const ProbeSink& sink, std::vector<std::string>& unseen)
		: options_(options), glob_(options.glob), sink_(sink), unseen_(unseen), root_(tracefs())
	{}

	void find(const std::vector<ProbeKind*>& kinds)
	{
		const auto has = [&](const char* name) -> const ProbeKind* {
			for (const ProbeKind* kind : kinds)
				if (std::string_view(kind->name) == name)
					return kind;
			return nullptr;
		};
		const ProbeKind *tracepoint = has("tracepoint"), *typed = has("tp_btf"), *syscall = has("syscall"),
						*lsm = has("lsm"), *iterator = has("iter"), *function = has("function");
		if (tracepoint || syscall)
			read_events();
		if (typed || syscall || lsm || iterator || function) {
			if (kernel_types())
				hooks_ = kernel_hooks(function_filter(function, syscall));
			else
				unseen_.push_back(
					"this kernel offers no types (/sys/kernel/btf/vmlinux): only tracefs was read");
		}
		if (tracepoint)
			for (const std::string& event : events_)
				tell_tracepoint(*tracepoint, event);
		if (typed)
			for (const KernelFunction& hook : hooks_.tracepoints)
				tell(*typed, hook, 1);
		if (syscall)
			tell_syscalls(*syscall);
		if (lsm)
			for (const KernelFunction& hook : hooks_.lsm)
				tell(*lsm, hook, 0);
		if (iterator)
			for (const KernelFunction& hook : hooks_.iterators)
				tell(*iterator, hook, 0);
		if (function)
			tell_functions(*function);
	}

private:
	void read_events()
	{
		if (root_.empty()) {
			unseen_.push_back("tracefs is not mounted: tracepoints are not told (mount -t tracefs tracefs "
							  "/sys/kernel/tracing)");
			return;
		}
		const bool read = each_line(root_ + "/available_events", [&](char* line) {
			if (char* colon = std::strchr(line, ':'))
				*colon = '/';
			events_.emplace_back(line);
		});
		if (!read)
			unseen_.push_back(
				"tracefs may not be read: tracepoints are not told; run it as root, or with CAP_DAC_READ_SEARCH");
		std::sort(events_.begin(), events_.end());
	}

	// By its name, or by any section that it could have.
	bool wanted(const ProbeKind& kind, const std::string& name) const
	{
		return glob_.matches(name.c_str()) ||
			(glob_.with_section() && std::any_of(kind.ways.begin(), kind.ways.end(), [&](const Way& way) {
				return glob_.matches(way.section_of(name).c_str());
			}));
	}

	bool has_syscall_events() const
	{
		return std::any_of(events_.begin(), events_.end(), [](const std::string& event) {
			return event.compare(0, kSyscallEnter.size(), kSyscallEnter) == 0;
		});
	}

	// Most of the time would go into functions that nobody asked for.
	std::function<bool(const char*)> function_filter(
		const ProbeKind* function, const ProbeKind* syscall) const
	{
		if ((function && glob_.all()) || (syscall && !has_syscall_events()))
			return nullptr;
		return [this, function](const char* name) { return function && wanted(*function, name); };
	}

	void tell_tracepoint(const ProbeKind& kind, const std::string& event)
	{
		std::string colons = event;
		if (const size_t slash = colons.find('/'); slash != std::string::npos)
			colons[slash] = ':';
		if (!wanted(kind, event) && !glob_.matches(colons.c_str()) &&
			!glob_.matches(event.c_str() + event.find('/') + 1))
			return;
		Probe probe{&kind, event, "", Way::Answer::yes};
		if (options_.verbose)
			probe.arguments = format_fields(root_, event);
		sink_(std::move(probe));
	}

	// skip: the first argument is the machinery's.
	void tell(const ProbeKind& kind, const KernelFunction& hook, unsigned skip,
		Way::Answer attachable = Way::Answer::yes)
	{
		if (!glob_.all() && !wanted(kind, hook.name))
			return;
		Probe probe{&kind, hook.name, "", attachable};
		if (options_.verbose) {
			const std::string arguments = arguments_text(hook.proto, skip);
			if (kind.name == std::string_view("function") || kind.name == std::string_view("lsm"))
				probe.prototype = prototype_text(probe.name, hook.proto, arguments);
			// A table shows them only where there is no prototype.
			if (probe.prototype.empty() || options_.output != OutputFormat::table)
				probe.arguments = split(arguments);
		}
		sink_(std::move(probe));
	}

	void tell_syscalls(const ProbeKind& kind)
	{
		std::set<std::string> names;
		for (const std::string& event : events_)
			if (event.compare(0, kSyscallEnter.size(), kSyscallEnter) == 0)
				names.insert(event.substr(kSyscallEnter.size()));
		// The types also have those that this kernel was built without, whose functions do nothing but refuse.
		const bool sure = !names.empty();
		for (const KernelFunction& function : sure ? std::vector<KernelFunction>() : hooks_.functions)
			for (const std::string_view prefix : kSyscallPrefixes)
				if (std::strncmp(function.name, prefix.data(), prefix.size()) == 0)
					names.insert(function.name + prefix.size());
		for (const std::string& name : names) {
			if (!wanted(kind, name))
				continue;
			Probe probe{&kind, name, "", sure ? Way::Answer::yes : Way::Answer::unknown};
			if (options_.verbose && sure)
				probe.arguments = format_fields(root_, std::string(kSyscallEnter) + name);
			sink_(std::move(probe));
		}
		if (!sure && kind.found)
			unseen_.push_back(
				"system calls are told by the kernel's types alone: some may be such as it was built without");
	}

	void tell_functions(const ProbeKind& kind)
	{
		// What ftrace can patch; without that list every function counts as such.
		std::vector<std::string> lines;
		const bool known = !root_.empty() &&
			each_line(root_ + "/available_filter_functions",
				[&](char* line) {
					line[std::strcspn(line, " \t")] = '\0';
					lines.emplace_back(line);
				}) &&
			!lines.empty();
		const std::unordered_set<std::string_view> traceable(lines.begin(), lines.end());
		std::unordered_set<std::string_view> typed;
		for (const KernelFunction& function : hooks_.functions) {
			if (known)
				typed.insert(function.name);
			tell(kind, function, 0,
				!known                               ? Way::Answer::unknown
					: traceable.count(function.name) ? Way::Answer::yes
													 : Way::Answer::no);
		}
		std::sort(lines.begin(), lines.end());
		lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
		if (!known && kind.found)
			unseen_.push_back(
				"available_filter_functions cannot be read: which functions may be attached to is not known");
		for (const std::string& line : lines) // without types: a kprobe is all there is
			if (!typed.count(line) && wanted(kind, line))
				sink_({&kind, line, "kprobe/" + line, Way::Answer::yes});
	}

	const ProbesOptions& options_;
	const ProbeGlob glob_;
	const ProbeSink& sink_;
	std::vector<std::string>& unseen_;
	const std::string root_;
	std::vector<std::string> events_; // "sched/sched_switch"
	KernelHooks hooks_;
};

} // namespace

void kernel_probes(const ProbesOptions& options, const std::vector<ProbeKind*>& kinds, const ProbeSink& sink,
	std::vector<std::string>& unseen)
{
	KernelProbes(options, sink, unseen).find(kinds);
}

} // namespace corescope
