// SPDX-License-Identifier: BSD-2-Clause
// The frame of a report: its head with the policy that lets nothing in, the bundle, what was not told, and the parts that
// all tables share. The bundle (src/report/web) lies compressed in the binary.
#include "report/page.h"

#include "base/gzip.h"
#include "output/escape.h"
#include "report_bundle.h"

#include <cstdio>

namespace corescope::report {

namespace {

constexpr uint64_t kExactInDouble = uint64_t{1} << 53;
constexpr size_t kMostBundle = size_t{4} << 20;

std::string unpacked(const unsigned char* bytes, size_t size)
{
	return gunzip({reinterpret_cast<const char*>(bytes), size}, kMostBundle);
}

void append_notes(Buffer& out, const Report& report, const Content& content)
{
	if (report.notes.empty() && content.notes().empty() && content.losses().empty())
		return;
	out.append("<aside class=\"notes\" aria-label=\"What this report lacks\"><ul>\n");
	for (const auto& [reason, count] : content.losses()) {
		out.append("<li class=\"loss\">lost ");
		out.append_u64(count);
		out.append(": ");
		append_html(out, reason);
		out.append("</li>\n");
	}
	for (const std::vector<std::string>* notes : {&report.notes, &content.notes()})
		for (const std::string& note : *notes) {
			out.append("<li>");
			append_html(out, note);
			out.append("</li>\n");
		}
	out.append("</ul></aside>\n");
}

} // namespace

void append_html(Buffer& out, std::string_view text)
{
	Buffer plain(text.size() + 16);
	escape_text(plain, text);
	for (const char c : plain.view()) {
		switch (c) {
		case '&': out.append("&amp;"); break;
		case '<': out.append("&lt;"); break;
		case '>': out.append("&gt;"); break;
		case '"': out.append("&quot;"); break;
		case '\'': out.append("&#39;"); break;
		default: out.append(c);
		}
	}
}

void append_script_string(Buffer& out, std::string_view text)
{
	Buffer shown(text.size() + 16);
	escape_text(shown, text); // as the tables have it
	Buffer json(shown.size() + 16);
	json_string(json, shown.view());
	for (const char c : json.view()) {
		if (c == '<')
			out.append("\\u003c");
		else
			out.append(c);
	}
}

void append_script_number(Buffer& out, uint64_t value)
{
	const bool exact = value <= kExactInDouble;
	if (!exact)
		out.append('"');
	out.append_u64(value);
	if (!exact)
		out.append('"');
}

void append_weight(Buffer& out, Weight value)
{
	constexpr uint64_t kBillions = 1000000000000000000;
	if (value >= kBillions) {
		append_weight(out, value / kBillions);
		out.append_digits(static_cast<uint64_t>(value % kBillions), 18);
	} else {
		out.append_u64(static_cast<uint64_t>(value));
	}
}

void append_script_number(Buffer& out, Weight value)
{
	const bool exact = value <= kExactInDouble;
	if (!exact)
		out.append('"');
	append_weight(out, value);
	if (!exact)
		out.append('"');
}

void open_table(
	Buffer& out, std::string_view summary, const std::vector<std::string_view>& headings, bool open)
{
	out.append(open ? "<details class=\"table\" open>" : "<details class=\"table\">");
	out.append("<summary>");
	append_html(out, summary);
	out.append("</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
	append_html(out, summary);
	out.append("\"><table><thead><tr>");
	for (const std::string_view heading : headings) {
		out.append("<th scope=\"col\">");
		append_html(out, heading);
		out.append("</th>");
	}
	out.append("</tr></thead><tbody>\n");
}

void close_table(Buffer& out) { out.append("</tbody></table></div></details>\n"); }

void number_cell(Buffer& out, uint64_t value)
{
	out.append("<td class=\"n\">");
	out.append_u64(value);
	out.append("</td>");
}

void text_cell(Buffer& out, std::string_view text)
{
	out.append("<td>");
	append_html(out, text);
	out.append("</td>");
}

void percent_text(Buffer& out, double share)
{
	char text[48];
	std::snprintf(text, sizeof(text), "%.*f %%", share > 0 && share < 0.001 ? 4 : 2, share * 100);
	out.append(text);
}

void fact(Buffer& out, std::string_view name, std::string_view text)
{
	out.append("<div><dt>");
	append_html(out, name);
	out.append("</dt><dd>");
	append_html(out, text);
	out.append("</dd></div>\n");
}

std::string bucket_text(const std::optional<HistBucket>& bucket)
{
	if (!bucket)
		return "-";
	if (bucket->overflow)
		return "> " + std::to_string(bucket->low - 1);
	return bucket->low == bucket->high ? std::to_string(bucket->low)
									   : std::to_string(bucket->low) + " .. " + std::to_string(bucket->high);
}

void append_page(Buffer& out, const Report& report, const Content& content, std::string_view sections,
	const std::vector<std::string>& headings)
{
	out.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			   "<meta http-equiv=\"Content-Security-Policy\" content=\"");
	out.append(kReportPolicy);
	out.append(
		"\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
		"<meta name=\"generator\" content=\"");
	append_html(out, report.version);
	out.append("\">\n<title>");
	append_html(out, report.title);
	out.append("</title>\n<style>");
	out.append(unpacked(kReportStyle, sizeof(kReportStyle)));
	out.append("</style>\n</head>\n<body>\n<header class=\"top\">\n<div class=\"heading\"><h1>");
	append_html(out, report.title);
	out.append("</h1>\n<p class=\"sub\">");
	for (size_t i = 0; i < report.sources.size(); i++) {
		if (i)
			out.append(", ");
		append_html(out, report.sources[i]);
	}
	out.append("</p></div>\n<div class=\"actions\" id=\"actions\"></div>\n</header>\n");
	if (headings.size() > 1) {
		out.append("<nav aria-label=\"Sections\"><ol>\n");
		for (size_t i = 0; i < headings.size(); i++) {
			out.append("<li><a href=\"#s" + std::to_string(i + 1) + "\">");
			append_html(out, headings[i]);
			out.append("</a></li>\n");
		}
		out.append("</ol></nav>\n");
	}
	out.append(
		"<main>\n<noscript><p class=\"notes\">Charts are drawn by scripts, which are off here. All numbers stand in "
		"the tables.</p></noscript>\n");
	append_notes(out, report, content);
	out.append(sections);
	out.append("</main>\n<footer><p>Written by ");
	append_html(out, report.version);
	out.append(
		". Times are UTC. A percentile is told as the bucket that holds it: the exact value lies within.</p></footer>\n"
		"<script>");
	out.append(unpacked(kReportScript, sizeof(kReportScript)));
	out.append("</script>\n</body>\n</html>\n");
}

} // namespace corescope::report
