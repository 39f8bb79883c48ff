// SPDX-License-Identifier: BSD-2-Clause
// Reads CO-RE relocations from an object's .BTF.ext (Documentation/bpf/btf.rst); see question.h.
#include "btf/question.h"

#include "base/error.h"

#include <linux/bpf.h>

#include <charconv>
#include <cstring>
#include <gelf.h>
#include <libelf.h>

namespace corescope {

namespace {

// The layout of .BTF.ext, which no installed header has.
struct ExtHeader {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t bytes, functions_at, functions_bytes, lines_at, lines_bytes, relocations_at, relocations_bytes;
};
struct ExtSection {
	uint32_t name, count;
};

constexpr int kLongestChain = 32; // of typedefs and qualifiers

[[noreturn]] void broken(const std::string& what)
{
	throw Error(kFailure, "a BPF object's relocations cannot be read: " + what);
}

template <class T>
T read_at(std::string_view bytes, size_t at)
{
	T value;
	if (at > bytes.size() || sizeof(T) > bytes.size() - at)
		broken(".BTF.ext is cut short");
	std::memcpy(&value, bytes.data() + at, sizeof(value));
	return value;
}

std::vector<uint32_t> numbers_of(std::string_view access)
{
	std::vector<uint32_t> numbers;
	const char* at = access.data();
	const char* end = at + access.size();
	while (at < end) {
		uint32_t number;
		const auto read = std::from_chars(at, end, number);
		if (read.ec != std::errc())
			broken("an access of '" + std::string(access) + "'");
		numbers.push_back(number);
		at = read.ptr + 1; // behind a colon
	}
	return numbers;
}

// From the root along the numbers: 0 for the root itself, then a member's or an element's each.
std::vector<std::string> path_of(const btf* types, uint32_t id, const std::vector<uint32_t>& numbers)
{
	std::vector<std::string> path;
	for (size_t i = 1; i < numbers.size(); i++) {
		const btf_type* type = resolved(types, id);
		if (type && btf_is_composite(type) && numbers[i] < btf_vlen(type)) {
			const btf_member& member = btf_members(type)[numbers[i]];
			const char* name = btf__name_by_offset(types, member.name_off);
			if (name && *name)
				path.emplace_back(name);
			id = member.type;
		} else if (type && btf_is_array(type)) {
			path.emplace_back("[]");
			id = btf_array(type)->type;
		} else {
			broken("an access into what has no parts");
		}
	}
	return path;
}

void add_question(std::set<BtfQuestion>& questions, const btf* types, const bpf_core_relo& relocation)
{
	const btf_type* type = btf__type_by_id(types, relocation.type_id);
	const char* name = type ? btf__name_by_offset(types, type->name_off) : nullptr;
	const char* access = btf__name_by_offset(types, relocation.access_str_off);
	if (!name || !access)
		broken("a type that is not there");
	BtfQuestion question{BtfQuestion::About::member, btf_kind(type), std::string(essential_name(name)), {}};
	switch (relocation.kind) {
	case BPF_CORE_FIELD_BYTE_OFFSET:
	case BPF_CORE_FIELD_BYTE_SIZE:
	case BPF_CORE_FIELD_EXISTS:
	case BPF_CORE_FIELD_SIGNED:
	case BPF_CORE_FIELD_LSHIFT_U64:
	case BPF_CORE_FIELD_RSHIFT_U64:
		question.path = path_of(types, relocation.type_id, numbers_of(access));
		break;
	case BPF_CORE_TYPE_ID_LOCAL: return; // the object answers it itself
	case BPF_CORE_TYPE_EXISTS:
	case BPF_CORE_TYPE_SIZE: question.about = BtfQuestion::About::type; break;
	case BPF_CORE_ENUMVAL_EXISTS:
	case BPF_CORE_ENUMVAL_VALUE: {
		uint32_t id = relocation.type_id;
		const btf_type* values = resolved(types, id);
		const std::vector<uint32_t> number = numbers_of(access);
		if (!values || !btf_is_any_enum(values) || number.size() != 1 || number[0] >= btf_vlen(values))
			broken("a value of no enum");
		const uint32_t value = btf_is_enum(values) ? btf_enum(values)[number[0]].name_off
												   : btf_enum64(values)[number[0]].name_off;
		question.about = BtfQuestion::About::enumerator;
		question.kind = BTF_KIND_ENUM;
		question.path.emplace_back(essential_name(btf__name_by_offset(types, value)));
		break;
	}
	default:
		throw Error(kFailure,
			"a BPF object asks for the number or all parts of the kernel's '" + std::string(name) +
				"', which a minimal BTF cannot tell; it must do without where it is compiled WITHOUT_BTF");
	}
	if (question.root.empty())
		broken("a root without a name");
	questions.insert(std::move(question));
}

Btf own_types(std::string_view elf)
{
	const std::string own = elf_section(elf, ".BTF");
	Btf types(btf__new(own.data(), static_cast<uint32_t>(own.size())));
	if (!types)
		broken("it has no .BTF");
	return types;
}

template <class Each>
void for_each_relocation(std::string_view elf, const btf* types, const Each& each)
{
	const std::string ext = elf_section(elf, ".BTF.ext");
	const auto header = read_at<ExtHeader>(ext, 0);
	size_t at = size_t{header.bytes} + header.relocations_at;
	const size_t end = at + header.relocations_bytes;
	if (!header.relocations_bytes)
		return;
	const auto record_bytes = read_at<uint32_t>(ext, at);
	at += sizeof(uint32_t);
	if (record_bytes < sizeof(bpf_core_relo))
		broken("its records are too small");
	while (at < end) {
		const auto section = read_at<ExtSection>(ext, at);
		at += sizeof(section);
		for (uint32_t i = 0; i < section.count; i++, at += record_bytes)
			each(types, read_at<bpf_core_relo>(ext, at));
	}
}

} // namespace

std::string BtfQuestion::text() const
{
	const char* word = kind == BTF_KIND_STRUCT ? "struct "
		: kind == BTF_KIND_UNION               ? "union "
		: kind == BTF_KIND_ENUM                ? "enum "
		: kind == BTF_KIND_TYPEDEF             ? "typedef "
											   : "";
	std::string all = word + root;
	for (const std::string& step : path) {
		all += about == About::enumerator ? "::" : step == "[]" ? "" : ".";
		all += step;
	}
	if (about == About::member && path.empty())
		all += ".";
	return all;
}

std::string_view essential_name(std::string_view name)
{
	for (size_t end = name.size(); end >= 5; end--) {
		const std::string_view at = name.substr(end - 5, 5); // x___y
		if (at[0] != '_' && at.substr(1, 3) == "___" && at[4] != '_')
			return name.substr(0, end - 4);
	}
	return name;
}

const btf_type* resolved(const btf* types, uint32_t& id)
{
	for (int i = 0; i < kLongestChain; i++) {
		const btf_type* type = btf__type_by_id(types, id);
		if (!type || !(btf_is_mod(type) || btf_is_typedef(type)))
			return type;
		id = type->type;
	}
	return nullptr;
}

std::string elf_section(std::string_view elf, const char* name)
{
	elf_version(EV_CURRENT);
	const auto close = [](Elf* open) { elf_end(open); };
	const std::unique_ptr<Elf, decltype(close)> open(
		elf_memory(const_cast<char*>(elf.data()), elf.size()), close);
	size_t names;
	if (!open || elf_kind(open.get()) != ELF_K_ELF || elf_getshdrstrndx(open.get(), &names))
		broken("it is no ELF file");
	for (Elf_Scn* section = nullptr; (section = elf_nextscn(open.get(), section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			continue;
		const char* found = elf_strptr(open.get(), names, header.sh_name);
		if (!found || std::strcmp(found, name) != 0)
			continue;
		const Elf_Data* data = elf_rawdata(section, nullptr);
		return data && data->d_buf ? std::string(static_cast<const char*>(data->d_buf), data->d_size) : "";
	}
	return "";
}

std::set<BtfQuestion> btf_questions(std::string_view elf)
{
	std::set<BtfQuestion> questions;
	for_each_relocation(elf, own_types(elf).get(),
		[&](const btf* types, const bpf_core_relo& one) { add_question(questions, types, one); });
	return questions;
}

std::set<std::string, std::less<>> btf_names(std::string_view elf)
{
	std::set<std::string, std::less<>> names;
	const Btf types = own_types(elf);
	const auto name = [&](uint32_t id) {
		const btf_type* type = btf__type_by_id(types.get(), id);
		const char* text = type ? btf__name_by_offset(types.get(), type->name_off) : nullptr;
		if (!text || !*text)
			broken("a type without a name");
		return essential_name(text);
	};
	for_each_relocation(elf, types.get(), [&](const btf*, const bpf_core_relo& one) {
		if (one.kind != BPF_CORE_TYPE_ID_LOCAL)
			names.emplace(name(one.type_id));
	});
	for (uint32_t id = 1; id < btf__type_cnt(types.get()); id++) {
		const btf_type* type = btf__type_by_id(types.get(), id);
		if (btf_is_func(type) && btf_vlen(type) == BTF_FUNC_EXTERN)
			names.emplace(name(id));
	}
	return names;
}

} // namespace corescope
