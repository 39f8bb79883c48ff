// SPDX-License-Identifier: BSD-2-Clause
// What came and went between two looks at a list of ids.
#include "base/id_account.h"

#include <catch2/catch.hpp>

#include <string>

using namespace corescope;

namespace {

// "+7 -7 -3": 7 came and went, 3 went.
std::string told(IdAccount& account, const std::vector<uint32_t>& present, uint32_t newest = 0)
{
	std::string text;
	for (const IdChange& change : account.look(present, newest))
		text += (text.empty() ? "" : " ") + std::string(change.came ? "+" : "-") + std::to_string(change.id);
	return text;
}

} // namespace

TEST_CASE("ids: what is there at the start has not come, and what stays is not told")
{
	IdAccount account({3, 5, 9}, 9);
	CHECK(told(account, {3, 5, 9}).empty());
	CHECK(told(account, {3, 9}) == "-5");
	CHECK(told(account, {3, 9}).empty());
}

TEST_CASE("ids: new ones in their order, and what came and went between two looks")
{
	IdAccount account({3, 5}, 8); // 6, 7 and 8 were gone before
	CHECK(told(account, {3, 5, 9}) == "+9");
	CHECK(told(account, {5, 9, 12, 14}) == "+10 -10 +11 -11 +12 +13 -13 +14 -3");
	CHECK(told(account, {5}) == "-9 -12 -14");
	CHECK(told(account, {}) == "-5");
}

TEST_CASE("ids: one of our own shows what came and went with nothing after it")
{
	IdAccount account({3}, 8);
	CHECK(told(account, {3}, 9).empty()); // 9 is ours
	CHECK(told(account, {3}, 12) == "+10 -10 +11 -11");
	CHECK(told(account, {3, 13, 15}, 14) == "+13 +15");
	CHECK(told(account, {3, 13, 15}, 16).empty());
	CHECK(told(account, {3, 13, 15, 17}, 0) == "+17");
}

TEST_CASE("ids: where the newest is not known, nothing is told of what was before the first that comes")
{
	IdAccount account({3, 5}, 0);
	CHECK(told(account, {3, 5, 100}) == "+100");
	CHECK(told(account, {3, 5, 102}) == "+101 -101 +102 -100");
}

TEST_CASE("ids: they begin again at 1 behind the greatest")
{
	const uint32_t last = 0x7fffffff;
	IdAccount account({5, last - 2}, last - 2);
	CHECK(told(account, {5, last - 2, last}) ==
		"+" + std::to_string(last - 1) + " -" + std::to_string(last - 1) + " +" + std::to_string(last));
	CHECK(told(account, {1, 5, last}) == "+1 -" + std::to_string(last - 2));
	CHECK(told(account, {1, 3, 5, last}) == "+2 -2 +3");
	CHECK(told(account, {1, 3, 5, 7}, 8) == "+4 -4 +6 -6 +7 -" + std::to_string(last));
}
