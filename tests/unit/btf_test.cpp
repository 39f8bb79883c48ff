// SPDX-License-Identifier: BSD-2-Clause
// Types in files: the least that answers a question, what is damaged, and bundles.
#include "base/error.h"
#include "base/gzip.h"
#include "base/pack.h"
#include "btf/bundle.h"
#include "btf/minimal.h"

#include <catch2/catch.hpp>
#include <cstring>

using namespace corescope;
using About = BtfQuestion::About;

namespace {

// struct task { long state; union { int a; struct { char pad[8]; int deep; }; }; struct cred *cred; kuid uid; flag : 3; },
// typedef struct { int val; } kuid; enum helper { ONE = 1, TWO = 2 }, and another struct task without members.
struct Kernel {
	Btf types{btf__new_empty()};
	int task;

	Kernel()
	{
		btf* b = types.get();
		const int integer = btf__add_int(b, "int", 4, BTF_INT_SIGNED), wide = btf__add_int(b, "long", 8, 0),
				  letter = btf__add_int(b, "char", 1, 0), pad = btf__add_array(b, wide, letter, 8);
		btf__add_struct(b, "task", 4); // the first of that name has nothing of it
		btf__add_field(b, "other", integer, 0, 0);
		const int cred = btf__add_struct(b, "cred", 64);
		btf__add_field(b, "unasked", wide, 0, 0);
		const int pointer = btf__add_ptr(b, cred);
		const int nameless = btf__add_struct(b, "", 4);
		btf__add_field(b, "val", integer, 0, 0);
		const int kuid = btf__add_typedef(b, "kuid", nameless), fixed = btf__add_const(b, kuid);
		const int inner = btf__add_struct(b, "", 12);
		btf__add_field(b, "pad", pad, 0, 0);
		btf__add_field(b, "deep", integer, 64, 0);
		const int both = btf__add_union(b, "", 12);
		btf__add_field(b, "a", integer, 0, 0);
		btf__add_field(b, "", inner, 0, 0);
		task = btf__add_struct(b, "task___kernel", 40);
		btf__add_field(b, "state", wide, 0, 0);
		btf__add_field(b, "", both, 64, 0);
		btf__add_field(b, "cred", pointer, 192, 0);
		btf__add_field(b, "uid", fixed, 256, 0);
		btf__add_field(b, "flag", integer, 288, 3);
		btf__add_enum(b, "helper", 4);
		btf__add_enum_value(b, "ONE", 1);
		btf__add_enum_value(b, "TWO", 2);
	}
};

Btf minimal_of(const Kernel& kernel, const std::set<BtfQuestion>& questions)
{
	const std::string raw = minimal_btf(kernel.types.get(), questions);
	Btf made(btf__new(raw.data(), static_cast<uint32_t>(raw.size())));
	REQUIRE(made);
	CHECK(damage_of(made.get()).empty());
	return made;
}

BtfQuestion member_of(const std::string& root, std::vector<std::string> path)
{
	return {About::member, BTF_KIND_STRUCT, root, std::move(path)};
}

const btf_type* find(const Btf& types, const char* name, uint32_t kind)
{
	const int id = btf__find_by_name_kind(types.get(), name, kind);
	return id > 0 ? btf__type_by_id(types.get(), static_cast<uint32_t>(id)) : nullptr;
}

std::string name_of(const Btf& types, uint32_t at) { return btf__name_by_offset(types.get(), at); }

BtfBundle small_bundle()
{
	BtfBundle bundle;
	bundle.made_by = "1.2.3";
	bundle.questions = {"struct task.state"};
	bundle.add({{"5.10", "x86_64", ""}, "any build"});
	bundle.add({{"5.10", "x86_64", "#2"}, "second build"});
	bundle.add({{"5.10", "aarch64", ""}, "arm"});
	return bundle;
}

} // namespace

TEST_CASE("a flavor's suffix is no part of a name")
{
	CHECK(essential_name("cgroup___before_6_1") == "cgroup");
	CHECK(essential_name("a___b___c") == "a___b");
	CHECK(essential_name("cgroup") == "cgroup");
	CHECK(essential_name("___x") == "___x");
	CHECK(essential_name("x____y") == "x____y");
	CHECK(essential_name("").empty());
}

TEST_CASE("a minimal BTF has what was asked for at its place, through what has no name, and nothing else")
{
	const Kernel kernel;
	const Btf made = minimal_of(kernel,
		{member_of("task", {"deep"}), member_of("task", {"cred"}), member_of("task", {"uid", "val"}),
			member_of("task", {"flag"}), member_of("task", {"gone"}), member_of("nothing", {"x"})});
	const btf_type* task = find(made, "task___kernel", BTF_KIND_STRUCT);
	REQUIRE(task);
	CHECK(task->size == 40);
	REQUIRE(btf_vlen(task) == 4);
	const btf_member* members = btf_members(task);
	CHECK(name_of(made, members[0].name_off).empty());
	CHECK(btf_member_bit_offset(task, 0) == 64);
	CHECK(name_of(made, members[1].name_off) == "cred");
	CHECK(btf_member_bit_offset(task, 1) == 192);
	CHECK(btf_is_ptr(btf__type_by_id(made.get(), members[1].type)));
	CHECK(name_of(made, members[2].name_off) == "uid");
	CHECK(btf_member_bit_offset(task, 2) == 256);
	CHECK(btf_member_bit_offset(task, 3) == 288);
	CHECK(btf_member_bitfield_size(task, 3) == 3);
	uint32_t id = members[0].type;
	const btf_type* both = resolved(made.get(), id);
	REQUIRE(btf_is_union(both));
	CHECK(both->size == 12);
	REQUIRE(btf_vlen(both) == 1);
	id = btf_members(both)[0].type;
	const btf_type* inner = resolved(made.get(), id);
	REQUIRE(btf_vlen(inner) == 1);
	CHECK(name_of(made, btf_members(inner)[0].name_off) == "deep");
	CHECK(btf_member_bit_offset(inner, 0) == 64);
	// What a pointer points at was not asked for.
	CHECK_FALSE(find(made, "cred", BTF_KIND_STRUCT));
	// The other type of that name is there, since libbpf would look at it too, but has nothing.
	REQUIRE(find(made, "task", BTF_KIND_STRUCT));
	CHECK(btf_vlen(find(made, "task", BTF_KIND_STRUCT)) == 0);
}

TEST_CASE("a minimal BTF has the enumerators that were asked for, and types for their existence and size")
{
	const Kernel kernel;
	const Btf made = minimal_of(kernel,
		{{About::enumerator, BTF_KIND_ENUM, "helper", {"TWO"}}, {About::type, BTF_KIND_STRUCT, "cred", {}},
			{About::type, BTF_KIND_TYPEDEF, "kuid", {}}, {About::type, BTF_KIND_UNION, "task", {}}});
	const btf_type* helper = find(made, "helper", BTF_KIND_ENUM);
	REQUIRE(helper);
	REQUIRE(btf_vlen(helper) == 1);
	CHECK(name_of(made, btf_enum(helper)[0].name_off) == "TWO");
	CHECK(btf_enum(helper)[0].val == 2);
	REQUIRE(find(made, "cred", BTF_KIND_STRUCT));
	CHECK(find(made, "cred", BTF_KIND_STRUCT)->size == 64);
	CHECK(btf_vlen(find(made, "cred", BTF_KIND_STRUCT)) == 0);
	CHECK(find(made, "kuid", BTF_KIND_TYPEDEF));
	CHECK_FALSE(find(made, "task", BTF_KIND_STRUCT)); // a struct is no union
}

TEST_CASE("damaged BTF is told as that before anybody believes its numbers")
{
	Kernel kernel;
	CHECK(damage_of(kernel.types.get()).empty());
	auto* task =
		const_cast<btf_type*>(btf__type_by_id(kernel.types.get(), static_cast<uint32_t>(kernel.task)));
	SECTION("a type that is not there")
	{
		btf_members(task)[0].type = 4711;
		CHECK(damage_of(kernel.types.get()).find("4711") != std::string::npos);
	}
	SECTION("a name that is not there")
	{
		btf_members(task)[1].name_off = 1 << 20;
		CHECK(damage_of(kernel.types.get()).find("name") != std::string::npos);
	}
	SECTION("a struct in itself")
	{
		btf_members(task)[0].type = static_cast<uint32_t>(kernel.task);
		CHECK(damage_of(kernel.types.get()).find("contains itself") != std::string::npos);
	}
}

TEST_CASE("a bundle finds a kernel by its build, or takes what is for any build of that release")
{
	const BtfBundle bundle = unpack_bundle(pack_bundle(small_bundle()), "bundle");
	CHECK(bundle.made_by == "1.2.3");
	REQUIRE(bundle.entries.size() == 3);
	REQUIRE(bundle.find({"5.10", "x86_64", "#2"}));
	CHECK(bundle.find({"5.10", "x86_64", "#2"})->raw == "second build");
	REQUIRE(bundle.find({"5.10", "x86_64", "#3"}));
	CHECK(bundle.find({"5.10", "x86_64", "#3"})->raw == "any build");
	CHECK(bundle.find({"5.10", "aarch64", "#2"})->raw == "arm");
	CHECK_FALSE(bundle.find({"5.11", "x86_64", "#2"}));
	CHECK(bundle.cannot_answer({member_of("task", {"state"})}).empty());
	CHECK(bundle.cannot_answer({member_of("task", {"state"}), member_of("task", {"flags"})}) ==
		"struct task.flags");
}

TEST_CASE("the same kernels always make the same bundle, and a kernel that comes again takes its place")
{
	BtfBundle other;
	other.made_by = "1.2.3";
	other.questions = {"struct task.state"};
	other.add({{"5.10", "aarch64", ""}, "old"});
	other.add({{"5.10", "x86_64", "#2"}, "second build"});
	other.add({{"5.10", "aarch64", ""}, "arm"});
	other.add({{"5.10", "x86_64", ""}, "any build"});
	CHECK(pack_bundle(other) == pack_bundle(small_bundle()));
}

TEST_CASE("a bundle that is cut short or changed anywhere, or is another layout's, is refused")
{
	const std::string whole = pack_bundle(small_bundle());
	for (size_t size = 0; size < whole.size(); size++)
		CHECK_THROWS_AS(unpack_bundle(whole.substr(0, size), "bundle"), Error);
	for (size_t i = 10; i < whole.size(); i++) { // before that: gzip's head, with its time and system
		std::string changed = whole;
		changed[i] = static_cast<char>(changed[i] ^ 0x10);
		CHECK_THROWS_AS(unpack_bundle(changed, "bundle"), Error);
	}
	CHECK_THROWS_AS(unpack_bundle(whole + "x", "bundle"), Error);
	CHECK_THROWS_AS(unpack_bundle(gzip("something else"), "bundle"), Error);
	Packer later;
	later.text("corescope btf bundle");
	later.number(2);
	later.text("9.9.9");
	try {
		unpack_bundle(gzip(later.bytes()), "bundle");
		FAIL("a later layout was read");
	} catch (const Error& error) {
		CHECK(error.code == kDataError);
		CHECK(error.message.find("9.9.9") != std::string::npos);
	}
}

TEST_CASE("gzip: what went in comes out, and never more than is allowed")
{
	std::string bytes;
	for (unsigned i = 0; i < 200000; i++)
		bytes += static_cast<char>(i * i >> 7);
	CHECK(gunzip(gzip(bytes), bytes.size()) == bytes);
	CHECK(gunzip(gzip(""), 0).empty());
	CHECK(is_gzip(gzip("")));
	CHECK_FALSE(is_gzip("\x1f"));
	CHECK_THROWS_AS(gunzip(gzip(bytes), bytes.size() - 1), Malformed);
	CHECK_THROWS_AS(gunzip(gzip(std::string(100 << 20, 'a')), 1 << 20), Malformed); // a bomb
}
