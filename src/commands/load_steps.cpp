// SPDX-License-Identifier: BSD-2-Clause
// --verbose: the steps from a file to programs that run, told as they happen, for who wants to know what a loader does.
#include "bpf/instructions.h"

#include "base/files.h"
#include "bpf/printk.h"
#include "bpf/refusal.h"
#include "commands/load.h"
#include "output/escape.h"

#include <bpf/bpf.h>

#include <cstdarg>
#include <cstdio>

namespace corescope {

namespace {

unsigned long steps = 0;

// /sys/kernel/tracing/events/sched/sched_switch/id, which perf_event_open() wants.
std::string tracepoint_id(const std::string& where)
{
	if (where.compare(0, 3, "tp/") != 0)
		return "";
	std::string name = where.substr(3);
	if (const size_t colon = name.find(':'); colon != name.npos)
		name[colon] = '/';
	const std::string id = first_line(tracefs_path() + "/events/" + name + "/id");
	return id.empty() ? "" : ", tracepoint id " + id;
}

uint32_t link_id(const bpf_link* link)
{
	bpf_link_info about = {};
	uint32_t size = sizeof(about);
	return link && bpf_obj_get_info_by_fd(bpf_link__fd(link), &about, &size) == 0 ? about.id : 0;
}

const char* relocation_kind(const std::string& kind)
{
	static constexpr struct {
		const char *kind, *words;
	} kKinds[] = {{"byte_off", "offset"}, {"byte_sz", "size"}, {"field_exists", "exists"},
		{"signed", "is signed"}, {"lshift_u64", "left shift"}, {"rshift_u64", "right shift"},
		{"local_type_id", "type id in the object"}, {"target_type_id", "type id in the kernel"},
		{"type_exists", "exists"}, {"type_matches", "matches"}, {"type_size", "size"},
		{"enumval_exists", "exists"}, {"enumval_value", "value"}};
	for (const auto& one : kKinds)
		if (kind == one.kind)
			return one.words;
	return kind.c_str();
}

} // namespace

void tell_step(const char* format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	std::vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	Buffer out(2048);
	escape_text(out, text);
	std::fprintf(stderr, "%3lu. %.*s\n", ++steps, static_cast<int>(out.size()), out.data());
}

void tell_opened(const LoadedObject& object)
{
	const ObjectFile& file = object.file();
	tell_step("open %s: %zu bytes of ELF for BPF, %zu sections", file.path.c_str(), file.bytes.size(),
		file.sections.size());
	tell_step("licence: %s",
		file.license.empty() ? "none, so that helpers for GPL programs are out of reach"
							 : file.license.c_str());
	tell_step("type information (.BTF): %s; lines of source (.BTF.ext): %s", file.has_btf ? "yes" : "none",
		file.has_line_info ? "yes" : "none");
	for (const ObjectFile::Section& section : file.sections)
		if (section.executable && section.size)
			tell_step("section %s: %llu instructions%s", section.name.c_str(),
				static_cast<unsigned long long>(section.size / 8),
				section.name == ".text" ? ", functions that programs call" : "");
	const bpf_map* map;
	bpf_object__for_each_map(map, object.get())
	{
		const char* kind = libbpf_bpf_map_type_str(bpf_map__type(map));
		tell_step("map %s: %s, key %u and value %u bytes, %u entries%s", bpf_map__name(map),
			kind ? kind : "?", bpf_map__key_size(map), bpf_map__value_size(map), bpf_map__max_entries(map),
			bpf_map__is_internal(map) ? " (global variables)" : "");
	}
	for (const bpf_program* program : object.programs())
		tell_step("program %s: SEC(\"%s\") makes it %s%s", bpf_program__name(program),
			bpf_program__section_name(program), program_kind(program).c_str(),
			object.file().tail_calls.count(bpf_program__name(program)) ? ", called from an array of programs"
																	   : "");
}

void LoadedObject::tell_relocations() const
{
	for (const CoreRelocation& one : log_.relocations()) {
		if (one.what.empty())
			continue;
		if (one.failed)
			tell_step(
				"CO-RE in %s, %s: %s does not exist here: the verifier refuses the program if it can get there",
				one.program.c_str(), one.location.c_str(), one.what.c_str());
		else if (!one.after.empty())
			tell_step("CO-RE in %s, %s: %s of %s is %s here%s%s%s", one.program.c_str(), one.location.c_str(),
				relocation_kind(one.kind), one.what.c_str(), one.after.c_str(),
				one.before == one.after ? ", as where it was compiled" : ", and was ",
				one.before == one.after ? "" : one.before.c_str(),
				one.before == one.after ? "" : " where it was compiled");
	}
}

void LoadedObject::tell_programs() const
{
	for (size_t i = 0; i < programs_.size(); i++) {
		const bpf_program* program = programs_[i];
		const VerifierCost cost = read_verifier_cost(logs_[i].get());
		bpf_prog_info about = {};
		uint32_t size = sizeof(about);
		bpf_obj_get_info_by_fd(bpf_program__fd(program), &about, &size);
		tell_step(
			"verified and loaded %s: program id %u, %zu instructions, %u bytes of machine code; the verifier walked "
			"%lu instructions (of %lu it would), kept %lu states, in %lu us; stack %s bytes",
			bpf_program__name(program), about.id, bpf_program__insn_cnt(program), about.jited_prog_len,
			cost.instructions, cost.limit, cost.states, cost.microseconds,
			cost.stack.empty() ? "?" : cost.stack.c_str());
		if (prints_to_trace({bpf_program__insns(program), bpf_program__insn_cnt(program)}))
			tell_step("%s calls bpf_printk: the trace is read while it runs", bpf_program__name(program));
	}
}

void tell_attached(const LoadedObject& object)
{
	for (const auto& one : object.attachments()) {
		const char* name = one->program ? bpf_program__name(one->program) : "";
		const uint32_t id = link_id(one->link);
		tell_step("attached %s to %s%s%s%s", name, one->where.c_str(), tracepoint_id(one->where).c_str(),
			id ? ", link id " : "", id ? std::to_string(id).c_str() : "");
	}
	for (const bpf_program* program : object.programs()) {
		bool any = false;
		for (const auto& one : object.attachments())
			any = any || one->program == program;
		if (!any)
			tell_step("%s is loaded and hangs nowhere: it runs when another program calls it",
				bpf_program__name(program));
	}
}

} // namespace corescope
