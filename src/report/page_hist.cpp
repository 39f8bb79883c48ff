// SPDX-License-Identifier: BSD-2-Clause
// Histograms over time: what was counted and what was not, the heat map, the percentiles, and the keys.
#include "report/page.h"

#include "output/hist_json.h"
#include "output/hist_text.h"
#include "system/clock.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace corescope::report {

namespace {

constexpr size_t kMaxCells = 200000;
constexpr size_t kMaxKeyRows = 500;
constexpr std::pair<const char*, double> kFigures[] = {
	{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1.0}};

std::string time_text(int64_t ns)
{
	Buffer out(40);
	append_rfc3339(out, ns);
	return std::string(out.view());
}

// For a glance: as far as the time says anything.
std::string short_time(int64_t ns)
{
	std::string text = time_text(ns).substr(0, ns % 1000000000 ? 23 : 19);
	text[10] = ' ';
	return text;
}

std::string seconds_text(uint64_t ns)
{
	Buffer out(40);
	append_hist_decimal(out, ns, 1000000000);
	return std::string(out.view());
}

std::string number_text(double value)
{
	char text[48];
	std::snprintf(text, sizeof(text), value >= 100 ? "%.0f" : value >= 1 ? "%.1f" : "%.3g", value);
	return text;
}

void facts(Buffer& out, const Picture& picture, const HistRecord& total)
{
	const HistUnit& unit = total.source->unit;
	const Histogram& all = total.histogram;
	const int64_t last = picture.pool().last_unix_ns();
	out.append("<dl class=\"facts\">\n");
	std::string hosts;
	for (const std::string& host : picture.hosts())
		if (hosts.size() < 200)
			hosts += (hosts.empty() ? "" : ", ") + host;
	if (picture.hosts().size() > 1)
		hosts = std::to_string(picture.hosts().size()) + ": " + hosts;
	if (!hosts.empty())
		fact(out, picture.hosts().size() > 1 ? "hosts" : "host", hosts);
	if (!total.source->options.empty())
		fact(out, "options", total.source->options);
	fact(out, "time (UTC)", short_time(total.start_unix_ns) + " .. " + short_time(last));
	std::string window = seconds_text(total.window.window_ns) + " s";
	const double span = static_cast<double>(last) - static_cast<double>(total.start_unix_ns);
	const double share = static_cast<double>(total.window.window_ns) / span;
	if (picture.hosts().size() == 1 && span > 0 && share < 0.9995) {
		char text[64];
		std::snprintf(text, sizeof(text), ", %.3g %% of that time", share * 100);
		window += text;
	}
	fact(out, "traced", window);
	fact(out, "histograms",
		std::to_string(picture.pool().records()) + " in " + std::to_string(picture.pool().intervals()) +
			" intervals");
	if (picture.step_ns())
		fact(out, "a column", seconds_text(static_cast<uint64_t>(picture.step_ns())) + " s");
	fact(out, "values", std::to_string(all.count()));
	fact(out, "per second", number_text(hist_rate(all, total.window)));
	if (!all.empty()) {
		fact(out, "mean", number_text(all.mean() / static_cast<double>(unit.scale)) + " " + unit.name);
		for (const auto& [name, q] : kFigures)
			fact(out, name, bucket_text(all.percentile(q)) + " " + unit.name);
	}
	for (const auto& [name, value] : {std::pair<const char*, uint64_t>{"lost", total.window.lost},
			 {"dropped keys", total.window.dropped_keys}, {"reset keys", total.window.reset_keys}}) {
		out.append(value ? "<div class=\"loss\"><dt>" : "<div><dt>");
		out.append(name);
		out.append("</dt><dd>");
		out.append_u64(value);
		out.append("</dd></div>\n");
	}
	out.append("</dl>\n");
}

void distribution_table(Buffer& out, const Histogram& all, const HistUnit& unit)
{
	const std::vector<HistBucket> buckets = all.buckets();
	const std::string from = std::string("from, ") + unit.name, to = std::string("to, ") + unit.name;
	open_table(out, "Distribution: " + std::to_string(buckets.size()) + " buckets that are not empty",
		{from, to, "count", "share", "up to here"});
	uint64_t seen = 0;
	for (const HistBucket& bucket : buckets) {
		seen += bucket.count;
		out.append("<tr>");
		number_cell(out, bucket.low);
		if (bucket.overflow)
			out.append("<td class=\"n\">no limit</td>");
		else
			number_cell(out, bucket.high);
		number_cell(out, bucket.count);
		for (const uint64_t part : {bucket.count, seen}) {
			out.append("<td class=\"n\">");
			percent_text(out, static_cast<double>(part) / static_cast<double>(all.count()));
			out.append("</td>");
		}
		out.append("</tr>\n");
	}
	close_table(out);
}

void time_table(Buffer& out, const std::vector<TimeColumn>& columns, const HistUnit& unit)
{
	const std::string in = std::string(", ") + unit.name;
	std::vector<std::string> names;
	for (const auto& [name, q] : kFigures)
		names.push_back(name + in);
	std::vector<std::string_view> headings = {"from (UTC)", "traced, s", "values", "lost", "dropped keys"};
	headings.insert(headings.end(), names.begin(), names.end());
	open_table(out, "Over time: " + std::to_string(columns.size()) + " columns", headings);
	for (const TimeColumn& column : columns) {
		out.append("<tr>");
		text_cell(out, time_text(column.start_ns));
		out.append("<td class=\"n\">" + seconds_text(column.window.window_ns) + "</td>");
		number_cell(out, column.counted.count());
		number_cell(out, column.window.lost);
		number_cell(out, column.window.dropped_keys);
		for (const auto& [name, q] : kFigures)
			out.append("<td class=\"n\">" + bucket_text(column.counted.percentile(q)) + "</td>");
		out.append("</tr>\n");
	}
	close_table(out);
}

void key_table(Buffer& out, const Picture& picture, const HistUnit& unit)
{
	const std::vector<const KeyTotal*> keys = picture.keys();
	if (keys.empty())
		return;
	std::vector<std::string> names;
	for (const HistLabel& label : keys[0]->labels)
		names.push_back(label.name);
	names.insert(names.end(), {"values", std::string("sum, ") + unit.name});
	for (const auto& [name, q] : kFigures)
		names.push_back(std::string(name) + ", " + unit.name);
	const size_t shown = std::min(keys.size(), kMaxKeyRows);
	std::string summary = "By key: " + std::to_string(keys.size()) + " keys, by their sums";
	if (shown < keys.size())
		summary += "; the first " + std::to_string(shown);
	if (picture.keys_beyond())
		summary += "; " + std::to_string(picture.keys_beyond()) + " histograms of further keys are in no row";
	open_table(out, summary, {names.begin(), names.end()}, keys.size() <= 20);
	for (size_t i = 0; i < shown; i++) {
		const KeyTotal& key = *keys[i];
		out.append("<tr>");
		for (const HistLabel& label : key.labels)
			text_cell(out, label.value);
		number_cell(out, key.counted.count());
		out.append("<td class=\"n\">");
		append_hist_decimal(out, key.counted.sum(), unit.scale);
		out.append("</td>");
		for (const auto& [name, q] : kFigures)
			out.append("<td class=\"n\">" + bucket_text(key.counted.percentile(q)) + "</td>");
		out.append("</tr>\n");
	}
	close_table(out);
}

// As fine as there is, unless that were too much for a page.
unsigned fineness(const std::vector<TimeColumn>& columns, unsigned p)
{
	for (;; p--) {
		size_t cells = 0;
		for (const TimeColumn& column : columns)
			cells += column.counted.folded(std::min(p, column.counted.p())).buckets().size();
		if (cells <= kMaxCells || p == 0)
			return p;
	}
}

// {"rows":[[low,high|null]…],"columns":[{"t":[start,end],"w":seconds,"n":count,"c":[row,count…],"q":[[low,high]…]}…]}
void data(Buffer& out, const std::vector<TimeColumn>& columns, const HistRecord& total, int64_t step_ns)
{
	const HistUnit& unit = total.source->unit;
	const unsigned p = fineness(columns, total.histogram.p());
	const std::vector<HistBucket> used = total.histogram.folded(p).buckets();
	out.append("<script type=\"application/json\" class=\"data\">{\"unit\":");
	append_script_string(out, unit.name);
	out.append(",\"base\":");
	append_script_string(out, hist_base_name(unit.base));
	out.append(",\"scale\":");
	out.append_u64(unit.scale);
	out.append(",\"step\":");
	out.append_u64(static_cast<uint64_t>(step_ns / 1000000));
	out.append(",\"rows\":[");
	const auto edges = [&](const HistBucket& bucket) {
		out.append('[');
		append_script_number(out, bucket.low);
		out.append(',');
		if (bucket.overflow)
			out.append("null");
		else
			append_script_number(out, bucket.high);
		out.append(']');
	};
	for (const HistBucket& bucket : used) {
		if (&bucket != used.data())
			out.append(',');
		edges(bucket);
	}
	out.append("],\"columns\":[");
	for (const TimeColumn& column : columns) {
		out.append(&column == columns.data() ? "{\"t\":[" : ",\n{\"t\":[");
		append_hist_decimal(out, static_cast<HistSum>(std::max<int64_t>(column.start_ns, 0)), 1000000000);
		out.append(',');
		append_hist_decimal(out, static_cast<HistSum>(std::max<int64_t>(column.end_ns, 0)), 1000000000);
		out.append("],\"w\":");
		append_hist_decimal(out, column.window.window_ns, 1000000000);
		out.append(",\"n\":");
		append_script_number(out, column.counted.count());
		out.append(",\"l\":");
		append_script_number(out, column.window.lost);
		out.append(",\"c\":[");
		size_t row = 0;
		char before = 0;
		const Histogram counted =
			column.counted.folded(std::min(p, column.counted.p())).limited(total.histogram.limit());
		for (const HistBucket& bucket : counted.buckets()) {
			while (row < used.size() && used[row].low < bucket.low)
				row++;
			if (before)
				out.append(',');
			before = ',';
			out.append_u64(row);
			out.append(',');
			append_script_number(out, bucket.count);
		}
		out.append("],\"q\":[");
		for (const auto& [name, q] : kFigures) {
			const std::optional<HistBucket> bucket = column.counted.percentile(q);
			if (q != kFigures[0].second)
				out.append(',');
			if (bucket)
				edges(*bucket);
			else
				out.append("null");
		}
		out.append("]}");
	}
	out.append("]}</script>\n");
}

} // namespace

std::string picture_name(const Picture& picture)
{
	const HistSource source = *picture.pool().total().source;
	std::string name = source.tool.empty() ? "Histograms" : source.tool;
	return source.quantity.empty() ? name : name + " " + source.quantity;
}

void append_picture(Buffer& out, const Picture& picture, std::string_view side, size_t number)
{
	const HistRecord total = picture.pool().total();
	const HistSource& source = *total.source;
	const std::vector<TimeColumn> columns = picture.columns();
	out.append("<section class=\"card\" data-kind=\"hist\" id=\"s" + std::to_string(number) + "\">\n<h2>");
	if (!side.empty())
		out.append(std::string(side) + ": ");
	append_html(out, picture_name(picture));
	if (!source.what.empty()) {
		out.append(" <span>");
		append_html(out, source.what);
		out.append("</span>");
	}
	out.append("</h2>\n");
	facts(out, picture, total);
	out.append(
		"<figure data-chart=\"heat\"><figcaption>Heat map <span>values per second of traced time, by value and "
		"time</span></figcaption></figure>\n");
	distribution_table(out, total.histogram, source.unit);
	out.append(
		"<figure data-chart=\"percentiles\"><figcaption>Percentiles <span>the band is the bucket that holds it"
		"</span></figcaption></figure>\n");
	time_table(out, columns, source.unit);
	key_table(out, picture, source.unit);
	data(out, columns, total, picture.step_ns());
	out.append("</section>\n");
}

} // namespace corescope::report
