// SPDX-License-Identifier: BSD-2-Clause
// What a refusal means where: the same error number in many surroundings, and what is then said to do.
#include "bpf/explain.h"

#include <catch2/catch.hpp>

#include <cerrno>
#include <functional>
#include <linux/capability.h>

using namespace corescope;

namespace {

// A host on which all is as it should be.
Surroundings good()
{
	Surroundings here;
	here.effective = here.bounding = ~uint64_t{0};
	here.host_users = here.host_pids = true;
	here.lockdown = "none";
	here.security_modules = "capability,bpf";
	here.btf = here.tracepoints = Sight::there;
	here.tracefs = "/sys/kernel/tracing";
	here.bpf_call = E2BIG;
	here.kprobes = here.uprobes = true;
	return here;
}

struct Case {
	const char* name;
	Failure failure;
	std::function<void(Surroundings&)> where;
	int code;
	const char* cause;
	const char* remedy;
};

void nothing(Surroundings&) {}
void unprivileged(Surroundings& here)
{
	here.effective = 0;
	here.bpf_call = EPERM;
}
void confidential(Surroundings& here) { here.lockdown = "confidentiality"; }

const Case kCases[] = {
	{"nobody", {Stage::load, EPERM, ""}, unprivileged, 77, "no privilege", "CAP_BPF and CAP_PERFMON"},
	{"one of two capabilities", {Stage::load, EPERM, ""},
		[](Surroundings& here) { here.effective = uint64_t{1} << CAP_BPF; }, 77, "no privilege",
		"CAP_PERFMON"},
	{"root of a user namespace", {Stage::load, EPERM, ""},
		[](Surroundings& here) {
			here.host_users = false;
			here.bpf_call = EPERM;
		},
		77, "user namespace", "outside"},
	{"a filter", {Stage::load, EPERM, ""},
		[](Surroundings& here) {
			here.seccomp = 2;
			here.bpf_call = EPERM;
		},
		77, "seccomp filter", "SystemCallFilter=bpf"},
	{"a filter that says there is no such call", {Stage::load, ENOSYS, ""},
		[](Surroundings& here) {
			here.seccomp = 2;
			here.bpf_call = ENOSYS;
		},
		77, "seccomp filter", "seccomp=unconfined"},
	{"no such call", {Stage::load, ENOSYS, ""}, [](Surroundings& here) { here.bpf_call = ENOSYS; }, 69,
		"no bpf(2)", "CONFIG_BPF_SYSCALL"},
	{"a policy", {Stage::load, EPERM, ""},
		[](Surroundings& here) {
			here.security_modules = "selinux";
			here.bpf_call = EACCES;
		},
		77, "security module", "selinux"},
	{"banned trampolines", {Stage::load, EPERM, "fentry", true},
		[](Surroundings& here) { here.trampolines_banned = true; }, 69, "fentry", "other hooks"},
	{"banned trampolines are no reason for others", {Stage::load, EPERM, "tp_btf/x"},
		[](Surroundings& here) { here.trampolines_banned = true; }, 69, "although the privilege is there",
		""},
	{"locked memory", {Stage::load, EPERM, ""},
		[](Surroundings& here) {
			here.memlock_counts = true;
			here.memlock = 65536;
		},
		77, "64 KiB", "LimitMEMLOCK"},
	{"a filter without a limit on memory comes first", {Stage::load, EPERM, ""},
		[](Surroundings& here) {
			here.memlock_counts = true;
			here.memlock = 65536;
			here.seccomp = 2;
			here.bpf_call = EPERM;
		},
		77, "seccomp", "bpf"},
	{"a filter that lets bpf(2) pass is no reason", {Stage::load, EPERM, ""},
		[](Surroundings& here) { here.seccomp = 2; }, 69, "although the privilege is there", "--verbose"},
	{"confidentiality takes a helper away", {Stage::load, EINVAL, ""}, confidential, 69, "confidentiality",
		"lockdown=integrity"},
	{"integrity does not", {Stage::load, EINVAL, ""}, [](Surroundings& here) { here.lockdown = "integrity"; },
		69, "Invalid argument", "--verbose"},
	{"no types", {Stage::load, ESRCH, ""}, [](Surroundings& here) { here.btf = Sight::absent; }, 69,
		"/sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF"},
	{"no types for a trial", {Stage::types, ESRCH, ""}, [](Surroundings& here) { here.btf = Sight::absent; },
		69, "/sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF"},
	{"types that may not be read", {Stage::load, ESRCH, ""},
		[](Surroundings& here) { here.btf = Sight::unreadable; }, 77, "may not be read", "root"},
	{"sampling on a paranoid kernel", {Stage::attach, EACCES, "perf_event"}, nothing, 77, "perf events",
		"perf_event_paranoid"},
	{"types without this hook", {Stage::types, ESRCH, ""}, nothing, 69, "no such hook", ""},
	{"no memory", {Stage::load, ENOMEM, ""}, nothing, 1, "memory", "--max-keys"},
	{"tracefs not mounted", {Stage::attach, ENOENT, "tp/a/b"},
		[](Surroundings& here) {
			here.tracefs.clear();
			here.tracepoints = Sight::absent;
		},
		69, "not mounted", "mount -t tracefs"},
	{"tracefs closed", {Stage::attach, EACCES, "tp/a/b"},
		[](Surroundings& here) { here.tracepoints = Sight::unreadable; }, 77, "may not be read",
		"CAP_DAC_READ_SEARCH"},
	{"tracefs kept closed", {Stage::attach, ENOENT, "tp/a/b"},
		[](Surroundings& here) {
			confidential(here);
			here.tracefs.clear();
		},
		69, "confidentiality", "lockdown=integrity"},
	{"no such tracepoint", {Stage::attach, ENOENT, "tp/a/b"}, nothing, 69, "no such hook", ""},
	{"paranoid", {Stage::attach, EACCES, "tp/a/b"}, nothing, 77, "perf events", "perf_event_paranoid"},
	{"perf_event_open(2) filtered", {Stage::attach, EPERM, "tp/a/b"},
		[](Surroundings& here) { here.seccomp = 2; }, 77, "perf_event_open(2)", "perf_event_open"},
	{"no kprobes", {Stage::attach, ENOENT, "kprobe/x"}, [](Surroundings& here) { here.kprobes = false; }, 69,
		"no kprobes", "CONFIG_KPROBES"},
	{"no such function", {Stage::attach, ENOENT, "kprobe/x"}, nothing, 69, "no such hook", ""},
	{"kprobes in confidentiality", {Stage::attach, EPERM, "kprobe/x"}, confidential, 69, "confidentiality",
		"lockdown=integrity"},
	{"no fprobe", {Stage::attach, EOPNOTSUPP, "kprobe.multi"}, nothing, 69, "many functions",
		"CONFIG_FPROBE"},
	{"no uprobes", {Stage::attach, ENOENT, "uprobe"}, [](Surroundings& here) { here.uprobes = false; }, 69,
		"no uprobes", "CONFIG_UPROBES"},
	{"uprobes for administrators", {Stage::attach, EACCES, "uprobe"},
		[](Surroundings& here) { here.effective = uint64_t{1} << CAP_BPF | uint64_t{1} << CAP_PERFMON; }, 77,
		"uprobes", "CAP_SYS_ADMIN"},
	{"trampolines that cannot be attached", {Stage::attach, 524, "fexit/x", true}, nothing, 69,
		"cannot attach", "arm64"},
	{"no counter", {Stage::attach, ENOENT, "perf_event"}, nothing, 69, "counter", "PMU"},
	{"a module that is not active", {Stage::run, 0, "lsm/x", true},
		[](Surroundings& here) { here.security_modules = "capability,yama"; }, 69, "never called",
		"lsm=capability,yama,bpf"},
};

} // namespace

TEST_CASE("explain: one number, many causes, each with its remedy and exit status")
{
	for (const Case& one : kCases) {
		Surroundings here = good();
		one.where(here);
		const Diagnosis why = diagnose(one.failure, here);
		INFO(one.name << ": " << why.line());
		CHECK(why.code == one.code);
		CHECK(why.cause.find(one.cause) != std::string::npos);
		CHECK(why.remedy.find(one.remedy) != std::string::npos);
		CHECK(why.line().find('\n') == std::string::npos);
		CHECK(why.line().find("; ") == (why.remedy.empty() ? std::string::npos : why.cause.size()));
	}
}

TEST_CASE("explain: every error number gets words, whatever the hook and wherever it is")
{
	for (const char* section : {"", "tp/a/b", "tp_btf/x", "raw_tp/x", "fentry/x", "kprobe/x",
			 "kprobe.multi/x", "uprobe", "usdt", "lsm/x", "perf_event", "iter/task"})
		for (const Stage stage : {Stage::types, Stage::load, Stage::attach, Stage::run})
			for (int error = 0; error < 530; error++) {
				Surroundings here;
				for (const bool bare : {false, true}) {
					const Diagnosis why =
						diagnose({stage, error, section, is_trampoline(section)}, bare ? here : good());
					if (why.cause.empty() || (why.code != 1 && why.code != 69 && why.code != 77))
						FAIL(section << " " << error << ": " << why.code << " " << why.line());
				}
			}
	SUCCEED();
}

TEST_CASE("explain: a refusal is an error of one line, and keeps its parts")
{
	const Refused refused("cannot attach to x: ", {77, "because", "do this"});
	const Error& error = refused;
	CHECK(error.message == "cannot attach to x: because; do this");
	CHECK(error.code == 77);
	CHECK(refused.diagnosis.remedy == "do this");
}

TEST_CASE("surroundings: the mode of lockdown stands in brackets")
{
	CHECK(lockdown_in("none [integrity] confidentiality") == "integrity");
	CHECK(lockdown_in("[none] integrity confidentiality\n") == "none");
	CHECK(lockdown_in("").empty());
	CHECK(lockdown_in("none").empty());
	CHECK(lockdown_in("]none[").empty());
}
