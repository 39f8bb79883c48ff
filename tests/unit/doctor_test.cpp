// SPDX-License-Identifier: BSD-2-Clause
// How doctor tells what it has found.
#include "commands/doctor.h"
#include "json.h"
#include "output/buffer.h"

#include <catch2/catch.hpp>

#include <cerrno>

using namespace corescope;

namespace {

using Json = nlohmann::json;

HookTrial refused(const char* name)
{
	return {{name, {}}, 69, "cannot attach to x: because; do this", "because", "do this"};
}
HookTrial accepted(const char* name, const char* cost) { return {{name, {}, false, {}, cost}}; }

std::vector<Json> json_of(const ToolCheck& check)
{
	Buffer out;
	append_tool_json(out, check);
	std::vector<Json> records;
	std::string_view left = out.view();
	while (!left.empty()) {
		records.push_back(Json::parse(left.substr(0, left.find('\n'))));
		left.remove_prefix(left.find('\n') + 1);
	}
	return records;
}

} // namespace

TEST_CASE("doctor: the best hooks, others, or none, in words")
{
	CHECK(tool_detail({"t", "", Answer::yes, 0, {accepted("best", "")}}) == "best");
	CHECK(tool_detail({"t", "", Answer::yes, 0, {accepted("best", "time")}}) == "best; cost: time");
	CHECK(tool_detail({"t", "", Answer::limited, 0, {refused("best"), accepted("second", "time")}}) ==
		"second in place of best (cannot attach to x: because; do this); cost: time");
	CHECK(tool_detail({"t", "", Answer::no, 69, {refused("best"), refused("second")}}) ==
		"cannot attach to x: because; do this");
	CHECK(tool_detail({"t", "", Answer::no, 69, {}}).empty());
}

TEST_CASE("doctor: a tool as JSON is its hook sets, then itself; what does not apply is null")
{
	const auto limited =
		json_of({"t", "--flag", Answer::limited, 0, {refused("best"), accepted("second", "time")}});
	REQUIRE(limited.size() == 3);
	CHECK(limited[0] ==
		Json({{"type", "hook"}, {"tool", "t"}, {"option", "--flag"}, {"hooks", "best"}, {"answer", "no"},
			{"cause", "because"}, {"remedy", "do this"}, {"cost", nullptr}}));
	CHECK(limited[1].at("answer") == "yes");
	CHECK(limited[2] ==
		Json({{"type", "tool"}, {"tool", "t"}, {"option", "--flag"}, {"answer", "limited"},
			{"hooks", "second"}, {"best", "best"}, {"cost", "time"}, {"cause", "because"},
			{"remedy", "do this"}, {"status", 0}}));
	const auto none = json_of({"t", "", Answer::no, 77, {refused("best")}});
	CHECK(none[1].at("hooks").is_null());
	CHECK(none[1].at("option").is_null());
	CHECK(none[1].at("status") == 77);
	const auto all = json_of({"t", "", Answer::yes, 0, {accepted("best", "")}});
	CHECK(all[1].at("cause").is_null());
	CHECK(all[1].at("cost").is_null());
}

TEST_CASE("doctor: a check as JSON; a cause that has been told is not told again in a table")
{
	const std::vector<Check> checks = {
		{"hook", "one", Answer::no, "", "because", "do this", Failure{Stage::attach, ENOENT, "kprobe"}},
		{"hook", "two", Answer::no, "", "because", "do this", Failure{Stage::load, 0, ""}},
		{"hook", "three", Answer::limited, "some\nthing", "for", ""},
		{"hook", "a name that is longer than its column", Answer::yes},
	};
	Buffer out;
	append_check_json(out, checks[0]);
	CHECK(Json::parse(out.view()) ==
		Json({{"type", "check"}, {"group", "hook"}, {"name", "one"}, {"answer", "no"}, {"value", nullptr},
			{"stage", "attach"}, {"error", "ENOENT"}, {"cause", "because"}, {"remedy", "do this"}}));
	out.clear();
	append_check_json(out, checks[3]);
	CHECK(Json::parse(out.view()).at("stage").is_null());
	out.clear();
	append_checks_table(out, checks);
	CHECK(std::string(out.view()) ==
		"one                     no       because; do this\n"
		"two                     no       as one\n"
		"three                   limited  some\\nthing; for\n"
		"a name that is longer than its column yes\n");
}
