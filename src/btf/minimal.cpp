// SPDX-License-Identifier: BSD-2-Clause
// First marks what each question touches on its way, as libbpf would walk it (bpf_core_spec_match() in relo_core.c):
// every type of that name, the first member of each name, through anonymous ones, never through a pointer. Then writes
// the marked types, with the marked members at their places. What is marked too much does no harm.
#include "btf/minimal.h"

#include "base/error.h"

#include <cerrno>
#include <cstring>
#include <map>

namespace corescope {

namespace {

using About = BtfQuestion::About;

class Minimizer {
public:
	explicit Minimizer(const btf* from) : from_(from), to_(btf__new_empty())
	{
		if (!to_)
			throw Error(kFailure, "no memory for a minimal BTF");
	}

	std::string of(const std::set<BtfQuestion>& questions)
	{
		index(questions);
		for (const BtfQuestion& question : questions)
			for (const uint32_t id : named_[question.root])
				mark(question, id);
		for (const auto& [id, parts] : marked_)
			write(id);
		uint32_t size;
		const void* raw = btf__raw_data(to_.get(), &size);
		if (!raw)
			throw Error(kFailure, "no memory for a minimal BTF");
		return {static_cast<const char*>(raw), size};
	}

private:
	const char* name(uint32_t offset) const
	{
		const char* text = btf__name_by_offset(from_, offset);
		return text ? text : "";
	}

	void index(const std::set<BtfQuestion>& questions)
	{
		for (const BtfQuestion& question : questions)
			named_[question.root];
		const uint32_t count = btf__type_cnt(from_);
		for (uint32_t id = 1; id < count; id++) {
			const std::string_view essential = essential_name(name(btf__type_by_id(from_, id)->name_off));
			const auto asked = named_.find(essential);
			if (asked != named_.end())
				asked->second.push_back(id);
		}
	}

	void mark(const BtfQuestion& question, uint32_t id)
	{
		const btf_type* type = btf__type_by_id(from_, id);
		const uint32_t kind = btf_is_any_enum(type) ? uint32_t{BTF_KIND_ENUM} : btf_kind(type);
		if (kind != question.kind)
			return;
		marked_[id]; // a typedef too, under its own name
		if (question.about == About::enumerator)
			mark_value(id, question.path.at(0));
		else if (question.about == About::member)
			mark_path(id, question.path);
	}

	void mark_value(uint32_t id, std::string_view wanted)
	{
		const btf_type* type = resolved(from_, id);
		if (!type || !btf_is_any_enum(type))
			return;
		for (uint32_t i = 0; i < btf_vlen(type); i++)
			if (essential_name(name(
					btf_is_enum(type) ? btf_enum(type)[i].name_off : btf_enum64(type)[i].name_off)) == wanted)
				marked_[id].insert(i);
	}

	void mark_path(uint32_t id, const std::vector<std::string>& path)
	{
		for (const std::string& step : path) {
			const btf_type* type = resolved(from_, id);
			if (!type)
				return;
			if (step == "[]") {
				if (!btf_is_array(type))
					return;
				id = btf_array(type)->type;
			} else if (!mark_member(id, step, id)) {
				return;
			}
		}
	}

	// The first member of that name in the struct or union, also within anonymous ones; `next` becomes its type.
	bool mark_member(uint32_t id, const std::string& wanted, uint32_t& next)
	{
		const btf_type* type = resolved(from_, id);
		if (!type || !btf_is_composite(type))
			return false;
		for (uint32_t i = 0; i < btf_vlen(type); i++) {
			const btf_member& member = btf_members(type)[i];
			const char* called = name(member.name_off);
			if (*called ? called == wanted : mark_member(member.type, wanted, next)) {
				marked_[id].insert(i);
				if (*called)
					next = member.type;
				return true;
			}
		}
		return false;
	}

	// Its number in what is written. Types that are only a member's are written without parts: their kind and size are
	// all that is asked of them.
	int write(uint32_t id)
	{
		if (!id)
			return 0;
		const auto known = written_.find(id);
		if (known != written_.end())
			return known->second;
		const btf_type* type = btf__type_by_id(from_, id);
		int made;
		if (type && btf_is_typedef(type) && marked_.count(id)) {
			const int base = write(type->type);
			made = btf__add_typedef(to_.get(), name(type->name_off), base);
		} else {
			uint32_t base = id;
			type = resolved(from_, base);
			made = base == id || !type ? write_resolved(id, type) : write(base);
		}
		if (made < 0)
			throw Error(
				kFailure, std::string("cannot write a type into a minimal BTF: ") + std::strerror(-made));
		return written_[id] = made;
	}

	int write_resolved(uint32_t id, const btf_type* type)
	{
		btf* to = to_.get();
		if (!type)
			return 0; // void, or behind a chain of typedefs without an end
		const char* called = name(type->name_off);
		switch (btf_kind(type)) {
		case BTF_KIND_INT: return btf__add_int(to, called, type->size, btf_int_encoding(type));
		case BTF_KIND_FLOAT: return btf__add_float(to, called, type->size);
		case BTF_KIND_FWD: return btf__add_fwd(to, called, btf_kflag(type) ? BTF_FWD_UNION : BTF_FWD_STRUCT);
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64: return write_enum(id, type, called);
		case BTF_KIND_ARRAY: {
			const struct btf_array array = *btf_array(type);
			const int element = write(array.type), index = write(array.index_type);
			return btf__add_array(to, index, element, array.nelems);
		}
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION: return write_composite(id, type, called);
		default: // a pointer, to whatever
			return pointer_ ? pointer_ : pointer_ = btf__add_ptr(to, 0);
		}
	}

	int write_enum(uint32_t id, const btf_type* type, const char* called)
	{
		const bool wide = btf_is_enum64(type);
		const int made = wide ? btf__add_enum64(to_.get(), called, type->size, btf_kflag(type))
							  : btf__add_enum(to_.get(), called, type->size);
		int error = made;
		const auto found = marked_.find(id);
		const std::set<uint32_t> values = found == marked_.end() ? std::set<uint32_t>() : found->second;
		for (const uint32_t i : values) {
			if (error < 0)
				break;
			if (wide)
				error = btf__add_enum64_value(
					to_.get(), name(btf_enum64(type)[i].name_off), btf_enum64_value(&btf_enum64(type)[i]));
			else
				error =
					btf__add_enum_value(to_.get(), name(btf_enum(type)[i].name_off), btf_enum(type)[i].val);
		}
		if (error >= 0 && btf_kflag(type)) // signed, which libbpf else takes from the values
			const_cast<btf_type*>(btf__type_by_id(to_.get(), static_cast<uint32_t>(made)))->info |= 1U << 31;
		return error < 0 ? error : made;
	}

	int write_composite(uint32_t id, const btf_type* type, const char* called)
	{
		const auto found = marked_.find(id);
		const std::set<uint32_t> parts = found == marked_.end() ? std::set<uint32_t>() : found->second;
		std::map<uint32_t, int> types; // they come before what holds them; there are no rings but by pointers
		for (const uint32_t i : parts)
			types[i] = write(btf_members(type)[i].type);
		const int made = btf_is_struct(type) ? btf__add_struct(to_.get(), called, type->size)
											 : btf__add_union(to_.get(), called, type->size);
		int error = made;
		for (const uint32_t i : parts)
			if (error >= 0)
				error = btf__add_field(to_.get(), name(btf_members(type)[i].name_off), types[i],
					btf_member_bit_offset(type, i), btf_member_bitfield_size(type, i));
		return error < 0 ? error : made;
	}

	const btf* from_;
	Btf to_;
	std::map<std::string, std::vector<uint32_t>, std::less<>> named_;
	std::map<uint32_t, std::set<uint32_t>> marked_; // types, and which of their members or values
	std::map<uint32_t, int> written_;
	int pointer_ = 0;
};

} // namespace

std::string minimal_btf(const btf* types, const std::set<BtfQuestion>& questions)
{
	return Minimizer(types).of(questions);
}

} // namespace corescope
