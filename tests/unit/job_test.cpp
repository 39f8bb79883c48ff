// SPDX-License-Identifier: BSD-2-Clause
// When a job begins: aligned moments, and delays that are stable for one host and even over many.
#include <catch2/catch.hpp>

#include "cli/job.h"

#include <algorithm>
#include <set>
#include <vector>

using namespace corescope;

TEST_CASE("an aligned moment is the next multiple, and now if it is one", "[job]")
{
	constexpr uint64_t kMinute = 60000000000;
	CHECK(until_aligned_ns(0, kMinute) == 0);
	CHECK(until_aligned_ns(1, kMinute) == kMinute - 1);
	CHECK(until_aligned_ns(static_cast<int64_t>(kMinute) - 1, kMinute) == 1);
	CHECK(until_aligned_ns(1700000000000000000, 5 * kMinute) == 100000000000); // 22:13:20: 100 s to 22:15
	for (const int64_t now : {1763664000123456789, 1763664299999999999, 1L, 77L}) {
		const uint64_t wait = until_aligned_ns(now, 5 * kMinute);
		CHECK(wait < 5 * kMinute);
		CHECK((static_cast<uint64_t>(now) + wait) % (5 * kMinute) == 0);
	}
}

TEST_CASE("jitter is stable for a host, below its bound, and even over many hosts", "[job]")
{
	constexpr uint64_t kBound = 60000000000;
	constexpr size_t kHosts = 10000, kParts = 10;
	std::vector<size_t> parts(kParts, 0);
	std::set<uint64_t> seen;
	for (size_t i = 0; i < kHosts; i++) {
		const std::string host = "web" + std::to_string(i) + ".example/cpudist/job";
		const uint64_t delay = stable_jitter_ns(host, kBound);
		REQUIRE(delay < kBound);
		CHECK(delay == stable_jitter_ns(host, kBound));
		parts[delay * kParts / kBound]++;
		seen.insert(delay);
	}
	CHECK(seen.size() == kHosts);
	// 1,000 are expected in each; five standard deviations are 150.
	CHECK(*std::min_element(parts.begin(), parts.end()) > 850);
	CHECK(*std::max_element(parts.begin(), parts.end()) < 1150);
	CHECK(stable_jitter_ns("a", 1) == 0);
}
