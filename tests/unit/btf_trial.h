// SPDX-License-Identifier: BSD-2-Clause
// BTF made on the spot, and shorthands to print and set values by it.
#pragma once

#include "btf/assign.h"
#include "btf/print.h"
#include "btf/type.h"

#include <bpf/btf.h>
#include <catch2/catch.hpp>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace corescope::test {

// A btf with the usual integers in it; each function gives the id of what it added.
class Btf {
public:
	Btf() : raw_(btf__new_empty())
	{
		u8 = add_int("unsigned char", 1, 0);
		character = add_int("char", 1, BTF_INT_SIGNED);
		u16 = add_int("unsigned short", 2, 0);
		s16 = add_int("short", 2, BTF_INT_SIGNED);
		u32 = add_int("unsigned int", 4, 0);
		s32 = add_int("int", 4, BTF_INT_SIGNED);
		u64 = add_int("unsigned long", 8, 0);
		s64 = add_int("long", 8, BTF_INT_SIGNED);
		boolean = add_int("_Bool", 1, BTF_INT_BOOL);
	}
	~Btf() { btf__free(raw_); }
	Btf(const Btf&) = delete;
	Btf& operator=(const Btf&) = delete;

	btf* raw() const { return raw_; }
	int add_int(const char* name, size_t size, int encoding)
	{
		return ok(btf__add_int(raw_, name, size, encoding));
	}
	int array(int element, unsigned count) { return ok(btf__add_array(raw_, u32, element, count)); }
	int pointer(int target) { return ok(btf__add_ptr(raw_, target)); }
	int type_def(const char* name, int target) { return ok(btf__add_typedef(raw_, name, target)); }

	struct Member {
		const char* name;
		int type;
		uint32_t bit_offset;
		uint32_t bits = 0;
	};
	int record(const char* name, uint32_t size, const std::vector<Member>& members)
	{
		return filled(ok(btf__add_struct(raw_, name, size)), members);
	}
	int choice(const char* name, uint32_t size, const std::vector<Member>& members)
	{
		return filled(ok(btf__add_union(raw_, name, size)), members);
	}
	int enumeration(
		const char* name, uint32_t size, const std::vector<std::pair<const char*, int64_t>>& values)
	{
		const int id = ok(btf__add_enum(raw_, name, size));
		for (const auto& [word, value] : values)
			REQUIRE(btf__add_enum_value(raw_, word, value) == 0);
		return id;
	}

	int u8, character, u16, s16, u32, s32, u64, s64, boolean;

private:
	static int ok(int id)
	{
		REQUIRE(id > 0);
		return id;
	}
	int filled(int id, const std::vector<Member>& members)
	{
		for (const Member& m : members)
			REQUIRE(btf__add_field(raw_, m.name, m.type, m.bit_offset, m.bits) == 0);
		return id;
	}

	btf* raw_;
};

inline std::string json(const BtfType& type, std::string_view bytes)
{
	Buffer out;
	append_btf_json(out, type, bytes);
	return std::string(out.view());
}
inline std::string text(const BtfType& type, std::string_view bytes)
{
	Buffer out;
	append_btf_text(out, type, bytes);
	return std::string(out.view());
}

template <class T>
std::string_view bytes_of(const T& value)
{
	return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

// Why a value is refused; empty if it is taken.
inline std::string refusal(
	const BtfType& type, std::vector<char>& bytes, std::string_view path, std::string_view value)
{
	const std::vector<char> before = bytes;
	try {
		btf_assign(type, bytes, path, value);
		return {};
	} catch (const BadValue& bad) {
		CHECK(bytes == before);
		CHECK_FALSE(bad.why.empty());
		CHECK(bad.why.find('\n') == std::string::npos);
		return bad.why;
	}
}

} // namespace corescope::test
