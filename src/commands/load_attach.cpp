// SPDX-License-Identifier: BSD-2-Clause
// Which programs are hooked in, and where: by their sections as libbpf knows them, and by --attach PROG=TARGET where a
// section names no target. See load.h.
#include "commands/load_attach.h"

#include "base/error.h"
#include "bpf/explain.h"

#include <algorithm>
#include <cerrno>

namespace corescope {

std::string_view section_kind(const bpf_program* program)
{
	std::string_view section = bpf_program__section_name(program);
	if (!section.empty() && section[0] == '?')
		section.remove_prefix(1);
	return section.substr(0, section.find('/'));
}

bool names_target(const bpf_program* program)
{
	const std::string_view section = bpf_program__section_name(program);
	return section.find('/') != section.npos;
}

bool is_user_probe(const bpf_program* program)
{
	const std::string_view kind = section_kind(program);
	return kind.substr(0, 6) == "uprobe" || kind.substr(0, 9) == "uretprobe" || kind == "usdt";
}

bool in_cgroup(const bpf_program* program)
{
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_SOCK_OPS: return true;
	case BPF_PROG_TYPE_LSM: return bpf_program__expected_attach_type(program) == BPF_LSM_CGROUP;
	default: return false;
	}
}

bool in_network(const bpf_program* program)
{
	const bpf_prog_type type = bpf_program__type(program);
	return type == BPF_PROG_TYPE_SK_LOOKUP || type == BPF_PROG_TYPE_FLOW_DISSECTOR;
}

const char* hung_by(const bpf_program* program)
{
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_SK_REUSEPORT: return "the owner of a socket (setsockopt)";
	case BPF_PROG_TYPE_SK_SKB:
	case BPF_PROG_TYPE_SK_MSG: return "the owner of a sockmap";
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_XMIT:
	case BPF_PROG_TYPE_LWT_SEG6LOCAL: return "ip route";
	case BPF_PROG_TYPE_SCHED_ACT: return "tc";
	case BPF_PROG_TYPE_LIRC_MODE2: return "whoever reads an infrared receiver";
	default: return nullptr;
	}
}

void refuse_target(const bpf_program* program, const std::string& target, const std::string& why)
{
	throw Error(kUsage, "--attach " + std::string(bpf_program__name(program)) + "=" + target + ": " + why);
}

std::string program_kind(const bpf_program* program)
{
	const char* name = libbpf_bpf_prog_type_str(bpf_program__type(program));
	return name ? name : "type " + std::to_string(bpf_program__type(program));
}

const char* target_wanted(const bpf_program* program)
{
	if (in_cgroup(program))
		return "a folder of the cgroup file system";
	if (in_network(program))
		return "a network namespace, as /run/netns/NAME or /proc/self/ns/net";
	if (hung_by(program))
		return nullptr;
	const std::string_view section = bpf_program__section_name(program);
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_XDP: return "an interface";
	case BPF_PROG_TYPE_SCHED_CLS: return "an interface, as eth0 or eth0:egress";
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_STRUCT_OPS:
	case BPF_PROG_TYPE_SYSCALL: return nullptr;
	default: break;
	}
	if (names_target(program)) {
		// uprobe/BINARY:SYMBOL names one, uprobe/anything does not.
		return is_user_probe(program) && section.find(':') == section.npos ? "BINARY:FUNCTION" : nullptr;
	}
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_KPROBE:
		return section_kind(program) == "usdt" ? "BINARY:PROVIDER:NAME"
			: is_user_probe(program)           ? "BINARY:FUNCTION"
											   : "a kernel function";
	case BPF_PROG_TYPE_TRACEPOINT: return "CATEGORY/NAME of a tracepoint";
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE: return "the name of a tracepoint";
	case BPF_PROG_TYPE_TRACING: return "a kernel function, or for tp_btf a tracepoint's name";
	case BPF_PROG_TYPE_LSM: return "the name of an LSM hook";
	default: return "what it is for";
	}
}

[[noreturn]] static void refuse_without_target(const bpf_program* program, const char* wanted)
{
	const std::string name = bpf_program__name(program);
	throw Error(kUsage,
		"program '" + name + "' (section \"" + bpf_program__section_name(program) +
			"\") needs a target: --attach " + name + "=TARGET, where TARGET is " + wanted +
			"; or leave it out by --skip " + name);
}

[[noreturn]] static void refuse_replacing(const std::string& name)
{
	throw Error(kUnavailable,
		"program '" + name +
			"' replaces a function of another program in the kernel, which load cannot name; --skip " + name +
			" leaves it out");
}

[[noreturn]] static void refuse_hung_by(const bpf_program* program, const std::string& who)
{
	const std::string name = bpf_program__name(program);
	throw Error(kUnavailable,
		"program '" + name + "' (section \"" + bpf_program__section_name(program) + "\") is hooked in by " +
			who + ", not by load; --pin DIR loads and pins it, --skip " + name + " leaves it out");
}

void LoadedObject::check_targets() const
{
	bool any = false;
	for (bpf_program* one : programs_) {
		const std::string name = bpf_program__name(one);
		if (bpf_program__type(one) == BPF_PROG_TYPE_EXT)
			refuse_replacing(name);
		const auto given = std::find_if(
			targets_.begin(), targets_.end(), [&](const auto& pair) { return pair.first == name; });
		const char* wanted = target_wanted(one);
		if (const char* who = hung_by(one); who && options_.pin.empty() && !file_.tail_calls.count(name))
			refuse_hung_by(one, who);
		const bool called = file_.tail_calls.count(name) > 0;
		any = any || given != targets_.end() || (!wanted && !called);
		if (given != targets_.end()) {
			const bpf_prog_type kind = bpf_program__type(one);
			// A tracing program's target is part of its load.
			if ((kind == BPF_PROG_TYPE_TRACING || kind == BPF_PROG_TYPE_LSM) && !in_cgroup(one)) {
				if (bpf_program__set_attach_target(one, 0, given->second.c_str()) != 0)
					refuse_target(one, given->second, "this kernel has no such function or tracepoint");
			} else if (!wanted && kind != BPF_PROG_TYPE_PERF_EVENT && !names_target(one)) {
				refuse_target(one, given->second,
					"section \"" + std::string(bpf_program__section_name(one)) + "\" takes no target");
			}
		} else if (wanted && !called) {
			refuse_without_target(one, wanted);
		}
	}
	if (!any)
		throw Error(kUsage, "no program of this object has a hook; --attach PROG=TARGET gives one");
}

void LoadedObject::attach()
{
	for (bpf_program* one : programs_) {
		const std::string name = bpf_program__name(one);
		bool given = false;
		for (const auto& [program, target] : targets_)
			if (program == name) {
				attach_by_target(
					one, target, options_.frequency ? options_.frequency.value : 99, attachments_);
				given = true;
			}
		const bpf_prog_type kind = bpf_program__type(one);
		if (given || target_wanted(one) || kind == BPF_PROG_TYPE_STRUCT_OPS ||
			kind == BPF_PROG_TYPE_SYSCALL || hung_by(one) || file_.tail_calls.count(name))
			continue;
		attach_by_target(one, "", options_.frequency ? options_.frequency.value : 99, attachments_);
	}
	bpf_map* map;
	bpf_object__for_each_map(map, get())
	{
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		const std::string where = std::string("struct_ops ") + bpf_map__name(map);
		bpf_link* link = bpf_map__attach_struct_ops(map);
		if (!link)
			throw explain_attach(-errno, where);
		attachments_.push_back(std::make_unique<LoadedHook>(nullptr, where, link));
	}
	std::vector<std::string_view> sections;
	for (const auto& one : attachments_)
		sections.emplace_back(one->where);
	lease_.take(sections);
	if (options_.verbose)
		tell_attached(*this);
}

void LoadedObject::detach()
{
	// The last first: what was attached last may rely on what was there before.
	while (!attachments_.empty())
		attachments_.pop_back();
}

} // namespace corescope
