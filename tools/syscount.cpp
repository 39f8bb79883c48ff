// SPDX-License-Identifier: BSD-2-Clause
// syscount: which system calls are made, how often, how they fail, and with -L how long they take.
#include "syscount.h"
#include "base/error.h"
#include "cli/marks.h"
#include "cli/row_by.h"
#include "cli/table.h"
#include "output/latency.h"
#include "syscount.skel.h"
#include "system/syscalls.h"

using namespace corescope;

namespace {

constexpr RowBy kSyscall = own_rows(SYSCOUNT_BY_SYSCALL);
constexpr RowBy kError = own_rows(SYSCOUNT_BY_ERROR);
constexpr Word<RowBy> kBy[] = {{"syscall", kSyscall}, ROW_BY_WORDS, {"error", kError}};

struct Options {
	Pid pid;
	bool failures = false, latency = false, milliseconds = false, process = false, list = false, hist = false;
	ErrorNumber error;
	RowByWord<kBy> by;
	RowBy row_by() const { return process ? RowBy::pid : by.value; }
};

constexpr OptionSpec kOptions[] = {
	option<&Options::pid>('p', "pid", "PID", "only this process"),
	option<&Options::failures>('x', "failures", "", "only calls that fail"),
	option<&Options::error>(
		'e', "errno", "ERROR", "only calls that fail with this error, a name or a number"),
	option<&Options::latency>(
		'L', "latency", "", "also how long they take; a program at the entry of each call more"),
	option<&Options::milliseconds>('m', "milliseconds", "", "times in milliseconds instead of microseconds"),
	option<&Options::process>('P', "process", "", "by process, as --by pid"),
	option<&Options::by>(0, "by", "WHAT",
		"a row for each syscall, pid, tid, comm, cgroup, unit, container, pod or error (default syscall)"),
	option<&Options::list>(
		'l', "list", "", "the system calls that have a name here, with their numbers, and no more"),
	option<&Options::hist>(0, "hist", "", "with -L, in tables: the histogram of each row"),
	letter_for('i', "interval"),
	letter_for('d', "duration"),
	letter_for('T', "top"),
	letter_for('c', "cgroup"),
};

using Row = syscount_row;

bool is_by(RowBy by, const Row& row, const FieldContext& context)
{
	return row_is_by<Row, Options>(row, context, {by});
}
SyscallAbi abi_of(const Row& row) { return static_cast<SyscallAbi>(row.key.a >> 32); }

TextValue name(const Row& row, const FieldContext& context)
{
	return is_by(kSyscall, row, context)
		? Value::word(syscall_name(abi_of(row), static_cast<uint32_t>(row.key.a)))
		: Value::none();
}
NumberValue number(const Row& row, const FieldContext& context)
{
	const auto nr = static_cast<int32_t>(row.key.a);
	return is_by(kSyscall, row, context) && nr >= 0 ? Value::number(uint64_t(nr)) : Value::none();
}
TextValue abi(const Row& row, const FieldContext& context)
{
	return is_by(kSyscall, row, context) ? Value::word(abi_name(abi_of(row))) : Value::none();
}
TextValue error(const Row& row, const FieldContext& context)
{
	return is_by(kError, row, context) ? Value::word(error_name(static_cast<int>(row.key.a))) : Value::none();
}

constexpr Field kFields[] = {
	computed<Row, name>(
		"SYSCALL", "syscall", 22, kInData | kOptional, "the call; of a 32-bit or x32 call with its ABI"),
	computed<Row, number>(nullptr, "nr", 0, kInData, "its number in that ABI"),
	computed<Row, abi>(nullptr, "abi", 0, kInData, "x86_64, i386, x32, arm64 or arm"),
	ROW_TASK_FIELDS(Row, Options),
	computed<Row, error>("ERROR", "error", 22, kInData | kOptional, "the error's name"),
	field<&Row::counts, &syscount_counts::count>(
		"COUNT", "count", 10, kEverywhere | kRight, "how many calls returned"),
	field<&Row::counts, &syscount_counts::failed>(
		"FAILED", "failed", 10, kEverywhere | kRight, "how many of them with an error"),
	LATENCY_FIELDS(Row),
};

void prepare(const Options& o, TableSetup& setup)
{
	if (o.process && o.by.value != kSyscall)
		throw Error(kUsage, "--process and --by: only one of them can be given");
	if (o.hist && !o.latency)
		throw Error(kUsage, "--hist: needs --latency");
	setup.what = "system calls";
	setup.sort = o.latency ? "total_ns" : "count";
	setup.show("syscall", o.row_by() == kSyscall);
	setup.show("error", o.row_by() == kError);
	setup.show_all(row_columns(o.row_by()));
	if (!o.latency) {
		setup.hooks = {{"tp_btf", {"counted"}}};
		setup.row_size = offsetof(Row, counts.ns);
		return;
	}
	setup.show_all(kLatencyColumns[o.milliseconds]);
	setup.default_keys = 400;
	setup.hooks = {{.name = "tp_btf", .programs = {"begun", "ended"}, .typed_only = true},
		{"tp_btf+hash", {"begun_by_hash", "ended_by_hash"}, false, {}, "each call takes 200 to 400 ns more"}};
}

void configure(syscount_bpf& skel, const Options& o, const TableSetup&)
{
	skel.rodata->row_by = kernel_row_by(o.row_by());
	skel.rodata->latency = o.latency;
	skel.rodata->cells = !o.latency && o.row_by() == kSyscall;
	skel.rodata->only_failed = o.failures || o.row_by() == kError;
	skel.rodata->only_error = static_cast<__u32>(o.error.value);
	skel.rodata->only_pid = static_cast<__u32>(o.pid.value);
	configure_marks(skel, bpf_program__autoload(skel.progs.begun), o.latency);
	bpf_map__set_autocreate(skel.maps.marks_hash, bpf_program__autoload(skel.progs.begun_by_hash));
}

bool label(size_t cell, Row& row)
{
	row.key.a = (cell / (SYSCOUNT_CELLS / 2) << 32) | cell % (SYSCOUNT_CELLS / 2);
	return cell != SYSCOUNT_PACE;
}

std::string last_words(const TableMaps& maps, const Options& o)
{
	uint64_t pace[2] = {};
	maps.add_cell(SYSCOUNT_PACE, pace);
	return o.latency && pace[0] > pace[1] ? std::to_string(pace[0] - pace[1]) +
			" calls that began had not returned at the end, and are not in the counts"
										  : "";
}

bool list(const Options& o)
{
	Buffer out;
	if (o.list)
		append_syscall_list(out);
	write_out(out);
	return o.list;
}

const TableTool<syscount_bpf, Row, Options> kTool{{
	.name = "syscount",
	.group = Group::system,
	.summary = "system calls: how many, how they fail, how long they take",
	.details =
		"While it runs each system call of every process takes some 60 to 100 ns longer, with -L some 250.\n"
		"What never returns (exit, and what a process is in when it is killed outright) is in no count.\n\n"
		"Examples:\n"
		"  syscount                   the ten most frequent, until Ctrl-C\n"
		"  syscount -L -i 1           each second those that took most time\n"
		"  syscount -x --by error     which errors there are\n"
		"  syscount -P -e ENOENT -d 10",
	.options = kOptions,
	.fields = kFields,
	.layout = TABLE_LAYOUT(Row, SYSCOUNT_CELLS, sizeof(syscount_cell) / sizeof(__u64)),
	.prepare = prepare,
	.configure = configure,
	.label = label,
	.refine = refine_row<Row>,
	.group_by = group_row<Row, Options>,
	.groups = groups_rows<Options>,
	.below =
		[](Buffer& out, const Row& row, const Options& o) {
			if (o.hist)
				append_slots(out, row.counts.slots, row.counts.ns, o.milliseconds ? 1000000 : 1000);
		},
	.last_words = last_words,
	.instead = list,
}};

} // namespace
