// SPDX-License-Identifier: BSD-2-Clause
// main() of every test suite: Catch2 with a reporter of our own as the default. It prints each failure in full,
// as Catch2's console reporter does, and closes with `N passed, N failed, N skipped`, counted in test cases.
// A test case without any assertion fails, and so does a run without any test. `-r junit` works as ever.
#define CATCH_CONFIG_RUNNER
#include "skip.h"

namespace corescope::test {

namespace {

struct Closing {
	bool ended = false;
	unsigned passed = 0;
	unsigned failed = 0;
	unsigned skipped = 0;
};

Closing closing;

class Reporter : public Catch::ConsoleReporter {
public:
	using Catch::ConsoleReporter::ConsoleReporter;

	static std::string getDescription() { return "failures in full, then passed, failed and skipped cases"; }

	void testCaseEnded(const Catch::TestCaseStats& stats) override
	{
		const std::string name = stats.testInfo.name;
		if (stats.totals.testCases.failed != 0)
			closing.failed++;
		else if (was_skipped(name))
			closing.skipped++;
		else
			closing.passed++;
		ConsoleReporter::testCaseEnded(stats);
	}

	// In place of Catch2's own totals, which know no skipped case.
	void testRunEnded(const Catch::TestRunStats& stats) override
	{
		closing.ended = true;
		stream << closing.passed << " passed, " << closing.failed << " failed, " << closing.skipped
			   << " skipped" << std::endl;
		// NOLINTNEXTLINE(bugprone-parent-virtual-call): the parent is passed over on purpose
		StreamingReporterBase<ConsoleReporter>::testRunEnded(stats);
	}
};

} // namespace

CATCH_REGISTER_REPORTER("corescope", Reporter)

} // namespace corescope::test

int main(int argc, char** argv)
{
	Catch::Session session;
	session.configData().reporterName = "corescope";
	session.configData().warnings =
		Catch::WarnAbout::What(Catch::WarnAbout::NoAssertions | Catch::WarnAbout::NoTests);
	if (const int wrong = session.applyCommandLine(argc, argv))
		return wrong;
	const int failed = session.run();
	using corescope::test::closing;
	if (failed == 0 && closing.ended && closing.passed + closing.failed + closing.skipped == 0) {
		std::cerr << "no test ran" << std::endl;
		return 2;
	}
	return failed;
}
