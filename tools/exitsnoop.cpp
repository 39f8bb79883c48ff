// SPDX-License-Identifier: BSD-2-Clause
// exitsnoop: how every process ended, how long it lived, and what it used.
#include "exitsnoop.h"
#include "cli/stream.h"
#include "exitsnoop.skel.h"
#include "output/exit_status.h"
#include "system/cpu_time.h"
#include "system/host.h"

using namespace corescope;

namespace {

struct Options {
	bool timestamp = false, failed = false, threads = false;
	Pid pid;
};

constexpr OptionSpec kOptions[] = {
	option<&Options::timestamp>('t', "timestamp", "", "a column with the time of day"),
	option<&Options::failed>('x', "failed", "", "only those that did not end with exit code 0"),
	option<&Options::pid>('p', "pid", "PID", "only this process"),
	option<&Options::threads>('T', "threaded", "", "a line for each thread; a process ends with its last"),
	letter_for('c', "cgroup"),
};

using Event = exitsnoop_event;

TypedValue<FieldType::seconds> age(const Event& e, const FieldContext&) { return Value::seconds(e.age); }

uint64_t system_share(const Event& e) { return kernel_share_ns(e.run, e.stime, e.utime); }
NumberValue system_ns(const Event& e, const FieldContext&) { return Value::number(system_share(e)); }
NumberValue user_ns(const Event& e, const FieldContext&)
{
	return Value::number(uint64_t{e.run} - system_share(e));
}
NumberValue max_rss(const Event& e, const FieldContext&)
{
	return e.maxrss ? Value::number(uint64_t{e.maxrss} * page_size()) : Value::none();
}

constexpr Field kFields[] = {
	time_field<&Event::ts>(kOptional | kInData),
	field<&Event::comm>("PCOMM", "comm", 16, kEverywhere, "the command's name"),
	field<&Event::pid>("PID", "pid", 7, kEverywhere, "process, as the host numbers it"),
	field<&Event::ppid>("PPID", "ppid", 7, kEverywhere, "parent process"),
	field<&Event::tid>("TID", "tid", 7, kEverywhere, "the thread that ended; of a process, its last"),
	computed<Event, age>("AGE(s)", "age", 8, kInTable, "how long it lived"),
	EXIT_STATUS_FIELDS(Event, &Event::code),
	flag_field<Event, EXIT_THREAD>("thread", "whether only a thread ended"),
	field<&Event::age>(nullptr, "age_ns", 0, kInData, "how long it lived"),
	field<&Event::run>(
		nullptr, "cpu_ns", 0, kInData, "time on a CPU, of all its threads; of a thread, its own"),
	computed<Event, user_ns>(nullptr, "user_ns", 0, kInData, "of this, in user space"),
	computed<Event, system_ns>(nullptr, "system_ns", 0, kInData, "of this, in the kernel"),
	flag_field<Event, EXIT_TIME_PARTIAL>(
		"cpu_partial", "whether threads that ended at the same time are not in these"),
	computed<Event, max_rss>(nullptr, "max_rss_bytes", 0, kInData, "the most memory it had resident"),
	field<&Event::nspid>(nullptr, "nspid", 0, kInData, "process, in its own PID namespace"),
	field<&Event::uid>(nullptr, "uid", 0, kInData, "user"),
	field<&Event::pcomm>(nullptr, "pcomm", 0, kInData, "the parent's name"),
	CGROUP_FIELDS(&Event::cgroup, "cgroup v2 id"),
};

void prepare(const Options& o, StreamSetup& setup)
{
	setup.hooks = {{"tp_btf", {"ended", "began"}}};
	setup.show("ts", o.timestamp);
}

void configure(exitsnoop_bpf& skel, const Options& o, const StreamSetup&)
{
	skel.rodata->only_pid = static_cast<__u32>(o.pid.value);
	skel.rodata->only_failed = o.failed;
	skel.rodata->want_threads = o.threads;
}

const StreamTool<exitsnoop_bpf, Event, Options> kTool{{
	.name = "exitsnoop",
	.group = Group::process,
	.summary = "processes that end, how, and what they used",
	.details = "Examples:\n"
			   "  exitsnoop                  every process that ends\n"
			   "  exitsnoop -x -t            those that failed, with the time\n"
			   "  exitsnoop -T -p 1234       the threads of one process, as they end",
	.options = kOptions,
	.fields = kFields,
	.prepare = prepare,
	.configure = configure,
}};

} // namespace
