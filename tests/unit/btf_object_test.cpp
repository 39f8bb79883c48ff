// SPDX-License-Identifier: BSD-2-Clause
// Variables of a compiled object: found by name, shown as they begin, set by their types. The compiler's BTF is the
// truth here; tests/bpf/values.bpf.c is the source.
#include "base/error.h"
#include "btf/columns.h"
#include "btf/slots.h"
#include "btf/variables.h"
#include "btf_trial.h"
#include "json.h"

#include <bpf/libbpf.h>
#include <memory>

using namespace corescope;
using namespace corescope::test;

asm(".pushsection .rodata\n"
	".balign 16\n"
	".globl values_object, values_object_size\n"
	"values_object_size: .quad 2f - 1f\n"
	"values_object:\n"
	"1: .incbin \"values.bpf.o\"\n"
	"2: .popsection");
extern "C" {
extern const uint64_t values_object_size;
extern const char values_object[];
}

namespace {

struct Opened {
	Opened()
	{
		libbpf_set_print(nullptr);
		const bpf_object_open_opts options = {.sz = sizeof(options), .object_name = "values"};
		object.reset(bpf_object__open_mem(values_object, values_object_size, &options));
		REQUIRE(object);
		types = std::make_unique<BtfTypes>(bpf_object__btf(object.get()));
		variables = std::make_unique<BtfVariables>(object.get(), *types);
	}

	std::string told(std::string_view name) const
	{
		const BtfVariable* variable = variables->find(name);
		INFO(name);
		REQUIRE(variable);
		return text(*variable->type, variables->bytes(*variable));
	}
	// Empty: it was set.
	std::string refused(const std::string& assignment) const
	{
		try {
			variables->set(assignment);
			return {};
		} catch (const Error& error) {
			CHECK(error.code == kUsage);
			CHECK(error.message.rfind("--set '", 0) == 0);
			CHECK(error.message.find('\n') == std::string::npos);
			return error.message.substr(error.message.find("': ") + 3);
		}
	}

	struct Close {
		void operator()(bpf_object* o) const { bpf_object__close(o); }
	};
	std::unique_ptr<bpf_object, Close> object;
	std::unique_ptr<BtfTypes> types;
	std::unique_ptr<BtfVariables> variables;
};

} // namespace

TEST_CASE("BTF variables: each of an object is found with what it begins with", "[btf]")
{
	const Opened opened;
	const std::pair<const char*, const char*> begin[] = {{"a_u8", "1"}, {"a_s8", "-1"}, {"a_u16", "2"},
		{"a_s16", "-2"}, {"a_u32", "3"}, {"a_s32", "-3"}, {"a_u64", "4"}, {"a_s64", "-4"}, {"a_s128", "-5"},
		{"a_u128", "5"}, {"a_bool", "true"}, {"a_char", "120"}, {"a_fruit", "PEAR"}, {"a_sign", "MINUS"},
		{"a_float", "1.5"}, {"a_double", "-0.25"}, {"a_string", "begin"}, {"numbers", "[1,2,3,0,0,0]"},
		{"grid", "[[1,2,3],[4,5,6]]"}, {"names", R"(["a","b",""])"}, {"my_pid", "0"}, {"in_data", "7"},
		{"in_bss", "[{low=0 high=0},{low=0 high=0}]"}, {"in_named_data", "8"}, {"in_named_rodata", "9"},
		{"hidden", "10"}, {"hidden_too", "11"}, {"hidden_constant", "12"},
		{"my_cfg",
			"{feature_enabled=false fruit=PLUM limits=[{low=0 high=0},{low=0 high=0},{low=0 high=0}] name=\"cfg\" "
			"narrow=5 narrow_signed=-7 wide=549755813888 narrow_sign=NOUGHT {word=0|bytes=[0*4]} inner=0 pointer=0x0}"}};
	for (const auto& [name, value] : begin)
		CHECK(opened.told(name) == value);
	CHECK(opened.variables->find("my_cfg")->section == ".rodata");
	CHECK(opened.variables->find("hidden")->section == ".data");
	CHECK(opened.variables->find("in_named_data")->section == ".data.mine");
	CHECK(opened.variables->find("LICENSE") == nullptr);
	CHECK(opened.variables->find("nobody") == nullptr);
	CHECK(opened.variables->find("my_pid")->type->name == "pid_t");
}

TEST_CASE("BTF variables: --set takes every kind, in every section, and the others stay", "[btf]")
{
	const Opened opened;
	const char* const given[] = {"a_u8=255", "a_s8=-128", "a_u16=0xffff", "a_s16=-0x8000", "a_u32=0o17",
		"a_s32=-7", "a_u64=18446744073709551615", "a_s64=-9223372036854775808", "a_s128=-1",
		"a_u128=340282366920938463463374607431768211455", "a_bool=false", "a_char=z", "a_fruit=APPLE",
		"a_sign=PLUS", "a_float=-2.5", "a_double=1e100", "a_string=fifteen bytes!!", "numbers=9,8*5",
		"grid[1][2]=-6", "names[2]=c=d", "my_cfg.feature_enabled=true", "my_cfg.limits[2].high=80",
		"my_cfg.narrow_sign=MINUS", "my_cfg.bytes=1,2,3,4", "my_cfg.inner=-1", "my_cfg.name=", "my_pid=4711",
		"in_data=-1", "in_bss[1].low=5", "in_named_data=1", "in_named_rodata=2", "hidden=3",
		"hidden_constant=4"};
	for (const char* assignment : given) {
		INFO(assignment);
		CHECK(opened.refused(assignment).empty());
	}
	const std::pair<const char*, const char*> now[] = {{"a_u8", "255"}, {"a_s8", "-128"}, {"a_u16", "65535"},
		{"a_s16", "-32768"}, {"a_u32", "15"}, {"a_s32", "-7"}, {"a_u64", "18446744073709551615"},
		{"a_s64", "-9223372036854775808"}, {"a_s128", "-1"},
		{"a_u128", "340282366920938463463374607431768211455"}, {"a_bool", "false"}, {"a_char", "122"},
		{"a_fruit", "APPLE"}, {"a_sign", "PLUS"}, {"a_float", "-2.5"}, {"a_double", "1e+100"},
		{"a_string", "fifteen bytes!!"}, {"numbers", "[9,8*5]"}, {"grid", "[[1,2,3],[4,5,-6]]"},
		{"names", R"(["a","b","c=d"])"}, {"my_pid", "4711"}, {"in_data", "-1"},
		{"in_bss", "[{low=0 high=0},{low=5 high=0}]"}, {"in_named_data", "1"}, {"in_named_rodata", "2"},
		{"hidden", "3"}, {"hidden_too", "11"}, {"hidden_constant", "4"},
		{"my_cfg",
			"{feature_enabled=true fruit=PLUM limits=[{low=0 high=0},{low=0 high=0},{low=0 high=80}] name=\"\" "
			"narrow=5 narrow_signed=-7 wide=549755813888 narrow_sign=MINUS {word=67305985|bytes=[1,2,3,4]} inner=-1 "
			"pointer=0x0}"}};
	for (const auto& [name, value] : now)
		CHECK(opened.told(name) == value);
}

TEST_CASE("BTF variables: what --set refuses, it says why, and what would fit", "[btf]")
{
	const Opened opened;
	CHECK(opened.refused("a_u8=256") == "must lie between 0 and 255 (__u8)");
	CHECK(opened.refused("my_pdi=1") == "the object has no variable 'my_pdi'; did you mean my_pid?");
	CHECK(opened.refused("a_fruit=PAER") == "is none of enum fruit; did you mean PEAR?");
	CHECK(opened.refused("my_cfg.narrow=8") == "must lie between 0 and 7 (__u32, 3 bits)");
	CHECK(opened.refused("my_cfg.nmae=x") == "struct config has no member 'nmae'; did you mean name?");
	CHECK(opened.refused("my_cfg.pointer=0") == "cannot be set: it is a pointer (void *)");
	CHECK(opened.refused("a_string=sixteen bytes!!!") == "has 16 bytes; char[16] takes 15 and a closing NUL");
	CHECK(opened.refused("numbers[6]=1") == "__u32[6] has no element '6'; there are [0] to [5]");
	for (const char* bad : {"", "=", "=1", "my_pid", "my_pid.x=1", "my_pid[0]=1", ".x=1", "[0]=1", "a_bool=2",
			 "LICENSE=GPL", "in_bss=1", "grid=1", "my_pid=\x1b[31m", "\x1b=1", "my_pid\n=1", "unused=0"}) {
		INFO(bad);
		CHECK_FALSE(opened.refused(bad).empty());
	}
	CHECK(opened.told("my_pid") == "0");
}

TEST_CASE("BTF variables: sections are structs, compiled structs are columns, slot arrays are known", "[btf]")
{
	const Opened opened;
	BtfTypes& types = *opened.types;
	const BtfType& data = types.at(types.find(".data"));
	CHECK(data.has_members());
	CHECK(data.members.size() == 3);
	const BtfType& event = types.at(types.find("struct event"));
	const BtfColumns columns(event);
	std::string keys;
	for (const Field& field : columns.fields())
		keys += std::string(field.key) + ' ';
	CHECK(keys ==
		"ts pid type_ comm failed fruit limits.low limits.high ports where flag small path missing_bytes extra_bytes ");

	const auto hist = btf_slots(types.at(types.find("struct hist")));
	REQUIRE(hist);
	CHECK(hist->count == 27);
	CHECK(hist->size == 4);
	CHECK(hist->whole_value);
	const auto keyed = btf_slots(types.at(types.find("struct keyed_hist")));
	REQUIRE(keyed);
	CHECK(keyed->offset == 8);
	CHECK(keyed->count == 64);
	CHECK(keyed->size == 8);
	CHECK_FALSE(keyed->whole_value);
	CHECK_FALSE(btf_slots(event));
	CHECK_FALSE(btf_slots(types.at(types.find("struct config"))));
}
