// SPDX-License-Identifier: BSD-2-Clause
// The life of a histogram run: load, attach, and at each interval the difference of two snapshots. Intervals lie on a
// fixed grid, so that they do not drift; one that could not be told in time makes the next one longer, and its window
// says so. Whatever ends the run, the interval that has begun is still told.
#include "cli/histogram.h"

#include "bpf/hist_maps.h"
#include "bpf/loss.h"
#include "base/error.h"
#include "cli/signals.h"
#include "cli/stream.h"
#include "cli/version.h"
#include "output/escape.h"
#include "output/hist_json.h"
#include "output/hist_text.h"
#include "output/records.h"
#include "system/cgroup.h"
#include "system/clock.h"

#include <algorithm>
#include <csignal>
#include <optional>
#include <poll.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr uint64_t kForever = ~uint64_t{0};
constexpr uint64_t kDefaultMaxKeys = 400; // with the tables around it just under 1 MiB
constexpr uint64_t kMostMaxKeys = 1000000;

constexpr OptionSpec kHistOptions[] = {
	option<&HistOptions::timestamp>('T', "timestamp", "", "the time of day above each interval"),
	option<&HistOptions::milliseconds>('m', "milliseconds", "", "in milliseconds instead of microseconds"),
	option<&HistOptions::extension>('e', "extension", "", "average and total above the figures"),
	option<&HistOptions::pids>('P', "pids", "", "one histogram for each process, as --by pid"),
	option<&HistOptions::tids>('L', "tids", "", "one histogram for each thread, as --by tid"),
	option<&HistOptions::by>(0, "by", "WHAT", "one histogram for each pid, tid, comm, cgroup or unit"),
	option<&HistOptions::top>(0, "top", "N", "the N with the greatest total time; the rest together as 'other'"),
	option<&HistOptions::max_keys>(0, "max-keys", "N", "room for N histograms (default 400); what finds none is counted and told"),
	option<&HistOptions::hook>(0, "hook", "NAME",
		"this one of the tool's ways to hook in, as `meta` names it, instead of the best that works here"),
};

constexpr PositionalSpec kPositionals[] = {
	positional<&HistOptions::interval>("INTERVAL"),
	positional<&HistOptions::intervals>("COUNT"),
};

HistBy asked_by(const HistOptions& options)
{
	const int ways = options.pids + options.tids + (options.by != HistBy::all);
	if (ways > 1)
		throw Error(kUsage, "--pids, --tids and --by: only one of them can be given");
	return options.pids ? HistBy::pid : options.tids ? HistBy::tid : options.by;
}

hist_by kernel_by(HistBy by)
{
	switch (by) {
	case HistBy::all: return HIST_BY_ALL;
	case HistBy::pid: return HIST_BY_PID;
	case HistBy::tid: return HIST_BY_TID;
	case HistBy::comm: return HIST_BY_COMM;
	case HistBy::cgroup:
	case HistBy::unit: return HIST_BY_CGROUP;
	}
	return HIST_BY_ALL;
}

std::vector<HookSet> hooks_of(const HistRun& run)
{
	std::vector<HookSet> hooks = run.setup.hooks;
	choose_hook(hooks, run.options.hook);
	return hooks;
}

class HistogramRun {
public:
	explicit HistogramRun(const HistRun& run)
		: run_(run), by_(asked_by(run.options)), filter_(cgroup_filter(run.setup.common)),
		  unit_(run.options.milliseconds ? kMilliseconds : kMicroseconds),
		  loader_(run.skeleton, hooks_of(run), [this](void* typed, Object& object) {
			  const uint64_t keys = run_.options.max_keys ? run_.options.max_keys.value : kDefaultMaxKeys;
			  HistMaps::set_sizes(object, kernel_by(by_), keys);
			  run_.configure(typed, kernel_by(by_), run_.options.milliseconds, filter_);
		  })
	{
		if (run.options.max_keys.value > kMostMaxKeys)
			throw Error(kUsage, "--max-keys: must lie between 1 and " + std::to_string(kMostMaxKeys));
		if (run.setup.common.count && !run.options.interval && !run.setup.common.duration)
			throw Error(kUsage, "--count: needs an INTERVAL, at which something is told");
	}

	int go()
	{
		const CommonOptions& common = run_.setup.common;
		catch_signals();
		set_libbpf_log(common.verbose);
		object_ = loader_.start([this](Object& object) { maps_.emplace(object, kernel_by(by_)); });
		losses_.emplace(run_.shared(ObjectLoader::typed(*object_)));
		start_ns_ = monotonic_ns();
		last_.at_ns = start_ns_;
		if (common.duration)
			deadline_ns_ = start_ns_ + common.duration.ns;
		settle_down(true);
		begin();
		while (end_.empty()) {
			const uint64_t due = next_due();
			wait_until(std::min(due, deadline_ns_));
			if (stop_signal())
				end_ = stop_signal() == SIGINT ? "SIGINT" : stop_signal() == SIGHUP ? "SIGHUP" : "SIGTERM";
			else if (monotonic_ns() >= deadline_ns_)
				end_ = "duration";
			tell_interval();
		}
		object_->detach();
		finish();
		return kOk;
	}

private:
	uint64_t most_intervals() const
	{
		const uint64_t a = run_.options.intervals.value;
		const uint64_t b = run_.setup.common.count.value;
		return a && b ? std::min(a, b) : a + b;
	}

	uint64_t next_due() const
	{
		const uint64_t interval = run_.options.interval.ns;
		if (!interval)
			return kForever;
		return start_ns_ + ((monotonic_ns() - start_ns_) / interval + 1) * interval;
	}

	void wait_until(uint64_t due_ns)
	{
		while (!stop_signal()) {
			const uint64_t now = monotonic_ns();
			if (now >= due_ns)
				return;
			const uint64_t left = due_ns - now;
			const timespec timeout = {static_cast<time_t>(left / 1000000000), static_cast<long>(left % 1000000000)};
			pollfd fds[] = {{stop_fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
			if (ppoll(fds, 2, due_ns == kForever ? nullptr : &timeout, nullptr) > 0 && fds[1].revents & (POLLERR | POLLHUP))
				throw ReaderGone{};
		}
	}

	void begin()
	{
		const CommonOptions& common = run_.setup.common;
		if (common.output == OutputFormat::json) {
			append_json_meta(buffer_, {run_.name, version(), object_->hooks(), run_.arguments, clock_.now_unix_ns()});
		} else if (common.output == OutputFormat::csv && !common.no_header) {
			buffer_.append("type,ts,");
			for (const char* label : csv_labels()) {
				buffer_.append(label);
				buffer_.append(',');
			}
			buffer_.append(kHistCsvColumns);
			buffer_.append('\n');
		} else if (common.output == OutputFormat::table && !common.no_header && isatty(STDERR_FILENO)) {
			std::fprintf(stderr, "Tracing %s... Ctrl-C ends.\n", run_.setup.what.c_str());
		}
		write_out(buffer_);
	}

	// Which labels the keys of this run bear, in CSV a column each.
	std::vector<const char*> csv_labels() const
	{
		switch (by_) {
		case HistBy::all: return {};
		case HistBy::pid: return {"pid", "comm", "nspid"};
		case HistBy::tid: return {"tid", "comm", "nspid"};
		case HistBy::comm: return {"comm"};
		case HistBy::cgroup: return {"cgroup_id", "cgroup"};
		case HistBy::unit: return {"unit"};
		}
		return {};
	}

	// Labels that are numbers stay so: where several keys are one, they have none.
	static bool is_number(std::string_view label)
	{
		return label == "pid" || label == "tid" || label == "nspid" || label == "cgroup_id";
	}

	Snapshot snapshot()
	{
		Snapshot now = maps_->read(monotonic_ns(), cgroups_, by_ == HistBy::unit);
		for (const Loss& loss : losses_->total()) {
			if (loss.reason == loss_reason(LOSS_TABLE_FULL))
				now.window.dropped_keys += loss.count;
			else
				now.window.lost += loss.count;
		}
		return now;
	}

	void tell_interval()
	{
		clock_.refresh();
		Snapshot now = snapshot();
		Snapshot delta = difference(now, last_);
		last_ = std::move(now);
		if (by_ == HistBy::unit)
			delta = merged_by_labels(delta);
		delta = top(delta, run_.options.top.value);
		if (by_ == HistBy::all && delta.histograms.empty())
			delta.histograms.push_back(nothing());
		const int64_t unix_ns = clock_.now_unix_ns();
		switch (run_.setup.common.output) {
		case OutputFormat::table: tell_table(delta, unix_ns); break;
		case OutputFormat::json: tell_json(delta, unix_ns); break;
		case OutputFormat::csv: tell_csv(delta, unix_ns); break;
		}
		write_out(buffer_);
		told_++;
		if (end_.empty() && most_intervals() && told_ >= most_intervals())
			end_ = "count";
	}

	// An interval in which nothing was counted is told too, or the reader would not know that it passed.
	static KeyedHistogram nothing()
	{
		KeyedHistogram none;
		none.histogram = Histogram(HIST_P, uint64_t{1} << HIST_LIMIT_LOG2);
		return none;
	}

	void tell_table(const Snapshot& delta, int64_t unix_ns)
	{
		if (told_)
			buffer_.append('\n');
		if (run_.options.timestamp) {
			times_.hms(buffer_, unix_ns);
			buffer_.append('\n');
		}
		bool first = true;
		for (const KeyedHistogram& one : delta.histograms) {
			records_++;
			if (!first)
				buffer_.append('\n');
			first = false;
			if (by_ != HistBy::all) {
				escape_text(buffer_, one.name);
				if (one.others > 1)
					buffer_.append(" (" + std::to_string(one.others) + " of them)");
				buffer_.append('\n');
			}
			if (run_.options.extension)
				tell_extension(one.histogram);
			append_hist_text(buffer_, one.histogram, unit_, delta.window);
		}
		if (first) {
			KeyedHistogram none = nothing();
			append_hist_text(buffer_, none.histogram, unit_, delta.window);
		}
	}

	void tell_extension(const Histogram& h)
	{
		char line[160];
		const double scale = static_cast<double>(unit_.scale);
		const int size = std::snprintf(line, sizeof(line), "avg = %.0f %s, total: %.0f %s, count: %llu\n", h.mean() / scale,
			unit_.heading, static_cast<double>(h.sum()) / scale, unit_.heading, static_cast<unsigned long long>(h.count()));
		buffer_.append(std::string_view(line, static_cast<size_t>(size)));
	}

	void tell_json(const Snapshot& delta, int64_t unix_ns)
	{
		for (const KeyedHistogram& one : delta.histograms) {
			records_++;
			buffer_.append("{\"type\":\"hist\",\"ts\":\"");
			append_rfc3339(buffer_, unix_ns);
			buffer_.append("\",");
			for (const HistLabel& label : one.labels) {
				if (is_number(label.name))
					buffer_.append("\"" + label.name + "\":" + (one.others ? "null" : label.value));
				else
					append_json_member(buffer_, label.name, Value::text(label.value), clock_, times_);
				buffer_.append(',');
			}
			if (one.others) {
				buffer_.append("\"other\":");
				buffer_.append_u64(one.others);
				buffer_.append(',');
			}
			append_hist_json(buffer_, one.histogram, unit_, delta.window);
			buffer_.append("}\n");
		}
	}

	void tell_csv(const Snapshot& delta, int64_t unix_ns)
	{
		for (const KeyedHistogram& one : delta.histograms) {
			records_++;
			Buffer prefix(256);
			prefix.append("hist,");
			append_rfc3339(prefix, unix_ns);
			prefix.append(',');
			for (const char* name : csv_labels()) {
				for (const HistLabel& label : one.labels)
					if (label.name == name && !(one.others && is_number(name)))
						csv_cell(prefix, label.value);
				prefix.append(',');
			}
			append_hist_csv(buffer_, prefix.view(), one.histogram, unit_, delta.window);
		}
	}

	void finish()
	{
		if (run_.setup.common.output == OutputFormat::json) {
			append_json_summary(buffer_,
				{records_, last_.at_ns - start_ns_, process_cpu_ns(), losses_->total(), end_, clock_.now_unix_ns()});
			write_out(buffer_);
		}
		const std::string sentence = losses_->sentence("values");
		if (!sentence.empty())
			std::fprintf(stderr, "%s: %s\n", run_.name, sentence.c_str());
	}

	const HistRun& run_;
	HistBy by_;
	CgroupFilter filter_;
	HistUnit unit_;
	ObjectLoader loader_;
	std::unique_ptr<Object> object_;
	std::optional<HistMaps> maps_;
	std::optional<LossWatch> losses_;
	CgroupResolver cgroups_;
	WallClock clock_;
	TimeFormatter times_;
	Buffer buffer_;
	Snapshot last_;
	std::string_view end_;
	uint64_t start_ns_ = 0;
	uint64_t deadline_ns_ = kForever;
	uint64_t told_ = 0;
	uint64_t records_ = 0;
};

} // namespace

void parse_value(HistBy& out, const char* text)
{
	static constexpr std::pair<std::string_view, HistBy> kNames[] = {{"pid", HistBy::pid}, {"tid", HistBy::tid},
		{"comm", HistBy::comm}, {"cgroup", HistBy::cgroup}, {"unit", HistBy::unit}};
	for (const auto& [name, by] : kNames) {
		if (name == text) {
			out = by;
			return;
		}
	}
	throw BadValue{"is none of pid, tid, comm, cgroup, unit"};
}

std::span<const OptionSpec> hist_option_specs() { return kHistOptions; }
std::span<const PositionalSpec> hist_positional_specs() { return kPositionals; }

int run_histogram(const HistRun& run) { return HistogramRun(run).go(); }

} // namespace corescope
