// SPDX-License-Identifier: BSD-2-Clause
// `corescope report` as a user runs it: what it reads, where it writes, and how it says no.
#include "ran.h"
#include "unit/store_trial.h"

#include "base/error.h"

#include <fcntl.h>

using namespace corescope;
using namespace corescope::test;

namespace {

Ran report(
	const std::vector<std::string>& words, const Process::Setup& setup = {}, const std::string& input = "")
{
	return run_command("report", words, setup, input);
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct Filled {
	Folder folder;
	std::string path = folder.path();

	Filled()
	{
		HistStore store = HistStore::open(path, {});
		for (int i = 0; i < 12; i++)
			put(store,
				{a_record(a_source("web1"), kNoon + i * 300 * kSecond, values(1000, i < 6 ? 100 : 200))});
	}
};

// One line, from the command, that says what it should.
void refused(const Ran& ran, int status, const std::string& why)
{
	INFO(ran.err);
	CHECK(ran.status == status);
	CHECK(ran.out.empty());
	CHECK(ran.err.rfind("report: ", 0) == 0);
	CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
	CHECK(has(ran.err, why));
}

} // namespace

TEST_CASE("report: a store becomes a page, the same each time", "[report]")
{
	Filled filled;
	const std::string to = filled.folder.path("report.html");
	const Ran ran = report({filled.path, "-o", to});
	INFO(ran.err);
	REQUIRE(ran.status == 0);
	CHECK(ran.out.empty());
	const std::string page = content(to);
	CHECK(page.rfind("<!DOCTYPE html>", 0) == 0);
	CHECK(has(page, "default-src 'none'"));
	CHECK(!has(page, "unsafe-inline"));
	CHECK(has(page, "12 in 12 intervals"));
	CHECK(has(page, "<dt>values</dt><dd>12000</dd>"));
	struct stat status = {};
	REQUIRE(stat(to.c_str(), &status) == 0);
	CHECK((status.st_mode & 0777) == 0644);
	CHECK(report({filled.path}).out == page);
	CHECK(has(
		report({"--store", filled.path, "--until", "2026-11-20 12:30"}).out, "<dt>values</dt><dd>6000</dd>"));
	CHECK(has(report({filled.path, "1", "2"}).out, "<dt>values</dt><dd>2000</dd>"));
}

TEST_CASE("report: before and after, in a store and in what it exports", "[report]")
{
	Filled filled;
	const std::string json = filled.folder.path("export.jsonl");
	Process::Setup setup;
	setup.out = Process::Out::file;
	setup.file = json;
	Process exported({corescope_path(), "history", "export", "--output", "json", filled.path}, setup);
	REQUIRE(exported.wait() == 0);
	const std::string expected = "p50</th><td class=\"n\">97 .. 104</td><td class=\"n\">193 .. 208</td>"
								 "<td class=\"n\"><span class=\"rise\">+100.0 %</span>";
	for (const std::vector<std::string>& words : {
			 std::vector<std::string>{filled.path, "--split", "2026-11-20 12:30"},
			 {json, "--split", "2026-11-20 12:30"},
			 {"--store", filled.path, "--side", "2026-11-20 12:00..2026-11-20 12:30", "--side",
				 "2026-11-20 12:30..2026-11-20 13:30"},
			 {"--store", filled.path, "--side", "1,2", "--side", "11"},
		 }) {
		const Ran ran = report(words);
		INFO(ran.err);
		CHECK(ran.status == 0);
		CHECK(has(ran.out, expected));
	}
	CHECK(has(report({"--side", filled.path, "--side", json}).out, "No difference beyond bucket width"));
}

TEST_CASE("report: from a pipe, from folded stacks, and with all of them at once", "[report]")
{
	const Ran piped = report({"-"}, {}, "{\"type\":\"event\",\"pid\":4711,\"comm\":\"</td><script>\"}\n");
	CHECK(piped.status == 0);
	CHECK(has(piped.out, "<td class=\"n\">4711</td><td>&lt;/td&gt;&lt;script&gt;</td>"));
	Filled filled;
	const std::string a = filled.folder.path("a"), b = filled.folder.path("b");
	put_content(a, "main;read 12\nmain;write 3\n");
	put_content(b, "main;read 2\n");
	const Ran both = report({a, filled.path});
	CHECK(both.status == 0);
	CHECK(has(both.out, "15 in 2 stacks"));
	CHECK(has(both.out, "<dt>values</dt><dd>12000</dd>"));
	CHECK(has(report({"--side", a, "--side", b}).out,
		"<tr><td>read</td><td class=\"n\">12</td><td class=\"n\">80.00 %</td><td class=\"n\">2</td>"));
}

TEST_CASE("report: what it cannot do, it says in a line", "[report]")
{
	Filled filled;
	const std::string text = filled.folder.path("text"), folded = filled.folder.path("folded");
	put_content(text, "no such thing\n");
	put_content(folded, "a;b 1\n");
	refused(report({text}), kDataError, "line 1");
	refused(report({filled.folder.path("none")}), kIoError, "none");
	refused(report({filled.folder.path("")}), kIoError, "directory");
	refused(report({"-"}), kDataError, "empty");
	refused(report({filled.path, "--tool", "runqlat"}), kUnavailable, "no such histogram");
	refused(report({filled.path, "--side", "1"}), kUsage, "--side");
	refused(report({filled.path, "--before", "1d"}), kUsage, "--after");
	refused(report({"--side", folded, "--side", filled.path}), kDataError, "histograms");
	refused(report({folded, "--last", "2"}), kUsage, "--last");
	refused(report({folded, "--rows", "x"}), kUsage, "--rows");
	refused(report({folded, "-o", filled.folder.path("none/here")}), kIoError, "none/here");
	refused(report({folded, "-o", "/dev/full"}), kIoError, "/dev/full");
	CHECK(S_ISCHR([] {
		struct stat status = {};
		stat("/dev/full", &status);
		return status.st_mode;
	}()));
	Process::Setup full;
	full.out = Process::Out::file;
	full.file = "/dev/full";
	refused(report({folded}, full), kIoError, "write");
	if (no_terminal().empty()) {
		Process::Setup terminal;
		terminal.out = Process::Out::terminal;
		refused(report({folded}, terminal), kUsage, "-o");
	}
}
