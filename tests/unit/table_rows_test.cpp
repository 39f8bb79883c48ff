// SPDX-License-Identifier: BSD-2-Clause
// Rows of tables: differences lose nothing and invent nothing, groups and the rest add up.
#include "hist/table.h"

#include <catch2/catch.hpp>

using namespace corescope;

namespace {

struct Row {
	uint64_t rows;
	struct {
		uint64_t a;
	} key;
	char name[8];
	struct {
		uint64_t count, bytes;
	} counts;
};
constexpr table_layout kLayout = TABLE_LAYOUT(Row);

void add(TableSnapshot& table, uint64_t key, uint64_t count, uint64_t bytes)
{
	const Row row = {1, {key}, "name", {count, bytes}};
	table.add(&row, sizeof(row));
}
const Row& row(const TableSnapshot& table, size_t i) { return *static_cast<const Row*>(table.at(i)); }

} // namespace

TEST_CASE("table: what was counted since an earlier snapshot, without rows that got nothing")
{
	TableSnapshot before(kLayout), after(kLayout);
	add(before, 1, 10, 100);
	add(before, 2, 5, 50);
	add(after, 1, 12, 130);
	add(after, 2, 5, 50);
	add(after, 3, 1, 0);
	const TableSnapshot delta = after.since(before);
	REQUIRE(delta.size() == 2);
	CHECK(row(delta, 0).key.a == 1);
	CHECK(row(delta, 0).counts.count == 2);
	CHECK(row(delta, 0).counts.bytes == 30);
	CHECK(row(delta, 1).key.a == 3);
	CHECK(row(delta, 1).counts.count == 1);
	CHECK(after.since(after).empty());
	CHECK(after.since(TableSnapshot(kLayout)).size() == 3);
}

TEST_CASE("table: a counter that fell begins anew")
{
	TableSnapshot before(kLayout), after(kLayout);
	add(before, 1, 10, 100);
	add(after, 1, 3, 120);
	CHECK(row(after.since(before), 0).counts.count == 3);
	CHECK(row(after.since(before), 0).counts.bytes == 20);
}

TEST_CASE("table: sorted, the first few, and the rest as one row that adds up")
{
	TableSnapshot table(kLayout);
	for (uint64_t key = 1; key <= 5; key++)
		add(table, key, key * key, 1);
	table.sort([](const void* a, const void* b) {
		return static_cast<const Row*>(a)->counts.count > static_cast<const Row*>(b)->counts.count;
	});
	CHECK(row(table, 0).key.a == 5);
	TableSnapshot four = table;
	four.keep(4); // a rest of one is itself
	CHECK(four.size() == 5);
	CHECK(row(four, 4).key.a == 1);
	table.keep(2);
	REQUIRE(table.size() == 3);
	CHECK(row(table, 1).key.a == 4);
	CHECK(row(table, 2).rows == 3);
	CHECK(row(table, 2).key.a == 0);
	CHECK(row(table, 2).name[0] == 0);
	CHECK(row(table, 2).counts.count == 9 + 4 + 1);
	CHECK(row(table, 2).counts.bytes == 3);
}

TEST_CASE("table: rows of one group add up, under the first one's key")
{
	TableSnapshot table(kLayout);
	for (uint64_t key = 1; key <= 6; key++)
		add(table, key, key, 1);
	const TableSnapshot groups = table.grouped(
		[](const void* one) { return static_cast<const Row*>(one)->key.a % 2 ? "odd" : "even"; });
	REQUIRE(groups.size() == 2);
	CHECK(row(groups, 0).key.a == 1);
	CHECK(row(groups, 0).counts.count == 9);
	CHECK(row(groups, 1).counts.count == 12);
	CHECK(row(groups, 1).rows == 1);
}
