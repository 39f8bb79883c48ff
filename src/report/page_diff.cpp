// SPDX-License-Identifier: BSD-2-Clause
// Before and after: the figures of `corescope history diff`, and how the distribution shifted.
#include "report/page.h"

#include "base/error.h"
#include "output/hist_json.h"
#include "system/clock.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace corescope::report {

namespace {

std::string number_text(double value)
{
	char text[48];
	std::snprintf(text, sizeof(text), value >= 100 ? "%.0f" : value >= 1 ? "%.1f" : "%.3f", value);
	return text;
}

std::string change_text(const std::optional<double>& change)
{
	if (!change)
		return "-";
	char text[32];
	std::snprintf(text, sizeof(text), "%+.1f %%", *change * 100);
	return text;
}

void figure_row(Buffer& out, std::string_view name, const std::string& a, const std::string& b,
	const std::string& change, const char* kind)
{
	out.append("<tr><th scope=\"row\">");
	append_html(out, name);
	out.append("</th><td class=\"n\">" + a + "</td><td class=\"n\">" + b +
		"</td><td class=\"n\"><span class=\"" + kind + "\">" + change + "</span></td></tr>\n");
}

const char* kind_of(const std::optional<double>& change)
{
	return !change || *change == 0 ? "same" : *change > 0 ? "rise" : "fall";
}

void tell_side(Buffer& out, const char* name, const ReportSide& side)
{
	const HistRecord& total = side.total;
	Buffer text(256);
	text.append(side.text + ": " + std::to_string(side.records) + " histograms, ");
	append_rfc3339(text, total.start_unix_ns);
	text.append(" .. ");
	append_rfc3339(text, side.last_unix_ns);
	text.append("; " + std::to_string(total.histogram.count()) + " values in ");
	append_hist_decimal(text, total.window.window_ns, 1000000000);
	text.append(" s traced");
	for (const auto& [what, count] : {std::pair<const char*, uint64_t>{"lost", total.window.lost},
			 {"dropped keys", total.window.dropped_keys}, {"reset keys", total.window.reset_keys}})
		if (count)
			text.append(std::string(", ") + what + " " + std::to_string(count));
	fact(out, name, text.view());
}

double share(uint64_t count, const Histogram& of)
{
	return of.count() ? static_cast<double>(count) / static_cast<double>(of.count()) : 0;
}

// As high as it is great, from the middle to the left where there is less of it, to the right where there is more.
void shift_bar(Buffer& out, double shift, double greatest)
{
	const double width = greatest > 0 ? std::abs(shift) / greatest * 60 : 0;
	char text[256];
	std::snprintf(text, sizeof(text),
		"<svg width=\"121\" height=\"12\" aria-hidden=\"true\"><rect class=\"%s\" x=\"%.1f\" y=\"1\" width=\"%.1f\" height=\"10\"/>"
		"<rect class=\"axis\" x=\"60\" y=\"0\" width=\"1\" height=\"12\"/></svg>",
		shift < 0 ? "less" : "more", shift < 0 ? 60 - width : 61, width);
	out.append(text);
}

void shift_table(Buffer& out, const HistComparison& c, const HistUnit& unit)
{
	const std::vector<HistBucket> a = c.a.rows(), b = c.b.rows();
	const std::vector<HistBucket>& bounds = a.size() > b.size() ? a : b;
	const auto count = [](const std::vector<HistBucket>& of, size_t i) {
		return i < of.size() ? of[i].count : 0;
	};
	double greatest = 0;
	for (size_t i = 0; i < bounds.size(); i++)
		greatest = std::max(greatest, std::abs(share(count(b, i), c.b) - share(count(a, i), c.a)));
	const std::string from = std::string("from, ") + unit.name, to = std::string("to, ") + unit.name;
	open_table(out, "Shift of shares: " + std::to_string(bounds.size()) + " powers of two",
		{from, to, "A, values", "B, values", "A, share", "B, share", "shift", "less | more"}, true);
	for (size_t i = 0; i < bounds.size(); i++) {
		const double share_a = share(count(a, i), c.a), share_b = share(count(b, i), c.b);
		char shift[32];
		std::snprintf(shift, sizeof(shift), "%+.2f", (share_b - share_a) * 100);
		out.append("<tr>");
		number_cell(out, bounds[i].low);
		if (bounds[i].overflow)
			out.append("<td class=\"n\">no limit</td>");
		else
			number_cell(out, bounds[i].high);
		number_cell(out, count(a, i));
		number_cell(out, count(b, i));
		for (const double part : {share_a, share_b}) {
			out.append("<td class=\"n\">");
			percent_text(out, part);
			out.append("</td>");
		}
		out.append(std::string("<td class=\"n\">") + shift + "</td><td>");
		shift_bar(out, share_b - share_a, greatest);
		out.append("</td></tr>\n");
	}
	close_table(out);
}

// {"unit":…,"rows":[[low,high|null,count of A,count of B]…]}: in the finest buckets that both have.
void data(Buffer& out, const HistComparison& c, const HistUnit& unit)
{
	out.append("<script type=\"application/json\" class=\"data\">{\"unit\":");
	append_script_string(out, unit.name);
	out.append(",\"base\":");
	append_script_string(out, hist_base_name(unit.base));
	out.append(",\"scale\":");
	out.append_u64(unit.scale);
	out.append(",\"counts\":[");
	append_script_number(out, c.a.count());
	out.append(',');
	append_script_number(out, c.b.count());
	out.append("],\"rows\":[");
	Histogram both = c.a;
	both.merge(c.b);
	const std::vector<HistBucket> a = c.a.buckets(), b = c.b.buckets();
	size_t at_a = 0, at_b = 0;
	char before = 0;
	for (const HistBucket& bucket : both.buckets()) {
		if (before)
			out.append(',');
		before = ',';
		out.append('[');
		append_script_number(out, bucket.low);
		out.append(',');
		if (bucket.overflow)
			out.append("null");
		else
			append_script_number(out, bucket.high);
		for (auto [side, at] : {std::pair{&a, &at_a}, {&b, &at_b}}) {
			out.append(',');
			if (*at < side->size() && (*side)[*at].low == bucket.low)
				append_script_number(out, (*side)[(*at)++].count);
			else
				out.append('0');
		}
		out.append(']');
	}
	out.append("]}</script>\n");
}

} // namespace

void append_difference(Buffer& out, const ReportSide& a, const ReportSide& b)
{
	const HistSource &of_a = *a.total.source, &of_b = *b.total.source;
	if (of_a.tool != of_b.tool || of_a.quantity != of_b.quantity)
		throw Error(kDataError,
			"A is of " + of_a.tool + " " + of_a.quantity + ", B of " + of_b.tool + " " + of_b.quantity +
				": they cannot be compared; choose with --tool and --quantity");
	const HistUnit& unit = of_a.unit;
	if (!(unit == of_b.unit))
		throw Error(kDataError,
			std::string("A is in ") + unit.name + ", B in " + of_b.unit.name +
				": their buckets do not match; choose with --value-unit");
	const HistComparison c = compare(a.total.histogram, a.total.window, b.total.histogram, b.total.window);
	out.append("<section class=\"card\" data-kind=\"diff\" id=\"s1\">\n<h2>Difference <span>");
	append_html(out, of_a.tool + " " + of_a.quantity);
	out.append("</span></h2>\n<dl class=\"facts sides\">\n");
	tell_side(out, "A", a);
	tell_side(out, "B", b);
	out.append("</dl>\n");
	if (c.same_within_buckets)
		out.append(
			"<p class=\"verdict\">No difference beyond bucket width: p50, p90, p99 and p99.9 lie in the same buckets.</p>\n");
	out.append("<div class=\"scroll\"><table class=\"figures\"><thead><tr><th scope=\"col\">");
	append_html(out, unit.name);
	out.append(
		"</th><th scope=\"col\">A</th><th scope=\"col\">B</th><th scope=\"col\">change</th></tr></thead><tbody>\n");
	const double scale = static_cast<double>(unit.scale);
	figure_row(out, "values per second", number_text(hist_rate(c.a, c.a_window)),
		number_text(hist_rate(c.b, c.b_window)), change_text(c.rate_change), "same");
	figure_row(out, "mean", number_text(c.a.mean() / scale), number_text(c.b.mean() / scale),
		change_text(c.mean_change), kind_of(c.mean_change));
	for (const HistFigure& figure : c.figures) {
		const bool same = figure.a && figure.b && figure.a->low == figure.b->low;
		figure_row(out, figure.name, bucket_text(figure.a), bucket_text(figure.b),
			same ? "same bucket" : change_text(figure.change), same ? "same" : kind_of(figure.change));
	}
	out.append(
		"</tbody></table></div>\n<figure data-chart=\"shares\"><figcaption>Distribution <span>share of each side's own values, "
		"for a doubling of the value</span></figcaption></figure>\n");
	shift_table(out, c, unit);
	data(out, c, unit);
	out.append("</section>\n");
}

} // namespace corescope::report
