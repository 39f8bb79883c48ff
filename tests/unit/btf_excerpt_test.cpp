// SPDX-License-Identifier: BSD-2-Clause
// Excerpts of a kernel's types: what is in them is as it is in the whole, type by type, and nothing is missing that a
// named type contains. libbpf, which reads them afterwards, is the judge.
#include "base/error.h"
#include "btf/excerpt.h"
#include "btf/question.h"
#include "skip.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

using namespace corescope;

namespace {

using Names = std::set<std::string, std::less<>>;

Btf read(const BtfExcerpt& excerpt)
{
	Btf types(btf__new(excerpt.raw.data(), static_cast<uint32_t>(excerpt.raw.size())));
	REQUIRE(types);
	REQUIRE(btf__type_cnt(types.get()) == excerpt.kernel_type.size());
	return types;
}

std::string raw(const Btf& types)
{
	uint32_t size;
	const void* bytes = btf__raw_data(types.get(), &size);
	return {static_cast<const char*>(bytes), size};
}

std::string name(const btf* types, uint32_t offset)
{
	const char* text = btf__name_by_offset(types, offset);
	return text ? text : "?";
}

// How many members, values or parameters were compared.
unsigned compare(const btf* part, uint32_t id, const btf* whole, uint32_t kernel_id)
{
	const btf_type *ours = btf__type_by_id(part, id), *its = btf__type_by_id(whole, kernel_id);
	REQUIRE(its);
	INFO("type " << kernel_id << " " << name(whole, its->name_off));
	CHECK(btf_kind(ours) == btf_kind(its));
	CHECK(name(part, ours->name_off) == name(whole, its->name_off));
	if (btf_is_int(ours) || btf_is_any_enum(ours) || btf_is_composite(ours))
		CHECK(ours->size == its->size);
	if (btf_is_int(ours))
		CHECK(btf_int_encoding(ours) == btf_int_encoding(its));
	if (!btf_vlen(ours))
		return 0;
	CHECK(ours->info == its->info);
	for (uint32_t i = 0; i < btf_vlen(ours); i++) {
		if (btf_is_composite(ours)) {
			CHECK(name(part, btf_members(ours)[i].name_off) == name(whole, btf_members(its)[i].name_off));
			CHECK(btf_members(ours)[i].offset == btf_members(its)[i].offset);
			CHECK((btf_members(ours)[i].type == 0) == (btf_members(its)[i].type == 0));
		} else if (btf_is_enum(ours)) {
			CHECK(name(part, btf_enum(ours)[i].name_off) == name(whole, btf_enum(its)[i].name_off));
			CHECK(btf_enum(ours)[i].val == btf_enum(its)[i].val);
		} else if (btf_is_func_proto(ours)) {
			CHECK(name(part, btf_params(ours)[i].name_off) == name(whole, btf_params(its)[i].name_off));
		}
	}
	return btf_vlen(ours);
}

// struct inner { int n; }; struct outer { struct inner in[4]; struct inner *far; struct { long deep; }; enum e e; };
// void call(const struct outer *, struct inner *); and what nobody asks for.
Btf made()
{
	Btf types(btf__new_empty());
	btf* to = types.get();
	const int number = btf__add_int(to, "int", 4, BTF_INT_SIGNED), wide = btf__add_int(to, "long", 8, 0);
	const int inner = btf__add_struct(to, "inner", 4);
	btf__add_field(to, "n", number, 0, 0);
	btf__add_struct(to, "unasked", 8);
	btf__add_field(to, "x", wide, 0, 0);
	const int array = btf__add_array(to, number, inner, 4), pointer = btf__add_ptr(to, inner);
	const int nameless = btf__add_struct(to, nullptr, 8);
	btf__add_field(to, "deep", wide, 0, 0);
	const int choice = btf__add_enum(to, "e", 4);
	btf__add_enum_value(to, "ONE", 1);
	const int outer = btf__add_struct(to, "outer", 40);
	btf__add_field(to, "in", array, 0, 0);
	btf__add_field(to, "far", pointer, 128, 0);
	btf__add_field(to, "", nameless, 192, 0);
	btf__add_field(to, "e", choice, 256, 0);
	const int read_only = btf__add_ptr(to, btf__add_const(to, outer));
	const int proto = btf__add_func_proto(to, 0);
	btf__add_func_param(to, "o", read_only);
	btf__add_func_param(to, "i", pointer);
	btf__add_func(to, "call", BTF_FUNC_GLOBAL, proto);
	btf__add_struct(to, "outer___other", 4);
	btf__add_field(to, "n", number, 0, 0);
	return types;
}

} // namespace

TEST_CASE("excerpt of types: a struct with all that lies within it, pointers' targets left out")
{
	const Btf whole = made();
	const BtfExcerpt excerpt = btf_excerpt(raw(whole), {"outer"});
	const Btf part = read(excerpt);
	for (uint32_t id = 1; id < excerpt.kernel_type.size(); id++)
		compare(part.get(), id, whole.get(), excerpt.kernel_type[id]);
	CHECK(btf__find_by_name(part.get(), "unasked") < 0);
	CHECK(btf__find_by_name(part.get(), "call") < 0);
	CHECK(
		btf__find_by_name(part.get(), "outer___other") > 0); // a flavor in the kernel is a candidate as well
	const int outer = btf__find_by_name_kind(part.get(), "outer", BTF_KIND_STRUCT);
	REQUIRE(outer > 0);
	const btf_member* members = btf_members(btf__type_by_id(part.get(), static_cast<uint32_t>(outer)));
	uint32_t id = members[0].type;
	const btf_type* array = btf__type_by_id(part.get(), id);
	REQUIRE(btf_is_array(array));
	CHECK(btf_array(array)->nelems == 4);
	const btf_type* inner = btf__type_by_id(part.get(), btf_array(array)->type);
	CHECK(btf_vlen(inner) == 1);
	const btf_type* far = btf__type_by_id(part.get(), members[1].type);
	REQUIRE(btf_is_ptr(far));
	CHECK(far->type == 0);
	CHECK(btf_vlen(btf__type_by_id(part.get(), members[2].type)) == 1);
	CHECK(btf_vlen(btf__type_by_id(part.get(), members[3].type)) == 1);
}

TEST_CASE(
	"excerpt of types: a function with the types of its arguments, which have no members unless they are asked for")
{
	const Btf whole = made();
	const BtfExcerpt excerpt = btf_excerpt(raw(whole), {"call", "inner"});
	const Btf part = read(excerpt);
	const int call = btf__find_by_name_kind(part.get(), "call", BTF_KIND_FUNC);
	REQUIRE(call > 0);
	const btf_type* proto =
		btf__type_by_id(part.get(), btf__type_by_id(part.get(), static_cast<uint32_t>(call))->type);
	REQUIRE(btf_vlen(proto) == 2);
	const auto target = [&](uint32_t i) {
		uint32_t id = btf__type_by_id(part.get(), btf_params(proto)[i].type)->type;
		return resolved(part.get(), id);
	};
	CHECK(name(part.get(), target(0)->name_off) == "outer");
	CHECK(btf_vlen(target(0)) == 0);
	CHECK(target(0)->size == 40);
	CHECK(name(part.get(), target(1)->name_off) == "inner");
	CHECK(btf_vlen(target(1)) == 1);
}

TEST_CASE("excerpt of types: of this kernel's own, every type as it is")
{
	std::ifstream file("/sys/kernel/btf/vmlinux", std::ios::binary);
	if (!file)
		SKIP_TEST("this kernel offers no BTF");
	const std::string bytes{std::istreambuf_iterator<char>(file), {}};
	const Btf whole(btf__new(bytes.data(), static_cast<uint32_t>(bytes.size())));
	REQUIRE(whole);
	const Names names = {
		"task_struct", "cred", "mm_struct", "bpf_func_id", "btf_trace_sched_switch", "bpf_rdonly_cast"};
	const BtfExcerpt excerpt = btf_excerpt(bytes, names);
	const Btf part = read(excerpt);
	unsigned compared = 0;
	for (uint32_t id = 1; id < excerpt.kernel_type.size(); id++)
		compared += compare(part.get(), id, whole.get(), excerpt.kernel_type[id]);
	CHECK(compared > 300);
	CHECK(excerpt.raw.size() < bytes.size() / 10);
	// All that are called so, and of each the kernel's number.
	for (const std::string& wanted : names)
		for (uint32_t id = 1; id < btf__type_cnt(whole.get()); id++) {
			const btf_type* type = btf__type_by_id(whole.get(), id);
			if (name(whole.get(), type->name_off) != wanted || btf_is_var(type) || btf_is_fwd(type))
				continue;
			INFO(wanted);
			CHECK(std::count(excerpt.kernel_type.begin(), excerpt.kernel_type.end(), id) == 1);
		}
}

TEST_CASE("excerpt of types: damaged ones are refused, or read without harm")
{
	const std::string whole = raw(made());
	const Names names = {"outer", "call"};
	CHECK_THROWS_AS(btf_excerpt("", names), Error);
	CHECK_THROWS_AS(btf_excerpt(whole, {"x"}), Error);
	for (size_t size = 0; size < whole.size(); size++)
		CHECK_THROWS_AS(btf_excerpt(std::string(whole.data(), size), names), Error);
	std::mt19937 random(4711);
	unsigned refused = 0;
	for (int i = 0; i < 20000; i++) {
		std::string bytes = whole;
		for (int flips = 1 + static_cast<int>(random() % 3); flips; flips--)
			bytes[random() % bytes.size()] = static_cast<char>(random());
		try {
			btf_excerpt(bytes, names);
		} catch (const Error&) {
			refused++;
		}
	}
	CHECK(refused > 1000);
}
