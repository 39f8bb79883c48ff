// SPDX-License-Identifier: BSD-2-Clause
// Slot arrays of others recognized and drawn, and values of per-CPU maps added up.
#include "btf/slots.h"

#include "btf/sum.h"
#include "btf_trial.h"

#include <numeric>
#include <random>

using namespace corescope;
using namespace corescope::test;

TEST_CASE("BTF slots: arrays that are histograms by name or by length, and none else", "[btf]")
{
	Btf btf;
	const int inner = btf.record("hist", 32, {{"slots", btf.array(btf.u32, 8), 0}});
	const int outer =
		btf.record("value", 48, {{"total", btf.u64, 0}, {"hist", inner, 64}, {"min", btf.u64, 320}});
	const int pointers = btf.record("p", 64, {{"slots", btf.array(btf.pointer(0), 8), 0}});
	const int bytes = btf.record("b", 8, {{"slots", btf.array(btf.u8, 8), 0}});
	const int large = btf.record("l", 260, {{"slots", btf.array(btf.u32, 65), 0}});
	BtfTypes types(btf.raw());
	const auto slots = [&](int id) { return btf_slots(types.at(static_cast<uint32_t>(id))); };
	REQUIRE(slots(outer));
	CHECK(slots(outer)->offset == 8);
	CHECK(slots(outer)->count == 8);
	CHECK_FALSE(slots(outer)->whole_value);
	CHECK(slots(inner)->whole_value);
	CHECK(slots(btf.array(btf.u64, 16))->whole_value);
	CHECK(slots(btf.array(btf.u64, 64)));
	CHECK_FALSE(slots(btf.array(btf.u64, 15)));
	CHECK_FALSE(slots(btf.array(btf.u64, 65)));
	CHECK_FALSE(slots(btf.array(btf.u16, 20)));
	CHECK_FALSE(slots(btf.array(btf.character, 20)));
	CHECK_FALSE(slots(pointers));
	CHECK_FALSE(slots(bytes));
	CHECK_FALSE(slots(large));
	CHECK_FALSE(slots(btf.u64));
}

TEST_CASE("BTF slots: those of all CPUs add up, and rows have the bounds of a base 2 logarithm", "[btf]")
{
	std::vector<uint64_t> sum;
	const BtfSlots slots{4, 3, 4, false};
	const uint32_t one[] = {99, 1, 2, 3};
	const uint32_t two[] = {99, 10, 20, 0xffffffff};
	btf_add_slots(sum, slots, bytes_of(one));
	btf_add_slots(sum, slots, bytes_of(two));
	CHECK(sum == std::vector<uint64_t>{11, 22, 0x100000002});
	btf_add_slots(sum, slots, bytes_of(one).substr(0, 11));
	CHECK(sum == std::vector<uint64_t>{12, 22, 0x100000002});

	CHECK(log2_rows(std::vector<uint64_t>(8)).empty());
	CHECK(log2_rows({}).empty());
	const std::vector<uint64_t> counts = {5, 0, 7, 0, 0};
	const std::vector<HistBucket> rows = log2_rows(counts);
	CHECK(rows == std::vector<HistBucket>{{0, 1, 5, false}, {2, 3, 0, false}, {4, 7, 7, false}});
	// Every value is in the row of its own logarithm, whatever the number of slots.
	std::mt19937_64 random(8);
	for (int i = 0; i < 2000; i++) {
		const size_t size = 2 + random() % 63;
		const uint64_t value = random() >> random() % 64;
		std::vector<uint64_t> one_value(size);
		const auto log2 = static_cast<size_t>(value ? std::bit_width(value) - 1 : 0);
		one_value[std::min(log2, size - 1)] = 1;
		const HistBucket last = log2_rows(one_value).back();
		REQUIRE(last.count == 1);
		REQUIRE(last.low <= value);
		REQUIRE(last.high >= value);
		REQUIRE(last.overflow == (log2 >= size - 1 && size < 64));
	}
}

TEST_CASE("BTF slots: the drawing is that of our own histograms", "[btf]")
{
	Buffer out;
	append_log2_text(out, std::vector<uint64_t>{1, 3, 0, 4, 0}, "usecs");
	CHECK(out.view() ==
		"     usecs               : count    share  distribution\n"
		"         0 -> 1          : 1        12.5% |**********                              |\n"
		"         2 -> 3          : 3        37.5% |******************************          |\n"
		"         4 -> 7          : 0         0.0% |                                        |\n"
		"         8 -> 15         : 4        50.0% |****************************************|\n");
	out.clear();
	append_log2_text(out, std::vector<uint64_t>(64), "usecs");
	CHECK(out.empty());
	append_log2_text(out, std::vector<uint64_t>{0, 0, ~uint64_t{0}}, "v");
	CHECK(out.view().find("         4 -> inf        : 18446744073709551615 100.0% |") !=
		std::string_view::npos);
}

TEST_CASE("BTF sums: numbers add up by their width, and what has no sum has none", "[btf]")
{
	Btf btf;
	const int twice = btf__add_float(btf.raw(), "double", 8);
	const int plain = btf.record("plain", 24,
		{{"n", btf.u32, 0}, {"s", btf.s16, 32}, {"b", btf.array(btf.u8, 2), 48}, {"d", twice, 64},
			{"u", btf.u64, 128}});
	BtfTypes types(btf.raw());
	const BtfType& type = types.at(static_cast<uint32_t>(plain));
	REQUIRE(btf_summable(type));
	struct Plain {
		uint32_t n;
		int16_t s;
		uint8_t b[2];
		double d;
		uint64_t u;
	};
	std::vector<Plain> cpus = {
		{1, -5, {200, 1}, 0.5, ~0ULL}, {0xffffffff, 2, {100, 2}, 0.25, 3}, {7, -1, {0, 3}, 1, 0}};
	std::vector<char> sum(sizeof(Plain));
	for (const Plain& cpu : cpus)
		btf_add(type, sum, bytes_of(cpu));
	CHECK(text(type, {sum.data(), sum.size()}) == "{n=7 s=-4 b=[44,6] d=1.75 u=2}");
	btf_add(type, sum, bytes_of(cpus[2]).substr(0, 7));
	CHECK(text(type, {sum.data(), sum.size()}) == "{n=14 s=-5 b=[44,6] d=1.75 u=2}");
	for (const int none : {btf.character, btf.boolean, btf.pointer(0), btf.array(btf.character, 4),
			 btf.enumeration("e", 4, {{"A", 0}}), btf.choice("u", 4, {{"a", btf.u32, 0}}),
			 btf.record("bits", 4, {{"a", btf.u32, 0, 3}}), btf.record("none", 0, {}),
			 btf.record("mixed", 8, {{"a", btf.u32, 0}, {"e", btf.boolean, 32}})}) {
		INFO(types.at(static_cast<uint32_t>(none)).name);
		CHECK_FALSE(btf_summable(types.at(static_cast<uint32_t>(none))));
	}
}
