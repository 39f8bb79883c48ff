// SPDX-License-Identifier: BSD-2-Clause
// The kernel says EINVAL for a helper that it has not, and libbpf ESRCH for a tracepoint: neither says which.
#include "bpf/missing_part.h"

#include "bpf/instructions.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <linux/bpf.h>
#include <string>
#include <string_view>

namespace corescope {

namespace {

// What came after the oldest kernel that is supported, and that programs of ours or of examples use.
struct Part {
	int id;
	const char* name;
	const char* since; // of Linux
};
constexpr Part kHelpers[] = {
	{BPF_FUNC_loop, "bpf_loop()", "5.17"},
	{BPF_FUNC_task_pt_regs, "bpf_task_pt_regs()", "5.15"},
	{BPF_FUNC_get_current_task_btf, "bpf_get_current_task_btf()", "5.11"},
};
constexpr Part kMaps[] = {{BPF_MAP_TYPE_TASK_STORAGE, "task storage", "5.11"}};

const Part* refused_kind(const bpf_map* map)
{
	for (const Part& kind : kMaps)
		if (bpf_map__type(map) == static_cast<bpf_map_type>(kind.id) &&
			libbpf_probe_bpf_map_type(bpf_map__type(map), nullptr) != 1)
			return &kind;
	return nullptr;
}

Diagnosis without(const std::string& what, const char* since)
{
	return {kUnavailable, "this kernel has no " + what + ", which came with Linux " + since,
		"a newer kernel has it; --hook names other ways, where there are some"};
}

std::string absent_tracepoint(const bpf_program* program)
{
	constexpr std::string_view kKind = "tp_btf/";
	const std::string_view section = bpf_program__section_name(program);
	if (!section.starts_with(kKind))
		return "";
	std::string name(section.substr(kKind.size()));
	return libbpf_find_vmlinux_btf_id(name.c_str(), BPF_TRACE_RAW_TP) < 0 ? name : "";
}

} // namespace

std::optional<Diagnosis> missing_part(const bpf_object* object, int error)
{
	if (error != -EINVAL && error != -ESRCH)
		return std::nullopt;
	const bpf_program* program = nullptr;
	while ((program = bpf_object__next_program(object, const_cast<bpf_program*>(program)))) {
		if (!bpf_program__autoload(program))
			continue;
		if (error == -ESRCH) {
			if (const std::string name = absent_tracepoint(program); !name.empty())
				return Diagnosis{kUnavailable, "this kernel has no tracepoint " + name, ""};
			continue;
		}
		for (const Part& helper : kHelpers)
			if (calls_helper({bpf_program__insns(program), bpf_program__insn_cnt(program)}, helper.id) &&
				!libbpf_probe_bpf_helper(
					BPF_PROG_TYPE_RAW_TRACEPOINT, static_cast<bpf_func_id>(helper.id), nullptr))
				return without(helper.name, helper.since);
	}
	const bpf_map* map = nullptr;
	while (error == -EINVAL && (map = bpf_object__next_map(object, map)))
		if (const Part* kind = bpf_map__autocreate(map) ? refused_kind(map) : nullptr)
			return without(kind->name, kind->since);
	return std::nullopt;
}

} // namespace corescope
