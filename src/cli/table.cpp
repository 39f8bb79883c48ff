// SPDX-License-Identifier: BSD-2-Clause
// The life of a table run: load, attach, and at each interval the difference of two snapshots. Whatever ends the run, the
// interval that has begun is still told.
#include "cli/table.h"

#include "base/error.h"
#include "bpf/cgroups_made.h"
#include "bpf/loss.h"
#include "cli/job.h"
#include "cli/run_clock.h"
#include "cli/signals.h"
#include "cli/version.h"
#include "output/records.h"
#include "system/cgroup.h"
#include "system/clock.h"

#include <algorithm>
#include <optional>
#include <unistd.h>
#include <utility>

namespace corescope {

namespace {

constexpr uint64_t kMostMaxKeys = 1000000;
constexpr size_t kDefaultTop = 10; // of a table; data have all

constexpr std::string_view kFormats[] = {"table", "json", "csv"};

constexpr OptionSpec kTableOptions[] = {
	option<&TableOptions::interval>(0, "interval", "TIME",
		"tell each interval of this length, as a first word INTERVAL does; else once, at the end"),
	option<&TableOptions::top>(
		0, "top", "N", "the first N rows, the rest as one; 0: all (default 10, with JSON and CSV all)"),
	option<&TableOptions::sort>(0, "sort", "KEY", "by this field, numbers from the greatest down"),
	option<&TableOptions::max_keys>(
		0, "max-keys", "N", "room for N rows; what finds none is counted and told"),
	option<&TableOptions::hook>(0, "hook", "NAME",
		"this one of the tool's ways to hook in, as `meta` names it, instead of the best that works here"),
	option<&TableOptions::pin>(
		0, "pin", "NAME", "refused: only a histogram can be left counting without a reader"),
	words_for("output", kFormats),
};

constexpr PositionalSpec kPositionals[] = {
	positional<&TableOptions::interval>("INTERVAL"),
	positional<&TableOptions::intervals>("COUNT"),
};

Value interval_end(const void*, const FieldContext& context, const void*)
{
	return Value::time(context.interval_end_boot_ns);
}
Value interval_length(const void*, const FieldContext& context, const void*)
{
	return Value::number(context.window_ns);
}
Value rows_in_one(const void* row, const FieldContext&, const void*)
{
	return Value::number(TableSnapshot::rows_of(row));
}
constexpr Field kEnd = {
	nullptr, "ts", 0, kInData, interval_end, "end of the interval", FieldType::time, true};
constexpr Field kLength = {
	nullptr, "window_ns", 0, kInData, interval_length, "how long it was", FieldType::number, true};
constexpr Field kRows = {nullptr, "rows", 0, kInData, rows_in_one,
	"how many rows this one stands for: 1, or with --top more in the last, which is the rest",
	FieldType::number, true};

ObjectLoader table_loader(const TableRun& run, const CgroupFilter& filter) // both outlive it
{
	if (run.table.max_keys.value > kMostMaxKeys)
		throw Error(kUsage, "--max-keys: must lie between 1 and " + std::to_string(kMostMaxKeys));
	return ObjectLoader(
		run.skeleton, run.setup.hooks, run.setup.common.btf, [&run, &filter](void* typed, Object& object) {
			TableMaps::set_sizes(object,
				run.table.max_keys ? run.table.max_keys.value : run.setup.default_keys, run.setup.row_size);
			run.configure(typed, filter);
		});
}

// The field that --sort names, with or without its unit; that of the tool where it names none.
const Field& sort_field(const TableRun& run)
{
	const std::string asked = run.table.sort.empty() ? std::string(run.setup.sort) : run.table.sort;
	std::string names;
	for (const Field& field : run.fields) {
		const std::string_view key = field.key;
		if (!(field.flags & kInData) || field.type == FieldType::any || field.type == FieldType::time)
			continue;
		if (key == asked || key == asked + "_ns")
			return field;
		names += (names.empty() ? "" : ", ") + std::string(key);
	}
	throw Error(kUsage, "--sort: '" + asked + "' is none of " + names);
}

// Numbers from the greatest down, text from A to Z, what there is none of last.
bool comes_first(const Value& a, const Value& b)
{
	if (a.kind == Value::Kind::none || b.kind == Value::Kind::none)
		return a.kind != Value::Kind::none && b.kind == Value::Kind::none;
	if (a.kind == Value::Kind::signed_number && b.kind == a.kind)
		return static_cast<int64_t>(a.bits) > static_cast<int64_t>(b.bits);
	if (a.kind == Value::Kind::text || a.kind == Value::Kind::word)
		return a.bytes < b.bytes;
	return a.bits > b.bits;
}

class TableRunner {
public:
	explicit TableRunner(const TableRun& run)
		: run_(run), sort_(sort_field(run)), filter_(cgroup_filter(run.setup.common)),
		  loader_(table_loader(run, filter_)), last_(run.layout)
	{
		if (run.setup.common.count && !run.table.interval && !run.setup.common.duration)
			throw Error(kUsage, "--count: needs an INTERVAL, at which something is told");
		context_.options = run.options;
		context_.cgroups = &cgroups_;
	}

	int go(const Job& job)
	{
		if (!job.wait())
			return kOk;
		const CommonOptions& common = run_.setup.common;
		set_libbpf_log(common.verbose);
		object_ = loader_.start([this](Object& object) { maps_.emplace(object, run_.layout); });
		event_shared* shared = run_.shared(ObjectLoader::typed(*object_));
		losses_.emplace(shared, *object_);
		follow_cgroups(shared, filter_.id, filter_.directory, cgroups_);
		run_clock_ =
			RunClock({run_.table.interval.ns, least_limit(run_.table.intervals.value, common.count.value),
						 common.duration.ns, job.deadline_ns()},
				monotonic_ns());
		last_ns_ = run_clock_.start_ns();
		settle_down(true);
		begin();
		while (!run_clock_.ended()) {
			run_clock_.wait();
			tell_interval();
		}
		object_->detach();
		finish();
		return kOk;
	}

private:
	void begin()
	{
		const CommonOptions& common = run_.setup.common;
		const bool header = !common.no_header;
		if (common.output == OutputFormat::json)
			writer_ = json_writer(run_.fields, context_, clock_, "row");
		else if (common.output == OutputFormat::csv)
			writer_ = csv_writer(run_.fields, header, context_, clock_, "row");
		else
			writer_ = table_writer(run_.fields, run_.setup.shown, {}, header, context_, clock_);
		meta_ = {run_.name, version(), object_->hooks(), run_.arguments, clock_.now_unix_ns(),
			object_->types_file()};
		if (!in_screens())
			writer_->meta(buffer_, meta_);
		else if (header && isatty(STDERR_FILENO))
			std::fprintf(stderr, "Tracing %s... Ctrl-C ends.\n", run_.setup.what.c_str());
		write_out(buffer_);
	}

	// A table's heading stands above each interval, and what is told at intervals also bears the time.
	bool in_screens() const { return run_.setup.common.output == OutputFormat::table; }

	void begin_screen()
	{
		if (!in_screens())
			return;
		if (run_clock_.intervals_told())
			buffer_.append('\n');
		if (run_.table.interval && !run_.setup.common.no_header) {
			times_.hms(buffer_, clock_.to_unix_ns(context_.interval_end_boot_ns));
			buffer_.append('\n');
		}
		writer_->meta(buffer_, meta_);
	}

	TableSnapshot told_rows()
	{
		TableSnapshot now = maps_->read(run_.label);
		TableSnapshot delta = now.since(last_);
		last_ = std::move(now);
		for (size_t i = 0; i < delta.size(); i++)
			run_.refine(delta.at(i));
		if (run_.group)
			delta = delta.grouped([this](const void* row) { return run_.group(row, context_); });
		delta.sort([this](const void* a, const void* b) {
			const Value first = sort_.value(a, context_);
			const std::string text(first.bytes); // asking for the second may end what the first points to
			return comes_first({first.kind, first.bits, text}, sort_.value(b, context_));
		});
		const size_t top = run_.table.top.given ? run_.table.top.value : in_screens() ? kDefaultTop : 0;
		if (top)
			delta.keep(top);
		return delta;
	}

	void tell_interval()
	{
		clock_.refresh();
		const uint64_t now = monotonic_ns();
		context_.window_ns = now - last_ns_;
		context_.interval_end_boot_ns = boot_ns();
		last_ns_ = now;
		const TableSnapshot rows = told_rows();
		begin_screen();
		for (size_t i = 0; i < rows.size(); i++) {
			writer_->event(buffer_, rows.at(i));
			if (run_.below && in_screens())
				run_.below(buffer_, rows.at(i));
		}
		records_ += rows.size();
		losses_->look();
		for (const Loss& loss : losses_->take())
			writer_->lost(buffer_, loss, clock_.now_unix_ns());
		write_out(buffer_);
		run_clock_.told();
	}

	void finish()
	{
		writer_->summary(buffer_,
			{records_, last_ns_ - run_clock_.start_ns(), process_cpu_ns(), losses_->total(), run_clock_.end(),
				clock_.now_unix_ns()});
		write_out(buffer_);
		std::string words = losses_->sentence(run_.setup.what.c_str());
		if (!words.empty())
			std::fprintf(stderr, "%s: %s\n", run_.name, words.c_str());
		words = run_.last_words ? run_.last_words(*maps_) : "";
		if (!words.empty())
			std::fprintf(stderr, "%s: %s\n", run_.name, words.c_str());
	}

	const TableRun& run_;
	const Field& sort_;
	CgroupFilter filter_;
	ObjectLoader loader_;
	std::unique_ptr<Object> object_;
	std::optional<TableMaps> maps_;
	std::optional<LossWatch> losses_;
	CgroupResolver cgroups_;
	FieldContext context_;
	WallClock clock_;
	TimeFormatter times_;
	Meta meta_;
	std::unique_ptr<RecordWriter> writer_;
	Buffer buffer_;
	TableSnapshot last_;
	RunClock run_clock_;
	uint64_t last_ns_ = 0;
	uint64_t records_ = 0;
};

} // namespace

void parse_value(NoTablePin&, const char*)
{
	throw Error(kUsage,
		"--pin: this tool sorts what it counts and names who it was, for which it must stay; only histogram tools "
		"can be pinned");
}

void parse_value(RowLimit& out, const char* text) { out = {parse_number(text, 0, kMostMaxKeys), true}; }

std::span<const OptionSpec> table_option_specs() { return kTableOptions; }
std::span<const PositionalSpec> table_positional_specs() { return kPositionals; }

std::vector<Field> table_fields(std::span<const Field> own)
{
	std::vector<Field> all = {kEnd, kLength};
	all.insert(all.end(), own.begin(), own.end());
	all.push_back(kRows);
	return all;
}

std::vector<HookTrial> try_table(const TableRun& run)
{
	const CgroupFilter filter = cgroup_filter(run.setup.common);
	return table_loader(run, filter).trials();
}

int run_table(const TableRun& run)
{
	catch_signals();
	const Job job(run.setup.common, run.name);
	return TableRunner(run).go(job);
}

} // namespace corescope
