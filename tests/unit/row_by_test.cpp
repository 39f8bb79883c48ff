// SPDX-License-Identifier: BSD-2-Clause
// Rows of a table that are for tasks, cgroups or a tool's own: words, what the kernel half is told, fields, and the rest.
#include <catch2/catch.hpp>

#include "base/error.h"
#include "cli/row_by.h"

#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace corescope;

namespace {

constexpr RowBy kFirst = own_rows(ROW_BY_OWN), kSecond = own_rows(ROW_BY_OWN + 1);
constexpr Word<RowBy> kWords[] = {{"first", kFirst}, ROW_BY_WORDS, {"second", kSecond}};

struct Options {
	RowByWord<kWords> by;
	RowBy row_by() const { return by.value; }
};

struct Row {
	uint64_t rows;
	row_key key;
	row_task task;
};

constexpr Field kFields[] = {ROW_TASK_FIELDS(Row, Options)};

// "key=value" of each field that is there.
std::vector<std::string> told(const Row& row, RowBy by)
{
	Options options;
	options.by.value = by;
	FieldContext context;
	context.options = &options;
	std::vector<std::string> all;
	for (const Field& field : kFields) {
		const Value value = field.value(&row, context);
		if (value.kind == Value::Kind::unsigned_number)
			all.push_back(field.key + ("=" + std::to_string(value.bits)));
		else if (value.kind != Value::Kind::none)
			all.push_back(field.key + ("=" + std::string(value.bytes)));
	}
	return all;
}

using Told = std::vector<std::string>;

} // namespace

TEST_CASE("--by of rows takes the shared words and the tool's own, and the first without", "[row_by]")
{
	Options options;
	CHECK(options.row_by() == kFirst);
	parse_value(options.by, "second");
	CHECK(options.row_by() == kSecond);
	parse_value(options.by, "container");
	CHECK(options.row_by() == RowBy::container);
	CHECK_THROWS_AS(parse_value(options.by, "pids"), BadValue);
	CHECK_THROWS_AS(parse_value(options.by, ""), BadValue);
	CHECK(argument_shape(&options.by).words.size() == std::size(kWords));
}

TEST_CASE(
	"the kernel half is told a task's rows, cgroups for what is made of them, and the tool's own", "[row_by]")
{
	CHECK(kernel_row_by(RowBy::pid) == ROW_BY_PID);
	CHECK(kernel_row_by(RowBy::tid) == ROW_BY_TID);
	CHECK(kernel_row_by(RowBy::comm) == ROW_BY_COMM);
	for (const RowBy by : {RowBy::cgroup, RowBy::unit, RowBy::container, RowBy::pod})
		CHECK(kernel_row_by(by) == ROW_BY_CGROUP);
	CHECK(kernel_row_by(kFirst) == ROW_BY_OWN);
	CHECK(kernel_row_by(kSecond) == ROW_BY_OWN + 1);
	CHECK_FALSE(adds_up_cgroups(RowBy::cgroup));
	CHECK(adds_up_cgroups(RowBy::unit));
	CHECK(adds_up_cgroups(RowBy::pod));
	CHECK_FALSE(adds_up_cgroups(kFirst));
}

TEST_CASE("a row tells what it is for and nothing else, and the rest of several tells nothing", "[row_by]")
{
	Row row = {.rows = 1, .key = {41, 7}, .task = {.comm = "shell", .nspid = 3}};
	CHECK(told(row, RowBy::pid) == Told{"pid=41", "comm=shell", "nspid=3"});
	CHECK(told(row, RowBy::tid) == Told{"tid=41", "comm=shell", "nspid=3"});
	CHECK(told(row, kFirst).empty());
	std::memcpy(&row.key, "sixteen bytes it", 16);
	CHECK(told(row, RowBy::comm) == Told{"comm=sixteen bytes it"});
	row.rows = 2;
	CHECK(told(row, RowBy::pid).empty());
	CHECK(told(row, RowBy::comm).empty());
	CHECK(told(row, RowBy::cgroup).empty());
}

TEST_CASE("every kind of row has columns that exist", "[row_by]")
{
	for (const Word<RowBy>& word : kWords)
		for (const std::string_view column : row_columns(word.value))
			CHECK(std::any_of(std::begin(kFields), std::end(kFields),
				[&](const Field& field) { return field.key == column && field.heading; }));
	CHECK(row_columns(kSecond).empty());
	CHECK(row_columns(RowBy::tid).size() == 2);
}

TEST_CASE("a process that lives is named as it is now, and one that has ended as it was", "[row_by]")
{
	const pid_t child = fork();
	if (child == 0)
		_exit(0);
	siginfo_t ended;
	REQUIRE(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED) == 0);

	row_task task = {.comm = "before", .nspid = 1};
	refine_task({static_cast<__u64>(child), 1}, task);
	CHECK(std::string(task.comm) == "before");

	row_task none = {};
	refine_task({static_cast<__u64>(getpid()), 0}, none);
	CHECK(none.comm[0] == 0); // no row of a task has no name
}
