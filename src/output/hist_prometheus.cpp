// SPDX-License-Identifier: BSD-2-Clause
// First everything is brought together by name and labels, in maps: so no series can come twice and the order is
// always the same. Then it is written, a family at a time.
#include "output/hist_prometheus.h"

#include "output/hist_json.h"
#include "output/hist_metric.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace corescope {

namespace {

// All of one source, or of those that share its name.
struct Metric {
	const HistSource* source = nullptr; // any of them
	std::map<std::string, Histogram> series;
	std::map<std::string, HistRuns> runs;
};
using Metrics = std::map<std::pair<std::string, HistBase>, Metric>;

Metric& metric_of(Metrics& metrics, const HistSource& source)
{
	Metric& metric = metrics[{metric_name(source), source.unit.base}];
	metric.source = &source;
	return metric;
}

void add_runs(std::map<std::string, HistRuns>& all, const std::string& labels, const HistRuns& runs)
{
	const auto [at, is_new] = all.emplace(labels, runs);
	if (is_new)
		return;
	HistRuns& sum = at->second;
	add_to_window(sum.window, runs.window);
	sum.succeeded += runs.succeeded;
	sum.failed += runs.failed;
	if (runs.last_unix_ns > sum.last_unix_ns) {
		sum.last_unix_ns = runs.last_unix_ns;
		sum.last_success = runs.last_success;
	}
}

Metrics bring_together(std::span<const HistTotal> totals, std::span<const HistRuns> runs)
{
	std::set<std::string_view> hosts;
	for (const HistTotal& total : totals)
		hosts.insert(total.record.source->host);
	for (const HistRuns& one : runs)
		hosts.insert(one.source->host);
	const bool with_host = hosts.size() > 1;

	Metrics metrics;
	for (const HistTotal& total : totals) {
		const HistRecord& record = total.record;
		std::map<std::string, Histogram>& series = metric_of(metrics, *record.source).series;
		const std::string labels = metric_labels(*record.source, record.labels, with_host);
		const auto [at, is_new] = series.emplace(labels, record.histogram);
		if (!is_new)
			at->second.merge(record.histogram);
	}
	for (const HistRuns& one : runs)
		add_runs(metric_of(metrics, *one.source).runs, metric_labels(*one.source, {}, with_host), one);
	return metrics;
}

class Writer {
public:
	Writer(Buffer& out, const std::string& name, const Metric& metric)
		: out_(out), name_(name), metric_(metric), tool_(metric.source->tool)
	{}

	void histograms(const BucketLadder& ladder)
	{
		if (metric_.series.empty())
			return;
		const HistUnit& unit = metric_.source->unit;
		const std::string family = name_ + std::string(metric_suffix(unit.base));
		const std::vector<uint64_t> edges = bucket_edges(ladder, unit);
		std::vector<std::string> bounds;
		bounds.reserve(edges.size());
		for (const uint64_t edge : edges)
			bounds.push_back("le=\"" + metric_bound(edge, unit) + "\"");
		head(family, "histogram", "distribution of " + metric_.source->quantity + ".");
		for (const auto& [labels, histogram] : metric_.series) {
			const std::vector<uint64_t> counts = counts_up_to(histogram, edges, ladder.p);
			for (size_t i = 0; i < counts.size(); i++)
				sample(family, "_bucket", labels, bounds[i], counts[i]);
			sample(family, "_bucket", labels, "le=\"+Inf\"", histogram.count());
			begin(family, "_sum", labels);
			append_hist_decimal(out_, histogram.sum(), metric_scale(unit.base));
			out_.append('\n');
			sample(family, "_count", labels, "", histogram.count());
		}
	}

	void counter(const char* suffix, const char* help, uint64_t HistWindow::*value)
	{
		const std::string family = name_ + suffix;
		head(family, "counter", help);
		for (const auto& [labels, runs] : metric_.runs)
			sample(family, "", labels, "", runs.window.*value);
	}

	void window()
	{
		const std::string family = name_ + "_window_seconds_total";
		head(family, "counter",
			"time really traced: rates per second of it are right however short the runs.");
		for (const auto& [labels, runs] : metric_.runs)
			seconds(family, labels, static_cast<int64_t>(runs.window.window_ns));
	}

	void runs_total()
	{
		const std::string family = name_ + "_runs_total";
		head(family, "counter", "runs that have ended.");
		for (const auto& [labels, runs] : metric_.runs) {
			sample(family, "", labels, "result=\"failure\"", runs.failed);
			sample(family, "", labels, "result=\"success\"", runs.succeeded);
		}
	}

	void last_run()
	{
		const auto ended = [](const auto& one) { return one.second.last_unix_ns != 0; };
		if (std::none_of(metric_.runs.begin(), metric_.runs.end(), ended))
			return;
		const std::string time = name_ + "_last_run_timestamp_seconds";
		head(time, "gauge", "when the last run ended, since 1970.");
		for (const auto& one : metric_.runs)
			if (ended(one))
				seconds(time, one.first, one.second.last_unix_ns);
		const std::string success = name_ + "_last_run_success";
		head(success, "gauge", "1 if the last run did what it should, 0 if it failed.");
		for (const auto& one : metric_.runs)
			if (ended(one))
				sample(success, "", one.first, "", one.second.last_success);
	}

private:
	// The same words on every host and in every version: node_exporter drops a metric that two files describe
	// differently.
	void head(std::string_view family, std::string_view type, std::string_view help)
	{
		for (const std::string_view part : {std::string_view("# HELP "), family,
				 std::string_view(" corescope "), std::string_view(tool_), std::string_view(": "), help,
				 std::string_view("\n# TYPE "), family, std::string_view(" "), type, std::string_view("\n")})
			out_.append(part);
	}

	void begin(
		std::string_view family, std::string_view suffix, std::string_view labels, std::string_view more = {})
	{
		out_.append(family);
		out_.append(suffix);
		append_label_set(out_, labels, more);
	}

	void sample(std::string_view family, std::string_view suffix, std::string_view labels,
		std::string_view more, uint64_t value)
	{
		begin(family, suffix, labels, more);
		out_.append_u64(value);
		out_.append('\n');
	}

	void seconds(std::string_view family, std::string_view labels, int64_t ns)
	{
		begin(family, "", labels);
		append_metric_seconds(out_, ns);
		out_.append('\n');
	}

	Buffer& out_;
	const std::string& name_;
	const Metric& metric_;
	const std::string& tool_;
};

} // namespace

void append_prometheus(Buffer& out, std::span<const HistTotal> totals, std::span<const HistRuns> runs,
	const BucketLadder& ladder)
{
	for (const auto& [key, metric] : bring_together(totals, runs)) {
		Writer writer(out, key.first, metric);
		writer.histograms(ladder);
		if (metric.runs.empty())
			continue;
		writer.window();
		writer.counter("_lost_total", "values that were not counted at all.", &HistWindow::lost);
		writer.counter("_dropped_total", "values whose key found no room.", &HistWindow::dropped_keys);
		writer.counter("_reset_keys_total",
			"keys that vanished or fell while they were read; part may be missing.", &HistWindow::reset_keys);
		writer.runs_total();
		writer.last_run();
	}
}

} // namespace corescope
