// SPDX-License-Identifier: BSD-2-Clause
// See variables.h. Sections are found by libbpf's rule: the map of section `.data.x` answers to that name.
#include "btf/variables.h"

#include "base/error.h"
#include "base/similar.h"

#include <algorithm>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

namespace corescope {

namespace {

bool holds_variables(std::string_view section)
{
	for (const std::string_view kind : {".rodata", ".data", ".bss"}) {
		if (section == kind || (section.substr(0, kind.size()) == kind && section[kind.size()] == '.'))
			return true;
	}
	return false;
}

std::string one_line(std::string_view text)
{
	std::string safe(text);
	std::replace_if(
		safe.begin(), safe.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
	return safe;
}

} // namespace

BtfVariables::BtfVariables(bpf_object* object, BtfTypes& types)
{
	const btf* source = types.source();
	for (uint32_t id = 1; source && id < btf__type_cnt(source); id++) {
		const btf_type* t = btf__type_by_id(source, id);
		const char* section = t && btf_is_datasec(t) ? btf__name_by_offset(source, t->name_off) : nullptr;
		if (!section || !holds_variables(section))
			continue;
		bpf_map* map = bpf_object__find_map_by_name(object, section);
		if (!map)
			continue;
		for (const BtfMember& member : types.at(id).members)
			variables_.push_back({std::string(member.name), section, member.type, member.offset(), map});
	}
}

const BtfVariable* BtfVariables::find(std::string_view name) const
{
	for (const BtfVariable& variable : variables_)
		if (variable.name == name)
			return &variable;
	return nullptr;
}

std::string_view BtfVariables::bytes(const BtfVariable& variable) const
{
	size_t size = 0;
	const auto* section = static_cast<const char*>(bpf_map__initial_value(variable.map, &size));
	if (!section || variable.offset >= size)
		return {};
	return {section + variable.offset, std::min<size_t>(variable.type->size, size - variable.offset)};
}

void BtfVariables::set(std::string_view assignment)
{
	const auto refuse = [&](const std::string& why) {
		throw Error(kUsage, "--set '" + one_line(assignment) + "': " + why);
	};
	const size_t equals = assignment.find('=');
	if (equals == std::string_view::npos || equals == 0)
		refuse("is not NAME=VALUE");
	const std::string_view whole = assignment.substr(0, equals);
	const std::string_view name = whole.substr(0, whole.find_first_of(".["));
	const BtfVariable* variable = find(name);
	if (!variable) {
		std::vector<std::string_view> names;
		for (const BtfVariable& v : variables_)
			names.push_back(v.name);
		refuse(names.empty()
				? "the object has no variables that BTF describes"
				: "the object has no variable '" + one_line(name) + "'" + similar_names(name, names));
	}
	if (std::count_if(variables_.begin(), variables_.end(), [&](const auto& v) { return v.name == name; }) >
		1)
		refuse("the object has more than one variable of that name");
	size_t size = 0;
	const auto* section = static_cast<const char*>(bpf_map__initial_value(variable->map, &size));
	if (!section || size < size_t{variable->offset} + variable->type->size)
		refuse("the object has no bytes for it in " + variable->section);
	std::vector<char> bytes(section, section + size);
	try {
		btf_assign(*variable->type, std::span(bytes).subspan(variable->offset, variable->type->size),
			whole.substr(name.size()), assignment.substr(equals + 1));
	} catch (const BadValue& bad) {
		refuse(bad.why);
	}
	if (bpf_map__set_initial_value(variable->map, bytes.data(), bytes.size()))
		refuse("the object is loaded already");
}

} // namespace corescope
