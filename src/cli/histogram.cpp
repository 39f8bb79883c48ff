// SPDX-License-Identifier: BSD-2-Clause
// The life of a histogram run: load, attach, and at each interval the difference of two snapshots. Whatever ends the run,
// the interval that has begun is still told.
#include "cli/histogram.h"

#include "base/error.h"
#include "bpf/cgroups_made.h"
#include "bpf/hist_maps.h"
#include "bpf/loss.h"
#include "cli/job.h"
#include "cli/pin.h"
#include "cli/run_clock.h"
#include "cli/signals.h"
#include "cli/stream.h"
#include "cli/version.h"
#include "system/cgroup.h"
#include "system/clock.h"
#include "system/host.h"

#include <algorithm>
#include <optional>
#include <unistd.h>
#include <utility>

namespace corescope {

namespace {

constexpr uint64_t kDefaultMaxKeys = 400; // with the tables around it just under 1 MiB
constexpr uint64_t kMostMaxKeys = 1000000;

constexpr Word<HistBy> kBy[] = {{"pid", HistBy::pid}, {"tid", HistBy::tid}, {"comm", HistBy::comm},
	{"cgroup", HistBy::cgroup}, {"unit", HistBy::unit}, {"container", HistBy::container},
	{"pod", HistBy::pod}, {"pidns", HistBy::pidns}};

// What the tools have declared for themselves, and the number of each within its tool.
struct OwnKey {
	HistOwnKey key;
	size_t number;
};
std::vector<OwnKey>& own_keys()
{
	static std::vector<OwnKey> all;
	return all;
}
const OwnKey* own_key(HistBy by)
{
	return by < HistBy::own ? nullptr
							: &own_keys()[static_cast<size_t>(by) - static_cast<size_t>(HistBy::own)];
}
HistBy as_by(size_t own) { return static_cast<HistBy>(static_cast<size_t>(HistBy::own) + own); }

constexpr std::string_view kFormats[] = {"table", "json", "csv", "heatmap", "prom", "openmetrics", "otlp"};

constexpr OptionSpec kHistOptions[] = {
	option<&HistOptions::milliseconds>('m', "milliseconds", "", "in milliseconds instead of microseconds"),
	option<&HistOptions::pids>('P', "pids", "", "one histogram for each process, as --by pid"),
	option<&HistOptions::tids>('L', "tids", "", "one histogram for each thread, as --by tid"),
	option<&HistOptions::by>(0, "by", "WHAT", "one histogram for each of these"),
	option<&HistOptions::max_keys>(
		0, "max-keys", "N", "room for N histograms (default 400); what finds none is counted and told"),
	option<&HistOptions::hook>(0, "hook", "NAME",
		"this one of the tool's ways to hook in, as `meta` names it, instead of the best that works here"),
	option<&HistOptions::pin>(0, "pin", "NAME",
		"leave it counting in the kernel under this name, and end; `corescope pinned read NAME` tells"),
	words_for("output", kFormats),
};

constexpr PositionalSpec kPositionals[] = {
	positional<&HistOptions::interval>("INTERVAL"),
	positional<&HistOptions::intervals>("COUNT"),
};

class HistogramRun {
public:
	explicit HistogramRun(const HistRun& run)
		: run_(run), by_(asked_by(run)), filter_(cgroup_filter(run.setup.common)),
		  output_({run.name, run.output, run.setup.common.output, run.format_given,
					  !run.setup.common.no_header, hist_labels(by_)},
			  hist_source(run)),
		  loader_(hist_loader(run, by_, filter_))
	{
		if (run.setup.common.count && !run.options.interval && !run.setup.common.duration)
			throw Error(kUsage, "--count: needs an INTERVAL, at which something is told");
	}

	int go(const Job& job)
	{
		try {
			if (job.wait())
				run(job);
			return kOk;
		} catch (const Error&) {
			output_.failed();
			throw;
		}
	}

private:
	void run(const Job& job)
	{
		const CommonOptions& common = run_.setup.common;
		set_libbpf_log(common.verbose);
		object_ = loader_.start(
			[this](Object& object) { maps_.emplace(object, kernel_by(by_), own_key_names(by_)); });
		event_shared* shared = run_.shared(ObjectLoader::typed(*object_));
		losses_.emplace(shared, *object_);
		follow_cgroups(shared, filter_.id, filter_.directory, cgroups_);
		run_clock_ =
			RunClock({run_.options.interval.ns, least_limit(run_.options.intervals.value, common.count.value),
						 common.duration.ns, job.deadline_ns()},
				monotonic_ns());
		last_.at_ns = run_clock_.start_ns();
		settle_down(true);
		begin();
		while (!run_clock_.ended()) {
			run_clock_.wait();
			tell_interval();
		}
		object_->detach();
		finish();
	}

	void begin()
	{
		const CommonOptions& common = run_.setup.common;
		if (run_.setup.common.output == OutputFormat::table && output_.to_stdout() && !common.no_header &&
			isatty(STDERR_FILENO))
			std::fprintf(stderr, "Tracing %s... Ctrl-C ends.\n", run_.setup.what.c_str());
		output_.begin({run_.name, version(), object_->hooks(), run_.arguments, clock_.now_unix_ns(),
			object_->types_file()});
	}

	Snapshot snapshot()
	{
		Snapshot now = maps_->read(monotonic_ns(), cgroups_, cgroup_label(by_));
		losses_->look();
		add_losses(now.window, losses_->counts());
		return now;
	}

	void tell_interval()
	{
		clock_.refresh();
		Snapshot now = snapshot();
		Snapshot delta = difference(now, last_);
		last_ = std::move(now);
		delta = hist_told(std::move(delta), by_);
		const int64_t end = clock_.now_unix_ns();
		const int64_t start = end - static_cast<int64_t>(delta.window.window_ns);
		output_.interval(std::move(delta), start, end);
		run_clock_.told();
	}

	void finish()
	{
		output_.end({0, last_.at_ns - run_clock_.start_ns(), process_cpu_ns(), losses_->total(),
			run_clock_.end(), clock_.now_unix_ns()});
		const std::string sentence = losses_->sentence("values");
		if (!sentence.empty())
			std::fprintf(stderr, "%s: %s\n", run_.name, sentence.c_str());
	}

	const HistRun& run_;
	HistBy by_;
	CgroupFilter filter_;
	HistOutput output_;
	ObjectLoader loader_;
	std::unique_ptr<Object> object_;
	std::optional<HistMaps> maps_;
	std::optional<LossWatch> losses_;
	CgroupResolver cgroups_;
	WallClock clock_;
	Snapshot last_;
	RunClock run_clock_;
};

} // namespace

HistBy asked_by(const HistRun& run)
{
	const HistOptions& options = run.options;
	const std::string_view own = run.setup.by;
	const int ways = options.pids + options.tids + (options.by != HistBy::all) + !own.empty();
	if (ways > 1)
		throw Error(kUsage,
			"--pids, --tids" + (own.empty() ? "" : ", --" + std::string(run.setup.by_option)) +
				" and --by: only one of them can be given");
	HistBy by = options.pids ? HistBy::pid : options.tids ? HistBy::tid : options.by;
	if (!own.empty())
		parse_value(by, std::string(own).c_str());
	return by;
}

CgroupLabel cgroup_label(HistBy by)
{
	switch (by) {
	case HistBy::unit: return {"unit", &Attribution::unit};
	case HistBy::container: return {"container", &Attribution::container};
	case HistBy::pod: return {"pod", &Attribution::pod};
	default: return {};
	}
}

hist_by kernel_by(HistBy by)
{
	switch (by) {
	case HistBy::all: return HIST_BY_ALL;
	case HistBy::pid: return HIST_BY_PID;
	case HistBy::tid: return HIST_BY_TID;
	case HistBy::comm: return HIST_BY_COMM;
	case HistBy::cgroup:
	case HistBy::unit:
	case HistBy::container:
	case HistBy::pod: return HIST_BY_CGROUP;
	case HistBy::pidns: return HIST_BY_PIDNS;
	case HistBy::own: break;
	}
	return static_cast<hist_by>(HIST_BY_OWN + own_key(by)->number);
}

std::shared_ptr<const HistSource> hist_source(const HistRun& run)
{
	HistSource source;
	source.tool = run.name;
	source.quantity = run.setup.quantity;
	source.what = run.setup.what;
	// Histograms of keys are another series than the one of all: neither totals nor windows may be mixed.
	const HistBy by = asked_by(run);
	source.options = by == HistBy::all ? "" : "--by=" + std::string(hist_by_word(by));
	if (!source.options.empty() && !run.selection.empty())
		source.options += ' ';
	source.options += run.selection;
	source.version = version();
	source.host = host_name();
	source.boot_id = boot_id();
	source.unit = run.options.milliseconds ? kMilliseconds : run.setup.unit;
	return std::make_shared<const HistSource>(std::move(source));
}

ObjectLoader hist_loader(const HistRun& run, HistBy by, const CgroupFilter& filter)
{
	if (run.options.max_keys.value > kMostMaxKeys)
		throw Error(kUsage, "--max-keys: must lie between 1 and " + std::to_string(kMostMaxKeys));
	std::vector<HookSet> hooks = run.setup.hooks;
	choose_hook(hooks, run.options.hook);
	return ObjectLoader(run.skeleton, std::move(hooks), run.setup.common.btf,
		[&run, by, &filter](void* typed, Object& object) {
			const uint64_t keys = run.options.max_keys ? run.options.max_keys.value : kDefaultMaxKeys;
			HistMaps::set_sizes(object, kernel_by(by), keys);
			run.configure(typed, kernel_by(by), run.options.milliseconds, filter);
		});
}

void add_losses(HistWindow& window, const LossCounts& counts)
{
	for (unsigned cause = 0; cause < LOSS_CAUSES; cause++)
		(cause == LOSS_TABLE_FULL ? window.dropped_keys : window.lost) += counts[cause];
}

Snapshot hist_told(Snapshot delta, HistBy by)
{
	Snapshot told = merges_cgroups(by) ? merged_by_labels(delta) : std::move(delta);
	if (by == HistBy::all && told.histograms.empty()) {
		// An interval in which nothing was counted is told too, or the reader would not know that it passed.
		KeyedHistogram none;
		none.histogram = Histogram(HIST_P, uint64_t{1} << HIST_LIMIT_LOG2);
		told.histograms.push_back(std::move(none));
	}
	return told;
}

void parse_value(HistBy& out, const char* text)
{
	for (size_t i = 0; i < own_keys().size(); i++)
		if (own_keys()[i].key.word == text) {
			out = as_by(i);
			return;
		}
	out = parse_word(kBy, text);
}
ArgumentShape argument_shape(const HistBy*) { return {ArgumentShape::Kind::words, names_of(kBy)}; }

std::string_view hist_by_word(HistBy by)
{
	for (const Word<HistBy>& one : kBy)
		if (one.value == by)
			return one.name;
	return by == HistBy::all ? "all" : own_key(by)->key.word;
}

std::vector<std::string_view> add_own_keys(std::span<const HistOwnKey> keys)
{
	std::vector<std::string_view> words;
	for (const Word<HistBy>& one : kBy)
		words.push_back(one.name);
	for (size_t i = 0; i < keys.size(); i++) {
		own_keys().push_back({keys[i], i});
		words.push_back(keys[i].word);
	}
	return words;
}

HistKeyNames own_key_names(HistBy by)
{
	const OwnKey* own = own_key(by);
	return own ? own->key.names : nullptr;
}

std::vector<std::string_view> hist_labels(HistBy by)
{
	switch (by) {
	case HistBy::all: return {};
	case HistBy::pid: return {"pid", "comm", "nspid"};
	case HistBy::tid: return {"tid", "comm", "nspid"};
	case HistBy::comm: return {"comm"};
	case HistBy::cgroup: return {"cgroup_id", "cgroup"};
	case HistBy::unit: return {"unit"};
	case HistBy::container: return {"container"};
	case HistBy::pod: return {"pod"};
	case HistBy::pidns: return {"pidns"};
	case HistBy::own: break;
	}
	const std::span<const std::string_view> own = own_key(by)->key.labels;
	return {own.begin(), own.end()};
}

std::string hist_selection(
	std::span<const GivenOption> given, std::span<const OptionSpec> own, const HistSetup& setup)
{
	std::vector<std::string> chosen;
	for (const GivenOption& one : given) {
		const bool ours = one.name == "cgroup" || one.name == "unit" || one.name == "container" ||
			std::any_of(
				own.begin(), own.end(), [&](const OptionSpec& spec) { return spec.name == one.name; });
		if (ours && one.name != setup.by_option &&
			std::find(setup.implied.begin(), setup.implied.end(), one.name) == setup.implied.end())
			chosen.push_back("--" + one.name + (one.value.empty() ? "" : "=" + one.value));
	}
	std::sort(chosen.begin(), chosen.end());
	std::string line;
	for (const std::string& one : chosen)
		line += (line.empty() ? "" : " ") + one;
	return line;
}

std::span<const OptionSpec> hist_option_specs() { return kHistOptions; }
std::span<const PositionalSpec> hist_positional_specs() { return kPositionals; }

std::vector<HookTrial> try_histogram(const HistRun& run)
{
	const CgroupFilter filter = cgroup_filter(run.setup.common);
	return hist_loader(run, asked_by(run), filter).trials();
}

int run_histogram(const HistRun& run)
{
	catch_signals();
	if (!run.options.pin.value.empty())
		return pin_histogram(run);
	const Job job(run.setup.common, run.name);
	return HistogramRun(run).go(job);
}

} // namespace corescope
