// SPDX-License-Identifier: BSD-2-Clause
// See trial.h. What is hooked is getsid(2), which shells call once and nobody else; PR_SET_NAME; and a place of our own.
#include "bpf/trial.h"

#include "bpf/kernel_hooks.h"
#include "bpf/trial_user.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <linux/perf_event.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr int kAttempts = 20;
constexpr unsigned kRing = 4096 * 16; // a multiple of every page size

struct Fd {
	int number;
	explicit Fd(int fd) : number(fd) {}
	~Fd()
	{
		if (number >= 0)
			close(number);
	}
	Fd(const Fd&) = delete;
	Fd& operator=(const Fd&) = delete;
	int release() { return std::exchange(number, -1); }
};

std::string on_getsid()
{
#if defined(__x86_64__)
	return "__x64_sys_getsid";
#elif defined(__aarch64__)
	return "__arm64_sys_getsid";
#else
	return "sys_getsid";
#endif
}
std::string on_rename() { return "task_rename"; }
std::string on_getsid_tracepoint() { return "syscalls/sys_enter_getsid"; }
std::string on_rename_tracepoint() { return "task/task_rename"; }
std::string on_own_place() { return ""; }
std::string on_security_getsid() { return "task_getsid"; }
std::string on_tasks() { return "task"; }

int by_name(int program, const Trial& trial)
{
	const int link = bpf_raw_tracepoint_open(trial.target().c_str(), program);
	return link < 0 ? -errno : link;
}
int by_type(int program, const Trial&)
{
	const int link = bpf_raw_tracepoint_open(nullptr, program);
	return link < 0 ? -errno : link;
}
int by_tracepoint(int program, const Trial& trial) { return attach_tracepoint(program, trial.target()); }
int by_kprobe(int program, const Trial& trial) { return attach_kprobe(program, trial.target()); }
int by_kprobe_multi(int program, const Trial& trial)
{
	const std::string name = trial.target();
	const char* symbols[] = {name.c_str()};
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	opts.kprobe_multi.cnt = 1;
	opts.kprobe_multi.syms = symbols;
	const int link = bpf_link_create(program, 0, BPF_TRACE_KPROBE_MULTI, &opts);
	return link < 0 ? -errno : link;
}
int by_uprobe(int program, const Trial&) { return attach_uprobe(program, false); }
int by_usdt(int program, const Trial&) { return attach_uprobe(program, true); }
int by_clock(int program, const Trial&)
{
	return attach_counter(program, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK);
}
int by_cycles(int program, const Trial&)
{
	return attach_counter(program, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
}
int by_iterator(int program, const Trial&)
{
	const int link = bpf_link_create(program, 0, BPF_TRACE_ITER, nullptr);
	return link < 0 ? -errno : link;
}

bool call_getsid(int) { return getsid(getpid()) >= 0; } // with 0 the kernel asks no security module
bool rename_to_itself(int)
{
	char name[16] = "";
	return prctl(PR_GET_NAME, name) == 0 && prctl(PR_SET_NAME, name) == 0;
}
bool pass(int) { return pass_by(false); }
bool pass_counted(int) { return pass_by(true); }
bool burn(int)
{
	timespec from, now;
	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec < 5000000);
	return true;
}
bool read_iterator(int link)
{
	const Fd iterator(bpf_iter_create(link));
	char byte;
	return iterator.number >= 0 && read(iterator.number, &byte, 1) == 0;
}

#define UNUSED BPF_CGROUP_INET_INGRESS // 0: what the field holds where it says nothing

constexpr Trial kTrials[] = {
	{"raw_tp", "raw_tp/task_rename", "raw tracepoints", BPF_PROG_TYPE_RAW_TRACEPOINT, UNUSED, nullptr, 0,
		on_rename, by_name, rename_to_itself},
	{"tp_btf", "tp_btf/task_rename", "raw tracepoints with types", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP,
		"btf_trace_", BTF_KIND_TYPEDEF, on_rename, by_type, rename_to_itself},
	{"tracepoint", "tp/task/task_rename", "tracepoints of tracefs", BPF_PROG_TYPE_TRACEPOINT, UNUSED, nullptr,
		0, on_rename_tracepoint, by_tracepoint, rename_to_itself},
	{"syscall tracepoint", "tp/syscalls/sys_enter_getsid", "tracepoints of single system calls",
		BPF_PROG_TYPE_TRACEPOINT, UNUSED, nullptr, 0, on_getsid_tracepoint, by_tracepoint, call_getsid},
	{"fentry", "fentry", "the entry of a function", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "",
		BTF_KIND_FUNC, on_getsid, by_type, call_getsid},
	{"fexit", "fexit", "the return of a function", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, "", BTF_KIND_FUNC,
		on_getsid, by_type, call_getsid},
	{"kprobe", "kprobe", "any instruction of the kernel", BPF_PROG_TYPE_KPROBE, UNUSED, nullptr, 0, on_getsid,
		by_kprobe, call_getsid},
	{"kprobe_multi", "kprobe.multi", "many functions at once", BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI,
		nullptr, 0, on_getsid, by_kprobe_multi, call_getsid},
	{"lsm", "lsm/task_getsid", "security hooks", BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_", BTF_KIND_FUNC,
		on_security_getsid, by_type, call_getsid},
	{"uprobe", "uprobe", "instructions of programs", BPF_PROG_TYPE_KPROBE, UNUSED, nullptr, 0, on_own_place,
		by_uprobe, pass},
	{"usdt", "usdt", "probes that programs declare", BPF_PROG_TYPE_KPROBE, UNUSED, nullptr, 0, on_own_place,
		by_usdt, pass_counted},
	{"cpu clock", "perf_event", "sampling by a software clock", BPF_PROG_TYPE_PERF_EVENT, UNUSED, nullptr, 0,
		on_own_place, by_clock, burn},
	{"cpu cycles", "perf_event", "sampling by the CPU's own counters", BPF_PROG_TYPE_PERF_EVENT, UNUSED,
		nullptr, 0, on_own_place, by_cycles, burn},
	{"iterator", "iter/task", "walking over tasks", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, "bpf_iter_",
		BTF_KIND_FUNC, on_tasks, by_iterator, read_iterator},
};
constexpr const Trial& kPlain = kTrials[0];
constexpr const Trial& kTyped = kTrials[1];

constexpr bpf_insn instruction(int code, int target, int source, int offset, int immediate)
{
	bpf_insn one{};
	one.code = static_cast<__u8>(code);
	one.dst_reg = static_cast<__u8>(target) & 15;
	one.src_reg = static_cast<__u8>(source) & 15;
	one.off = static_cast<__s16>(offset);
	one.imm = immediate;
	return one;
}
constexpr bpf_insn set(int target, int value)
{
	return instruction(BPF_ALU64 | BPF_MOV | BPF_K, target, 0, 0, value);
}
constexpr bpf_insn kExit = instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);

// `*counter += 1; return 0`, where the counter is the only value of an array map.
std::vector<bpf_insn> counting(int map)
{
	return {instruction(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_VALUE, 0, map), bpf_insn{},
		set(BPF_REG_2, 1), instruction(BPF_STX | BPF_DW | BPF_ATOMIC, BPF_REG_1, BPF_REG_2, 0, BPF_ADD),
		set(BPF_REG_0, 0), kExit};
}

Failure failed(Stage stage, int error, const Trial& trial)
{
	return {stage, error, trial.section, is_trampoline(trial.section)};
}

// A descriptor, or why not.
int load(const Trial& trial, const TrialGround& ground, const std::vector<bpf_insn>& program,
	std::optional<Failure>& why, std::string* log = nullptr)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = trial.attach_type);
	if (trial.type_prefix) {
		opts.attach_btf_id = ground.type_id(trial.type_prefix + trial.target(), trial.type_kind);
		if (!opts.attach_btf_id) {
			why = failed(Stage::types, ESRCH, trial);
			return -1;
		}
	}
	if (log) {
		log->resize(4096);
		opts.log_level = 1;
		opts.log_buf = log->data();
		opts.log_size = static_cast<__u32>(log->size());
	}
	const int fd = bpf_prog_load(trial.type, "trial", "GPL", program.data(), program.size(), &opts);
	if (fd < 0)
		why = failed(Stage::load, errno, trial);
	if (log)
		log->resize(std::strlen(log->c_str()));
	return fd;
}

} // namespace

#undef UNUSED

TrialGround::~TrialGround()
{
	// The last one of a perf event waits until no CPU can be in its program.
	std::vector<std::thread> waiting;
	for (const int fd : closing_)
		waiting.emplace_back([fd] { close(fd); });
	for (std::thread& one : waiting)
		one.join();
}

unsigned TrialGround::type_id(const std::string& name, unsigned kind) const
{
	const btf* types = kernel_types();
	const int id = types ? btf__find_by_name_kind(types, name.c_str(), kind) : -1;
	return id > 0 ? static_cast<unsigned>(id) : 0;
}

bool TrialGround::has_types() const { return kernel_types() != nullptr; }

std::span<const Trial> hook_trials() { return kTrials; }

std::optional<Failure> try_hook(const Trial& trial, TrialGround& ground)
{
	const Fd counter(bpf_map_create(BPF_MAP_TYPE_ARRAY, "trial", 4, 8, 1, nullptr));
	if (counter.number < 0)
		return failed(Stage::load, errno, trial);
	std::optional<Failure> why;
	const Fd program(load(trial, ground, counting(counter.number), why));
	if (program.number < 0)
		return why;
	const int link = trial.attach(program.number, trial);
	if (link < 0)
		return failed(Stage::attach, -link, trial);
	ground.close_later(link);
	ground.lend(trial.section);
	uint64_t count = 0;
	for (int attempt = 0; attempt < kAttempts && !count; attempt++) {
		const bool happened = trial.provoke(link);
		const uint32_t key = 0;
		if (happened)
			bpf_map_lookup_elem(counter.number, &key, &count);
	}
	if (!count)
		return failed(Stage::run, 0, trial);
	return std::nullopt;
}

std::optional<Failure> try_helper(bpf_func_id helper, TrialGround& ground)
{
	const std::vector<bpf_insn> call = {
		instruction(BPF_JMP | BPF_CALL, 0, 0, 0, static_cast<int>(helper)), set(BPF_REG_0, 0), kExit};
	std::optional<Failure> why;
	std::string log;
	const Fd program(load(ground.has_types() ? kTyped : kPlain, ground, call, why, &log));
	if (program.number >= 0)
		return std::nullopt;
	// The call itself is wrong. A verifier that knows the helper complains of its arguments.
	const bool unknown = log.find("invalid func") != std::string::npos ||
		log.find("unknown func") != std::string::npos || log.find("cannot use helper") != std::string::npos;
	if (!log.empty() && !unknown)
		return std::nullopt;
	return why;
}

std::optional<Failure> try_ring_buffer()
{
	const Fd ring(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "trial", 0, 0, kRing, nullptr));
	if (ring.number < 0)
		return Failure{Stage::load, errno, "", false};
	return std::nullopt;
}

std::optional<Failure> try_task_storage(TrialGround& ground)
{
	const std::unique_ptr<btf, void (*)(btf*)> types(btf__new_empty(), btf__free);
	const int number = types ? btf__add_int(types.get(), "int", 4, BTF_INT_SIGNED) : -1;
	const int error = number < 0 ? number : btf__load_into_kernel(types.get());
	if (error < 0)
		return Failure{Stage::load, -error, "", false};
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	opts.map_flags = BPF_F_NO_PREALLOC;
	opts.btf_fd = static_cast<__u32>(btf__fd(types.get()));
	opts.btf_key_type_id = opts.btf_value_type_id = static_cast<__u32>(number);
	const Fd storage(bpf_map_create(BPF_MAP_TYPE_TASK_STORAGE, "trial", 4, 4, 0, &opts));
	if (storage.number < 0)
		return Failure{Stage::load, errno, "", false};
	return try_helper(BPF_FUNC_task_storage_get, ground);
}

std::optional<bool> try_jit()
{
	const std::vector<bpf_insn> nothing = {set(BPF_REG_0, 0), kExit};
	const Fd program(
		bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "trial", "GPL", nothing.data(), nothing.size(), nullptr));
	bpf_prog_info info{};
	__u32 size = sizeof(info);
	if (program.number < 0 || bpf_obj_get_info_by_fd(program.number, &info, &size) != 0)
		return std::nullopt;
	return info.jited_prog_len > 0;
}

} // namespace corescope
