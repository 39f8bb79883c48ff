// SPDX-License-Identifier: BSD-2-Clause
// What manuals are made of: text that roff must not take for something else, and the Markdown of docs/.
#include "base/error.h"
#include "docs/lib/markdown.h"

#include <catch2/catch.hpp>

using namespace corescope;
using namespace corescope::docs;

namespace {

std::string links_to(std::string_view target)
{
	return target == "history.md#diff" ? roff_page("corescope-history", 8) : "";
}

std::string written(const std::string& markdown)
{
	RoffPage page("x", 8, "2026-11-20", "x 1");
	const size_t head = page.text().size();
	for (const Section& section : parse_markdown(markdown, "test"))
		write_blocks(page, section.blocks, links_to);
	return page.text().substr(head);
}

} // namespace

TEST_CASE("roff: what it would take for something else is escaped", "[manual]")
{
	CHECK(roff_text("a\\b 'q' `w` ^~\" x-y") == "a\\(rsb \\(aqq\\(aq \\(gaw\\(ga \\(ha\\(ti\\(dq x-y");
	CHECK(roff_bold("--a-b") == "\\fB\\-\\-a\\-b\\fR");
	CHECK(roff_page("corescope-x", 7) == "\\fBcorescope\\-x\\fR(7)");
	RoffPage page("x", 8, "2026-11-20", "x 1");
	page.paragraph(".B is no request");
	page.code({".so /etc/passwd", "'quoted"});
	CHECK(page.text().find("\n\\&.B is") != std::string::npos);
	CHECK(page.text().find("\n\\&.so /etc/passwd\n") != std::string::npos);
	CHECK(page.text().find("\n\\(aqquoted\n") != std::string::npos);
}

TEST_CASE("roff: a heading begins a paragraph, and only between paragraphs is one begun", "[manual]")
{
	RoffPage page("x", 8, "2026-11-20", "x 1");
	page.section("see also");
	page.paragraph("one");
	page.paragraph("two");
	CHECK(page.text().find(".SH \"SEE ALSO\"\none\n.PP\ntwo\n") != std::string::npos);
}

TEST_CASE("markdown: code, bold and links within a line", "[manual]")
{
	CHECK(roff_inline("take `-x`, **now**", links_to) == "take \\fB\\-x\\fR, \\fBnow\\fR");
	CHECK(
		roff_inline("see [history.md](history.md#diff).", links_to) == "see \\fBcorescope\\-history\\fR(8).");
	CHECK(roff_inline("the [store](history.md#diff)", links_to) ==
		"the store (\\fBcorescope\\-history\\fR(8))");
	CHECK(roff_inline("[elsewhere](design.md)", links_to) == "elsewhere");
	CHECK(roff_inline("[INTERVAL [COUNT]] and [x](y)", links_to) == "[INTERVAL [COUNT]] and x");
	CHECK(roff_inline("a ` alone", links_to) == "a \\(ga alone");
}

TEST_CASE("markdown: paragraphs, lists, code", "[manual]")
{
	CHECK(
		written("# T\n\none\ntwo\n\n- a\n  b\n- c\n") == ".PP\none two\n.IP \\(bu 2\na b\n.IP \\(bu 2\nc\n");
	CHECK(written("# T\n```sh\n# no heading\n| no table\n```\nend\n") ==
		".PP\n.RS 4\n.EX\n# no heading\n| no table\n.EE\n.RE\n.PP\nend\n");
	CHECK_THROWS_AS(parse_markdown("no heading\n", "test"), Error);
	CHECK_THROWS_AS(parse_markdown("", "test"), Error);
}

TEST_CASE("markdown: a table of words is a list, one of short cells a table", "[manual]")
{
	const std::string sentence = "it happened at a time that is told as precisely as the kernel tells it";
	CHECK(written("# T\n| key | type | meaning |\n|---|---|---|\n| `ts` | string | " + sentence + " |\n") ==
		".TP 4\n\\fBts\\fR (string)\n" + sentence + "\n");
	CHECK(written("# T\n| hook | who pays for it | remarks |\n|---|---|---|\n| `x` | " + sentence +
			  " | none |\n") == ".TP 4\n\\fBx\\fR\nWho pays for it: " + sentence + ". Remarks: none\n");
	CHECK(written("# T\n| a | b |\n|---|---|\n| `x|y` | 1 |\n") ==
		".PP\n.TS\nnokeep;\nlB lB\nl l.\na\tb\n\\fBx|y\\fR\t1\n.TE\n");
}
