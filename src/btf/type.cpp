// SPDX-License-Identifier: BSD-2-Clause
// The one place that believes nothing of what BTF says: references that lead nowhere or in circles, members outside
// their struct, sizes that cannot be. What comes out of it is a tree of bounded size, whose offsets hold.
#include "btf/type.h"

#include "base/error.h"

#include <bpf/btf.h>

#include <algorithm>
#include <cstring>

namespace corescope {

namespace {

using Kind = BtfType::Kind;

constexpr unsigned kDeepest = 64;            // the kernel resolves 32
constexpr uint64_t kLargest = 1U << 28;      // bytes; offsets in bits fit 32 of them
constexpr uint64_t kMostLeaves = 1ULL << 24; // unions of unions can tell the same byte for ever
constexpr size_t kLongestName = 511;         // as in the kernel

[[noreturn]] void broken(uint32_t id, const std::string& why)
{
	throw Error(kDataError,
		"BTF type " + std::to_string(id) + ": " + why + "; the object is damaged, compile it again");
}

// What the kernel lets names be. So none needs escaping, wherever it is written, nor looks like a number.
bool is_name(std::string_view name)
{
	return (name.empty() || name.front() < '0' || name.front() > '9') &&
		std::all_of(name.begin(), name.end(), [](char c) {
			return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
				c == '.' || c == '$';
		});
}

// Of types, for messages: some compilers write more into them than a name.
std::string printable(const char* name)
{
	std::string text = name ? std::string(name, strnlen(name, kLongestName)) : "";
	std::replace_if(
		text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
	return text;
}

std::string with_word(const char* word, const std::string& name)
{
	return name.empty() ? word : std::string(word) + ' ' + name;
}

bool is_reference(const btf_type& t) { return btf_is_mod(&t) || btf_is_typedef(&t) || btf_is_type_tag(&t); }

} // namespace

const BtfEnumerator* BtfType::enumerator(uint64_t value) const
{
	for (const BtfEnumerator& e : enumerators)
		if (e.value == value)
			return &e;
	return nullptr;
}

size_t BtfType::size_in(size_t available) const
{
	if (!flexible || available <= size)
		return size;
	if (kind == Kind::array)
		return available / element->size * element->size;
	size_t most = size;
	for (const BtfMember& member : members)
		if (is_tail(member))
			most = std::max(most, member.offset() + member.type->size_in(available - member.offset()));
	return most;
}

// Makes types from the leaves up; one that is asked for while it is being made holds itself.
class BtfTypes::Maker {
public:
	explicit Maker(BtfTypes& types) : types_(types) {}

	const BtfType& make(uint32_t id)
	{
		const auto [at, is_new] = types_.nodes_.try_emplace(id);
		Node& node = at->second;
		if (!is_new) {
			if (!node.type)
				broken(id, "it holds itself");
			return *node.type;
		}
		try {
			if (++depth_ > kDeepest)
				broken(id, "types are nested too deeply");
			const btf_type& t = raw(id);
			if (btf_is_var(&t) || (is_reference(t) && !btf_is_typedef(&t))) {
				node.type = &make(t.type);
			} else {
				node.own = std::make_unique<BtfType>();
				fill(node, id, t);
				node.type = node.own.get();
			}
			depth_--;
		} catch (...) {
			types_.nodes_.erase(id);
			throw;
		}
		return *node.type;
	}

private:
	const btf_type& raw(uint32_t id) const
	{
		const btf_type* t = btf__type_by_id(types_.source_, id);
		if (!t)
			broken(id, "there is none of that number, but one refers to it");
		return *t;
	}
	std::string type_name(const btf_type& t) const
	{
		return printable(btf__name_by_offset(types_.source_, t.name_off));
	}
	std::string_view checked_name(uint32_t id, uint32_t offset, bool may_be_empty = false) const
	{
		const char* name = btf__name_by_offset(types_.source_, offset);
		if (!name)
			broken(id, "a name lies outside the names");
		const std::string_view text(name, strnlen(name, kLongestName + 1));
		if ((text.empty() && !may_be_empty) || !is_name(text) || text.size() > kLongestName)
			broken(id, "'" + printable(name) + "' cannot be a name");
		return text;
	}
	const btf_type& without_qualifiers(uint32_t id) const
	{
		const btf_type* t = &raw(id);
		for (unsigned i = 0; is_reference(*t); i++) {
			if (i == kDeepest)
				broken(id, "it refers to itself");
			t = &raw(t->type);
		}
		return *t;
	}
	// Of what is a value and has a size.
	const BtfType& make_value(uint32_t id, uint32_t holder)
	{
		const BtfType& type = make(id);
		if (type.kind == Kind::opaque)
			broken(holder, "it holds " + (type.name.empty() ? "what" : type.name) + ", which has no size");
		return type;
	}

	void fill(Node& node, uint32_t id, const btf_type& t)
	{
		BtfType& type = *node.own;
		type.name = type_name(t);
		switch (btf_kind(&t)) {
		case BTF_KIND_INT: integer(type, id, t); break;
		case BTF_KIND_FLOAT: floating(type, id, t); break;
		case BTF_KIND_PTR:
			type.kind = Kind::pointer;
			type.size = btf__pointer_size(types_.source_) == 4 ? 4 : 8;
			type.name = pointer_name(t.type);
			break;
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64: enumeration(node, id, t); break;
		case BTF_KIND_ARRAY: array(type, id, t); break;
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION: record(node, id, t); break;
		case BTF_KIND_DATASEC: section(node, id, t); break;
		case BTF_KIND_TYPEDEF: {
			const std::string name = type.name;
			type = make(t.type);
			type.name = name;
			break;
		}
		case BTF_KIND_FWD: type.name = with_word(btf_kflag(&t) ? "union" : "struct", type.name); break;
		case BTF_KIND_FUNC_PROTO: type.name = "a function"; break;
		default: type.name = id == 0 ? "void" : type.name;
		}
		if (type.leaves > kMostLeaves)
			broken(id, "it has more values than can be told");
	}

	// What it leads to need not be complete, and may lead back.
	std::string pointer_name(uint32_t id) const
	{
		std::string stars = "*";
		for (unsigned i = 0; i < kDeepest; i++) {
			const btf_type& t = raw(id);
			if (btf_is_ptr(&t))
				stars += '*';
			else if (btf_is_typedef(&t) || !is_reference(t))
				return target_name(id, t) + ' ' + stars;
			id = t.type;
		}
		broken(id, "it refers to itself");
	}
	std::string target_name(uint32_t id, const btf_type& t) const
	{
		const std::string name = type_name(t);
		switch (btf_kind(&t)) {
		case BTF_KIND_STRUCT: return with_word("struct", name);
		case BTF_KIND_UNION: return with_word("union", name);
		case BTF_KIND_FWD: return with_word(btf_kflag(&t) ? "union" : "struct", name);
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64: return with_word("enum", name);
		case BTF_KIND_ARRAY: return "array";
		case BTF_KIND_FUNC_PROTO: return "function";
		default: return id == 0 ? "void" : name;
		}
	}

	static void integer(BtfType& type, uint32_t id, const btf_type& t)
	{
		const uint32_t bits = t.size <= 16 ? t.size * 8 : 0;
		if (bits == 0 || (t.size & (t.size - 1)) != 0 || btf_int_bits(&t) + btf_int_offset(&t) > bits ||
			btf_int_bits(&t) == 0)
			broken(id,
				"an integer of " + std::to_string(t.size) + " bytes and " + std::to_string(btf_int_bits(&t)) +
					" bits");
		const unsigned encoding = btf_int_encoding(&t);
		type.kind = encoding & BTF_INT_BOOL ? Kind::boolean : Kind::integer;
		type.is_signed = encoding & BTF_INT_SIGNED;
		type.is_char = t.size == 1 && (encoding & BTF_INT_CHAR || type.name == "char");
		type.size = t.size;
	}

	static void floating(BtfType& type, uint32_t id, const btf_type& t)
	{
		if (t.size != 2 && t.size != 4 && t.size != 8 && t.size != 12 && t.size != 16)
			broken(id, "a floating number of " + std::to_string(t.size) + " bytes");
		type.kind = Kind::floating;
		type.is_signed = true;
		type.size = t.size;
	}

	void enumeration(Node& node, uint32_t id, const btf_type& t) const
	{
		BtfType& type = *node.own;
		if (t.size != 1 && t.size != 2 && t.size != 4 && t.size != 8)
			broken(id, "an enumeration of " + std::to_string(t.size) + " bytes");
		type.kind = Kind::enumeration;
		type.name = with_word("enum", type.name);
		type.size = t.size;
		type.is_signed = btf_kflag(&t);
		for (unsigned i = 0; i < btf_vlen(&t); i++) {
			if (btf_is_enum64(&t)) {
				// Name, low and high half. Older kernel headers do not have the struct.
				const uint32_t* e = reinterpret_cast<const uint32_t*>(&t + 1) + size_t{3} * i;
				node.enumerators.push_back({checked_name(id, e[0]), uint64_t{e[2]} << 32 | e[1]});
				continue;
			}
			const struct btf_enum& e = ::btf_enum(&t)[i];
			// Compilers did not always say that there are negative ones.
			type.is_signed = type.is_signed || e.val < 0;
			node.enumerators.push_back(
				{checked_name(id, e.name_off), static_cast<uint64_t>(static_cast<int64_t>(e.val))});
		}
		if (!type.is_signed && type.size < 8)
			for (BtfEnumerator& e : node.enumerators)
				e.value &= (1ULL << type.size * 8) - 1;
		type.enumerators = node.enumerators;
	}

	void array(BtfType& type, uint32_t id, const btf_type& t)
	{
		const struct btf_array& a = *::btf_array(&t);
		const BtfType& element = make_value(a.type, id);
		if (uint64_t{element.size} * a.nelems > kLargest)
			broken(id,
				"an array of " + std::to_string(a.nelems) + " times " + std::to_string(element.size) +
					" bytes");
		type.kind = Kind::array;
		type.element = &element;
		type.count = a.nelems;
		type.size = element.size * a.nelems;
		type.flexible = a.nelems == 0 && element.size > 0;
		type.leaves = type.is_string() ? 1 : std::max<uint64_t>(1, a.nelems * element.leaves);
		// int x[2][3] is an array of two int[3].
		type.name = element.name;
		const size_t inner = element.kind == Kind::array ? type.name.find('[') : std::string::npos;
		type.name.insert(inner == std::string::npos ? type.name.size() : inner,
			a.nelems ? "[" + std::to_string(a.nelems) + "]" : "[]");
	}

	void record(Node& node, uint32_t id, const btf_type& t)
	{
		BtfType& type = *node.own;
		const bool is_union = btf_is_union(&t);
		if (t.size > kLargest)
			broken(id, "a struct of " + std::to_string(t.size) + " bytes");
		type.kind = is_union ? Kind::choice : Kind::record;
		type.name = with_word(is_union ? "union" : "struct", type.name);
		type.size = t.size;
		type.leaves = 1;
		for (unsigned i = 0; i < btf_vlen(&t); i++) {
			const btf_member& m = btf_members(&t)[i];
			BtfMember member{checked_name(id, m.name_off, true), &make_value(m.type, id),
				btf_member_bit_offset(&t, i), btf_member_bitfield_size(&t, i)};
			// Before there was a flag, the integer's type said which of its bits count.
			const btf_type& plain = without_qualifiers(m.type);
			if (!btf_kflag(&t) && btf_is_int(&plain) && btf_int_bits(&plain) != plain.size * 8) {
				member.bits = btf_int_bits(&plain);
				member.bit_offset += btf_int_offset(&plain);
			}
			check(member, type, id);
			if (member.name.empty() && !member.type->has_members())
				continue; // padding
			type.leaves += member.type->leaves;
			node.members.push_back(member);
		}
		type.members = node.members;
		for (const BtfMember& member : type.members)
			type.flexible = type.flexible || type.is_tail(member);
	}

	static void check(const BtfMember& member, const BtfType& holder, uint32_t id)
	{
		const Kind kind = member.type->kind;
		const uint64_t bits = member.bits ? member.bits : uint64_t{member.type->size} * 8;
		if (member.bit_offset + bits > uint64_t{holder.size} * 8)
			broken(id, "member '" + std::string(member.name) + "' ends behind it");
		if (member.bits == 0 && member.bit_offset % 8 != 0)
			broken(id, "member '" + std::string(member.name) + "' begins within a byte");
		if (member.bits && kind != Kind::integer && kind != Kind::boolean && kind != Kind::enumeration)
			broken(id, "member '" + std::string(member.name) + "' cannot be a bitfield");
		if (member.bits > member.type->size * 8)
			broken(id, "bitfield '" + std::string(member.name) + "' has more bits than its type");
	}

	// Sections have no size before libbpf has opened the object.
	void section(Node& node, uint32_t id, const btf_type& t)
	{
		BtfType& type = *node.own;
		type.kind = Kind::record;
		uint64_t size = t.size;
		for (unsigned i = 0; i < btf_vlen(&t); i++) {
			const btf_var_secinfo& info = btf_var_secinfos(&t)[i];
			const btf_type& variable = raw(info.type);
			if (!btf_is_var(&variable))
				continue; // a function of the kernel's
			const BtfType& held = make(info.type);
			if (held.kind == Kind::opaque)
				continue;
			const uint64_t end = uint64_t{info.offset} + held.size;
			if (t.size == 0)
				size = std::max(size, end);
			if (end > size || size > kLargest)
				broken(id, "a variable ends behind section " + type.name);
			type.leaves += held.leaves;
			node.members.push_back({checked_name(id, variable.name_off), &held, info.offset * 8, 0});
		}
		type.members = node.members;
		type.size = static_cast<uint32_t>(size);
	}

	BtfTypes& types_;
	unsigned depth_ = 0;
};

BtfTypes::BtfTypes(const btf* source) : source_(source) {}

const BtfType& BtfTypes::at(uint32_t id) { return Maker(*this).make(id); }

uint32_t BtfTypes::find(std::string_view name) const
{
	static constexpr struct {
		std::string_view word;
		unsigned kind;
	} kKinds[] = {{"struct ", BTF_KIND_STRUCT}, {"union ", BTF_KIND_UNION}, {"enum ", BTF_KIND_ENUM},
		{"enum ", BTF_KIND_ENUM64}, {"", BTF_KIND_TYPEDEF}, {"", BTF_KIND_INT}, {"", BTF_KIND_FLOAT},
		{"", BTF_KIND_DATASEC}};
	for (const bool with_word : {true, false}) {
		for (const auto& [word, kind] : kKinds) {
			if (with_word && (word.empty() || name.substr(0, word.size()) != word))
				continue;
			const std::string wanted(name.substr(with_word ? word.size() : 0));
			const int id = wanted.empty() ? 0 : btf__find_by_name_kind(source_, wanted.c_str(), kind);
			if (id > 0)
				return static_cast<uint32_t>(id);
		}
	}
	return 0;
}

std::vector<std::string> BtfTypes::struct_names() const
{
	std::vector<std::string> names;
	for (uint32_t id = 1; id < btf__type_cnt(source_); id++) {
		const btf_type* t = btf__type_by_id(source_, id);
		const std::string name = t ? printable(btf__name_by_offset(source_, t->name_off)) : "";
		if (t && btf_is_composite(t) && !name.empty())
			names.push_back(with_word(btf_is_struct(t) ? "struct" : "union", name));
	}
	return names;
}

} // namespace corescope
