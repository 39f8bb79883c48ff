// SPDX-License-Identifier: BSD-2-Clause
// BTF types as values have them: const, typedefs and tags looked through, every offset and size checked once, so that
// whoever reads or writes a value by them needs no further checks than the length of its bytes. BTF comes from files
// that anyone may have made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct btf;

namespace corescope {

struct BtfType;

struct BtfMember {
	std::string_view name; // empty: anonymous, its own members count as those of the type around it
	const BtfType* type = nullptr;
	uint32_t bit_offset = 0; // in the type around it
	uint32_t bits = 0;       // of a bitfield; 0: the whole type

	uint32_t offset() const { return bit_offset / 8; }
};

struct BtfEnumerator {
	std::string_view name;
	uint64_t value; // of a signed type sign-extended
};

struct BtfType {
	enum class Kind : uint8_t {
		opaque, // void, a function, a type only named: nothing to print
		boolean,
		integer, // up to 16 bytes; a C char is one as well
		floating,
		enumeration,
		pointer,
		array,
		record, // struct; also a section of variables (DATASEC)
		choice, // union
	};

	Kind kind = Kind::opaque;
	bool is_signed = false;
	bool is_char = false;  // C's char; arrays of it are strings
	bool flexible = false; // ends in an array without a size, which takes what bytes there are
	uint32_t size = 0;     // bytes
	uint32_t count = 0;    // elements of an array
	const BtfType* element = nullptr;
	uint64_t leaves = 1;                // how many values are printed for it at most, flexible arrays apart
	std::string name;                   // as C writes it: "struct event", "u32", "char[16]"
	std::span<const BtfMember> members; // of a struct in its order, of a section in that of its BTF
	std::span<const BtfEnumerator> enumerators;

	bool is_string() const { return kind == Kind::array && element->is_char; }
	bool is_number() const { return kind == Kind::integer || kind == Kind::floating; }
	bool has_members() const { return kind == Kind::record || kind == Kind::choice; }
	// The enumerator of that value (as btf_load gives it), the first of several; null if it has none.
	const BtfEnumerator* enumerator(uint64_t value) const;
	// Bytes of this type where it may take `available`: size, or more if flexible, by whole elements.
	size_t size_in(size_t available) const;
	// Whether the member may take more bytes than its type's size.
	bool is_tail(const BtfMember& member) const
	{
		return member.type->flexible && (kind == Kind::choice || &member == &members.back());
	}
};

// All types of a BTF, made on demand. They live as long as this does; their names are the btf's, which outlives it and
// is not added to.
class BtfTypes {
public:
	explicit BtfTypes(const btf* source);
	BtfTypes(const BtfTypes&) = delete;
	BtfTypes& operator=(const BtfTypes&) = delete;

	// Throws Error(kDataError) where the BTF contradicts itself, or describes what cannot be a value.
	const BtfType& at(uint32_t id);

	// By its name as C writes it: "struct event", "union u", "enum e", or without that word: the first type of that
	// name (a typedef, an int, a struct, a section as ".bss"). 0: there is none.
	uint32_t find(std::string_view name) const;
	// Names as find() takes them, for a refusal's "did you mean".
	std::vector<std::string> struct_names() const;

	const btf* source() const { return source_; }

private:
	class Maker;
	struct Node {
		const BtfType* type = nullptr; // null: being made
		std::unique_ptr<BtfType> own;  // null where `type` is another node's
		std::vector<BtfMember> members;
		std::vector<BtfEnumerator> enumerators;
	};

	const btf* source_;
	std::unordered_map<uint32_t, Node> nodes_;
};

} // namespace corescope
