// SPDX-License-Identifier: BSD-2-Clause
// What a refusal proposes instead of a name that does not exist.
#include "base/similar.h"

#include <catch2/catch.hpp>

using namespace corescope;

TEST_CASE("names a slip away are proposed, the nearest first; else those that there are", "[similar]")
{
	const std::vector<std::string_view> names = {"my_pid", "target_pid", "min_ns", "verbose"};
	CHECK(similar_names("my_pdi", names) == "; did you mean my_pid?");
	CHECK(similar_names("MY_PID", names) == "; did you mean my_pid?");
	CHECK(similar_names("mypid", names) == "; did you mean my_pid?");
	CHECK(similar_names("pid", names) == "; did you mean my_pid or target_pid?");
	CHECK(similar_names("verbos", names) == "; did you mean verbose?");
	CHECK(similar_names("something_else", names) == "; there is my_pid, target_pid, min_ns, verbose");
	CHECK(similar_names("something_else", names, 2) == "; there is my_pid, target_pid and 2 more");
	CHECK(similar_names("x", {}).empty());
	CHECK(similar_names("", names) == "; there is my_pid, target_pid, min_ns, verbose");
	CHECK(similar_names(std::string(100000, 'x'), {std::string(100, 'y')}).size() > 100);
}
