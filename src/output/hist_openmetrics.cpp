// SPDX-License-Identifier: BSD-2-Clause
// OpenMetrics wants all points of a series together and in order of time, and all series of a family together; so the
// records are first sorted into sources, intervals and series.
#include "output/hist_openmetrics.h"

#include "output/hist_json.h"
#include "output/hist_metric.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace corescope {

namespace {

// Unix milliseconds; also before 1970.
int64_t to_ms(int64_t ns) { return ns / 1000000 - (ns % 1000000 < 0); }

// The records of one source, that is, of one set of options and one host.
struct Source {
	int64_t zero_ms = 0;                                          // before its first interval
	std::map<int64_t, HistWindow> ends;                           // what each point of time adds
	std::map<std::string, std::vector<const HistRecord*>> series; // by end
};
struct Metric {
	const HistSource* any = nullptr;
	std::map<std::string, Source> sources; // by their labels
};

Source make_source(std::vector<const HistRecord*> records)
{
	std::stable_sort(records.begin(), records.end(), [](const HistRecord* a, const HistRecord* b) {
		return std::pair(a->end_unix_ns(), a->start_unix_ns) < std::pair(b->end_unix_ns(), b->start_unix_ns);
	});
	Source source;
	const int64_t first_end = to_ms(records.front()->end_unix_ns());
	source.zero_ms = std::min(to_ms(records.front()->start_unix_ns), first_end - 1);
	const HistRecord* before = nullptr;
	for (const HistRecord* record : records) {
		// All keys of an interval bear its window: it counts once.
		HistWindow& window = source.ends[to_ms(record->end_unix_ns())];
		if (!before || before->start_unix_ns != record->start_unix_ns ||
			before->window.window_ns != record->window.window_ns)
			add_to_window(window, record->window);
		if (!record->histogram.empty())
			source.series[metric_labels(*record->source, record->labels, true)].push_back(record);
		before = record;
	}
	// Where nothing was counted at all, that is told.
	if (source.series.empty())
		for (const HistRecord* record : records)
			source.series[metric_labels(*record->source, record->labels, true)].push_back(record);
	return source;
}

class Writer {
public:
	Writer(Buffer& out, const std::string& name, const Metric& metric, const std::function<void()>& flush)
		: out_(out), name_(name), metric_(metric), flush_(flush)
	{}

	void histograms(const BucketLadder& ladder)
	{
		const HistUnit& unit = metric_.any->unit;
		const std::string_view suffix = metric_suffix(unit.base);
		const std::string family = name_ + std::string(suffix);
		const std::vector<uint64_t> edges = bucket_edges(ladder, unit);
		std::vector<std::string> bounds;
		bounds.reserve(edges.size());
		for (const uint64_t edge : edges)
			bounds.push_back("le=\"" + metric_bound(edge, unit) + "\"");
		head(family, "histogram", suffix.empty() ? suffix : suffix.substr(1),
			"distribution of " + metric_.any->quantity + ".");
		for (const auto& [source_labels, source] : metric_.sources) {
			for (const auto& [labels, records] : source.series) {
				Histogram total(records.front()->histogram.p(), records.front()->histogram.limit());
				point(family, labels, total, edges, bounds, ladder.p, source.zero_ms);
				auto next = records.begin();
				for (const auto& [ms, window] : source.ends) {
					for (; next != records.end() && to_ms((*next)->end_unix_ns()) == ms; ++next)
						total.merge((*next)->histogram);
					point(family, labels, total, edges, bounds, ladder.p, ms);
				}
				if (flush_)
					flush_();
			}
		}
	}

	void counter(const char* suffix, const char* unit, const char* help, uint64_t HistWindow::*value)
	{
		const std::string family = name_ + suffix;
		const bool seconds = *unit != 0;
		head(family, "counter", unit, help);
		for (const auto& one : metric_.sources) {
			const Source& source = one.second;
			uint64_t total = 0;
			const auto tell = [&](int64_t ms) {
				begin(family, "_total", one.first);
				if (seconds)
					append_metric_seconds(out_, static_cast<int64_t>(total));
				else
					out_.append_u64(total);
				end(ms);
			};
			tell(source.zero_ms);
			for (const auto& [ms, window] : source.ends) {
				total += window.*value;
				tell(ms);
			}
			if (flush_)
				flush_();
		}
	}

private:
	void head(std::string_view family, std::string_view type, std::string_view unit, std::string_view help)
	{
		const auto line = [&](std::string_view what, std::string_view a, std::string_view b = {}) {
			out_.append("# ");
			out_.append(what);
			out_.append(' ');
			out_.append(family);
			out_.append(' ');
			out_.append(a);
			out_.append(b);
			out_.append('\n');
		};
		line("TYPE", type);
		if (!unit.empty())
			line("UNIT", unit);
		line("HELP", "corescope " + metric_.any->tool + ": ", help);
	}

	void begin(
		std::string_view family, std::string_view suffix, std::string_view labels, std::string_view more = {})
	{
		out_.append(family);
		out_.append(suffix);
		append_label_set(out_, labels, more);
	}

	void end(int64_t ms)
	{
		out_.append(' ');
		append_metric_seconds(out_, ms * 1000000);
		out_.append('\n');
	}

	void point(const std::string& family, const std::string& labels, const Histogram& total,
		std::span<const uint64_t> edges, const std::vector<std::string>& bounds, unsigned p, int64_t ms)
	{
		const std::vector<uint64_t> counts = counts_up_to(total, edges, p);
		const auto sample = [&](std::string_view suffix, std::string_view more, uint64_t value) {
			begin(family, suffix, labels, more);
			out_.append_u64(value);
			end(ms);
		};
		for (size_t i = 0; i < counts.size(); i++)
			sample("_bucket", bounds[i], counts[i]);
		sample("_bucket", "le=\"+Inf\"", total.count());
		begin(family, "_sum", labels);
		append_hist_decimal(out_, total.sum(), metric_scale(metric_.any->unit.base));
		end(ms);
		sample("_count", "", total.count());
	}

	Buffer& out_;
	const std::string& name_;
	const Metric& metric_;
	const std::function<void()>& flush_;
};

} // namespace

void append_openmetrics(Buffer& out, std::span<const HistRecord> records, const BucketLadder& ladder,
	const std::function<void()>& flush)
{
	std::map<std::pair<std::string, HistBase>, std::map<std::string, std::vector<const HistRecord*>>> sorted;
	for (const HistRecord& record : records)
		sorted[{metric_name(*record.source), record.source->unit.base}]
			  [metric_labels(*record.source, {}, true)]
				  .push_back(&record);
	for (const auto& [key, sources] : sorted) {
		Metric metric;
		metric.any = sources.begin()->second.front()->source.get();
		for (const auto& [labels, own] : sources)
			metric.sources.emplace(labels, make_source(own));
		Writer writer(out, key.first, metric, flush);
		writer.histograms(ladder);
		writer.counter("_window_seconds", "seconds",
			"time really traced: rates per second of it are right however short the runs.",
			&HistWindow::window_ns);
		writer.counter("_lost", "", "values that were not counted at all.", &HistWindow::lost);
		writer.counter("_dropped", "", "values whose key found no room.", &HistWindow::dropped_keys);
		writer.counter("_reset_keys", "",
			"keys that vanished or fell while they were read; part may be missing.", &HistWindow::reset_keys);
	}
	out.append("# EOF\n");
}

} // namespace corescope
