// SPDX-License-Identifier: BSD-2-Clause
// Skipping a test that this machine cannot run. Catch2 2 has no such thing: it would count as passed, and a
// suite that ran nothing would look green.
#pragma once

#include <string>

#include <catch2/catch.hpp>

namespace corescope::test {

// Marks the test case that runs now as skipped and prints `SKIP <test>: <reason>` (once for each reason).
void mark_skipped(const std::string& reason);

// Whether the named test case was marked. A mark stays: one skipped section makes the whole case skipped.
bool was_skipped(const std::string& test);

} // namespace corescope::test

// Skips the current test case: usable in its body (or in a SECTION), from which it returns.
// The SUCCEED keeps it apart from a test that asserts nothing, which is a failure.
#define SKIP_TEST(reason)                        \
	do {                                         \
		::corescope::test::mark_skipped(reason); \
		SUCCEED("skipped");                      \
		return;                                  \
	} while (false)
