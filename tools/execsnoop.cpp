// SPDX-License-Identifier: BSD-2-Clause
// execsnoop: every program that starts, with the exact arguments that it got.
#include "execsnoop.h"
#include "base/error.h"
#include "cli/stream.h"
#include "cli/task_filter.h"
#include "execsnoop.skel.h"
#include "output/arguments.h"

using namespace corescope;

namespace {

struct Options {
	bool time = false, timestamp = false, fails = false, quote = false, print_uid = false, no_args = false;
	UserId uid;
	Pid ppid;
	Regex name, line, redact;
	Count max_args;
	Bytes max_arg_bytes{4096, false};
};

constexpr OptionSpec kOptions[] = {
	option<&Options::time>('T', "time", "", "a column with the time of day"),
	option<&Options::timestamp>('t', "timestamp", "", "a column with seconds since the start"),
	option<&Options::fails>('x', "fails", "",
		"also execs that failed; needs hooks on two system calls, which make every "
		"system call of every process some 50 ns slower while this runs"),
	option<&Options::uid>('u', "uid", "USER", "only this user, by name or number"),
	option<&Options::ppid>('P', "ppid", "PID", "only children of this process"),
	option<&Options::name>('n', "name", "REGEX", "only where the command's name, or any argument, matches"),
	option<&Options::line>('l', "line", "REGEX", "only where the command line matches"),
	option<&Options::quote>('q', "quote", "", "arguments in double quotes"),
	option<&Options::print_uid>('U', "print-uid", "", "a column with the user"),
	option<&Options::max_args>(0, "max-args", "N", "at most N arguments of each (default: all)"),
	option<&Options::max_arg_bytes>(
		0, "max-arg-bytes", "BYTES", "at most so many bytes of arguments (default 4096, most 128K)"),
	option<&Options::redact>(0, "redact", "REGEX",
		"replace in arguments what matches, or its first (...) group, by [redacted]; of one that was cut, all"),
	option<&Options::no_args>(0, "no-args", "", "do not even read arguments"),
	letter_for('c', "cgroup"),
};

using Event = execsnoop_event;

ArgumentsView arguments(const Event& e)
{
	return {{e.data, e.args_len}, e.args_total, (e.flags & EXEC_ARGS_CUT) != 0,
		(e.flags & EXEC_ARGS_UNREADABLE) != 0};
}
ListValue args(const Event& e, const FieldContext& c)
{
	const auto& o = c.opts<Options>();
	return o.no_args ? Value::none() : show_arguments(arguments(e), o.max_args.value, o.redact);
}
BooleanValue args_truncated(const Event& e, const FieldContext& c)
{
	const auto& o = c.opts<Options>();
	return o.no_args ? Value::none() : Value::boolean(arguments_cut(arguments(e), o.max_args.value));
}
TextValue file(const Event& e, const FieldContext&)
{
	return Value::text({e.data + e.args_len, e.file_len ? e.file_len - 1 : 0});
}
TextValue exe(const Event& e, const FieldContext&)
{
	return show_path({e.data + e.args_len + e.file_len, e.exe_len}, e.flags & EXEC_EXE_CUT);
}
TextValue cwd(const Event& e, const FieldContext&)
{
	if (e.flags & EXEC_PATHS && !e.cwd_len)
		return Value::text("/");
	return show_path({e.data + e.args_len + e.file_len + e.exe_len, e.cwd_len}, e.flags & EXEC_CWD_CUT);
}
constexpr Field kFields[] = {
	time_field<&Event::ts>(kOptional | kInData),
	elapsed_field<&Event::ts>(),
	field<&Event::uid>("UID", "uid", 6, kOptional | kInData, "user"),
	field<&Event::comm>("PCOMM", "comm", 16, kEverywhere, "the command's name"),
	field<&Event::pid>("PID", "pid", 7, kEverywhere, "process, as the host numbers it"),
	field<&Event::ppid>("PPID", "ppid", 7, kEverywhere, "parent process"),
	field<&Event::ret>("RET", "ret", 3, kEverywhere | kRight, "0, or the error as a negative number"),
	computed<Event, args>("ARGS", "args", 0, kEverywhere, "the arguments, one by one"),
	computed<Event, args_truncated>(nullptr, "args_truncated", 0, kInData, "whether arguments were cut"),
	flag_field<Event, EXEC_ARGS_UNREADABLE>(
		"args_unreadable", "whether some could not be read (then told as ?)"),
	field<&Event::args_total>(
		nullptr, "args_bytes", 0, kInData, "bytes of all arguments; 0 if the exec failed"),
	field<&Event::tid>(nullptr, "tid", 0, kInData, "the thread that called exec"),
	field<&Event::nspid>(nullptr, "nspid", 0, kInData, "process, in its own PID namespace"),
	field<&Event::gid>(nullptr, "gid", 0, kInData, "group"),
	field<&Event::pcomm>(nullptr, "pcomm", 0, kInData, "the parent's name"),
	error_field<&Event::ret>(),
	computed<Event, file>(nullptr, "file", 0, kInData, "the path that exec was given"),
	computed<Event, exe>(
		nullptr, "exe", 0, kInData, "the executable's path (of a script: its interpreter's)"),
	computed<Event, cwd>(nullptr, "cwd", 0, kInData, "current directory"),
	flag_field<Event, EXEC_FILE_CUT | EXEC_EXE_CUT | EXEC_CWD_CUT>(
		"paths_truncated", "whether file (its end), exe or cwd (their beginning, told as ...) were cut"),
	CGROUP_FIELDS(&Event::cgroup, "cgroup v2 id"),
};

void prepare(const Options& o, StreamSetup& setup)
{
	if (o.max_arg_bytes.value < 1 || o.max_arg_bytes.value > EXEC_MAX_ARG_BYTES)
		throw Error(kUsage, "--max-arg-bytes: must lie between 1 and 131072 (--no-args leaves them out)");
	if (o.no_args && o.line)
		throw Error(kUsage, "--no-args: leaves nothing for --line to match; use --name");
	const char* const slower = "every system call of every process takes some 50 ns more";
	const char* const fewer = "paths and failed execs are told with fewer parts"; // without bpf_loop
	if (o.fails)
		setup.hooks = {
			{"tp_btf+tracepoint", {"exec_done", "exec_failed", "execat_failed"}, false, {}, slower},
			{"tp_btf+tracepoint+unrolled",
				{"exec_done_unrolled", "exec_failed_unrolled", "execat_failed_unrolled"}, false, {},
				std::string(slower) + ", and " + fewer}};
	else
		setup.hooks = {
			{"tp_btf", {"exec_done"}}, {"tp_btf+unrolled", {"exec_done_unrolled"}, false, {}, fewer}};
	setup.show("ts", o.time);
	setup.show("elapsed", o.timestamp);
	setup.show("uid", o.print_uid);
	setup.quote = o.quote;
	setup.least_buffer = 8 * o.max_arg_bytes.value;
}

void configure(execsnoop_bpf& skel, const Options& o, const StreamSetup& setup)
{
	skel.rodata->max_arg_bytes = o.no_args ? 0 : static_cast<__u32>(o.max_arg_bytes.value);
	skel.rodata->want_file = setup.data() || o.name;
	skel.rodata->want_paths = setup.data();
	configure_task_filter(skel, {.ppid = o.ppid, .uid = o.uid});
}

bool keep(const Event& e, const Options& o)
{
	if (o.name &&
		!name_matches(o.name, {e.comm, strnlen(e.comm, sizeof(e.comm))}, file(e, {}).bytes, arguments(e)))
		return false;
	return !o.line || line_matches(o.line, arguments(e));
}

const StreamTool<execsnoop_bpf, Event, Options> kTool{{
	.name = "execsnoop",
	.group = Group::process,
	.summary = "programs that start, with their arguments",
	.details = "Examples:\n"
			   "  execsnoop                  every program that starts\n"
			   "  execsnoop -x               also those that could not be started\n"
			   "  execsnoop -u www-data -T   of one user, with the time\n"
			   "  execsnoop -l 'rm .*-rf'    where the command line matches\n"
			   "  execsnoop --output json --redact 'password=([^ ]*)'",
	.options = kOptions,
	.fields = kFields,
	.prepare = prepare,
	.configure = configure,
	.keep = keep,
}};

} // namespace
