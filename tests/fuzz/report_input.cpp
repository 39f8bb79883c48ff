// SPDX-License-Identifier: BSD-2-Clause
// Hostile files through `corescope report`: JSON Lines and folded stacks of any bytes, on one side or two. Beside what the
// sanitizer finds: what is refused is refused with one line, what is shown is a page whose data parses and in which no text
// has become an element.
// Links: src/report/*.cpp src/base/*.cpp src/output/escape.cpp
// Links: src/output/hist_json.cpp src/output/hist_text.cpp src/hist/*.cpp src/system/clock.cpp src/output/width.cpp
#include "base/error.h"
#include "report/page.h"

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

using namespace corescope;
using namespace corescope::report;

namespace {

void demand(bool holds, const char* what)
{
	if (holds)
		return;
	std::fprintf(stderr, "not so: %s\n", what);
	std::abort();
}

size_t occurrences(std::string_view text, std::string_view part)
{
	size_t count = 0;
	for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
		count++;
	return count;
}

void check(std::string_view html)
{
	constexpr std::string_view kBegin = "<script type=\"application/json\" class=\"data\">",
							   kEnd = "</script>";
	size_t found = 0;
	for (size_t at = html.find(kBegin); at != std::string_view::npos; at = html.find(kBegin, at)) {
		at += kBegin.size();
		const size_t end = html.find(kEnd, at);
		demand(end != std::string_view::npos, "data ends");
		demand(nlohmann::json::accept(html.substr(at, end - at)), "data is JSON");
		found++;
	}
	demand(occurrences(html, "<script") == found, "no other script");
	demand(occurrences(html, "<section") == occurrences(html, "</section>"), "sections end");
	for (const char* element : {"<img", "<a ", "<iframe", "<style", "<base", "<!--"})
		demand(occurrences(html, element) == 0, "no text is an element");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size)
{
	const std::string_view input(reinterpret_cast<const char*>(bytes), size);
	// A zero byte parts two sides, as stacks may have them.
	const size_t middle = std::min(input.find('\0'), input.size());
	Content content(100);
	Buffer html;
	try {
		Reader(content, nullptr, 0).read_bytes("a", input.substr(0, middle));
		if (middle < input.size())
			Reader(content, nullptr, 1).read_bytes("b", input.substr(middle + 1));
		size_t number = 0;
		for (const Picture& picture : content.pictures())
			append_picture(html, picture, "", ++number);
		if (content.pictures().size() == 2) {
			const HistPool &a = content.pictures().front().pool(), &b = content.pictures().back().pool();
			append_difference(html, {"a", a.total(), a.records(), a.last_unix_ns()},
				{"b", b.total(), b.records(), b.last_unix_ns()});
		}
		for (const StackGroup& group : content.stacks())
			append_stacks(html, group, ++number, "a", "b");
		for (const RowGroup& group : content.rows())
			append_rows(html, group, ++number);
	} catch (const Error& error) {
		demand(error.code == kDataError, "refused as data");
		demand(error.message.find('\n') == std::string::npos, "in one line");
	}
	check(html.view());
	return 0;
}
