// SPDX-License-Identifier: BSD-2-Clause
// Where histograms go: standard output in any format, a store, a text file for Prometheus. The same for whoever tells
// histograms, be it a run or a reading of what is pinned.
#pragma once

#include "cli/option.h"
#include "cli/tool.h"
#include "hist/record.h"
#include "hist/store.h"
#include "output/hist_prometheus.h"
#include "output/hist_writer.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace corescope {

struct HistOutputOptions {
	bool timestamp = false, extension = false;
	Count top;
	OptionalFile store;
	std::string textfile;
	BucketLadder buckets;
	Duration keep;
	Bytes max_size;
};
std::span<const OptionSpec> hist_output_specs();

struct HistOutputPlan {
	const char* name; // as messages name who tells
	const HistOutputOptions& options;
	OutputFormat format;
	bool format_given; // else nothing goes to standard output when the results go elsewhere
	bool header;
	std::vector<std::string_view> labels; // that the keys bear
};

class HistOutput {
public:
	// Checks the options, and opens the store: a run whose results cannot be kept should not begin. Throws Error.
	HistOutput(const HistOutputPlan& plan, std::shared_ptr<const HistSource> source);

	// Whether anything at all is written to standard output.
	bool to_stdout() const { return writer_ != nullptr; }

	// hooks: known only once it is attached; the source that was given is told with it from now on.
	void begin(const Meta& meta);
	// What was counted in the interval; `state` is kept in the store with it (HistStore::append).
	void interval(Snapshot delta, int64_t start_unix_ns, int64_t end_unix_ns,
		const std::optional<HistStore::State>& state = std::nullopt);
	void end(Summary summary);
	// The run has failed before its end: says so where its results would have gone. Never throws.
	void failed() noexcept;

	// Records that were told.
	uint64_t records() const { return records_; }
	HistStore* store() { return store_ ? &*store_ : nullptr; }

private:
	void append_exposition(Buffer& out);
	void write_textfile();
	void run_ended(int64_t unix_ns, bool success);

	HistOutputPlan plan_;
	std::shared_ptr<const HistSource> source_;
	std::unique_ptr<HistWriter> writer_;
	std::optional<HistStore> store_;
	std::vector<HistTotal> totals_;   // of this run, where there is no store
	std::vector<HistRecord> history_; // for formats that can only be written at the end
	HistRuns runs_;
	Buffer buffer_;
	uint64_t records_ = 0;
	bool ended_ = false;
};

} // namespace corescope
