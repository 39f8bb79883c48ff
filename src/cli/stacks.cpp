// SPDX-License-Identifier: BSD-2-Clause
// The life of a stacks run: load, attach, look at processes as they show up, and at each interval, or only in the end,
// tell what was counted. Naming waits until something is told; until then the kernel only counts.
#include "cli/stacks.h"

#include "base/error.h"
#include "bpf/cgroups_made.h"
#include "bpf/loss.h"
#include "bpf/ring.h"
#include "cli/job.h"
#include "cli/run_clock.h"
#include "cli/signals.h"
#include "cli/stack_told.h"
#include "cli/stream.h"
#include "cli/version.h"
#include "system/clock.h"
#include "system/host.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <optional>
#include <unistd.h>

namespace corescope {

namespace {

constexpr uint64_t kDefaultDepth = 127, kMostDepth = 1024; // STACK_DEEPEST in bpf/lib/stack.bpf.h
constexpr uint64_t kDefaultStacks = 8192, kDefaultKeys = 8192, kMost = 4194304;
constexpr uint64_t kRingBytes = 128 * 1024;

constexpr Word<StackBy> kBy[] = {{"pid", StackBy::pid}, {"tid", StackBy::tid}, {"comm", StackBy::comm},
	{"pidns", StackBy::pidns}, {"cgroup", StackBy::cgroup}, {"unit", StackBy::unit},
	{"container", StackBy::container}, {"pod", StackBy::pod}};
constexpr std::string_view kFormats[] = {"table", "json", "csv", "folded", "speedscope"};

constexpr OptionSpec kStackOptions[] = {
	option<&StackOptions::user_only>('U', "user-stacks-only", "", "without the kernel's part of stacks"),
	option<&StackOptions::kernel_only>('K', "kernel-stacks-only", "", "without the user's part"),
	option<&StackOptions::delimited>('d', "delimited", "", "a mark between kernel and user part"),
	option<&StackOptions::folded>('f', "folded", "", "one line for each stack, as --output folded"),
	option<&StackOptions::by>(0, "by", "WHAT",
		"stacks of the same pid, tid, comm, pidns, cgroup, unit, container or pod count together"),
	option<&StackOptions::depth>(0, "perf-max-stack-depth", "N",
		"frames that are kept of a stack, and told where there are more (default 127, or what the kernel gives)"),
	option<&StackOptions::storage>(0, "stack-storage-size", "N",
		"room for N different stacks (default 8192); what finds none is counted without its stack, and told"),
	option<&StackOptions::max_keys>(
		0, "max-keys", "N", "room for N sets of task and stacks (default 8192); what finds none is told"),
	option<&StackOptions::interval>(0, "interval", "TIME", "tell what came in each such time"),
	option<&StackOptions::hook>(0, "hook", "NAME",
		"this one of the tool's ways to hook in, as `meta` names it, instead of the best that works here"),
	option<&StackOptions::pin>(0, "pin", "NAME",
		"refused: what addresses mean is only known while the processes live, and somebody looks"),
	words_for("output", kFormats),
};

constexpr PositionalSpec kPositionals[] = {positional<&StackOptions::duration>("DURATION")};

// What the options come to.
struct Plan {
	explicit Plan(const StackRun& run) : filter(cgroup_filter(run.setup.common))
	{
		const StackOptions& o = run.options;
		if (o.user_only && o.kernel_only)
			throw Error(kUsage, "--user-stacks-only and --kernel-stacks-only: only one of them can be given");
		kernel = !o.user_only;
		user = !o.kernel_only;
		by = o.by != StackBy::usual ? o.by : run.setup.threads ? StackBy::tid : StackBy::pid;
		const uint64_t deepest = std::min<uint64_t>(deepest_stack(), kMostDepth);
		if (o.depth.value > deepest)
			throw Error(kUsage,
				"--perf-max-stack-depth: this kernel gives " + std::to_string(deepest) +
					" frames at most (kernel.perf_event_max_stack)");
		depth = o.depth ? o.depth.value : std::min(deepest, kDefaultDepth);
		for (const auto& [name, value] :
			{std::pair{"--stack-storage-size", o.storage.value}, std::pair{"--max-keys", o.max_keys.value}})
			if (value > kMost)
				throw Error(kUsage, std::string(name) + ": must lie between 1 and " + std::to_string(kMost));
		stacks = o.storage ? o.storage.value : kDefaultStacks;
		keys = o.max_keys ? o.max_keys.value : kDefaultKeys;
		format = run.setup.common.output;
		if (o.folded && format != OutputFormat::table && format != OutputFormat::folded)
			throw Error(kUsage, "--folded: is --output folded, and cannot be combined with another one");
		format = o.folded ? OutputFormat::folded : format;
		duration_ns = o.duration ? o.duration.ns : run.setup.common.duration.ns;
		if (o.duration && run.setup.common.duration)
			duration_ns = std::min(duration_ns, run.setup.common.duration.ns);
		if (run.setup.common.count && !o.interval && !duration_ns)
			throw Error(kUsage, "--count: needs --interval, at which something is told");
	}

	StackRun::Rodata rodata() const
	{
		const uint32_t asked = static_cast<uint32_t>(std::min<uint64_t>(depth + 1, deepest_stack()));
		return {filter, kernel, user, by == StackBy::tid, static_cast<uint32_t>(depth), asked};
	}

	CgroupFilter filter;
	StackBy by;
	bool kernel, user;
	uint64_t depth, stacks, keys, duration_ns;
	OutputFormat format;
};

ObjectLoader stack_loader(const StackRun& run, const Plan& plan) // both outlive it
{
	std::vector<HookSet> hooks = run.setup.hooks;
	choose_hook(hooks, run.options.hook);
	return ObjectLoader(
		run.skeleton, std::move(hooks), run.setup.common.btf, [&run, &plan](void* typed, Object& object) {
			StackMaps::set_sizes(object, plan.keys, plan.stacks, static_cast<uint32_t>(plan.depth));
			object.set_max_entries("events", kRingBytes);
			run.configure(typed, plan.rodata());
		});
}

class StacksRun {
public:
	explicit StacksRun(const StackRun& run) : run_(run), plan_(run), loader_(stack_loader(run, plan_))
	{
		const CommonOptions& common = run.setup.common;
		const StackStyle style{
			run.name, !common.no_header, run.setup.values, run.options.delimited, common.verbose};
		switch (plan_.format) {
		case OutputFormat::json: writer_ = stack_json_writer(style); break;
		case OutputFormat::csv: writer_ = stack_csv_writer(style); break;
		case OutputFormat::folded: writer_ = stack_folded_writer(style); break;
		case OutputFormat::speedscope: writer_ = stack_speedscope_writer(style); break;
		default: writer_ = stack_table_writer(style);
		}
	}

	int go(const Job& job)
	{
		if (!job.wait())
			return kOk;
		set_libbpf_log(run_.setup.common.verbose);
		object_ = loader_.start([](Object&) {});
		event_shared* shared = run_.shared(ObjectLoader::typed(*object_));
		Ring ring(object_->map_fd("events"), object_->max_entries("events"));
		Doorbell bell(object_->map_fd("bell"), object_->max_entries("bell"), shared);
		losses_.emplace(shared, *object_);
		teller_.emplace(run_, *object_, plan_.by, plan_.kernel, plan_.user);
		follow_cgroups(shared, plan_.filter.id, plan_.filter.directory, teller_->cgroups());
		open_iterator();
		cpus_ = online_cpus();
		run_clock_ = RunClock(
			{run_.options.interval.ns, run_.setup.common.count.value, plan_.duration_ns, job.deadline_ns()},
			monotonic_ns());
		told_ns_ = run_clock_.start_ns();
		settle_down(true, kSymbolizerNeeds);
		begin();
		while (!run_clock_.ended()) {
			wait(ring, bell);
			if (!run_clock_.look(monotonic_ns(), stop_signal()))
				tell(monotonic_ns());
		}
		finish(ring);
		return kOk;
	}

private:
	void open_iterator()
	{
		if (!run_.setup.at_end)
			return;
		for (const Object::Attached& one : object_->attached())
			if (one.section.rfind("iter/", 0) == 0)
				iterator_ = bpf_iter_create(one.fd);
	}

	void begin()
	{
		const CommonOptions& common = run_.setup.common;
		if (plan_.format == OutputFormat::table && !common.no_header && isatty(STDERR_FILENO))
			std::fprintf(stderr, "Tracing %s... Ctrl-C ends.\n", run_.setup.what.c_str());
		writer_->begin(buffer_,
			{run_.name, version(), object_->hooks(), run_.arguments, clock_.now_unix_ns(),
				object_->types_file()});
		write_out(buffer_);
	}

	void notice(Ring& ring)
	{
		ring.drain([&](const void* record, size_t size) {
			if (size == sizeof(stack_seen))
				teller_->notice(*static_cast<const stack_seen*>(record));
			return true;
		});
	}

	void wait(Ring& ring, Doorbell& bell)
	{
		const uint64_t due_ns = run_clock_.next_due(monotonic_ns());
		while (!stop_signal()) {
			notice(ring);
			if (!bell.may_sleep(ring))
				continue;
			const bool due = monotonic_ns() >= due_ns;
			if (!due)
				sleep_until(due_ns, bell.fd());
			bell.answer();
			if (due)
				return;
		}
	}

	void tell(uint64_t until_ns)
	{
		clock_.refresh();
		const std::vector<StackRecord> records = teller_->take(writer_->by_name());
		const int64_t now = clock_.now_unix_ns();
		writer_->interval(buffer_, records, until_ns - told_ns_, now);
		told_ns_ = until_ns;
		records_ += records.size();
		losses_->look();
		for (const Loss& loss : losses_->take())
			writer_->lost(buffer_, loss, now);
		write_out(buffer_);
		run_clock_.told();
		if (!run_clock_.ended())
			make_room();
	}

	// A stack that nobody counts under may belong to a task that waits, so it is left where there is room.
	void make_room()
	{
		const uint64_t lost = losses_->counts()[LOSS_STACK_FULL];
		teller_->make_room(lost != stacks_lost_);
		stacks_lost_ = lost;
	}

	// Nothing is counted any more when it is told, so that it agrees with the window.
	void finish(Ring& ring)
	{
		const bool pending = run_clock_.end() != "count";
		notice(ring);
		if (!pending)
			losses_->freeze();
		const uint64_t stopped_ns = pending ? monotonic_ns() : told_ns_;
		if (pending)
			count_what_goes_on();
		object_->detach();
		notice(ring);
		if (pending) {
			losses_->freeze(); // what was lost until the last value that is read
			tell(stopped_ns);
		}
		writer_->end(buffer_,
			{records_, stopped_ns - run_clock_.start_ns(), process_cpu_ns(), losses_->total(),
				run_clock_.end(), clock_.now_unix_ns()});
		write_out(buffer_);
		// In JSON and CSV each record says how many of its frames have no name; elsewhere one can see it. The sentence is
		// for people, and would be a mail of each run that cron starts.
		const bool data =
			plan_.format == OutputFormat::json || plan_.format == OutputFormat::csv || !isatty(STDERR_FILENO);
		for (const std::string& sentence : {losses_->sentence(run_.setup.values ? "values" : "samples"),
				 data ? "" : teller_->sentence(), other_cpus()})
			if (!sentence.empty())
				std::fprintf(stderr, "%s: %s\n", run_.name, sentence.c_str());
	}

	void count_what_goes_on() const
	{
		char none[64];
		if (iterator_ < 0)
			return;
		while (read(iterator_, none, sizeof(none)) > 0) {}
		close(iterator_);
	}

	std::string other_cpus() const
	{
		const std::vector<unsigned> now = online_cpus();
		std::string text;
		if (run_.setup.keeps_all_cpus)
			for (const unsigned cpu : now)
				if (std::find(cpus_.begin(), cpus_.end(), cpu) == cpus_.end())
					text += " " + std::to_string(cpu);
		return text.empty() ? "" : "came online meanwhile and were not sampled: CPU" + text;
	}

	const StackRun& run_;
	const Plan plan_;
	ObjectLoader loader_;
	std::unique_ptr<Object> object_;
	std::unique_ptr<StackWriter> writer_;
	std::optional<LossWatch> losses_;
	std::optional<StackTeller> teller_;
	WallClock clock_;
	Buffer buffer_;
	RunClock run_clock_;
	std::vector<unsigned> cpus_;
	int iterator_ = -1;
	uint64_t told_ns_ = 0, records_ = 0, stacks_lost_ = 0;
};

} // namespace

void parse_value(StackBy& out, const char* text) { out = parse_word(kBy, text); }
ArgumentShape argument_shape(const StackBy*) { return {ArgumentShape::Kind::words, names_of(kBy)}; }

void parse_value(NoStackPin&, const char*)
{
	throw Error(kUsage,
		"--pin: this tool counts by stacks, whose addresses can only be named while the processes live; only "
		"histogram tools can be pinned");
}

std::span<const OptionSpec> stack_option_specs() { return kStackOptions; }
std::span<const PositionalSpec> stack_positional_specs() { return kPositionals; }

std::vector<HookTrial> try_stacks(const StackRun& run)
{
	const Plan plan(run);
	return stack_loader(run, plan).trials();
}

int run_stacks(const StackRun& run)
{
	catch_signals();
	const Job job(run.setup.common, run.name);
	return StacksRun(run).go(job);
}

} // namespace corescope
