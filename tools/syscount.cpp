// SPDX-License-Identifier: BSD-2-Clause
// syscount: which system calls are made, how often, how they fail, and with -L how long they take.
#include "syscount.h"
#include "base/error.h"
#include "cli/marks.h"
#include "cli/table.h"
#include "output/latency.h"
#include "syscount.skel.h"
#include "system/process.h"
#include "system/syscalls.h"

using namespace corescope;

namespace {

enum class By { syscall, pid, tid, comm, cgroup, unit, container, pod, error };
constexpr Word<By> kBy[] = {{"syscall", By::syscall}, {"pid", By::pid}, {"tid", By::tid}, {"comm", By::comm},
	{"cgroup", By::cgroup}, {"unit", By::unit}, {"container", By::container}, {"pod", By::pod},
	{"error", By::error}};
constexpr std::string_view kShown[][2] = {{"syscall"}, {"pid", "comm"}, {"tid", "comm"}, {"comm"}, {"cgroup"},
	{"unit"}, {"container"}, {"pod"}, {"error"}};
void parse_value(By& out, const char* text) { out = parse_word(kBy, text); }
ArgumentShape argument_shape(const By*) { return {ArgumentShape::Kind::words, names_of(kBy)}; }

struct Options {
	Pid pid;
	bool failures = false, latency = false, milliseconds = false, process = false, list = false, hist = false;
	ErrorNumber error;
	By by = By::syscall;
	By key() const { return process ? By::pid : by; }
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

template <By... kinds>
bool is_by(const Row& row, const FieldContext& context)
{
	const By by = context.opts<Options>().key();
	return row.rows == 1 && ((by == kinds) || ...);
}
SyscallAbi abi_of(const Row& row) { return static_cast<SyscallAbi>(row.key.a >> 32); }

TextValue name(const Row& row, const FieldContext& context)
{
	if (!is_by<By::syscall>(row, context))
		return Value::none();
	return Value::word(syscall_name(abi_of(row), static_cast<uint32_t>(row.key.a)));
}
NumberValue number(const Row& row, const FieldContext& context)
{
	const auto nr = static_cast<int32_t>(row.key.a);
	return is_by<By::syscall>(row, context) && nr >= 0 ? Value::number(uint64_t(nr)) : Value::none();
}
TextValue abi(const Row& row, const FieldContext& context)
{
	return is_by<By::syscall>(row, context) ? Value::word(abi_name(abi_of(row))) : Value::none();
}
template <By kind>
NumberValue id(const Row& row, const FieldContext& context)
{
	return is_by<kind>(row, context) ? Value::number(uint64_t{row.key.a}) : Value::none();
}
TextValue comm(const Row& row, const FieldContext& context)
{
	if (is_by<By::comm>(row, context))
		return Value::text({reinterpret_cast<const char*>(&row.key),
			strnlen(reinterpret_cast<const char*>(&row.key), TASK_COMM_BYTES)});
	return is_by<By::pid, By::tid>(row, context) ? to_value(row.comm) : Value::none();
}
NumberValue nspid(const Row& row, const FieldContext& context)
{
	return is_by<By::pid, By::tid>(row, context) ? to_value(row.nspid) : Value::none();
}
template <CgroupPart part>
TextValue place(const Row& row, const FieldContext& context)
{
	if (is_by<By::cgroup>(row, context) || (is_by<By::unit>(row, context) && part == CgroupPart::unit) ||
		(is_by<By::container>(row, context) && part == CgroupPart::container) ||
		(is_by<By::pod>(row, context) && part == CgroupPart::pod))
		return cgroup_part(row.key.a, context, part);
	return Value::none();
}
TextValue error(const Row& row, const FieldContext& context)
{
	return is_by<By::error>(row, context) ? Value::word(error_name(static_cast<int>(row.key.a)))
										  : Value::none();
}

NumberValue count(const Row& row, const FieldContext&) { return Value::number(uint64_t{row.counts.count}); }
NumberValue failed(const Row& row, const FieldContext&) { return Value::number(uint64_t{row.counts.failed}); }

// The kernel half knows the name that a process had when its row was made, and those that exec gives.
void refine(Row& row)
{
	if (!row.comm[0])
		return;
	if (const auto living = process_name(static_cast<pid_t>(row.key.a), row.key.b)) {
		std::memset(row.comm, 0, sizeof(row.comm));
		living->copy(row.comm, sizeof(row.comm) - 1);
	}
}

constexpr Field kFields[] = {
	computed<Row, name>(
		"SYSCALL", "syscall", 22, kInData | kOptional, "the call; of a 32-bit or x32 call with its ABI"),
	computed<Row, number>(nullptr, "nr", 0, kInData, "its number in that ABI"),
	computed<Row, abi>(nullptr, "abi", 0, kInData, "x86_64, i386, x32, arm64 or arm"),
	computed<Row, id<By::pid>>("PID", "pid", 8, kInData | kOptional, "process"),
	computed<Row, id<By::tid>>("TID", "tid", 8, kInData | kOptional, "thread"),
	computed<Row, comm>("COMM", "comm", 16, kInData | kOptional, "its name, the last that it had"),
	computed<Row, nspid>(nullptr, "nspid", 0, kInData, "its number in its own PID namespace"),
	computed<Row, id<By::cgroup>>(nullptr, "cgroup_id", 0, kInData, "cgroup v2 id"),
	computed<Row, place<CgroupPart::path>>("CGROUP", "cgroup", 40, kInData | kOptional, "cgroup v2 path"),
	computed<Row, place<CgroupPart::unit>>(
		"UNIT", "unit", 40, kInData | kOptional, "systemd unit, from the cgroup path"),
	computed<Row, place<CgroupPart::container>>(
		"CONTAINER", "container", 64, kInData | kOptional, "container id, from the cgroup path"),
	computed<Row, place<CgroupPart::pod>>(
		"POD", "pod", 40, kInData | kOptional, "Kubernetes pod uid, from the cgroup path"),
	computed<Row, error>("ERROR", "error", 22, kInData | kOptional, "the error's name"),
	computed<Row, count>("COUNT", "count", 10, kEverywhere | kRight, "how many calls returned"),
	computed<Row, failed>("FAILED", "failed", 10, kEverywhere | kRight, "how many of them with an error"),
	LATENCY_FIELDS(Row),
};

void prepare(const Options& o, TableSetup& setup)
{
	if (o.process && o.by != By::syscall)
		throw Error(kUsage, "--process and --by: only one of them can be given");
	if (o.hist && !o.latency)
		throw Error(kUsage, "--hist: needs --latency");
	setup.what = "system calls";
	setup.sort = o.latency ? "total_ns" : "count";
	for (const std::string_view key : kShown[static_cast<size_t>(o.key())])
		setup.show(key, !key.empty());
	if (!o.latency) {
		setup.hooks = {{"tp_btf", {"counted"}}};
		setup.row_size = offsetof(Row, counts.ns);
		return;
	}
	for (const std::string_view key : kLatencyColumns[o.milliseconds])
		setup.show(key);
	setup.default_keys = 400;
	setup.hooks = {{.name = "tp_btf", .programs = {"begun", "ended"}, .typed_only = true},
		{"tp_btf+hash", {"begun_by_hash", "ended_by_hash"}, false, {}, "each call takes 200 to 400 ns more"}};
}

void configure(syscount_bpf& skel, const Options& o, const TableSetup&)
{
	constexpr syscount_by kKernel[] = {SYSCOUNT_BY_SYSCALL, SYSCOUNT_BY_PID, SYSCOUNT_BY_TID,
		SYSCOUNT_BY_COMM, SYSCOUNT_BY_CGROUP, SYSCOUNT_BY_CGROUP, SYSCOUNT_BY_CGROUP, SYSCOUNT_BY_CGROUP,
		SYSCOUNT_BY_ERROR};
	skel.rodata->by = kKernel[static_cast<size_t>(o.key())];
	skel.rodata->latency = o.latency;
	skel.rodata->cells = !o.latency && o.key() == By::syscall;
	skel.rodata->only_failed = o.failures || o.key() == By::error;
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

std::string group_by(const Row& row, const Options& o, const FieldContext& context)
{
	const CgroupPart part = o.key() == By::unit ? CgroupPart::unit
		: o.key() == By::pod                    ? CgroupPart::pod
												: CgroupPart::container;
	return std::string(cgroup_part(row.key.a, context, part).bytes);
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
	for (const SyscallAbi abi : {SyscallAbi::native, SyscallAbi::compat, SyscallAbi::x32})
		for (const SyscallName& one : o.list ? syscall_names(abi) : std::vector<SyscallName>()) {
			out.append_u64_right(one.number, 5);
			out.append(": ");
			out.append(syscall_name(abi, one.number));
			out.append('\n');
		}
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
	.refine = refine,
	.group_by = group_by,
	.groups = [](const Options& o) { return o.key() >= By::unit && o.key() <= By::pod; },
	.below =
		[](Buffer& out, const Row& row, const Options& o) {
			if (o.hist)
				append_slots(out, row.counts.slots, row.counts.ns, o.milliseconds ? 1000000 : 1000);
		},
	.last_words = last_words,
	.instead = list,
}};

} // namespace
