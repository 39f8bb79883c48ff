// SPDX-License-Identifier: BSD-2-Clause
// `corescope history list`: each series as a heading with its percentiles over time, and below it the newest of its
// histograms. One pass over the rows, in bounded memory: the columns of a sparkline are merged two by two when they become
// too many.
#include "commands/history.h"

#include "base/error.h"
#include "output/escape.h"
#include "output/sparkline.h"
#include "output/terminal.h"
#include "system/clock.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>

namespace corescope {

namespace {

constexpr size_t kRows = 10;
constexpr size_t kMostColumns = 48;

struct Options {
	OutputFormat output = OutputFormat::table;
	bool brief = false, all = false, no_header = false;
};

constexpr OptionSpec kSpecs[] = {
	option<&Options::brief>(0, "brief", "", "one line for each series, and none for its histograms"),
	option<&Options::all>(0, "all", "", "all histograms of a series, not only the newest 10"),
	option<&Options::output>(0, "output", "FORMAT", "table (default) or json", kTableOrJson),
	option<&Options::no_header>(0, "no-header", "", "leave out the headings of columns"),
};

// Counts by time: a fixed number of columns at most, each of `width_ns`.
class Timeline {
public:
	explicit Timeline(size_t most) : most_(most) {}

	void add(const HistRecord& record)
	{
		if (!width_ns_)
			width_ns_ = std::max<int64_t>(static_cast<int64_t>(record.window.window_ns), 1000000);
		put(columns_, record.start_unix_ns / width_ns_, record.histogram);
		while (columns_.rbegin()->first - columns_.begin()->first >= static_cast<int64_t>(most_)) {
			columns_ = halved();
			width_ns_ *= 2;
		}
	}
	// A short interval now and then leaves most columns empty: fewer of them, as long as few of what is in them is merged.
	void close_gaps()
	{
		while (
			columns_.rbegin()->first - columns_.begin()->first + 1 > static_cast<int64_t>(columns_.size())) {
			std::map<int64_t, Histogram> fewer = halved();
			if (fewer.size() * 3 < columns_.size() * 2)
				return;
			columns_ = std::move(fewer);
		}
	}
	void append(Buffer& out, double q, bool unicode) const
	{
		std::vector<std::optional<uint64_t>> values(
			static_cast<size_t>(columns_.rbegin()->first - columns_.begin()->first) + 1);
		for (const auto& [column, histogram] : columns_)
			if (const std::optional<HistBucket> bucket = histogram.percentile(q))
				values[static_cast<size_t>(column - columns_.begin()->first)] =
					bucket->overflow ? bucket->low : bucket->high;
		append_sparkline(out, values, unicode);
	}
	// The least and the greatest percentile of a column.
	std::string range(double q) const
	{
		std::optional<HistBucket> least, greatest;
		for (const auto& [column, histogram] : columns_)
			if (const std::optional<HistBucket> bucket = histogram.percentile(q)) {
				if (!least || bucket->low < least->low)
					least = bucket;
				if (!greatest || bucket->low > greatest->low)
					greatest = bucket;
			}
		return bound_text(least) + " .. " + bound_text(greatest);
	}

private:
	static void put(std::map<int64_t, Histogram>& to, int64_t column, const Histogram& histogram)
	{
		const auto [place, is_new] = to.try_emplace(column, histogram);
		if (!is_new)
			place->second.merge(histogram);
	}
	std::map<int64_t, Histogram> halved() const
	{
		std::map<int64_t, Histogram> fewer;
		for (const auto& [column, histogram] : columns_)
			put(fewer, (column - (column < 0)) / 2, histogram);
		return fewer;
	}

	size_t most_;
	int64_t width_ns_ = 0;
	std::map<int64_t, Histogram> columns_;
};

struct Row {
	size_t store;
	int64_t id, start_ns;
	uint64_t window_ns, count, lost;
	std::string p50, p90, p99, max;
};

struct Series {
	explicit Series(size_t columns) : timeline(columns) {}
	std::string text;
	HistUnit unit = kMicroseconds;
	Timeline timeline;
	Histogram all;
	std::deque<Row> rows; // by their end; the newest, unless all are wanted
	size_t histograms = 0;
	int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
};

Row row_of(const StoredHistogram& stored)
{
	const HistRecord& record = stored.record;
	const Histogram& h = record.histogram;
	return {stored.store, stored.id, record.start_unix_ns, record.window.window_ns, h.count(),
		record.window.lost, bound_text(h.percentile(0.5)), bound_text(h.percentile(0.9)),
		bound_text(h.percentile(0.99)), bound_text(h.max_bucket())};
}

std::string name_of(const Row& row, bool several)
{
	return std::to_string(row.id) + (several ? "@" + std::to_string(row.store + 1) : "");
}

class List {
public:
	List(History& history, const Options& options)
		: history_(history), options_(options), terminal_(stdout_terminal())
	{
		columns_ = std::min<size_t>(kMostColumns, std::max<size_t>(terminal_.width / 2, 10));
	}

	void read()
	{
		history_.each([&](const StoredHistogram& stored) {
			add(stored);
			return true;
		});
	}

	void tell()
	{
		if (options_.brief && !options_.no_header && !series_.empty())
			line("%10s  %11s  %9s  %9s  %-*s  %s\n", "HISTOGRAMS", "COUNT", "P50", "P99",
				static_cast<int>(columns_), "P99 OVER TIME", "SERIES");
		bool first = true;
		for (const auto& [key, one] : series_) {
			one->timeline.close_gaps();
			if (options_.brief) {
				tell_brief(*one);
			} else {
				if (!first)
					buffer_.append('\n');
				tell_series(*one);
			}
			first = false;
			if (buffer_.size() > 60000)
				write_out(buffer_);
		}
		write_out(buffer_);
	}
	bool empty() const { return series_.empty(); }

private:
	void add(const StoredHistogram& stored)
	{
		const HistRecord& record = stored.record;
		const std::string text = series_text(*record.source, record.labels);
		std::unique_ptr<Series>& one = series_[text + "\n" + record.source->unit.name];
		if (!one) {
			one = std::make_unique<Series>(columns_);
			one->text = text;
			one->unit = record.source->unit;
			one->all = Histogram(record.histogram.p(), record.histogram.limit());
		}
		one->histograms++;
		one->all.merge(record.histogram);
		one->timeline.add(record);
		one->first_ns = std::min(one->first_ns, record.start_unix_ns);
		one->last_ns = std::max(one->last_ns, record.end_unix_ns());
		if (options_.brief)
			return;
		// Several stores come one after the other, each in its order.
		const auto place = std::upper_bound(one->rows.begin(), one->rows.end(), record.start_unix_ns,
			[](int64_t start, const Row& row) { return start < row.start_ns; });
		if (place == one->rows.begin() && !options_.all && one->rows.size() >= kRows)
			return;
		one->rows.insert(place, row_of(stored));
		if (!options_.all && one->rows.size() > kRows)
			one->rows.pop_front();
	}

	void tell_brief(const Series& one)
	{
		line("%10zu  %11llu  %9s  %9s  ", one.histograms, static_cast<unsigned long long>(one.all.count()),
			bound_text(one.all.percentile(0.5)).c_str(), bound_text(one.all.percentile(0.99)).c_str());
		Buffer spark(256);
		one.timeline.append(spark, 0.99, terminal_.unicode);
		buffer_.append(spark.view());
		const size_t width = display_width(spark.view());
		buffer_.append_fill(' ', columns_ > width ? columns_ - width : 0);
		buffer_.append("  " + one.text + unit_text(one) + "\n");
	}

	static std::string unit_text(const Series& one)
	{
		return *one.unit.name ? std::string(" (") + one.unit.name + ")" : "";
	}

	void tell_series(const Series& one)
	{
		buffer_.append(one.text + "\n");
		line("  %zu histogram%s, %s .. %s%s%s\n", one.histograms, one.histograms == 1 ? "" : "s",
			local_time(one.first_ns).c_str(), local_time(one.last_ns).c_str(), *one.unit.name ? ", in " : "",
			one.unit.name);
		if (one.histograms > 1)
			for (const auto& [name, q] : {std::pair{"p50", 0.5}, {"p99", 0.99}}) {
				buffer_.append(std::string("  ") + name + "  ");
				one.timeline.append(buffer_, q, terminal_.unicode);
				buffer_.append("  " + one.timeline.range(q) + "\n");
			}
		if (!options_.no_header)
			line("%8s  %-19s  %8s  %11s  %9s  %9s  %9s  %9s\n", "ID", "START", "WINDOW", "COUNT", "P50",
				"P90", "P99", "MAX");
		if (one.rows.size() < one.histograms)
			line("%8s  (%zu earlier ones: --all)\n", "...", one.histograms - one.rows.size());
		for (const Row& row : one.rows) {
			line("%8s  %-19s  %8s  %11llu  %9s  %9s  %9s  %9s", name_of(row, history_.several()).c_str(),
				local_time(row.start_ns).c_str(), window_text(row.window_ns).c_str(),
				static_cast<unsigned long long>(row.count), row.p50.c_str(), row.p90.c_str(), row.p99.c_str(),
				row.max.c_str());
			if (row.lost)
				line("  lost %llu", static_cast<unsigned long long>(row.lost));
			buffer_.append('\n');
		}
	}

	template <class... Values>
	void line(const char* format, Values... values)
	{
		char text[512];
		const int size = std::snprintf(text, sizeof(text), format, values...);
		buffer_.append(std::string_view(text, std::min<size_t>(static_cast<size_t>(size), sizeof(text) - 1)));
	}

	History& history_;
	Options options_;
	Terminal terminal_;
	size_t columns_;
	std::map<std::string, std::unique_ptr<Series>> series_;
	Buffer buffer_;
};

} // namespace

int history_list(int argc, char** argv)
{
	HistorySelection selection;
	Options options;
	const OptionSet sets[] = {
		{nullptr, kSpecs, &options}, {"Which histograms:", history_selection_specs(), &selection}};
	parse_command_line({"corescope history list",
						   "What is stored: each series with its percentiles over time, and its histograms.",
						   nullptr, sets, history_word_specs(), &selection},
		argc, argv);
	History history(selection);
	if (options.output == OutputFormat::json) {
		Buffer buffer;
		history.each([&](const StoredHistogram& stored) {
			buffer.append("{\"type\":\"hist\",");
			append_history_json(buffer, history, stored);
			buffer.append("}\n");
			if (buffer.size() > 60000)
				write_out(buffer);
			return true;
		});
		write_out(buffer);
		return kOk;
	}
	List list(history, options);
	list.read();
	if (list.empty())
		std::fprintf(stderr, "history: no such histogram is stored\n");
	list.tell();
	return kOk;
}

} // namespace corescope
