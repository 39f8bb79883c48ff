// SPDX-License-Identifier: BSD-2-Clause
// Open, choose programs, set variables and sizes, load; and what a refusal means. See load.h.
#include "base/error.h"
#include "base/files.h"
#include "base/parse.h"
#include "bpf/explain.h"
#include "bpf/object.h"
#include "bpf/refusal.h"
#include "btf/type.h"
#include "btf/variables.h"
#include "commands/load.h"
#include "system/host.h"
#include "system/privileges.h"

#include <bpf/btf.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <linux/perf_event.h>

namespace corescope {

namespace {

constexpr size_t kLogBytes = 4 << 20; // touched only as far as the verifier writes
constexpr unsigned kWordsAndCost = 5; // BPF_LOG_LEVEL1 | BPF_LOG_STATS

bool by_trampoline(const bpf_program* program)
{
	const bpf_attach_type attach = bpf_program__expected_attach_type(program);
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_EXT: return true;
	case BPF_PROG_TYPE_TRACING:
		return attach == BPF_TRACE_FENTRY || attach == BPF_TRACE_FEXIT || attach == BPF_MODIFY_RETURN;
	default: return false;
	}
}

} // namespace

void CloseBtf::operator()(struct btf* btf) const { btf__free(btf); }

std::pair<std::string, std::string> split_pair(const char* option, const std::string& text)
{
	const size_t equals = text.find('=');
	if (equals == 0 || equals == text.npos || equals + 1 == text.size())
		throw Error(kUsage, std::string(option) + ": '" + text + "' must be of the form NAME=VALUE");
	return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string there_are(const std::vector<std::string>& names)
{
	std::string text;
	for (size_t i = 0; i < names.size(); i++)
		text += (i == 0                         ? names.size() == 1 ? "; there is " : "; there are "
						: i + 1 == names.size() ? " and "
												: ", ") +
			names[i];
	return text;
}

LoadedObject::LoadedObject(const LoadOptions& options)
	: options_(options), file_(read_object_file(options.file)), log_(options.verbose)
{
	const CrashGuard guard(options.file);
	const std::string name = file_.name();
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name.c_str());
	// An object that asks nothing of the kernel's types can do without.
	if (!options.btf.empty() || !kernel_has_btf()) {
		try {
			types_ = std::make_unique<KernelTypes>(options.btf);
			types_->require({file_.bytes.data(), file_.bytes.size()});
			opts.btf_custom_path = types_->path();
		} catch (const Error&) {
			if (!options.btf.empty())
				throw;
			types_.reset();
		}
	}
	if (!options.pin_root.empty())
		opts.pin_root_path = options.pin_root.c_str();
	object_.reset(bpf_object__open_mem(file_.bytes.data(), file_.bytes.size(), &opts));
	if (!object_)
		explain_open(errno);
	select();
	for (const std::string& text : options.attach) {
		const auto [program_name, target] = split_pair("--attach", text);
		const bpf_program* named = program("--attach", program_name);
		if (!bpf_program__autoload(named))
			throw Error(kUsage, "--attach: program '" + program_name + "' is left out by --only or --skip");
		targets_.emplace_back(program_name, target);
	}
	check_targets();
	if (!options.set.empty()) {
		if (!bpf_object__btf(object_.get()))
			throw Error(kDataError,
				options.file +
					": --set needs type information, which the object has not; compile it with -g");
		BtfTypes types(bpf_object__btf(object_.get()));
		BtfVariables variables(object_.get(), types);
		for (const std::string& assignment : options.set)
			variables.set(assignment);
	}
	set_entries();
	prepare_rings();
	if (options.verbose)
		tell_opened(*this);
}

LoadedObject::~LoadedObject() { detach(); }

bpf_program* LoadedObject::program(const std::string& option, const std::string& name) const
{
	bpf_program* found = bpf_object__find_program_by_name(object_.get(), name.c_str());
	if (found)
		return found;
	std::vector<std::string> names;
	bpf_program* one;
	bpf_object__for_each_program(one, object_.get()) names.emplace_back(bpf_program__name(one));
	throw Error(kUsage, option + ": no program '" + name + "'" + there_are(names));
}

void LoadedObject::select()
{
	std::set<const bpf_program*> only, skip;
	for (const std::string& name : options_.only)
		only.insert(program("--only", name));
	for (const std::string& name : options_.skip)
		skip.insert(program("--skip", name));
	bpf_program* one;
	bpf_object__for_each_program(one, object_.get())
	{
		// What an array of programs is filled with must be there, whoever was named.
		const bool called = file_.tail_calls.count(bpf_program__name(one)) > 0;
		const bool wanted = (only.empty() || only.count(one) || called) && !skip.count(one);
		// SEC("?…"): the object itself leaves it out, unless it is asked for.
		bpf_program__set_autoload(one, wanted && (bpf_program__autoload(one) || only.count(one)));
		if (!bpf_program__autoload(one))
			continue;
		if (bpf_program__type(one) == BPF_PROG_TYPE_UNSPEC)
			throw Error(kUnavailable,
				options_.file + ": program '" + bpf_program__name(one) + "' is in section \"" +
					bpf_program__section_name(one) + "\", which libbpf " + libbpf_version_string() +
					" does not know; leave it out by --skip " + bpf_program__name(one));
		programs_.push_back(one);
	}
	if (programs_.empty())
		throw Error(kUsage, "no program is left to load; see --only and --skip");
}

void LoadedObject::set_entries()
{
	for (const std::string& text : options_.entries) {
		const auto [name, value] = split_pair("--entries", text);
		bpf_map* map = bpf_object__find_map_by_name(object_.get(), name.c_str());
		if (!map) {
			std::vector<std::string> names;
			bpf_object__for_each_map(map, object_.get()) if (!bpf_map__is_internal(map))
				names.emplace_back(bpf_map__name(map));
			throw Error(kUsage, "--entries: no map '" + name + "'" + there_are(names));
		}
		uint64_t entries = 0;
		try {
			entries = parse_number(value, 1, UINT32_MAX);
		} catch (const BadValue& bad) {
			throw Error(kUsage, "--entries: '" + value + "' " + bad.why);
		}
		// libbpf rounds a ring up to whole pages, and the kernel wants a power of two.
		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			entries = std::max<uint64_t>(std::bit_ceil(entries), page_size());
		const int error = bpf_map__set_max_entries(map, static_cast<uint32_t>(entries));
		if (error)
			throw Error(kUsage, "--entries: " + name + ": " + std::strerror(-error));
	}
}

static uint32_t most_frames()
{
	try {
		return static_cast<uint32_t>(
			parse_number(first_line("/proc/sys/kernel/perf_event_max_stack"), 1, 1 << 16));
	} catch (const BadValue&) {
		return PERF_MAX_STACK_DEPTH;
	}
}

// A ring has no values for the kernel; that of its declaration only tells us what its records are.
void LoadedObject::prepare_rings()
{
	bpf_map* map;
	bpf_object__for_each_map(map, object_.get())
	{
		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF) {
			bpf_map__set_key_size(map, 0);
			bpf_map__set_value_size(map, 0);
		}
		// How deep stacks go is left to the loader by nearly all who have such a map.
		if (bpf_map__type(map) == BPF_MAP_TYPE_STACK_TRACE && bpf_map__value_size(map) == 0)
			bpf_map__set_value_size(map, most_frames() * static_cast<uint32_t>(sizeof(uint64_t)));
		// Each CPU's buffer needs its place, whatever the declaration says.
		if (bpf_map__type(map) == BPF_MAP_TYPE_PERF_EVENT_ARRAY && bpf_map__max_entries(map) == 0)
			bpf_map__set_max_entries(map, possible_cpus());
	}
}

void LoadedObject::explain_open(int error) const
{
	const std::string said = log_.warnings().empty() ? std::strerror(error) : log_.warnings().back();
	if (!file_.has_btf && (error == ENOENT || error == EINVAL))
		throw Error(
			kDataError, options_.file + ": has no type information (.BTF); compile it with -g: " + said);
	throw Error(error == EOPNOTSUPP || error == ENOTSUP ? kUnavailable : kDataError,
		options_.file + ": libbpf " + libbpf_version_string() + " cannot read it: " + said);
}

void LoadedObject::request_logs()
{
	for (bpf_program* one : programs_) {
		VerifierLog log(static_cast<char*>(std::malloc(kLogBytes)));
		if (!log)
			throw std::bad_alloc();
		log.get()[0] = 0;
		bpf_program__set_log_buf(one, log.get(), kLogBytes);
		if (options_.verbose)
			bpf_program__set_log_level(one, kWordsAndCost);
		logs_.push_back(std::move(log));
	}
}

void LoadedObject::load()
{
	request_logs();
	int error;
	{
		const CrashGuard guard(options_.file);
		error = bpf_object__load(object_.get());
	}
	if (options_.verbose)
		tell_relocations();
	if (error)
		explain_refusal(error);
	if (options_.verbose)
		tell_programs();
	logs_.clear();
	for (bpf_program* one : programs_)
		bpf_program__set_log_buf(one, nullptr, 0);
}

[[noreturn]] static void refuse_trampoline(const std::string& program)
{
	throw Error(kUnavailable,
		"program '" + program +
			"': this kernel refuses every fentry, fexit and LSM program (a policy of whoever built or runs it); "
			"a tracepoint (tp_btf) is another way, or --skip " +
			program);
}

// What stands between the first two apostrophes; "" if there are none.
static std::string quoted(const std::string& line)
{
	const size_t from = line.find('\''), to = from == line.npos ? from : line.find('\'', from + 1);
	return to == line.npos ? "" : line.substr(from + 1, to - from - 1);
}

void LoadedObject::explain_map() const
{
	std::string line = log_.find("failed to create");
	if (line.empty())
		line = log_.find("failed to reuse");
	if (line.empty())
		return;
	const std::string name = quoted(line);
	const bpf_map* map = bpf_object__find_map_by_name(object_.get(), name.c_str());
	if (map && bpf_map__max_entries(map) == 0 && line.find("Invalid argument") != line.npos)
		throw Error(kUnavailable,
			"map '" + name +
				"' has no max_entries, which its author's loader would set; give it by --entries " + name +
				"=N");
	throw Error(kUnavailable,
		line + "; is its kind of map, its size or the memory for it more than this kernel gives?");
}

void LoadedObject::explain_refusal(int error) const
{
	const std::string failed = program_in(log_.find("BPF program load failed"));
	const std::string prefix = failed.empty() ? "" : "program '" + failed + "': ";
	for (size_t i = 0; i < programs_.size(); i++) {
		if (failed != bpf_program__name(programs_[i]))
			continue;
		const Refusal refusal = read_refusal(logs_[i].get(), file_.license);
		if (refusal.reason.empty()) {
			if (by_trampoline(programs_[i]) && !trampolines_allowed())
				refuse_trampoline(failed);
			break;
		}
		std::fprintf(stderr, "load: the verifier's last words about program '%s':\n", failed.c_str());
		for (const std::string& line : refusal.last)
			std::fprintf(stderr, "  | %s\n", line.c_str());
		throw Error(kUnavailable,
			prefix + "the verifier refuses it: " + refusal.reason +
				(refusal.source.empty() ? "" : ", at `" + refusal.source + "`") +
				(refusal.hint.empty() ? "; --verbose tells the steps before" : "; " + refusal.hint));
	}
	explain_map();
	if (const std::string line = log_.find("failed to find kernel BTF type"); !line.empty()) {
		const std::string named = program_in(line);
		throw Error(kUnavailable,
			"program '" + named + "' hooks into '" + quoted(line.substr(line.find(" of "))) +
				"', which the types of this kernel have not; --attach " + named +
				"=NAME names another, --skip " + named +
				" leaves it out; `corescope probes` tells what there is");
	}
	if (const std::string line = log_.find("(strong): not resolved"); !line.empty()) {
		const std::string name = quoted(line);
		throw Error(kUnavailable,
			"it asks for '" + (name.empty() ? line.substr(7, line.find(" (") - 7) : name) +
				"', an extern that neither this kernel's symbols (/proc/kallsyms) nor its configuration tells");
	}
	std::string why;
	for (const char* words : {"failed to find valid kernel BTF", "extern (", "failed to open system Kconfig",
			 "failed to resolve", "relocat", "invalid"})
		if (why.empty())
			why = log_.find(words);
	if ((error == -EPERM || error == -EACCES) && !may_load_bpf())
		throw explain_load(error, false);
	if (!why.empty() && error != -EPERM)
		throw Error(kUnavailable, prefix + why);
	const bool trampoline = std::any_of(programs_.begin(), programs_.end(), by_trampoline);
	const Error explained = explain_load(error, trampoline);
	throw Error(explained.code, prefix + explained.message);
}

bool LoadedObject::has_iterators() const
{
	return std::any_of(attachments_.begin(), attachments_.end(),
		[](const auto& one) { return bpf_program__expected_attach_type(one->program) == BPF_TRACE_ITER; });
}

bool LoadedObject::detaches_by_netlink() const
{
	return std::any_of(attachments_.begin(), attachments_.end(), [](const auto& one) { return !one->link; });
}

std::string LoadedObject::hooks() const
{
	std::string text;
	for (const auto& one : attachments_)
		if (text.find(one->where) == text.npos)
			text += (text.empty() ? "" : ", ") + one->where;
	return text;
}

} // namespace corescope
