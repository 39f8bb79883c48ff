// SPDX-License-Identifier: BSD-2-Clause
// From an interval to all the places that were asked for. The store comes first: what a text file or a terminal says
// has then been kept.
#include "cli/hist_output.h"

#include "base/error.h"
#include "output/heatmap.h"
#include "output/hist_openmetrics.h"
#include "output/hist_otlp.h"
#include "output/text_file.h"
#include "system/clock.h"

#include <cstdio>
#include <utility>

namespace corescope {

namespace {

constexpr uint64_t kDefaultMaxSize = uint64_t{1} << 30;

constexpr OptionSpec kOptions[] = {
	option<&HistOutputOptions::timestamp>('T', "timestamp", "", "the time of day above each interval"),
	option<&HistOutputOptions::extension>('e', "extension", "", "average and total above the figures"),
	option<&HistOutputOptions::top>(
		0, "top", "N", "the N with the greatest total time; the rest together as 'other'"),
	option<&HistOutputOptions::store>(0, "store", "[FILE]",
		"keep the histograms in this store (default /var/lib/corescope/history.db); then, and with --textfile, "
		"standard output is silent unless --output is given"),
	option<&HistOutputOptions::textfile>(0, "textfile", "FILE.prom",
		"write totals over all runs, which the store keeps, for Prometheus' node_exporter"),
	option<&HistOutputOptions::buckets>(0, "buckets", "LADDER",
		"bounds for Prometheus, such as p=2 or 2^0..2^24 (default: powers of two; see docs/prometheus.md)"),
	option<&HistOutputOptions::keep>(0, "keep", "TIME", "the store forgets what is older, such as 30d"),
	option<&HistOutputOptions::max_size>(
		0, "max-size", "BYTES", "the store forgets the oldest when it grows beyond this (default 1G)"),
};

std::unique_ptr<HistWriter> make_writer(OutputFormat format, const HistSource& source, const HistStyle& style)
{
	switch (format) {
	case OutputFormat::json: return hist_json_writer(source, style);
	case OutputFormat::csv: return hist_csv_writer(source, style);
	case OutputFormat::heatmap: return heatmap_writer(source, style, stdout_terminal());
	default: return hist_table_writer(source, style);
	}
}

} // namespace

std::span<const OptionSpec> hist_output_specs() { return kOptions; }

HistOutput::HistOutput(const HistOutputPlan& plan, std::shared_ptr<const HistSource> source)
	: plan_(plan), source_(std::move(source))
{
	const HistOutputOptions& options = plan_.options;
	const bool keeps = options.store.given || !options.textfile.empty();
	if (!keeps && (options.keep || options.max_size.given))
		throw Error(
			kUsage, std::string(options.keep ? "--keep" : "--max-size") + ": needs --store or --textfile");
	if (!options.textfile.empty())
		check_textfile_name(options.textfile);
	if (!options.textfile.empty() || plan_.format == OutputFormat::prom ||
		plan_.format == OutputFormat::openmetrics)
		bucket_edges(options.buckets, source_->unit); // throws where they are none of the scheme's
	if (keeps) {
		HistStore::Options how;
		how.keep_ns = options.keep.ns;
		how.max_bytes = options.max_size.given ? options.max_size.value : kDefaultMaxSize;
		how.warn = [name = plan_.name](const std::string& message) {
			std::fprintf(stderr, "%s: %s\n", name, message.c_str());
		};
		store_ = HistStore::open(options.store.path.empty() ? kDefaultStore : options.store.path, how);
	}
	if (plan_.format_given || !keeps)
		writer_ = make_writer(
			plan_.format, *source_, {plan_.labels, plan_.header, options.timestamp, options.extension});
	runs_.source = source_;
}

void HistOutput::begin(const Meta& meta)
{
	if (!meta.hooks.empty() && meta.hooks != source_->hooks) {
		auto attached = std::make_shared<HistSource>(*source_);
		attached->hooks = meta.hooks;
		source_ = std::move(attached);
		runs_.source = source_;
	}
	if (!writer_ || plan_.format >= OutputFormat::prom)
		return;
	writer_->begin(buffer_, meta);
	write_out(buffer_);
}

void HistOutput::interval(
	Snapshot delta, int64_t start_unix_ns, int64_t end_unix_ns, const std::optional<HistStore::State>& state)
{
	delta = top(delta, plan_.options.top.value);
	records_ += delta.histograms.size();
	const std::vector<HistRecord> records = records_of(source_, delta, start_unix_ns);
	if (store_) {
		store_->append(source_, start_unix_ns, delta.window, records, state);
	} else if (plan_.format == OutputFormat::prom) {
		add_to_window(runs_.window, delta.window);
		for (const HistRecord& record : records)
			add_to_totals(totals_, record);
	}
	if (!plan_.options.textfile.empty())
		write_textfile();
	if (!writer_)
		return;
	switch (plan_.format) {
	case OutputFormat::prom: return; // the end tells
	case OutputFormat::openmetrics: history_.insert(history_.end(), records.begin(), records.end()); return;
	case OutputFormat::otlp: append_otlp(buffer_, records); break;
	default: writer_->interval(buffer_, {delta, start_unix_ns, end_unix_ns});
	}
	write_out(buffer_);
}

void HistOutput::end(Summary summary)
{
	summary.records = records_;
	run_ended(summary.unix_ns, true);
	if (!plan_.options.textfile.empty())
		write_textfile();
	if (!writer_)
		return;
	switch (plan_.format) {
	case OutputFormat::prom: append_exposition(buffer_); break;
	case OutputFormat::openmetrics:
		append_openmetrics(buffer_, history_, plan_.options.buckets, [this] { write_out(buffer_); });
		break;
	case OutputFormat::otlp: break;
	default: writer_->end(buffer_, summary);
	}
	write_out(buffer_);
}

void HistOutput::failed() noexcept
{
	if (ended_)
		return;
	try {
		run_ended(WallClock().now_unix_ns(), false);
		if (!plan_.options.textfile.empty())
			write_textfile();
	} catch (...) { // the run's own error is the one to tell
	}
}

void HistOutput::run_ended(int64_t unix_ns, bool success)
{
	ended_ = true;
	runs_.last_unix_ns = unix_ns;
	runs_.last_success = success;
	(success ? runs_.succeeded : runs_.failed)++;
	if (store_)
		store_->run_ended(source_, unix_ns, success);
}

void HistOutput::append_exposition(Buffer& out)
{
	std::vector<HistTotal> totals = totals_;
	std::vector<HistRuns> runs = {runs_};
	if (store_) {
		totals = store_->totals(*source_);
		runs.clear();
		if (std::optional<HistRuns> kept = store_->runs(*source_))
			runs.push_back(std::move(*kept));
	}
	append_prometheus(out, totals, runs, plan_.options.buckets);
}

void HistOutput::write_textfile()
{
	Buffer text;
	append_exposition(text);
	replace_file(plan_.options.textfile, text.view());
}

} // namespace corescope
