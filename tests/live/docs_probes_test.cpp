// SPDX-License-Identifier: BSD-2-Clause
// docs/probes.md: its samples, kinds and keys are those of `corescope probes`. Its options are in docs_progs_test.cpp.
#include "documented.h"

#include <algorithm>
#include <map>
#include <unistd.h>

namespace corescope::test {

namespace {

std::string why_not()
{
	const std::string why = cannot_trace();
	return why.empty() ? no_pages() : why;
}

} // namespace

TEST_CASE("docs/probes.md: what its samples show is what its commands print")
{
	if (const auto why = why_not(); !why.empty())
		SKIP_TEST(why);
	size_t compared = 0;
	for (const Sample& sample : samples_of("docs/probes.md")) {
		INFO(sample.command);
		const auto parts = words(sample.command);
		const auto binary = std::find(parts.begin(), parts.end(), "--binary");
		if (binary != parts.end() && access(binary[1].c_str(), R_OK) != 0)
			continue; // another machine's place for it
		Process process({"/bin/sh", "-c", "exec '" + corescope_path() + "' " + sample.command});
		const Lines real = split(process.rest(), '\n');
		if (process.wait() != 0)
			continue; // a kernel without tracefs or types has none of these
		const Lines said = split(process.errors(), '\n');
		for (const std::string& line : sample.output) {
			INFO(line);
			if (line.rfind("probes: ", 0) == 0) { // why not, here: another kernel has other reasons
				const std::string way = line.substr(0, line.find("): ") + 1);
				const bool same_answer = contains(real, sample.output[1]);
				if (way.size() > 1 && same_answer)
					CHECK(std::any_of(said.begin(), said.end(), [&](const std::string& one) {
						return one.rfind(way, 0) == 0 && one.size() > way.size() + 4;
					}));
				continue;
			}
			// yes, no or ?: that is the kernel's answer.
			CHECK(std::any_of(real.begin(), real.end(), [&](const std::string& one) {
				return one == line ||
					(one[0] != ' ' && words(one).size() == 3 && words(line).size() == 3 &&
						contains({"yes", "no", "?"}, words(one)[0]) &&
						contains({"yes", "no", "?"}, words(line)[0]) && words(one)[1] == words(line)[1] &&
						words(one)[2].substr(words(one)[2].rfind('/')) ==
							words(line)[2].substr(words(line)[2].rfind('/')));
			}));
			compared++;
		}
	}
	CHECK(compared > 0);
}

TEST_CASE("docs/probes.md has the kinds, their sections and the keys that probes prints")
{
	if (const auto why = why_not(); !why.empty())
		SKIP_TEST(why);
	const std::string path = "docs/probes.md";
	std::map<std::string, std::set<std::string>> in_page; // kind: the first parts of sections
	for (const auto& row : table_rows(section(page(path), "Kinds")))
		for (const std::string& form : code_spans(row[1])) {
			const std::string part = form.substr(0, form.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
			in_page[code_spans(row[0])[0]].insert(
				part.back() == '/' ? part.substr(0, part.size() - 1) : part);
		}
	std::map<std::string, std::set<std::string>> told;
	for (const std::string& options :
		{std::string("'vfs_read' -v"), "-v --binary '" + corescope_path() + "' main"}) {
		const std::string out = run_tool("probes --output json " + options).out;
		INFO(options);
		check_all_keys(path, out);
		for (const std::string& line : split(out, '\n'))
			if (!line.empty() && Json::parse(line).at("type") == "kind") {
				const Json kind = Json::parse(line);
				for (const Json& way : kind.at("ways"))
					told[kind.at("kind")].insert(way.at("section").get<std::string>());
			}
	}
	CHECK(told == in_page);

	// GLOB as the page says.
	CHECK(run_tool("probes no_such_place 2>/dev/null").status == 1);
	CHECK(!say("'" + corescope_path() + "' probes no_such_place 2>&1").out.empty());
	if (access("/sys/kernel/tracing/events/sched", R_OK) == 0)
		for (const char* glob : {"tp/sched/*", "sched:sched_*"})
			CHECK(run_tool("probes --kind tracepoint '" + std::string(glob) + "' | grep -c tp/sched/sched_")
					  .status == 0);
}

} // namespace corescope::test
