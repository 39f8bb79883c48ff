// SPDX-License-Identifier: BSD-2-Clause
// What the kernel allows: its settings as it tells them, hooks and parts as trials have it.
#include "commands/doctor.h"

#include "base/files.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr uint64_t kKib = 1024;
constexpr uint64_t kLeastLocked = 8 * 1024 * kKib; // the largest ring that a tool has by itself, twice

// A sysctl with what its values mean.
struct Setting {
	const char* name;
	const char* path; // below /proc/sys
	struct Meaning {
		int from; // for this value and above, up to the next meaning
		Answer answer;
		const char* cause;
		const char* remedy;
	} meanings[3];
};
constexpr Setting kSettings[] = {
	{"unprivileged bpf", "kernel/unprivileged_bpf_disabled",
		{{0, Answer::info, "any user may load programs of some kinds, none of which can trace", ""},
			{1, Answer::info, "", ""}}},
	{"perf_event_paranoid", "kernel/perf_event_paranoid",
		{{-1, Answer::info, "", ""},
			{3, Answer::limited, "some kernels that know this value do not heed CAP_PERFMON then",
				"sysctl kernel.perf_event_paranoid=2, or CAP_SYS_ADMIN"}}},
	{"kptr_restrict", "kernel/kptr_restrict", {{0, Answer::info, "", ""}}},
	{"jit hardening", "net/core/bpf_jit_harden",
		{{0, Answer::yes, "", ""},
			{2, Answer::limited,
				"constants are hidden in root's programs too, which makes them longer and slower",
				"sysctl net.core.bpf_jit_harden=1"}}},
	{"bpf statistics", "kernel/bpf_stats_enabled",
		{{0, Answer::yes, "", ""},
			{1, Answer::limited, "each run of a BPF program is timed, which costs some 40 ns",
				"sysctl kernel.bpf_stats_enabled=0"}}},
};

Check look_up(const Setting& setting)
{
	Check check{"setting", setting.name, Answer::unknown};
	const std::string text = first_line(std::string("/proc/sys/") + setting.path);
	char* end = nullptr;
	const int value = static_cast<int>(std::strtol(text.c_str(), &end, 10));
	if (end == text.c_str()) {
		const bool there = access((std::string("/proc/sys/") + setting.path).c_str(), F_OK) == 0;
		check.cause =
			std::string("/proc/sys/") + setting.path + (there ? " may not be read" : " is not there");
		return check;
	}
	check.value = std::to_string(value);
	check.answer = Answer::info;
	for (const auto& meaning : setting.meanings) {
		if (!meaning.cause || value < meaning.from)
			continue;
		check.answer = meaning.answer;
		check.cause = meaning.cause;
		check.remedy = meaning.remedy;
	}
	return check;
}

Check symbols()
{
	Check check{"setting", "kernel symbols", Answer::yes, "addresses can be read"};
	unsigned long long address = 0;
	bool read = false;
	// A number ends at the blank behind it.
	for_each_line("/proc/kallsyms", [&](std::string_view line) {
		address = std::strtoull(line.data(), nullptr, 16);
		read = true;
		return !address;
	});
	if (!address) {
		check.answer = Answer::no;
		check.value.clear();
		check.cause = read ? "/proc/kallsyms gives no addresses" : "/proc/kallsyms cannot be read";
		check.remedy = read ? "add CAP_SYSLOG, or sysctl kernel.kptr_restrict=0 or 1"
							: "mount /proc; no ProtectKernelTunables and no ProcSubset=pid in a unit";
	}
	return check;
}

Check jit()
{
	Check check{"setting", "jit", Answer::yes, "programs become machine code"};
	const std::optional<bool> compiled = try_jit();
	if (!compiled) {
		check = look_up({"jit", "net/core/bpf_jit_enable",
			{{0, Answer::limited, "programs are interpreted", "sysctl net.core.bpf_jit_enable=1"},
				{1, Answer::yes, "", ""}}});
	} else if (!*compiled) {
		check.answer = Answer::limited;
		check.value.clear();
		check.cause = "programs are interpreted, and cost several times as much";
		check.remedy = "sysctl net.core.bpf_jit_enable=1";
	}
	return check;
}

Check locked_memory(const Surroundings& here)
{
	Check check{"setting", "locked memory", Answer::info,
		here.memlock ? std::to_string(*here.memlock / kKib) + " KiB" : "any amount"};
	if (!here.memlock_counts) {
		check.value += here.may_load() ? ", which BPF does not count against" : "";
		return check;
	}
	check.value += ", which BPF maps count against on this kernel";
	check.answer = Answer::yes;
	if (here.memlock && *here.memlock < kLeastLocked && !here.has(CAP_SYS_RESOURCE)) {
		const Diagnosis why = diagnose({Stage::load, EPERM, "", false}, here);
		check.answer = Answer::limited;
		check.cause = why.cause;
		check.remedy = why.remedy;
	}
	return check;
}

Check told(Check check, const std::optional<Failure>& failure, const Surroundings& here)
{
	if (!failure)
		return check;
	const Diagnosis why = diagnose(*failure, here);
	check.answer = Answer::no;
	check.value.clear();
	check.cause = why.cause;
	check.remedy = why.remedy;
	check.failure = failure;
	return check;
}

// Helpers that tools do better with, and what they do without.
struct Helper {
	bpf_func_id id;
	const char* name;
	const char* without;
};
constexpr Helper kHelpers[] = {
	{BPF_FUNC_ringbuf_output, "bpf_ringbuf_output", "no stream tool works"},
	{BPF_FUNC_probe_read_kernel, "bpf_probe_read_kernel", "what tracepoints do not hand over cannot be read"},
	{BPF_FUNC_probe_read_user, "bpf_probe_read_user", "arguments of programs cannot be read"},
	{BPF_FUNC_get_stackid, "bpf_get_stackid", "no stacks"},
	{BPF_FUNC_get_current_task_btf, "bpf_get_current_task_btf", "the current task is read with more effort"},
	{BPF_FUNC_task_pt_regs, "bpf_task_pt_regs", "arguments of system calls are read with more effort"},
	{BPF_FUNC_loop, "bpf_loop", "long lists and paths are told with fewer parts"},
};

} // namespace

std::vector<Check> setting_checks(const Surroundings& here)
{
	std::vector<Check> checks;
	for (const Setting& setting : kSettings)
		checks.push_back(look_up(setting));
	if (here.has(CAP_SYS_ADMIN)) // whom nothing of that concerns
		for (Check& check : checks)
			if (check.name == "perf_event_paranoid" && check.answer == Answer::limited)
				check = {"setting", check.name, Answer::info, check.value};
	checks.push_back(symbols());
	checks.push_back(jit());
	checks.push_back(locked_memory(here));
	return checks;
}

std::vector<Check> hook_checks(const Surroundings& here, TrialGround& ground)
{
	std::vector<Check> checks;
	for (const Trial& trial : hook_trials())
		checks.push_back(told({"hook", trial.name, Answer::yes, trial.what}, try_hook(trial, ground), here));
	return checks;
}

std::vector<Check> part_checks(const Surroundings& here, TrialGround& ground)
{
	std::vector<Check> checks = {
		told({"part", "ring buffer", Answer::yes}, try_ring_buffer(), here),
		told({"part", "task storage", Answer::yes}, try_task_storage(ground), here),
	};
	for (Check& check : checks)
		if (check.failure && check.failure->error == EINVAL) {
			check.cause = "this kernel's tracing programs have no such map";
			check.remedy = check.name == "task storage" ? "hashes of tasks do, and take longer"
														: "a newer kernel has it";
		}
	for (const Helper& helper : kHelpers) {
		Check check = told({"part", helper.name, Answer::yes}, try_helper(helper.id, ground), here);
		if (check.failure && check.failure->error == EINVAL && here.lockdown != "confidentiality") {
			check.cause = "this kernel's tracing programs have no such helper";
			check.remedy = helper.without;
		}
		checks.push_back(check);
	}
	return checks;
}

} // namespace corescope
