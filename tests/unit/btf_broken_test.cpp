// SPDX-License-Identifier: BSD-2-Clause
// BTF that contradicts itself is refused, one line and status 65, and never followed.
#include "base/error.h"
#include "btf_trial.h"
#include "skip.h"

#include <chrono>
#include <functional>
#include <memory>
#include <unistd.h>

using namespace corescope;
using namespace corescope::test;

namespace {

std::string why(const btf* source, int id)
{
	BtfTypes types(source);
	try {
		types.at(static_cast<uint32_t>(id));
		return {};
	} catch (const Error& error) {
		CHECK(error.code == kDataError);
		CHECK(error.message.find('\n') == std::string::npos);
		return error.message;
	}
}

bool has(const std::string& text, std::string_view part)
{
	INFO(text);
	return text.find(part) != std::string::npos;
}

// A type as it stands in the blob, to be bent.
btf_type& raw(const Btf& btf, int id)
{
	return *const_cast<btf_type*>(btf__type_by_id(btf.raw(), static_cast<uint32_t>(id)));
}

} // namespace

TEST_CASE("BTF that leads in circles or nowhere is refused", "[btf]")
{
	Btf btf;
	const int circle = btf.type_def("a", btf.u32);
	const int other = btf.type_def("b", circle);
	raw(btf, circle).type = static_cast<uint32_t>(other);
	CHECK(has(why(btf.raw(), circle), "holds itself"));
	const int own = btf__add_const(btf.raw(), btf.u32);
	raw(btf, own).type = static_cast<uint32_t>(own);
	CHECK(has(why(btf.raw(), own), "holds itself"));
	const int to_own = btf.pointer(own);
	CHECK(has(why(btf.raw(), to_own), "refers to itself"));
	const int pointer = btf.pointer(btf.u32);
	raw(btf, pointer).type = static_cast<uint32_t>(pointer);
	CHECK_FALSE(why(btf.raw(), pointer).empty());
	const int record = btf.record("r", 4, {{"x", btf.u32, 0}});
	btf_members(&raw(btf, record))[0].type = static_cast<uint32_t>(record);
	CHECK(has(why(btf.raw(), record), "holds itself"));
	const int array = btf.array(btf.u32, 2);
	btf_array(&raw(btf, array))->type = static_cast<uint32_t>(array);
	CHECK(has(why(btf.raw(), array), "holds itself"));
	const int lost = btf.type_def("lost", btf.u32);
	raw(btf, lost).type = 100000;
	CHECK(has(why(btf.raw(), lost), "100000"));
	CHECK_FALSE(why(btf.raw(), 12345).empty());
	int deep = btf.u32;
	for (int i = 0; i < 100; i++)
		deep = btf.type_def("t", deep);
	CHECK(has(why(btf.raw(), deep), "nested too deeply"));
	// A struct that points to itself is none of that.
	const int list = btf.record("list", 8, {{"next", btf.u32, 0}});
	const int next = btf.pointer(list);
	btf_members(&raw(btf, list))[0].type = static_cast<uint32_t>(next);
	CHECK(why(btf.raw(), list).empty());
}

TEST_CASE("BTF with members, sizes or names that cannot be is refused", "[btf]")
{
	Btf btf;
	const auto record = [&](const std::function<void(btf_type&)>& bend) {
		const int id = btf.record("r", 8, {{"x", btf.u32, 0}, {"y", btf.u32, 32, 5}});
		bend(raw(btf, id));
		return why(btf.raw(), id);
	};
	CHECK(record([](btf_type&) {}).empty());
	CHECK(has(record([](btf_type& t) { btf_members(&t)[0].offset = 40; }), "member 'x' ends behind it"));
	CHECK(has(record([](btf_type& t) { t.size = 3; }), "ends behind it"));
	CHECK(has(record([](btf_type& t) { btf_members(&t)[0].offset = 1; }), "within a byte"));
	CHECK(has(record([](btf_type& t) { btf_members(&t)[1].offset = 33U << 24; }), "more bits than its type"));
	CHECK(has(record([&](btf_type& t) { btf_members(&t)[1].type = static_cast<uint32_t>(btf.pointer(0)); }),
		"bitfield"));
	CHECK(has(record([](btf_type& t) { btf_members(&t)[0].type = 0; }), "it holds void, which has no size"));
	CHECK(has(record([](btf_type& t) { t.size = 1U << 30; }), "1073741824 bytes"));
	CHECK(has(record([](btf_type& t) { btf_members(&t)[0].name_off = 1U << 30; }), "outside the names"));
	CHECK(has(record([&](btf_type& t) {
		btf_members(&t)[0].name_off = static_cast<uint32_t>(btf__add_str(btf.raw(), "a\x1b[31m"));
	}),
		"'a?[31m' cannot be a name"));
	const std::string endless(1000, 'n');
	CHECK(has(record([&](btf_type& t) {
		btf_members(&t)[0].name_off = static_cast<uint32_t>(btf__add_str(btf.raw(), endless.c_str()));
	}),
		"cannot be a name"));
	// A type's own name may be anything: it is only shown.
	CHECK(record([&](btf_type& t) {
		t.name_off = static_cast<uint32_t>(btf__add_str(btf.raw(), "Option<\n>"));
	}).empty());

	const int number = btf.add_int("odd", 4, 0);
	raw(btf, number).size = 3;
	CHECK(has(why(btf.raw(), number), "an integer of 3 bytes"));
	raw(btf, number).size = 32;
	CHECK_FALSE(why(btf.raw(), number).empty());
	const int fraction = btf__add_float(btf.raw(), "f", 8);
	raw(btf, fraction).size = 5;
	CHECK(has(why(btf.raw(), fraction), "5 bytes"));
	const int choice = btf.enumeration("e", 4, {{"A", 0}});
	raw(btf, choice).size = 3;
	CHECK(has(why(btf.raw(), choice), "3 bytes"));
	CHECK(has(why(btf.raw(), btf.array(btf.u64, 1U << 31)), "2147483648 times 8"));
	CHECK_FALSE(why(btf.raw(), btf.array(btf.record("empty", 0, {}), 1U << 31)).empty());
	CHECK(has(why(btf.raw(), btf.array(0, 3)), "void, which has no size"));
}

TEST_CASE("BTF: overlaid unions that would be told for ever are refused at once", "[btf]")
{
	Btf btf;
	int id = btf.u32;
	for (int i = 0; i < 40; i++)
		id = btf.choice("u", 4, {{"a", id, 0}, {"b", id, 0}});
	const auto begin = std::chrono::steady_clock::now();
	CHECK(has(why(btf.raw(), id), "more values than can be told"));
	CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("BTF: old bitfields, whose integer's type has the bits, are as good as new ones", "[btf]")
{
	Btf btf;
	const int five = btf.add_int("int", 4, 0);
	// Four bytes of which bits 3 to 7 count.
	*reinterpret_cast<uint32_t*>(&raw(btf, five) + 1) = 3U << 16 | 5;
	const int record = btf.record("old", 4, {{"x", five, 0}, {"y", btf.u16, 16}});
	BtfTypes types(btf.raw());
	CHECK(json(types.at(static_cast<uint32_t>(record)), std::string("\xa8\0\1\0", 4)) == R"({"x":21,"y":1})");
}

TEST_CASE("BTF: nothing is wrong with any type of this kernel", "[btf]")
{
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		SKIP_TEST("this kernel does not show its BTF");
	const std::unique_ptr<btf, void (*)(btf*)> kernel(btf__load_vmlinux_btf(), btf__free);
	REQUIRE(kernel);
	BtfTypes types(kernel.get());
	unsigned structs = 0;
	for (uint32_t id = 1; id < btf__type_cnt(kernel.get()); id++) {
		const btf_type* t = btf__type_by_id(kernel.get(), id);
		if (!btf_is_composite(t) && !btf_is_any_enum(t) && !btf_is_int(t) && !btf_is_ptr(t) &&
			!btf_is_datasec(t))
			continue;
		const BtfType& type = types.at(id);
		REQUIRE(type.kind != BtfType::Kind::opaque);
		if (btf_is_composite(t)) {
			REQUIRE(type.size == t->size);
			structs++;
		}
	}
	CHECK(structs > 1000);
	// What every kernel has in a task.
	const BtfType& task = types.at(types.find("struct task_struct"));
	const BtfPlace comm = btf_resolve(task, ".comm");
	CHECK(comm.type->is_string());
	CHECK(comm.type->size == 16);
	CHECK(btf_resolve(task, ".pid").type->name == "pid_t");
}
