// SPDX-License-Identifier: BSD-2-Clause
// `corescope history export` and `prune`: histograms taken out for other programs, and removed.
#include "commands/history.h"

#include "base/error.h"
#include "hist/store_codec.h"
#include "output/escape.h"
#include "output/hist_json.h"
#include "output/hist_metric.h"
#include "output/hist_openmetrics.h"
#include "output/hist_otlp.h"
#include "output/hist_prometheus.h"
#include "system/clock.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <unistd.h>

namespace corescope {

namespace {

constexpr size_t kFlush = 60000;

struct ExportOptions {
	OutputFormat output = OutputFormat::json;
	BucketLadder buckets;
	bool no_header = false;
};
constexpr std::string_view kExportFormats[] = {"json", "csv", "openmetrics", "otlp", "prom"};
constexpr OptionSpec kExportSpecs[] = {
	option<&ExportOptions::output>(0, "output", "FORMAT",
		"json (default: one object a line), csv (one row for each bucket), openmetrics (with timestamps, for promtool), otlp (for the "
		"OpenTelemetry Collector), or prom (the totals of all time, as --textfile writes them)",
		kExportFormats),
	option<&ExportOptions::buckets>(0, "buckets", "LADDER",
		"bounds for prom and openmetrics, such as p=2 or 2^0..2^24 (default: powers of two)"),
	option<&ExportOptions::no_header>(0, "no-header", "", "leave out the heading of csv"),
};

void export_json(History& history, Buffer& buffer)
{
	history.each([&](const StoredHistogram& stored) {
		buffer.append("{\"type\":\"hist\",");
		append_history_json(buffer, history, stored);
		buffer.append("}\n");
		if (buffer.size() > kFlush)
			write_out(buffer);
		return true;
	});
}

void export_csv(History& history, Buffer& buffer, bool header)
{
	if (header) {
		buffer.append("type,id,store,ts,start,tool,quantity,host,options,version,boot_id,labels,other,");
		buffer.append(kHistCsvColumns);
		buffer.append('\n');
	}
	Buffer prefix(1024);
	history.each([&](const StoredHistogram& stored) {
		const HistRecord& record = stored.record;
		const HistSource& source = *record.source;
		prefix.clear();
		prefix.append("hist,");
		prefix.append_i64(stored.id);
		prefix.append(',');
		csv_cell(prefix, history.paths()[stored.store]);
		prefix.append(',');
		append_rfc3339(prefix, record.end_unix_ns());
		prefix.append(',');
		append_rfc3339(prefix, record.start_unix_ns);
		prefix.append(',');
		for (const std::string* text : {&source.tool, &source.quantity, &source.host, &source.options,
				 &source.version, &source.boot_id}) {
			csv_cell(prefix, *text);
			prefix.append(',');
		}
		csv_cell(prefix, labels_json(record.labels));
		prefix.append(',');
		prefix.append_u64(record.others);
		prefix.append(',');
		append_hist_csv(buffer, prefix.view(), record.histogram, source.unit, record.window);
		if (buffer.size() > kFlush)
			write_out(buffer);
		return true;
	});
}

void export_openmetrics(History& history, Buffer& buffer, const BucketLadder& ladder)
{
	std::vector<HistRecord> records;
	std::set<std::string> series;
	const auto series_of = [](const HistSource& source) {
		return metric_name(source) + metric_labels(source, {}, true);
	};
	history.each([&](const StoredHistogram& stored) {
		records.push_back(stored.record);
		series.insert(series_of(*stored.record.source));
		return true;
	});
	// What was traced without a value counts for the window too.
	history.each_interval([&](const HistSource& source, int64_t start_ns, const HistWindow& window,
							  const std::vector<HistLabel>* labels) {
		if (!labels && series.count(series_of(source)))
			records.push_back({std::make_shared<HistSource>(source), {}, 0, start_ns, window, Histogram()});
	});
	append_openmetrics(buffer, records, ladder, [&] { write_out(buffer); });
}

// What belongs to one interval goes out together.
void export_otlp(History& history, Buffer& buffer)
{
	std::vector<HistRecord> interval;
	const auto flush = [&] {
		append_otlp(buffer, interval);
		interval.clear();
		if (buffer.size() > kFlush)
			write_out(buffer);
	};
	history.each([&](const StoredHistogram& stored) {
		if (!interval.empty() &&
			(interval[0].start_unix_ns != stored.record.start_unix_ns ||
				interval[0].source != stored.record.source || !(interval[0].window == stored.record.window)))
			flush();
		interval.push_back(stored.record);
		return true;
	});
	if (!interval.empty())
		flush();
}

void export_totals(History& history, Buffer& buffer, const BucketLadder& ladder)
{
	const HistorySelection& s = history.selection();
	if (s.since.given || s.until.given || s.at.given || s.last)
		throw Error(
			kUsage, "--output prom: is of all time, and takes no time or --last; openmetrics has timestamps");
	std::vector<HistTotal> totals;
	std::vector<HistRuns> runs;
	const auto wanted = [](const std::string& asked, const std::string& is) {
		return asked.empty() || asked == is;
	};
	for (size_t i = 0; i < history.paths().size(); i++)
		for (const HistSource& source : history.store(i).series()) {
			if (!wanted(s.tool, source.tool) || !wanted(s.quantity, source.quantity) ||
				!wanted(s.host, source.host) || (s.options.given && s.options.value != source.options) ||
				!wanted(s.value_unit, source.unit.name))
				continue;
			for (HistTotal& total : history.store(i).totals(source))
				totals.push_back(std::move(total));
			if (std::optional<HistRuns> ended = history.store(i).runs(source))
				runs.push_back(std::move(*ended));
		}
	append_prometheus(buffer, totals, runs, ladder);
}

struct PruneOptions {
	Duration keep;
	Bytes max_size;
	bool dry_run = false;
};
constexpr OptionSpec kPruneSpecs[] = {
	option<&PruneOptions::keep>(0, "keep", "TIME", "those that ended longer ago than this, such as 30d"),
	option<&PruneOptions::max_size>(
		0, "max-size", "BYTES", "the oldest, until the file is no larger than this, such as 200M"),
	option<&PruneOptions::dry_run>(0, "dry-run", "", "only say how many there are"),
};

HistStore open_for_writing(const std::string& path, const PruneOptions& options)
{
	HistStore::Options how;
	if (access(path.c_str(), F_OK) != 0) // which would make it
		throw Error(kIoError, "store " + path + ": cannot be opened: " + std::strerror(errno));
	how.keep_ns = options.keep.ns;
	how.max_bytes = options.max_size.value;
	how.warn = [](const std::string& text) { std::fprintf(stderr, "history: %s\n", text.c_str()); };
	return HistStore::open(path, how);
}

// How many --keep would remove.
uint64_t count_older(HistStore& store, uint64_t keep_ns)
{
	const int64_t before = WallClock().now_unix_ns() - static_cast<int64_t>(keep_ns);
	uint64_t n = 0;
	store.each({}, [&](int64_t, const HistRecord& record) {
		n += record.end_unix_ns() < before;
		return record.end_unix_ns() < before;
	});
	return n;
}

} // namespace

int history_export(int argc, char** argv)
{
	HistorySelection selection;
	ExportOptions options;
	const OptionSet sets[] = {
		{nullptr, kExportSpecs, &options}, {"Which histograms:", history_selection_specs(), &selection}};
	parse_command_line({"corescope history export", "Histograms for other programs.", nullptr, sets,
						   history_word_specs(), &selection},
		argc, argv);
	History history(selection);
	Buffer buffer;
	switch (options.output) {
	case OutputFormat::csv: export_csv(history, buffer, !options.no_header); break;
	case OutputFormat::openmetrics: export_openmetrics(history, buffer, options.buckets); break;
	case OutputFormat::otlp: export_otlp(history, buffer); break;
	case OutputFormat::prom: export_totals(history, buffer, options.buckets); break;
	default: export_json(history, buffer); break;
	}
	write_out(buffer);
	return kOk;
}

int history_prune(int argc, char** argv)
{
	HistorySelection selection;
	PruneOptions options;
	const OptionSet sets[] = {
		{nullptr, kPruneSpecs, &options}, {"Or which histograms:", history_selection_specs(), &selection}};
	parse_command_line(
		{"corescope history prune",
			"Removes stored histograms, and gives their room back to the file system. Totals, which --textfile and export "
			"--output prom tell, stay.",
			nullptr, sets, history_word_specs(), &selection},
		argc, argv);
	const bool by_limit = options.keep || options.max_size.given;
	if (by_limit == selection.narrows())
		throw Error(kUsage,
			by_limit
				? "--keep and --max-size: are for all of a store, and cannot be combined with a selection"
				: "say what is to go: --keep, --max-size or a selection; see corescope history prune --help");
	if (options.max_size.given && !options.max_size.value)
		throw Error(kUsage, "--max-size: must be more than 0");
	if (options.dry_run && options.max_size.given)
		throw Error(kUsage, "--dry-run: what --max-size removes is only known once it is done");
	uint64_t removed = 0;
	if (by_limit && !options.dry_run) { // also brings up to date what cannot be read yet
		for (const std::string& path : history_paths(selection))
			removed += open_for_writing(path, options).retain();
	} else {
		std::vector<HistQuery> chosen;
		{
			// Closed before it is written: within one process SQLite gives a writer what the reader has, no right to write.
			History history(selection);
			for (size_t i = 0; i < history.paths().size(); i++) {
				chosen.emplace_back();
				if (options.keep)
					removed += count_older(history.store(i), options.keep.ns);
				else
					chosen.back().ids = history.ids(i);
				if (options.dry_run)
					removed += chosen.back().ids.size();
			}
		}
		for (size_t i = 0; i < chosen.size() && !options.dry_run; i++)
			if (!chosen[i].ids.empty())
				removed += open_for_writing(history_paths(selection)[i], options).prune(chosen[i]);
	}
	std::printf("%llu %s\n", static_cast<unsigned long long>(removed),
		options.dry_run ? "histograms would be removed" : "histograms removed");
	return kOk;
}

} // namespace corescope
