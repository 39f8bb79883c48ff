// SPDX-License-Identifier: BSD-2-Clause
// See refusal.h. The table below is the knowledge; patterns are words of kernel/bpf/verifier.c (5.10 to 7.2) and of
// libbpf's own additions to the log.
#include "bpf/refusal.h"

#include <cstdlib>

namespace corescope {

namespace {

constexpr size_t kLastLines = 12;

struct Known {
	const char* pattern; // anywhere in the last lines
	const char* hint;
};

// The first that is found counts: what is particular stands before what is general.
constexpr Known kKnown[] = {
	{"invalid func unknown#195896080", // 0xbad2310: libbpf's mark for a CO-RE relocation that failed
		"a CO-RE relocation failed: the type or member does not exist on this kernel; ask bpf_core_field_exists() or "
		"bpf_core_type_exists() first, or read it by a flavor (struct name___old)"},
	{"CO-RE relocation",
		"a CO-RE relocation failed: the type or member does not exist on this kernel; ask bpf_core_field_exists() or "
		"bpf_core_type_exists() first, or read it by a flavor (struct name___old)"},
	{"gpl_only", "the licence decides: char LICENSE[] SEC(\"license\") = \"GPL\";"},
	{"GPL-restricted function", "the licence decides: char LICENSE[] SEC(\"license\") = \"GPL\";"},
	{"from non-GPL compatible program", "the licence decides: char LICENSE[] SEC(\"license\") = \"GPL\";"},
	{"GPL-only function", "the licence decides: char LICENSE[] SEC(\"license\") = \"GPL\";"},
	{"map_value_or_null'", "bpf_map_lookup_elem() may find nothing: check its result for NULL before use"},
	{"mem_or_null'", "bpf_ringbuf_reserve() may find no room: check its result for NULL before use"},
	{"ringbuf_mem_or_null'", "bpf_ringbuf_reserve() may find no room: check its result for NULL before use"},
	{"_or_null", "a pointer that may be NULL is used: check it first"},
	{"Unreleased reference",
		"what was reserved or acquired is not given back on some path: bpf_ringbuf_submit() or _discard(), or the "
		"release function of its kind"},
	{"unbounded memory access",
		"a length or index has no upper bound that the verifier can see: `if (n > MAX) n = MAX;` or `n &= MAX - 1` right "
		"before its use, on an unsigned variable"},
	{"unbounded min value",
		"a length or index has no bounds that the verifier can see: make it unsigned, and `if (n >= MAX) return 0;` or "
		"`n &= MAX - 1` right before its use"},
	{"min value is negative", "a length or index may be negative: make it unsigned, or check `n < 0` too"},
	{"min value is outside of the allowed memory range",
		"an index may be negative or too large: check both bounds right before its use"},
	{"max value is outside of the allowed memory range",
		"an index may be too large for what it indexes: `if (i >= MAX) return 0;` or `i &= MAX - 1` right before its use"},
	{"R2 invalid zero-sized read", "a length may be 0: let it be at least 1, or check it before the call"},
	{"invalid zero-sized read", "a length may be 0: let it be at least 1, or check it before the call"},
	{"infinite loop detected",
		"a loop does not come to an end for all the verifier knows: bound it by a constant, or use bpf_loop()"},
	{"back-edge from insn",
		"this kernel takes no loop here: bound it by a constant and `#pragma unroll` it, or use bpf_loop() (5.17)"},
	{"BPF program is too large",
		"the verifier gave up after a million instructions: fewer branches in loops, bpf_loop(), or a function that is "
		"not inlined (__noinline, global) and verified on its own"},
	{"too many states",
		"too many branches: move part of the work into a global function, which is verified on its own"},
	{"The sequence of", "too many branches one after the other: bpf_loop(), or a global function"},
	{"combined stack size of",
		"all functions in a call chain share 512 bytes of stack: keep large variables in a per-CPU array of one entry"},
	{"looks like the BPF stack limit",
		"the stack has 512 bytes: keep large variables in a per-CPU array of one entry"},
	{"invalid stack off", "the stack has 512 bytes: keep large variables in a per-CPU array of one entry"},
	{"stack depth", "the stack has 512 bytes: keep large variables in a per-CPU array of one entry"},
	{"invalid indirect read from stack",
		"bytes of a variable on the stack were never written (padding counts): set it all to zero first, `= {}`"},
	{"invalid read from stack",
		"bytes of a variable on the stack were never written (padding counts): set it all to zero first, `= {}`"},
	{"unknown func",
		"this kernel does not have that helper for this type of program: another helper, or another kind of hook "
		"(`bpftool feature probe` lists them)"},
	{"invalid func unknown",
		"this kernel does not know that helper: it is newer than the kernel; ask bpf_core_enum_value_exists(enum "
		"bpf_func_id, …) first"},
	{"program of this type cannot use helper",
		"that helper is not for this type of program, or lockdown forbids it: another helper, or another kind of hook"},
	{"helper call is not allowed in probe",
		"that helper is not for this type of program: another helper, or another kind of hook"},
	{"calling kernel function",
		"this type of program may not call that kernel function, or not on this kernel"},
	{"kernel btf is missing", "this kernel was built without CONFIG_DEBUG_INFO_BTF"},
	{"is not a tracing", "the attach point is no function or tracepoint of this kernel"},
	{"invalid bpf_context access",
		"the hook's context has no readable field there: is the program's argument type that of its SEC()?"},
	{"invalid mem access 'scalar'",
		"a number is used as a pointer (or a pointer was lost on the way): read kernel memory by BPF_CORE_READ() or "
		"bpf_probe_read_kernel()"},
	{"invalid mem access 'inv'",
		"a number is used as a pointer (or a pointer was lost on the way): read kernel memory by BPF_CORE_READ() or "
		"bpf_probe_read_kernel()"},
	{"invalid access to map value", "more is read or written than the map's value has: check size and index"},
	{"invalid access to packet",
		"compare with data_end before each access: `if (data + sizeof(*header) > data_end) return …;`"},
	{"invalid access to memory", "more is read or written than was reserved: check size and index"},
	{"only read is supported", "memory of the kernel can be read here, and not written"},
	{"pointer comparison prohibited", "pointers may only be compared with NULL here"},
	{"R0 !read_ok", "the program returns nothing: `return 0;` on every path"},
	{"At program exit the register R0",
		"the return value is none that this hook takes: 0 for most, 0 or 1 for cgroup programs"},
	{"!read_ok", "a variable is used that has no value on some path: set it when it is declared"},
	{"unreachable insn", "code that nothing leads to: what does the compiler make of it with -O2?"},
	{"arg#", "the argument's type is not what the function takes"},
	{"missing BTF", "the object has no usable type information: compile it with -g"},
};

std::vector<std::string_view> lines_of(std::string_view log)
{
	std::vector<std::string_view> lines;
	while (!log.empty()) {
		const size_t end = log.find('\n');
		if (end != 0)
			lines.push_back(log.substr(0, end));
		log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
	}
	return lines;
}

bool starts(std::string_view line, std::string_view with) { return line.substr(0, with.size()) == with; }

bool is_statistic(std::string_view line)
{
	return starts(line, "processed ") || starts(line, "verification time ") || starts(line, "stack depth ");
}

// No line of source, and no instruction with the state of its registers, which may hold the same words.
bool is_verdict(std::string_view line)
{
	return !line.empty() && line[0] != ';' && (line[0] < '0' || line[0] > '9');
}

unsigned long number_after(std::string_view text, std::string_view words)
{
	const size_t at = text.find(words);
	if (at == std::string_view::npos)
		return 0;
	return std::strtoul(std::string(text.substr(at + words.size(), 20)).c_str(), nullptr, 10);
}

} // namespace

Refusal read_refusal(std::string_view log, std::string_view license)
{
	Refusal refusal;
	std::vector<std::string_view> lines = lines_of(log);
	while (!lines.empty() && is_statistic(lines.back()))
		lines.pop_back();
	const size_t first = lines.size() > kLastLines ? lines.size() - kLastLines : 0;
	for (size_t i = first; i < lines.size(); i++)
		refusal.last.emplace_back(lines[i]);
	if (!lines.empty())
		refusal.reason = lines.back();
	for (size_t i = lines.size(); i-- > 0 && refusal.source.empty();)
		if (starts(lines[i], "; "))
			refusal.source = lines[i].substr(2);
	for (const Known& known : kKnown) {
		for (const std::string& line : refusal.last)
			if (is_verdict(line) && line.find(known.pattern) != std::string::npos)
				refusal.hint = known.hint;
		if (!refusal.hint.empty())
			break;
	}
	if (refusal.hint.empty() && license.empty())
		refusal.hint =
			"the object names no licence, and most helpers want one: char LICENSE[] SEC(\"license\") = \"GPL\";";
	return refusal;
}

VerifierCost read_verifier_cost(std::string_view log)
{
	VerifierCost cost;
	for (const std::string_view line : lines_of(log)) {
		if (starts(line, "processed ")) {
			cost.instructions = number_after(line, "processed ");
			cost.limit = number_after(line, "(limit ");
			cost.states = number_after(line, "total_states ");
			cost.peak_states = number_after(line, "peak_states ");
		} else if (starts(line, "verification time ")) {
			cost.microseconds = number_after(line, "verification time ");
		} else if (starts(line, "stack depth ")) {
			cost.stack = line.substr(12, line.find(' ', 12) - 12);
		}
	}
	return cost;
}

} // namespace corescope
