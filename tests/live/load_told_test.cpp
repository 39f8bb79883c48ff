// SPDX-License-Identifier: BSD-2-Clause
// `--set` of variables of every kind, and the records of a ring buffer, beside a reader written by hand with libbpf: both
// load the same object; the one goes by text and BTF, the other by C and a header.
#include "load_support.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <linux/types.h>
#include <map>
#include <memory>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../bpf/told.h"

using namespace corescope::test;

asm(".pushsection .rodata\n"
	".balign 16\n"
	".globl told_object, told_object_end\n"
	"told_object: .incbin \"told.bpf.o\"\n"
	"told_object_end: .byte 0\n"
	".popsection");
extern "C" {
extern const char told_object[], told_object_end[];
}

namespace {

std::string_view object_bytes()
{
	// Both names are of one object, which only the assembler knows.
	// cppcheck-suppress comparePointers
	return {told_object, static_cast<size_t>(told_object_end - told_object)};
}

class ObjectFile {
public:
	ObjectFile() : fd_(memfd_create("told", 0))
	{
		REQUIRE(write(fd_, object_bytes().data(), object_bytes().size()) ==
			static_cast<ssize_t>(object_bytes().size()));
	}
	~ObjectFile() { close(fd_); }
	ObjectFile(const ObjectFile&) = delete;
	ObjectFile& operator=(const ObjectFile&) = delete;
	std::string path() const { return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_); }

private:
	int fd_;
};

// A record as JSON, member by member.
Json by_hand(const told& t)
{
	static const std::map<int, const char*> fruits = {{0, "APPLE"}, {5, "PEAR"}, {6, "PLUM"}};
	static const std::map<int, const char*> signs = {{-1, "MINUS"}, {0, "NOUGHT"}, {1, "PLUS"}};
	const auto range = [](const limits& l) { return Json{{"low", l.low}, {"high", l.high}}; };
	const config& c = t.cfg;
	Json cfg = {{"feature_enabled", c.feature_enabled}, {"fruit", fruits.at(c.fruit)},
		{"limits", {range(c.limits[0]), range(c.limits[1]), range(c.limits[2])}},
		{"name", std::string(c.name)}, {"narrow", static_cast<unsigned>(c.narrow)},
		{"narrow_signed", static_cast<int>(c.narrow_signed)}, {"wide", static_cast<uint64_t>(c.wide)},
		{"word", c.word}, {"bytes", c.bytes}, {"inner", c.inner}};
	char where[32];
	std::snprintf(where, sizeof(where), "0x%llx",
		static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(t.where)));
	Json record = {{"seq", t.seq}, {"u8", t.u8}, {"s8", t.s8}, {"u16", t.u16}, {"s16", t.s16}, {"u32", t.u32},
		{"s32", t.s32}, {"u64", t.u64}, {"s64", t.s64}, {"yes", t.yes}, {"letter", int{t.letter}},
		{"fruit", fruits.at(t.fruit)}, {"sign", signs.at(t.sign)}, {"single", t.single}, {"twice", t.twice},
		{"text", std::string(t.text)}, {"numbers", t.numbers}, {"grid", t.grid},
		{"names", {t.names[0], t.names[1], t.names[2]}}, {"in_data", t.in_data},
		{"in_data_far", t.in_data_far}, {"in_bss", {range(t.in_bss[0]), range(t.in_bss[1])}},
		{"in_bss_far", t.in_bss_far}, {"comm", std::string(t.comm)}, {"where", where}};
	for (const auto& [name, value] : cfg.items()) // a struct's members are members of the record
		record["cfg." + name] = value;
	return record;
}

// Loads the object as people write it, and keeps the records.
class HandReader {
public:
	HandReader() : object_(bpf_object__open_mem(object_bytes().data(), object_bytes().size(), nullptr))
	{
		REQUIRE(object_);
	}
	~HandReader()
	{
		ring_buffer__free(ring_);
		bpf_link__destroy(link_);
		bpf_object__close(object_);
	}
	HandReader(const HandReader&) = delete;
	HandReader& operator=(const HandReader&) = delete;

	// Where the variable lies before the load.
	template <class T>
	T& variable(const char* name)
	{
		const btf* types = bpf_object__btf(object_);
		for (const char* section : {".rodata", ".data", ".bss"}) {
			const int id = btf__find_by_name_kind(types, section, BTF_KIND_DATASEC);
			if (id < 0)
				continue;
			const btf_type* all = btf__type_by_id(types, static_cast<uint32_t>(id));
			for (unsigned i = 0; i < btf_vlen(all); i++) {
				const btf_var_secinfo& one = btf_var_secinfos(all)[i];
				if (std::strcmp(
						btf__name_by_offset(types, btf__type_by_id(types, one.type)->name_off), name) != 0)
					continue;
				REQUIRE(one.size == sizeof(T));
				size_t size = 0;
				bpf_map* map;
				bpf_object__for_each_map(map, object_)
				{
					const std::string_view map_name = bpf_map__name(map);
					if (map_name.size() > std::strlen(section) &&
						map_name.substr(map_name.size() - std::strlen(section)) == section)
						return *reinterpret_cast<T*>(
							static_cast<char*>(const_cast<void*>(bpf_map__initial_value(map, &size))) +
							one.offset);
				}
			}
		}
		FAIL("no variable " << name);
		std::abort();
	}

	void start()
	{
		REQUIRE(bpf_object__load(object_) == 0);
		link_ = bpf_program__attach(bpf_object__find_program_by_name(object_, "on_rename"));
		REQUIRE(link_);
		ring_ = ring_buffer__new(
			bpf_object__find_map_fd_by_name(object_, "records"),
			[](void* self, void* data, size_t size) {
				CHECK(size == sizeof(told));
				static_cast<HandReader*>(self)->records_.push_back(by_hand(*static_cast<const told*>(data)));
				return 0;
			},
			this, nullptr);
		REQUIRE(ring_);
	}
	const std::vector<Json>& read()
	{
		ring_buffer__consume(ring_);
		return records_;
	}

private:
	bpf_object* object_;
	bpf_link* link_ = nullptr;
	ring_buffer* ring_ = nullptr;
	std::vector<Json> records_;
};

constexpr int kRenames = 25;

// What `load` with these --set tells, and what the reader does; both see one child rename itself.
struct Told {
	std::vector<Json> ours, by_hand;
};
Told tell(const std::vector<std::string>& sets, const std::function<void(HandReader&)>& set_by_hand)
{
	const ObjectFile file;
	Child child([] {
		for (int i = 0; i < kRenames; i++)
			prctl(PR_SET_NAME, ("name-" + std::to_string(i)).c_str());
	});
	HandReader reader;
	reader.variable<pid_t>("my_pid") = child.pid();
	set_by_hand(reader);
	reader.start();
	std::vector<std::string> command = {"load", file.path(), "--no-maps", "--count", std::to_string(kRenames),
		"--set", "my_pid=" + std::to_string(child.pid())};
	for (const std::string& one : sets)
		command.insert(command.end(), {"--set", one});
	Tool tool(command);
	child.go();
	REQUIRE(child.wait() == 0);
	Told told;
	while (const auto line = tool.process().line())
		if (Json one = Json::parse(*line); one.at("type") == "event")
			told.ours.push_back(std::move(one));
	CHECK(tool.process().wait() == 0);
	told.by_hand = reader.read();
	return told;
}

// A pointer to a program's own arguments differs between the two, as it does between two runs.
void check_same(const Told& told)
{
	REQUIRE(told.by_hand.size() == kRenames);
	REQUIRE(told.ours.size() == kRenames);
	for (size_t i = 0; i < kRenames; i++) {
		Json ours = told.ours[i], theirs = told.by_hand[i];
		CHECK(ours.at("source") == "records");
		for (const char* key : {"type", "source", "missing_bytes", "extra_bytes"})
			ours.erase(key);
		INFO("ours    " << ours.dump() << "\nby hand " << theirs.dump());
		CHECK(ours.at("where").get<std::string>().substr(0, 4) ==
			theirs.at("where").get<std::string>().substr(0, 4));
		ours.erase("where");
		theirs.erase("where");
		CHECK(ours == theirs);
	}
}

} // namespace

TEST_CASE("load: records of a ring buffer are what a reader written by hand reads, member by member")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Told told = tell({}, [](HandReader&) {});
	check_same(told);
	for (int i = 0; i < kRenames; i++) {
		CHECK(told.ours[static_cast<size_t>(i)].at("seq") == i);
		CHECK(told.ours[static_cast<size_t>(i)].at("u64") == 4 + i);
		CHECK(told.ours[static_cast<size_t>(i)].at("s64") == -4 - i);
	}
}

TEST_CASE("load: what --set sets is what a program reads, of every type and in rodata, data and bss")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Told told =
		tell({"a_u8=255", "a_s8=-128", "a_u16=0xffff", "a_s16=-32768", "a_u32=4294967295",
				 "a_s32=-2147483648", "a_u64=18446744073709551000", "a_s64=-9223372036854775000",
				 "a_bool=false", "a_char=Z", "a_fruit=PLUM", "a_sign=PLUS", "a_float=-0.5", "a_double=1e300",
				 "a_string=fifteen letters", "numbers=9,8*2,0,1", "numbers[5]=4294967295", "grid[1][2]=-7",
				 "grid[0]=5,5,5", "names=x,,z", "cfg.feature_enabled=true", "cfg.fruit=PEAR",
				 "cfg.limits[2].high=65535", "cfg.name=n", "cfg.narrow=7", "cfg.narrow_signed=-16",
				 "cfg.wide=1099511627775", "cfg.bytes[1]=2", "cfg.inner=-1", "in_data=-1",
				 "in_data_far=18446744073709551615", "in_bss[1].low=3", "in_bss_far=-9223372036854775808"},
			[](HandReader& reader) {
				reader.variable<__u8>("a_u8") = 255;
				reader.variable<__s8>("a_s8") = -128;
				reader.variable<__u16>("a_u16") = 0xffff;
				reader.variable<__s16>("a_s16") = -32768;
				reader.variable<__u32>("a_u32") = 4294967295U;
				reader.variable<__s32>("a_s32") = INT32_MIN;
				reader.variable<__u64>("a_u64") = 18446744073709551000U;
				reader.variable<__s64>("a_s64") = -9223372036854775000;
				reader.variable<bool>("a_bool") = false;
				reader.variable<char>("a_char") = 'Z';
				reader.variable<fruit>("a_fruit") = PLUM;
				reader.variable<sign>("a_sign") = PLUS;
				reader.variable<float>("a_float") = -0.5F;
				reader.variable<double>("a_double") = 1e300;
				std::strcpy(reader.variable<char[16]>("a_string"), "fifteen letters");
				const __u32 numbers[6] = {9, 8, 8, 0, 1, 4294967295U};
				std::copy_n(numbers, 6, reader.variable<__u32[6]>("numbers"));
				const __s16 grid[2][3] = {{5, 5, 5}, {4, 5, -7}};
				std::memcpy(reader.variable<__s16[2][3]>("grid"), grid, sizeof(grid));
				const char names[3][8] = {"x", "", "z"};
				std::memcpy(reader.variable<char[3][8]>("names"), names, sizeof(names));
				config& cfg = reader.variable<config>("cfg");
				cfg.feature_enabled = true;
				cfg.fruit = PEAR;
				cfg.limits[2].high = 65535;
				std::strncpy(cfg.name, "n", sizeof(cfg.name));
				cfg.narrow = 7;
				cfg.narrow_signed = -16;
				cfg.wide = 1099511627775U;
				cfg.bytes[1] = 2;
				cfg.inner = -1;
				reader.variable<int>("in_data") = -1;
				reader.variable<__u64>("in_data_far") = UINT64_MAX;
				reader.variable<limits[2]>("in_bss")[1].low = 3;
				reader.variable<__s64>("in_bss_far") = INT64_MIN;
			});
	check_same(told);
}

TEST_CASE("load: --set refuses what does not fit, of every type, in one line that says what would")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const ObjectFile file;
	const std::pair<const char*, const char*> refused[] = {{"a_u8=256", "between 0 and 255"},
		{"a_u8=-1", "between 0 and 255"}, {"a_s8=128", "between -128 and 127"},
		{"a_s8=-129", "between -128 and 127"}, {"a_u16=65536", "between 0 and 65535"},
		{"a_s16=32768", "between -32768 and 32767"}, {"a_u32=4294967296", "between 0 and 4294967295"},
		{"a_s32=2147483648", "2147483647"}, {"a_u64=18446744073709551616", "18446744073709551615"},
		{"a_u64=-1", "between 0 and"}, {"a_s64=9223372036854775808", "9223372036854775807"},
		{"a_s64=-9223372036854775809", "-9223372036854775808"}, {"a_u8=", "whole number"},
		{"a_u8=1.5", "whole number"}, {"a_u8=0x", "whole number"}, {"a_u8=010", "0o10"},
		{"a_bool=maybe", "true or false"}, {"a_bool=2", "true or false"}, {"a_char=ab", "whole number"},
		{"a_fruit=CHERRY", "APPLE, PEAR, PLUM"}, {"a_fruit=PLMU", "did you mean PLUM?"},
		{"a_sign=-2147483649", "between -2147483648"}, {"a_float=1e99", "too large"},
		{"a_double=x", "not a number"}, {"a_string=sixteen letters!", "char[16] takes 15"},
		{"numbers=1,2,3,4,5,6,7", "more elements"}, {"numbers[6]=1", "there are [0] to [5]"},
		{"numbers[-1]=1", "there are [0] to [5]"}, {"numbers=1,x", "element [1]"},
		{"grid=1", "set its elements"}, {"grid[0][3]=1", "[0] to [2]"}, {"names[0]=eight ch", "char[8]"},
		{"cfg=1", "set its members"}, {"cfg.nmae=x", "did you mean name?"}, {"cfg.narrow=8", "3 bits"},
		{"cfg.narrow_signed=16", "5 bits"}, {"cfg.wide=1099511627776", "40 bits"},
		{"cfg.limits.low=1", "limits[3]"}, {"cfg.limits[3].low=1", "[0] to [2]"},
		{"in_data=2147483648", "2147483647"}, {"in_bss[2].low=1", "[0] to [1]"},
		{"in_bss_far=x", "whole number"}, {"my_pdi=1", "did you mean my_pid?"}, {"=1", "NAME=VALUE"},
		{"a_u8", "NAME=VALUE"}, {"LICENSE=x", "no variable"}, {"records=1", "no variable"},
		{"unused_told=1", "pointer"}};
	for (const auto& [assignment, words] : refused) {
		const LoadSaid said = run_load({"load", file.path(), "--set", assignment, "--duration", "1ms"});
		INFO(assignment << ": " << said.errors);
		CHECK(said.status == 64);
		CHECK(said.out.empty());
		CHECK(said.errors.find(words) != std::string::npos);
		CHECK(std::count(said.errors.begin(), said.errors.end(), '\n') == 1);
	}
}
