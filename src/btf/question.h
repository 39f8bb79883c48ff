// SPDX-License-Identifier: BSD-2-Clause
// What a BPF object asks of the kernel's types: its CO-RE relocations, without where in the program they are. All that
// a minimal BTF must be able to answer, and nothing else.
#pragma once

#include <bpf/btf.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

struct BtfFree {
	void operator()(btf* types) const { btf__free(types); }
};
using Btf = std::unique_ptr<btf, BtfFree>;

struct BtfQuestion {
	enum class About { member, type, enumerator };
	About about;
	uint32_t kind;    // BTF_KIND_… of the type that it starts from; any of both for an enum
	std::string root; // its name, without a flavor's suffix
	// Members by name, and "[]" into an array; anonymous ones are passed without a word. Or the enumerator's name.
	std::vector<std::string> path;

	auto operator<=>(const BtfQuestion&) const = default;
	// "struct task_struct.thread_pid", "struct fred_frame", "enum bpf_func_id::BPF_FUNC_loop"
	std::string text() const;
};

// Of one object; elf: its bytes. Throws Error(kFailure) for what is no BPF object, and for what only the kernel's own
// BTF can answer (bpf_core_type_id_kernel() and the like).
std::set<BtfQuestion> btf_questions(std::string_view elf);

// Of one object, for an excerpt of the kernel's types: the names of those that its relocations start from, and of the
// kernel's functions that it calls. Throws Error(kFailure) for what is no BPF object.
std::set<std::string, std::less<>> btf_names(std::string_view elf);

// The name without a flavor's suffix: "cgroup" of "cgroup___before_6_1". libbpf's rule (bpf_core_essential_name_len()).
std::string_view essential_name(std::string_view name);

// Past typedefs and qualifiers; null where there is no such type, or no end to them.
const btf_type* resolved(const btf* types, uint32_t& id);

// A section's bytes; "" if there is none. Throws Error(kFailure) for what is no ELF file.
std::string elf_section(std::string_view elf, const char* name);

} // namespace corescope
