// SPDX-License-Identifier: BSD-2-Clause
// --buckets: what is taken, what is refused and in which words.
#include "output/bucket_ladder.h"

#include "base/error.h"
#include "base/parse.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace corescope;

namespace {

std::vector<uint64_t> edges(const char* text, const HistUnit& unit = kMicroseconds)
{
	BucketLadder ladder;
	parse_value(ladder, text);
	return bucket_edges(ladder, unit);
}

std::string refusal(const char* text, const HistUnit& unit = kMicroseconds)
{
	try {
		edges(text, unit);
	} catch (const Error& error) {
		CHECK(error.code == kUsage);
		return error.message;
	}
	return "";
}

} // namespace

TEST_CASE("ladder: every edge is one of the log-linear scheme, ascending, and of every finer scheme too")
{
	for (const HistUnit& unit : {kNanoseconds, kMicroseconds, kMilliseconds, kBytes, kKibibytes, kItems})
		for (unsigned p = 0; p <= HIST_P; p++) {
			const std::vector<uint64_t> all = edges(std::to_string(p).c_str(), unit);
			REQUIRE(all.size() >= 21);
			CHECK(std::is_sorted(all.begin(), all.end()));
			CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
			for (const uint64_t edge : all)
				for (unsigned finer = p; finer <= kHistMaxP; finer++)
					CHECK(hist_upper_p(hist_slot_p(edge, finer), finer) == edge);
		}
	CHECK(edges("0").size() == 27);
	CHECK(edges("0").front() == 1);
	CHECK(edges("0").back() == 1 << 26);
	CHECK(edges("0", kKibibytes).back() == 1 << 20);
	CHECK(bucket_edges({}, kMicroseconds) == edges("p=0"));
}

TEST_CASE("ladder: bounds in any unit")
{
	CHECK(edges("1us..8us") == std::vector<uint64_t>{1, 2, 4, 8});
	CHECK(edges("2^0..2^3") == std::vector<uint64_t>{1, 2, 4, 8});
	CHECK(edges("1..8,p=1") == std::vector<uint64_t>{1, 2, 3, 4, 6, 8});
	CHECK(edges("p=1,1..8") == edges("1,1..8"));
	CHECK(edges("8192us..16.384ms") == std::vector<uint64_t>{8192, 16384});
	CHECK(edges("0.000001s..67.108864s") == edges("0"));
	CHECK(edges("1024ns..4096ns", kNanoseconds) == std::vector<uint64_t>{1024, 2048, 4096});
	CHECK(edges("512B..4K", kBytes) == std::vector<uint64_t>{512, 1024, 2048, 4096});
	CHECK(edges("4KiB..1M", kKibibytes) == std::vector<uint64_t>{4, 8, 16, 32, 64, 128, 256, 512, 1024});
	CHECK(edges("2^0..2^36").size() == 37);
}

TEST_CASE("ladder: a bound that is no edge is refused, with the nearest")
{
	CHECK(refusal("1us..10s") ==
		"--buckets: 10s is no edge of the buckets (p=0, in usecs): the nearest are 8.388608s and 16.777216s");
	CHECK(refusal("p=2,1us..1000us") ==
		"--buckets: 1000us is no edge of the buckets (p=2, in usecs): the nearest are 896us and 1024us");
	CHECK(refusal("100ns..1024us") ==
		"--buckets: 100ns is no edge of the buckets (p=0, in usecs): the nearest are 1000ns");
	CHECK(refusal("1500ns..1024us") ==
		"--buckets: 1500ns is no edge of the buckets (p=0, in usecs): the nearest are 1000ns and 2000ns");
	CHECK(refusal("1us..70000s") ==
		"--buckets: 70000s is no edge of the buckets (p=0, in usecs): the nearest are 68719.476736s");
	CHECK(refusal("3..2^6") ==
		"--buckets: 3 is no edge of the buckets (p=0, in usecs): the nearest are 2 and 4");
	CHECK(refusal("1..1K") == "--buckets: 1K is not what is counted here: usecs");
	CHECK(refusal("1ms..2s", kItems) == "--buckets: 1ms is not what is counted here: numbers without a unit");
	CHECK(refusal("8..8") == "--buckets: the first bound must be less than the last");
	CHECK(refusal("8us..1us") == "--buckets: the first bound must be less than the last");
	CHECK(refusal("1ms..8s", kMilliseconds).find("8.192s") != std::string::npos);

	// The nearest that are named are edges themselves, and nothing lies between.
	std::mt19937_64 random(2);
	for (int round = 0; round < 300; round++) {
		const uint64_t low = random() % (uint64_t{1} << (random() % 30 + 2)) + 1;
		const std::string p = "p=" + std::to_string(round % 4) + ",";
		const std::string why = refusal((p + std::to_string(low) + "us..2^36").c_str());
		if (why.empty())
			continue;
		const size_t at = why.find("are ") + 4;
		const std::string below = why.substr(at, why.find(' ', at) - at),
						  above = why.substr(why.rfind(' ') + 1);
		CHECK(edges((p + below + ".." + above).c_str()).size() == 2);
	}
}

TEST_CASE("ladder: words that make no sense are refused")
{
	for (const char* text : {"", "p", "p=", "4", "p=4", "-1", "x", "1..", "..8", "1..8..9", "1..8,", ",",
			 "1us..8xs", "0..8", "1.5..8", "2^37..2^38", "2^..8", "0.0000000001s..8s", "0.5ns..8ns",
			 "99999999999999999999s..1s", "1.s..2s", "p=1 "}) {
		INFO(text);
		BucketLadder ladder;
		CHECK_THROWS_AS(parse_value(ladder, text), BadValue);
	}
}
