// SPDX-License-Identifier: BSD-2-Clause
// main() of every test suite: Catch2 with a reporter of our own as the default. It prints each failure in full,
// as Catch2's console reporter does, and closes with `N passed, N failed, N skipped`, counted in test cases.
// A test case without any assertion fails, and so does a run without any test. `-r junit` works as ever.
// `--workers N` as the first words: N processes at once (workers.h), each case with SECONDS of `--patience SECONDS`; behind
// them `--again N`: up to N failed cases once more, alone.
#define CATCH_CONFIG_RUNNER
#include "skip.h"
#include "workers.h"

#include <charconv>
#include <cstring>

namespace corescope::test {

namespace {

struct Closing {
	bool ended = false;
	unsigned passed = 0;
	unsigned failed = 0;
	unsigned skipped = 0;
};

Closing closing;
bool in_batch = false; // a worker

class Reporter : public Catch::ConsoleReporter {
public:
	using Catch::ConsoleReporter::ConsoleReporter;

	static std::string getDescription() { return "failures in full, then passed, failed and skipped cases"; }

	void testRunStarting(const Catch::TestRunInfo& info) override
	{
		if (in_batch)
			// NOLINTNEXTLINE(bugprone-parent-virtual-call): without the list of its cases
			StreamingReporterBase<ConsoleReporter>::testRunStarting(info);
		else
			ConsoleReporter::testRunStarting(info);
	}

	void testCaseStarting(const Catch::TestCaseInfo& info) override
	{
		tell_begin(info.name);
		ConsoleReporter::testCaseStarting(info);
	}

	void testCaseEnded(const Catch::TestCaseStats& stats) override
	{
		const std::string name = stats.testInfo.name;
		const Outcome outcome = stats.totals.testCases.failed != 0 ? Outcome::failed
			: was_skipped(name)                                    ? Outcome::skipped
																   : Outcome::passed;
		(outcome == Outcome::failed           ? closing.failed
				: outcome == Outcome::skipped ? closing.skipped
											  : closing.passed)++;
		ConsoleReporter::testCaseEnded(stats);
		tell_end(name, outcome);
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

namespace {

using namespace corescope::test;

unsigned number(const char* text)
{
	unsigned value = 0;
	const char* end = text + std::strlen(text);
	if (const auto [at, wrong] = std::from_chars(text, end, value);
		wrong != std::errc() || at != end || value == 0) {
		std::cerr << "a number above 0, and not " << text << std::endl;
		exit(255);
	}
	return value;
}

// The test cases that these arguments choose.
std::vector<Case> chosen(Catch::Session& session)
{
	const Catch::IConfig& config = session.config();
	std::vector<Case> cases;
	for (const Catch::TestCase& test :
		Catch::filterTests(Catch::getAllTestCasesSorted(config), config.testSpec(), config))
		cases.push_back({test.name, std::count(test.lcaseTags.begin(), test.lcaseTags.end(), "alone") != 0});
	return cases;
}

// Names as Catch2's language of choices spells them: between quotes, with what separates them escaped.
std::vector<std::string> choice(const std::vector<std::string>& names)
{
	std::vector<std::string> words;
	for (const std::string& name : names) {
		std::string word = "\"";
		for (const char c : name)
			word += std::strchr(",\\\"[", c) != nullptr ? std::string{'\\', c} : std::string{c};
		words.push_back(word + "\"");
		words.emplace_back(",");
	}
	return words;
}

} // namespace

int main(int argc, char** argv)
{
	Workers workers;
	std::vector<std::string> batch;
	int used = 1;
	const auto next = [&](const char* word, int arguments) {
		const bool there = argc - used > arguments && std::strcmp(argv[used], word) == 0;
		used += there ? 1 + arguments : 0;
		return there;
	};
	bool parent = false;
	if (next("--batch", 2))
		batch =
			begin_batch(static_cast<int>(number(argv[used - 2])), static_cast<int>(number(argv[used - 1])));
	if (next("--workers", 1)) {
		workers.at_once = number(argv[used - 1]);
		parent = batch.empty();
	}
	if (next("--patience", 1))
		workers.patience_s = number(argv[used - 1]);
	if (next("--again", 1))
		workers.again = number(argv[used - 1]);

	Catch::Session session;
	session.configData().reporterName = "corescope";
	session.configData().warnings =
		Catch::WarnAbout::What(Catch::WarnAbout::NoAssertions | Catch::WarnAbout::NoTests);
	std::vector<char*> words(argv + used, argv + argc);
	words.insert(words.begin(), argv[0]);
	if (const int wrong = session.applyCommandLine(static_cast<int>(words.size()), words.data()))
		return wrong;
	const auto& asked = session.configData();
	if (parent && !asked.showHelp && !asked.listTests && !asked.listTags && !asked.listTestNamesOnly &&
		!asked.listReporters) {
		const std::vector<Case> cases = chosen(session);
		if (cases.empty()) {
			std::cerr << "no test ran" << std::endl;
			return 2;
		}
		workers.command.assign(argv, argv + argc);
		return run_workers(cases, workers) == 0 ? 0 : 1;
	}
	corescope::test::in_batch = !batch.empty();
	if (!batch.empty())
		session.configData().testsOrTags = choice(batch);
	const int failed = session.run();
	using corescope::test::closing;
	if (failed == 0 && closing.ended && closing.passed + closing.failed + closing.skipped == 0) {
		std::cerr << "no test ran" << std::endl;
		return 2;
	}
	return failed;
}
