// SPDX-License-Identifier: BSD-2-Clause
// The strict reader itself: each thing that must not be is refused, and for that reason.
#include "support/exposition.h"

#include <catch2/catch.hpp>

using namespace corescope::test;

namespace {

const std::string kHead = "# HELP h H.\n# TYPE h histogram\n";
const std::string kGood = kHead + "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n";

std::string why(const std::string& text, bool openmetrics = false)
{
	try {
		openmetrics ? read_openmetrics(text) : read_prometheus(text);
	} catch (const BadExposition& bad) {
		return bad.what();
	}
	return "";
}

std::string replaced(std::string text, const std::string& what, const std::string& with)
{
	const size_t at = text.find(what);
	REQUIRE(at != text.npos);
	return text.replace(at, what.size(), with);
}

} // namespace

TEST_CASE("strict reader: what is right is read")
{
	const Exposition e = read_prometheus(
		kGood + "# HELP c_total C.\n# TYPE c_total counter\nc_total{a=\"x\\\\\\\"\\ny\"} 5\n");
	CHECK(e.at("c_total", {{"a", "x\\\"\ny"}}).number == "5");
	CHECK(e.all("h_bucket").size() == 2);
	CHECK_THROWS_AS(e.at("c_total"), std::out_of_range);
	CHECK(why(
		"# TYPE c_s counter\n# UNIT c_s s\n# HELP c_s C.\nc_s_total 1 1.5\nc_s_total 1 2.5\n# EOF\n", true)
			  .empty());
}

TEST_CASE("strict reader: what is wrong is refused, for that reason")
{
	const auto refused = [](const std::string& text, const char* reason, bool openmetrics = false) {
		INFO(text);
		CHECK_THAT(why(text, openmetrics), Catch::Contains(reason));
	};
	refused(kGood.substr(0, kGood.size() - 1), "final newline");
	refused(replaced(kGood, "H.", "\xff"), "UTF-8");
	refused(replaced(kGood, "H.", "\x1b"), "control character");
	refused(replaced(kGood, "h_sum", "\nh_sum"), "empty line");
	refused(replaced(kGood, "# HELP h H.\n", ""), "no HELP");
	refused(replaced(kGood, "# TYPE h histogram\n", ""), "no TYPE");
	refused("# HELP h H.\n" + kGood, "second HELP");
	refused("# TYPE h histogram\n" + kGood, "second TYPE");
	refused(kGood + "# HELP h H.\n", "after the samples");
	refused(kHead, "no sample");
	refused(replaced(kGood, "} 1\n", "} 3\n"), "cumulative");
	refused(replaced(kGood, "h_count 2", "h_count 1"), "_count is not +Inf");
	refused(replaced(kGood, "h_bucket{le=\"+Inf\"} 2\n", "h_bucket{le=\"2\"} 2\n"), "no +Inf");
	refused(replaced(kGood, "+Inf", "Inf"), "another spelling");
	refused(replaced(kGood, "h_bucket{le=\"1\"} 1\n", "h_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\n"),
		"not ascend");
	refused(replaced(kGood, "h_bucket{le=\"1\"} 1\n", "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\n"),
		"not ascend");
	refused(replaced(kGood, "h_sum 3\n", ""), "no _sum");
	refused(replaced(kGood, "h_count 2\n", ""), "no _count");
	refused(replaced(kGood, "h_sum 3", "h_sum 3 1700000000"), "behind the value");
	refused(replaced(kGood, "h_sum 3", "h_sum x"), "no number");
	refused(replaced(kGood, "h_sum 3", "h_sum{le=\"1\"} 3"), "does not belong");
	refused(replaced(kGood, "{le=\"1\"}", "{le=\"1\",le=\"1\"}"), "label twice");
	refused(replaced(kGood, "{le=\"1\"}", "{__a=\"1\",le=\"1\"}"), "own");
	refused(replaced(kGood, "{le=\"1\"}", "{a=\"\\t\",le=\"1\"}"), "escape");
	refused(replaced(kGood, "{le=\"1\"}", "{le=\"1}"), "closing quote");
	refused(kGood + kGood.substr(kHead.size()), "twice");
	const std::string gauge = "# HELP g G.\n# TYPE g gauge\n";
	refused(gauge + "g 1\n" + kGood + "g{a=\"b\"} 1\n", "two places");
	refused(gauge + "g 1\ng 1\n", "twice");
	refused(gauge + "g{a=\"1\"} 1\ng{a=\"2\"} 1\ng{a=\"1\"} 2\n", "two places");
	refused("# HELP c C.\n# TYPE c counter\nc 1\n", "_total");
	refused("# HELP c_total C.\n# TYPE c_total counter\nc_total -1\n", "less than nothing");
	refused("# hello\n", "expected");

	const std::string counter = "# TYPE c counter\n# HELP c C.\n";
	refused(counter + "c_total 1 1\n", "no # EOF", true);
	refused(counter + "c_total 1\n# EOF\n", "expected", true);
	refused(counter + "c_total 1 2\nc_total 1 1\n# EOF\n", "not ascend", true);
	refused(counter + "c_total 2 1\nc_total 1 2\n# EOF\n", "falls", true);
	refused(counter + "c_total 1 1\n# EOF\n\n", "after # EOF", true);
	refused("# UNIT c s\n" + counter + "c_total 1 1\n# EOF\n", "does not end in", true);
}
