// SPDX-License-Identifier: BSD-2-Clause
// The variables of an object, found by the sections (DATASEC) of its BTF: .rodata, .data, .bss and those named after
// them. No skeleton is needed.
#pragma once

#include "btf/assign.h"
#include "btf/type.h"

#include <string>
#include <string_view>
#include <vector>

struct bpf_object;
struct bpf_map;

namespace corescope {

struct BtfVariable {
	std::string name;
	std::string section;
	const BtfType* type;
	uint32_t offset; // in the section
	bpf_map* map;    // that holds the section
};

class BtfVariables {
public:
	// The object is open and stays so while this lives. One without BTF has no variables. Throws Error(kDataError)
	// where its BTF is broken.
	BtfVariables(bpf_object* object, BtfTypes& types);

	const std::vector<BtfVariable>& all() const { return variables_; }
	// Null if there is none of that name.
	const BtfVariable* find(std::string_view name) const;

	// `NAME=VALUE`, `NAME.member[3]=VALUE`: before the object is loaded. Throws Error(kUsage), one line that begins
	// with `--set` and tells what would fit.
	void set(std::string_view assignment);

	// The variable's bytes as they are: before the load what it begins with, after it what the programs have made of
	// it (a section that cannot be read any more, or is shorter, gives what there is).
	std::string_view bytes(const BtfVariable& variable) const;

private:
	std::vector<BtfVariable> variables_;
};

} // namespace corescope
