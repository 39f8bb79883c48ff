// SPDX-License-Identifier: BSD-2-Clause
// One pass over the kernel's types finds those that are named, and where each type lies; then what they contain is
// followed, and written with new numbers. The pass is what takes time, so three characters of a name decide first.
#include "btf/excerpt.h"

#include "base/error.h"
#include "btf/question.h"

#include <bitset>
#include <cstring>
#include <linux/btf.h>
#include <unordered_map>

namespace corescope {

namespace {

// libbpf has functions of the same names.
using Enum = struct btf_enum;
using Enum64 = struct btf_enum64;
using Array = struct btf_array;

[[noreturn]] void damaged() { throw Error(kFailure, "the kernel's types cannot be read"); }

// Bytes behind a type's head; libbpf's btf_type_size(). -1: of a kind that is not known here.
int64_t rest_of(const btf_type& type)
{
	const int64_t parts = BTF_INFO_VLEN(type.info);
	switch (BTF_INFO_KIND(type.info)) {
	case BTF_KIND_FWD:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG: return 0;
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG: return sizeof(uint32_t);
	case BTF_KIND_ENUM: return parts * static_cast<int64_t>(sizeof(Enum));
	case BTF_KIND_ENUM64: return parts * static_cast<int64_t>(sizeof(Enum64));
	case BTF_KIND_ARRAY: return sizeof(Array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: return parts * static_cast<int64_t>(sizeof(btf_member));
	case BTF_KIND_FUNC_PROTO: return parts * static_cast<int64_t>(sizeof(btf_param));
	case BTF_KIND_DATASEC: return parts * static_cast<int64_t>(sizeof(btf_var_secinfo));
	default: return -1;
	}
}

bool can_be_asked_for(uint32_t kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_ENUM ||
		kind == BTF_KIND_ENUM64 || kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_FUNC || kind == BTF_KIND_INT;
}

class Excerpter {
public:
	Excerpter(std::string_view kernel, const std::set<std::string, std::less<>>& names) : names_(names)
	{
		btf_header header;
		if (kernel.size() < sizeof(header))
			damaged();
		std::memcpy(&header, kernel.data(), sizeof(header));
		const uint64_t types = uint64_t{header.hdr_len} + header.type_off;
		const uint64_t texts = uint64_t{header.hdr_len} + header.str_off;
		if (header.magic != BTF_MAGIC || types + header.type_len > kernel.size() ||
			texts + header.str_len > kernel.size() || !header.str_len ||
			kernel[texts + header.str_len - 1] != '\0')
			damaged();
		types_ = kernel.substr(types, header.type_len);
		texts_ = kernel.substr(texts, header.str_len);
		for (const std::string& name : names) {
			begins_.set(beginning(name.c_str()));
			if (name.size() == 2)
				begins_.set(beginning((name + '_').c_str())); // a flavor of it
		}
	}

	BtfExcerpt make()
	{
		find();
		while (!pending_.empty()) {
			const uint32_t id = pending_.back();
			pending_.pop_back();
			follow(id);
		}
		write();
		return std::move(made_);
	}

private:
	// How far a type is kept: alone, with what a pointer points to, or with all that is within it.
	enum Depth : uint8_t { kAlone = 1, kPointed = 2, kWhole = 4 };
	struct Kept {
		uint32_t number;
		uint8_t depth;
	};

	// Of three bytes, a number below 2^16.
	static uint16_t beginning(const char* name)
	{
		const auto byte = [&](int i) { return static_cast<unsigned>(static_cast<unsigned char>(name[i])); };
		return static_cast<uint16_t>(byte(0) ^ byte(1) << 5 ^ byte(2) << 10);
	}

	// The type's head, and its bytes from there.
	btf_type head(uint32_t id, const char** bytes) const
	{
		if (id >= places_.size())
			damaged();
		btf_type type;
		*bytes = types_.data() + places_[id];
		std::memcpy(&type, *bytes, sizeof(type));
		return type;
	}
	const char* text(uint32_t offset) const
	{
		if (offset >= texts_.size())
			damaged();
		return texts_.data() + offset;
	}

	void find()
	{
		places_.reserve(types_.size() / 40);
		places_.push_back(0); // void
		for (size_t at = 0; at < types_.size();) {
			btf_type type;
			if (types_.size() - at < sizeof(type))
				damaged();
			std::memcpy(&type, types_.data() + at, sizeof(type));
			const int64_t rest = rest_of(type);
			if (rest < 0 || types_.size() - at - sizeof(type) < static_cast<uint64_t>(rest))
				damaged();
			places_.push_back(static_cast<uint32_t>(at));
			at += sizeof(type) + static_cast<size_t>(rest);
			if (!type.name_off || uint64_t{type.name_off} + 2 >= texts_.size() ||
				!begins_.test(beginning(texts_.data() + type.name_off)) ||
				!can_be_asked_for(BTF_INFO_KIND(type.info)))
				continue;
			if (names_.count(essential_name(texts_.data() + type.name_off)))
				keep(static_cast<uint32_t>(places_.size() - 1), kWhole | kPointed);
		}
	}

	void keep(uint32_t id, uint8_t depth)
	{
		if (!id)
			return;
		const auto [found, is_new] = kept_.try_emplace(id, Kept{0, 0});
		if (is_new) {
			order_.push_back(id);
			found->second.number = static_cast<uint32_t>(order_.size());
		}
		if ((found->second.depth | depth) == found->second.depth)
			return;
		found->second.depth |= depth;
		pending_.push_back(id);
	}

	void follow(uint32_t id)
	{
		const uint8_t depth = kept_.at(id).depth;
		const char* at;
		const btf_type type = head(id, &at);
		at += sizeof(type);
		switch (BTF_INFO_KIND(type.info)) {
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_TYPE_TAG:
		case BTF_KIND_FUNC: keep(type.type, depth); break;
		case BTF_KIND_PTR:
			if (depth & kPointed)
				keep(type.type, kAlone);
			break;
		case BTF_KIND_ARRAY: {
			Array array;
			std::memcpy(&array, at, sizeof(array));
			keep(array.type, depth & ~kPointed);
			keep(array.index_type, kAlone);
			break;
		}
		case BTF_KIND_FUNC_PROTO:
			keep(type.type, kAlone | kPointed);
			for (uint32_t i = 0; i < BTF_INFO_VLEN(type.info); i++)
				keep(part<btf_param>(at, i).type, kAlone | kPointed);
			break;
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			for (uint32_t i = 0; depth & kWhole && i < BTF_INFO_VLEN(type.info); i++)
				keep(part<btf_member>(at, i).type, kWhole);
			break;
		default: break;
		}
	}

	template <class T>
	static T part(const char* at, size_t index)
	{
		T one;
		std::memcpy(&one, at + index * sizeof(one), sizeof(one));
		return one;
	}
	template <class T>
	static void append(std::string& to, const T& one)
	{
		to.append(reinterpret_cast<const char*>(&one), sizeof(one));
	}

	uint32_t renumbered(uint32_t id) const { return id ? kept_.at(id).number : 0; }
	uint32_t moved(uint32_t offset)
	{
		if (!offset)
			return 0;
		const auto [found, is_new] = moved_.try_emplace(offset, static_cast<uint32_t>(texts_made_.size()));
		if (is_new)
			texts_made_.append(text(offset)).push_back('\0');
		return found->second;
	}

	void write()
	{
		std::string types;
		texts_made_.assign(1, '\0');
		made_.kernel_type.push_back(0);
		for (const uint32_t id : order_) {
			made_.kernel_type.push_back(id);
			write_type(types, id);
		}
		btf_header header{};
		header.magic = BTF_MAGIC;
		header.version = BTF_VERSION;
		header.hdr_len = sizeof(header);
		header.type_len = header.str_off = static_cast<uint32_t>(types.size());
		header.str_len = static_cast<uint32_t>(texts_made_.size());
		append(made_.raw, header);
		made_.raw += types;
		made_.raw += texts_made_;
	}

	void write_type(std::string& out, uint32_t id)
	{
		const uint8_t depth = kept_.at(id).depth;
		const char* at;
		btf_type type = head(id, &at);
		at += sizeof(type);
		const uint32_t kind = BTF_INFO_KIND(type.info);
		uint32_t parts = BTF_INFO_VLEN(type.info);
		const bool composite = kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
		if (composite && !(depth & kWhole)) {
			type.info -= parts;
			parts = 0;
		}
		type.name_off = moved(type.name_off);
		if (kind == BTF_KIND_PTR)
			type.type = depth & kPointed ? renumbered(type.type) : 0;
		else if (kind == BTF_KIND_CONST || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_RESTRICT ||
			kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_TYPE_TAG || kind == BTF_KIND_FUNC ||
			kind == BTF_KIND_FUNC_PROTO)
			type.type = renumbered(type.type);
		append(out, type);
		if (composite) {
			for (uint32_t i = 0; i < parts; i++) {
				auto member = part<btf_member>(at, i);
				member.name_off = moved(member.name_off);
				member.type = renumbered(member.type);
				append(out, member);
			}
		} else if (kind == BTF_KIND_FUNC_PROTO) {
			for (uint32_t i = 0; i < parts; i++) {
				const auto param = part<btf_param>(at, i);
				append(out, btf_param{moved(param.name_off), renumbered(param.type)});
			}
		} else if (kind == BTF_KIND_ARRAY) {
			const auto array = part<Array>(at, 0);
			append(out, Array{renumbered(array.type), renumbered(array.index_type), array.nelems});
		} else if (kind == BTF_KIND_ENUM) {
			for (uint32_t i = 0; i < parts; i++) {
				const auto one = part<Enum>(at, i);
				append(out, Enum{moved(one.name_off), one.val});
			}
		} else if (kind == BTF_KIND_ENUM64) {
			for (uint32_t i = 0; i < parts; i++) {
				const auto one = part<Enum64>(at, i);
				append(out, Enum64{moved(one.name_off), one.val_lo32, one.val_hi32});
			}
		} else if (kind == BTF_KIND_INT) {
			out.append(at, sizeof(uint32_t));
		}
	}

	const std::set<std::string, std::less<>>& names_;
	std::bitset<1 << 16> begins_;
	std::string_view types_, texts_;
	std::vector<uint32_t> places_; // of each type in types_
	std::unordered_map<uint32_t, Kept> kept_;
	std::vector<uint32_t> order_, pending_;
	std::unordered_map<uint32_t, uint32_t> moved_;
	std::string texts_made_;
	BtfExcerpt made_;
};

} // namespace

BtfExcerpt btf_excerpt(std::string_view kernel, const std::set<std::string, std::less<>>& names)
{
	for (const std::string& name : names)
		if (name.size() < 2)
			throw Error(kFailure, "an excerpt of types by a name of one character");
	return Excerpter(kernel, names).make();
}

} // namespace corescope
