// SPDX-License-Identifier: BSD-2-Clause
// The life of a stream run: load, attach, then drain, format and write until something ends it.
//
// The reader sleeps only when nothing happens. Under load it naps for a fraction of a millisecond instead and takes
// what has gathered in one go, so that no producer ever has to wake it; at a slow pace it sleeps at once and the bell
// brings each record to its line without delay. Everything drained is written before it sleeps or naps, on a pipe as
// on a terminal.
#include "cli/stream.h"

#include "base/error.h"
#include "bpf/cgroups_made.h"
#include "bpf/loss.h"
#include "bpf/ring.h"
#include "cli/job.h"
#include "cli/run_clock.h"
#include "cli/signals.h"
#include "cli/version.h"
#include "output/records.h"
#include "system/cgroup.h"
#include "system/clock.h"
#include "system/host.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr uint64_t kMillisecond = 1000000;
constexpr uint64_t kNapNs = 300000;
constexpr uint64_t kBusyWithinNs =
	kMillisecond;                         // records that come closer than this are not worth sleeping for
constexpr uint64_t kTimerSlackNs = 10000; // a nap must not become several
constexpr uint64_t kSliceNs = 100000;
constexpr int kReaderNice = -10;
constexpr size_t kWriteAt = 256 * 1024; // bytes formatted before they are written
constexpr uint64_t kTellLossEveryNs = 1000000000;

constexpr std::string_view kFormats[] = {"table", "json", "csv"};

constexpr OptionSpec kStreamOptions[] = {
	option<&StreamOptions::buffer_size>(0, "buffer-size", "BYTES",
		"size of the ring buffer, rounded up to a power of two (default 1M, where events are many 4M)"),
	option<&StreamOptions::hook>(0, "hook", "NAME",
		"this one of the tool's ways to hook in, as `meta` names it, instead of the best that works here"),
	option<&StreamOptions::pin>(
		0, "pin", "NAME", "refused: only a histogram can be left counting without a reader"),
	words_for("output", kFormats),
};

// Under load the reader has little to do, but soon: with a short slice the scheduler lets it run early (since 6.12,
// which takes sched_runtime for a normal task as its slice), and no more than its share. Else nothing changes.
void ask_for_short_slices()
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {};
	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) == 0 && attr.policy == SCHED_OTHER) {
		attr.runtime = kSliceNs;
		syscall(SYS_sched_setattr, 0, &attr, 0);
	}
}

// Where more programs want to run than there are CPUs, the reader gets its share too late, and the ring is full. It has
// little to do and sleeps when there is nothing, so it may go first. Not where the user has chosen a priority.
void ask_to_go_first()
{
	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) == 0 && errno == 0)
		setpriority(PRIO_PROCESS, 0, kReaderNice);
}

ObjectLoader stream_loader(const StreamRun& run, const CgroupFilter& filter) // both outlive it
{
	return ObjectLoader(
		run.skeleton, run.setup.hooks, run.setup.common.btf, [&run, &filter](void* typed, Object& object) {
			object.set_max_entries("events", run.buffer_size);
			run.configure(typed, filter);
		});
}

class Stream {
public:
	explicit Stream(const StreamRun& run)
		: run_(run), filter_(cgroup_filter(run.setup.common)), loader_(stream_loader(run, filter_))
	{
		context_.options = run.options;
		context_.quote = run.setup.quote;
		context_.cgroups = &cgroups_;
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
		follow_cgroups(shared, filter_.id, filter_.directory, cgroups_);
		prctl(PR_SET_TIMERSLACK, kTimerSlackNs);
		ask_for_short_slices();
		ask_to_go_first();
		settle_down(true, run_.setup.also_keep);
		begin(job);
		while (!run_clock_.look(monotonic_ns(), stop_signal()))
			turn(ring, bell);
		finish(ring);
		return kOk;
	}

private:
	void begin(const Job& job)
	{
		const CommonOptions& common = run_.setup.common;
		const bool header = !common.no_header;
		start_ns_ = boot_ns();
		context_.start_boot_ns = start_ns_;
		run_clock_ =
			RunClock({.duration_ns = common.duration.ns, .job_end_ns = job.deadline_ns()}, monotonic_ns());
		if (common.output == OutputFormat::json)
			writer_ = json_writer(run_.fields, context_, clock_);
		else if (common.output == OutputFormat::csv)
			writer_ = csv_writer(run_.fields, header, context_, clock_);
		else
			writer_ =
				table_writer(run_.fields, run_.setup.shown, run_.setup.hidden, header, context_, clock_);
		Meta meta{run_.name, version(), object_->hooks(), run_.arguments, clock_.to_unix_ns(start_ns_),
			object_->types_file()};
		writer_->meta(buffer_, meta);
		write_out(buffer_);
	}

	// One record. False when no more are wanted just now: enough, or the buffer wants to be written.
	bool take(const void* event)
	{
		uint64_t at_ns;
		std::memcpy(&at_ns, event, sizeof(at_ns));
		if (at_ns > stop_ns_ || (run_.keep && !run_.keep(event)))
			return true;
		const uint64_t wanted = run_.setup.common.count.value;
		if (wanted && records_ >= wanted)
			return true;
		writer_->event(buffer_, event);
		records_++;
		if (records_ == wanted) {
			run_clock_.enough();
			return false;
		}
		return buffer_.size() < kWriteAt;
	}

	// All that there is, in writes of a bounded size.
	size_t drain(Ring& ring)
	{
		size_t taken = 0;
		bool full;
		do {
			clock_.refresh();
			full = false;
			taken += ring.drain([&](const void* event, size_t) {
				full = !take(event);
				return !full;
			});
			tell_losses(false);
			write_out(buffer_);
		} while (full && !run_clock_.ended() && !stop_signal());
		return taken;
	}

	void tell_losses(bool all)
	{
		const uint64_t now = monotonic_ns();
		if (all || now - looked_ns_ >= kTellLossEveryNs) {
			losses_->look();
			looked_ns_ = now;
		}
		if (!losses_->any_new())
			return;
		if (!all && now - told_loss_ns_ < kTellLossEveryNs)
			return;
		told_loss_ns_ = now;
		for (const Loss& loss : losses_->take())
			writer_->lost(buffer_, loss, clock_.now_unix_ns());
	}

	void turn(Ring& ring, Doorbell& bell)
	{
		const size_t taken = drain(ring);
		if (run_clock_.ended())
			return;
		const uint64_t now = monotonic_ns();
		const bool busy = taken > 1 || (taken && now - last_event_ns_ < kBusyWithinNs);
		if (taken)
			last_event_ns_ = now;
		if (busy || !bell.may_sleep(ring)) {
			wait(-1, kNapNs);
			return;
		}
		// What was lost but not yet told must not wait for the next event.
		wait(bell.fd(), losses_->any_new() ? kTellLossEveryNs : kForever);
		bell.answer();
	}

	// Until a signal, the bell, the deadline, or the end of the pipe.
	void wait(int bell_fd, uint64_t timeout_ns)
	{
		const uint64_t now = monotonic_ns();
		const uint64_t until_ns = timeout_ns == kForever ? kForever : now + timeout_ns;
		sleep_until(std::min(until_ns, run_clock_.next_due(now)), bell_fd);
	}

	// What came before the end is still printed; what comes while the hooks are taken away is not.
	void finish(Ring& ring)
	{
		stop_ns_ = boot_ns();
		losses_->freeze();
		object_->detach();
		while (drain(ring) && ring.has_data()) {}
		tell_losses(true);
		Summary summary{records_, stop_ns_ - start_ns_, process_cpu_ns(), losses_->total(), run_clock_.end(),
			clock_.to_unix_ns(stop_ns_)};
		writer_->summary(buffer_, summary);
		write_out(buffer_);
		const std::string sentence = losses_->sentence("events");
		if (!sentence.empty())
			std::fprintf(stderr, "%s: %s\n", run_.name, sentence.c_str());
	}

	const StreamRun& run_;
	CgroupFilter filter_;
	ObjectLoader loader_;
	std::unique_ptr<Object> object_;
	CgroupResolver cgroups_;
	FieldContext context_;
	WallClock clock_;
	std::optional<LossWatch> losses_;
	std::unique_ptr<RecordWriter> writer_;
	Buffer buffer_;
	RunClock run_clock_;
	uint64_t records_ = 0;
	uint64_t start_ns_ = 0;
	uint64_t stop_ns_ = kForever;
	uint64_t last_event_ns_ = 0;
	uint64_t told_loss_ns_ = 0;
	uint64_t looked_ns_ = 0;
};

} // namespace

std::span<const OptionSpec> stream_option_specs() { return kStreamOptions; }

uint64_t ring_size(const Bytes& asked, uint64_t otherwise, uint64_t least)
{
	constexpr uint64_t kLargest = 1ULL << 30;
	if (asked.given && (asked.value == 0 || asked.value > kLargest))
		throw Error(kUsage, "--buffer-size: must lie between 1 and 1G");
	const uint64_t wanted =
		std::max<uint64_t>(asked.given ? asked.value : otherwise, std::max(least, page_size()));
	return std::bit_ceil(wanted);
}

void parse_value(NoPin&, const char*)
{
	throw Error(kUsage,
		"--pin: this tool tells each event, and without a reader its ring buffer would soon be full and all "
		"else lost; only histogram tools can be pinned");
}

void choose_hook(std::vector<HookSet>& hooks, const std::string& asked)
{
	hooks = with_raw_twins(std::move(hooks));
	if (asked.empty())
		return;
	std::string names;
	for (const HookSet& set : hooks) {
		if (set.name == asked) {
			hooks = {HookSet(set)};
			return;
		}
		names += (names.empty() ? "" : ", ") + set.name;
	}
	throw Error(kUsage, "--hook: '" + asked + "' is none of " + names);
}

std::vector<HookTrial> try_stream(const StreamRun& run)
{
	const CgroupFilter filter = cgroup_filter(run.setup.common);
	return stream_loader(run, filter).trials();
}

int run_stream(const StreamRun& run)
{
	catch_signals();
	const Job job(run.setup.common, run.name);
	return Stream(run).go(job);
}

} // namespace corescope
