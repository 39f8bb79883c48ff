// SPDX-License-Identifier: BSD-2-Clause
// The list of skipped test cases, filled by SKIP_TEST and read by the reporter.
#include "skip.h"

#include <iostream>
#include <map>
#include <set>

namespace corescope::test {

namespace {

std::map<std::string, std::set<std::string>>& reasons_by_test()
{
	static std::map<std::string, std::set<std::string>> reasons;
	return reasons;
}

} // namespace

void mark_skipped(const std::string& reason)
{
	const std::string test = Catch::getResultCapture().getCurrentTestName();
	// By std::cout, because the JUnit reporter puts that into the test case's <system-out>.
	if (reasons_by_test()[test].insert(reason).second)
		std::cout << "SKIP " << test << ": " << reason << std::endl;
}

bool was_skipped(const std::string& test) { return reasons_by_test().count(test) != 0; }

} // namespace corescope::test
