// SPDX-License-Identifier: BSD-2-Clause
// opensnoop: every call that opens a file, and what came of it.
#include "opensnoop.h"
#include "bpf/call_hooks.h"
#include "cli/stream.h"
#include "cli/task_filter.h"
#include "opensnoop.skel.h"
#include "output/arguments.h"
#include "output/callers_field.h"
#include "output/open_fields.h"
#include "symbols/symbolizer.h"

using namespace corescope;

namespace {

struct Options {
	bool extended = false, timestamp = false, print_uid = false, failed = false, full = false,
		 callers = false;
	std::string name;
	Pid pid, tid;
	UserId uid;
};

constexpr OptionSpec kOptions[] = {
	letter_for('d', "duration"),
	option<&Options::extended>('e', "extended-fields", "", "columns with flags and mode"),
	option<&Options::name>('n', "name", "TEXT", "only processes whose name has this in it"),
	option<&Options::pid>('p', "pid", "PID", "only this process"),
	option<&Options::tid>('t', "tid", "TID", "only this thread"),
	option<&Options::timestamp>('T', "timestamp", "", "a column with the time of day"),
	option<&Options::uid>('u', "uid", "USER", "only this user, by name or number"),
	option<&Options::print_uid>('U', "print-uid", "", "a column with the user"),
	option<&Options::failed>('x', "failed", "", "only calls that failed"),
	option<&Options::callers>('c', "callers", "", "the functions that made the call, the innermost first"),
	option<&Options::full>(
		'F', "full-path", "", "paths from the root: before a relative one, the directory it begins at"),
};

using Event = opensnoop_event;

TextValue flags(const Event& e, const FieldContext&)
{
	return e.flags & OPEN_HOW_UNREADABLE ? Value::none() : Value::word(open_flags(e.how));
}
TextValue mode(const Event& e, const FieldContext&)
{
	return e.flags & OPEN_HOW_UNREADABLE ? Value::none() : open_mode(e.how, e.mode);
}
TextValue path(const Event& e, const FieldContext& context)
{
	if (e.flags & OPEN_PATH_UNREADABLE)
		return Value::none();
	const std::string_view given(e.data, e.path_len ? e.path_len - 1 : 0);
	if (!context.opts<Options>().full)
		return Value::text(given);
	return show_path_from(
		{e.data + e.base_at, e.base_len}, e.flags & OPEN_BASE, e.flags & OPEN_BASE_CUT, given);
}

constexpr Field kFields[] = {
	time_field<&Event::ts>(kOptional | kInData),
	field<&Event::uid>("UID", "uid", 6, kOptional | kInData, "user"),
	field<&Event::pid>("PID", "pid", 7, kEverywhere, "process, as the host numbers it"),
	field<&Event::comm>("COMM", "comm", 16, kEverywhere, "the thread's name"),
	computed<Event, descriptor<&Event::ret>>("FD", "fd", 3, kEverywhere | kRight, "the new descriptor"),
	computed<Event, error_number<&Event::ret>>(
		"ERR", "err", 3, kInTable | kRight, "0, or the error's number"),
	computed<Event, flags>("FLAGS", "flags", 28, kOptional | kInData, "flags in words"),
	computed<Event, mode>("MODE", "mode", 5, kOptional | kInData, "mode of a file that would be made, octal"),
	computed<Event, path>("PATH", "path", 0, kEverywhere, "the path as it was given; with -F from the root"),
	callers_field<Event>("with -c: who made the call, by function"),
	flag_field<Event, OPEN_PATH_CUT | OPEN_BASE_CUT>("path_truncated", "whether it was cut"),
	flag_field<Event, OPEN_PATH_UNREADABLE>("path_unreadable", "whether it could not be read"),
	field<&Event::ret>(nullptr, "ret", 0, kInData, "the descriptor, or the error as a negative number"),
	error_field<&Event::ret>(),
	computed<Event, open_call_name<&Event::call>>(
		nullptr, "call", 0, kInData, "open, creat, openat or openat2"),
	computed<Event, descriptor<&Event::dirfd>>(
		nullptr, "dirfd", 0, kInData, "where a relative path begins; null: at the cwd"),
	field<&Event::resolve>(nullptr, "resolve", 0, kInData, "openat2's RESOLVE_* flags"),
	field<&Event::tid>(nullptr, "tid", 0, kInData, "thread"),
	field<&Event::nspid>(nullptr, "nspid", 0, kInData, "process, in its own PID namespace"),
	field<&Event::ppid>(nullptr, "ppid", 0, kInData, "parent process"),
	CGROUP_FIELDS(&Event::cgroup, "cgroup v2 id"),
};

void prepare(const Options& o, StreamSetup& setup)
{
	const char* const no_compat = "calls of 32-bit programs are not seen";
	const std::string tracepoint = kCallTracepointCost + std::string("; ") + no_compat;
	const std::string fewer = "; of paths from the root at most 16 components"; // without bpf_loop
	// What follows no path does without the callback, which old kernels refuse.
	CallSet calls{.calls = {"openat", "open", "creat", "openat2"}, .suffix = o.full ? "" : "_unrolled"};
	setup.hooks = {fexit_of_calls("fexit", calls, no_compat),
		tracepoints_of_calls("tracepoint", calls, tracepoint),
		{"tp_btf", {o.full ? "any_exit" : "any_exit_unrolled"}, false, {}, kSysExitCost}};
	calls.suffix = "_unrolled";
	if (o.full) {
		setup.hooks.push_back(tracepoints_of_calls("tracepoint+unrolled", calls, tracepoint + fewer));
		setup.hooks.push_back({"tp_btf+unrolled", {"any_exit_unrolled"}, false, {}, kSysExitCost + fewer});
	}
	setup.default_buffer = 4 << 20; // opens come in storms
	if (o.callers)
		setup.also_keep = kSymbolizerNeeds;
	setup.quote = o.callers;
	setup.show("callers", o.callers);
	setup.show("ts", o.timestamp);
	setup.show("uid", o.print_uid);
	setup.show("flags", o.extended);
	setup.show("mode", o.extended);
}

void configure(opensnoop_bpf& skel, const Options& o, const StreamSetup&)
{
	configure_task_filter(skel, {.pid = o.pid, .tid = o.tid, .uid = o.uid});
	skel.rodata->only_failed = o.failed;
	skel.rodata->want_base = o.full;
	skel.rodata->want_callers = o.callers;
}

bool keep(const Event& e, const Options& o)
{
	return std::string_view(e.comm, strnlen(e.comm, sizeof(e.comm))).find(o.name) != std::string_view::npos;
}

const StreamTool<opensnoop_bpf, Event, Options> kTool{{
	.name = "opensnoop",
	.group = Group::files,
	.summary = "files that are opened, or not",
	.details = "Examples:\n"
			   "  opensnoop                  every open, creat, openat and openat2\n"
			   "  opensnoop -x -T            those that failed, with the time\n"
			   "  opensnoop -e -F -p 1234    of one process, with flags and whole paths\n"
			   "  opensnoop -c -p 1234       and which functions open\n\n"
			   "Files that are opened through io_uring or by a file handle pass no such call and are\n"
			   "not seen. Calls of 32-bit programs are seen with --hook tp_btf, which makes every\n"
			   "system call of every process some 90 ns slower; the usual hook some 50 ns, or nothing\n"
			   "where the kernel allows fexit.",
	.options = kOptions,
	.fields = kFields,
	.prepare = prepare,
	.configure = configure,
	.keep = keep,
}};

} // namespace
