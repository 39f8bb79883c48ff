// SPDX-License-Identifier: BSD-2-Clause
// A report as one HTML file. All numbers stand in tables that need no script; what the scripts draw lies beside them as
// JSON. Nothing is fetched from anywhere, and the file forbids itself to.
#pragma once

#include "hist/compare.h"
#include "output/buffer.h"
#include "report/content.h"

#include <string>
#include <string_view>
#include <vector>

namespace corescope::report {

// Text as HTML, in element or attribute: escaped as in a table (output/escape.h), then for HTML. Any bytes may come.
void append_html(Buffer& out, std::string_view text);
// A JSON string that may stand in a <script>: no `<` in it.
void append_script_string(Buffer& out, std::string_view text);
// A JSON number, or the same as a string where JavaScript's doubles would round it (above 2^53).
void append_script_number(Buffer& out, uint64_t value);
void append_script_number(Buffer& out, Weight value);
void append_weight(Buffer& out, Weight value); // decimal

// Elements as the tables here are made of.
void open_table(
	Buffer& out, std::string_view summary, const std::vector<std::string_view>& headings, bool open = false);
void close_table(Buffer& out);
void number_cell(Buffer& out, uint64_t value);
void text_cell(Buffer& out, std::string_view text);
void percent_text(Buffer& out, double share);                         // "12.3 %"
void fact(Buffer& out, std::string_view name, std::string_view text); // of a <dl>

// "513 .. 576", "> 68719476736", "-"
std::string bucket_text(const std::optional<HistBucket>& bucket);

// One of two that are compared.
struct ReportSide {
	std::string text;
	HistRecord total;
	size_t records = 0;
	int64_t last_unix_ns = 0;
};

// side: "A", "B", or "" where there are none. number: of the section, from 1.
void append_picture(Buffer& out, const Picture& picture, std::string_view side, size_t number);
// "cpudist oncpu"
std::string picture_name(const Picture& picture);
// Throws Error(kDataError) where they cannot be compared.
void append_difference(Buffer& out, const ReportSide& a, const ReportSide& b);
void append_stacks(
	Buffer& out, const StackGroup& group, size_t number, std::string_view side_a, std::string_view side_b);
void append_rows(Buffer& out, const RowGroup& group, size_t number);

struct Report {
	std::string title;
	std::string version;              // of what wrote it
	std::vector<std::string> sources; // what it was read from, as the user named it
	std::vector<std::string> notes;
	std::string side_a, side_b; // of stacks that are compared
};

// The whole file. sections: what the functions above have appended; headings: of each, in order.
void append_page(Buffer& out, const Report& report, const Content& content, std::string_view sections,
	const std::vector<std::string>& headings);

} // namespace corescope::report
