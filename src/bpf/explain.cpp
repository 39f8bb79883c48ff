// SPDX-License-Identifier: BSD-2-Clause
// From an error number to a cause and a remedy, by what this host is like. The same number means many things: EPERM
// alone is said by a missing capability, a user namespace, a seccomp filter, a policy, lockdown, a kernel that bans
// trampolines, and a limit on locked memory. So the questions are asked in an order in which the first yes is the cause.
#include "bpf/explain.h"

#include "bpf/object.h"
#include "system/privileges.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <linux/capability.h>
#include <string>
#include <unistd.h>

namespace corescope {

namespace {

bool g_log = false;

int print(libbpf_print_level, const char* format, va_list args)
{
	return g_log ? std::vfprintf(stderr, format, args) : 0;
}

bool has_btf() { return access(kKernelBtf, R_OK) == 0; }
Sight sight_of_btf()
{
	return has_btf() ? Sight::there : errno == EACCES ? Sight::unreadable : Sight::absent;
}

constexpr int kNotSupported = 524; // ENOTSUPP, the kernel's own
constexpr uint64_t kKib = 1024;

bool begins(std::string_view section, std::string_view kind)
{
	return section.substr(0, kind.size()) == kind;
}
bool is_tracepoint(std::string_view section)
{
	return begins(section, "tp/") || begins(section, "tracepoint/");
}
bool is_kprobe(std::string_view section)
{
	return begins(section, "kprobe") || begins(section, "kretprobe") || begins(section, "ksyscall");
}
bool is_uprobe(std::string_view section)
{
	return begins(section, "uprobe") || begins(section, "uretprobe") || begins(section, "usdt");
}

Diagnosis no_btf(Sight btf)
{
	if (btf == Sight::unreadable)
		return {kNoPermission, std::string(kKernelBtf) + " may not be read",
			"it and the folders above are open to everybody by default: see their modes, and run it as root"};
	return {kUnavailable, "this kernel offers no type information (" + std::string(kKernelBtf) + ")",
		"name a file that has it by --btf (see `corescope btf`), or mount /sys, or take a kernel built with "
		"CONFIG_DEBUG_INFO_BTF"};
}

Diagnosis no_privilege()
{
	return {kNoPermission, "no privilege to load BPF programs",
		"run it as root (sudo), or with the capabilities CAP_BPF and CAP_PERFMON"};
}

Diagnosis user_namespace()
{
	return {kNoPermission, "this is a user namespace, and the kernel asks for capabilities of the host",
		"run it outside: a container without user namespace (--userns=host, rootful), a unit without PrivateUsers"};
}

Diagnosis filtered(const Surroundings& here, const char* call)
{
	if (here.seccomp == 2)
		return {kNoPermission, std::string("a seccomp filter (of a container or a unit) forbids ") + call,
			"allow bpf and perf_event_open: docker --security-opt seccomp=unconfined or --privileged, "
			"systemd SystemCallFilter=bpf perf_event_open"};
	return {kNoPermission,
		std::string("a security module's policy forbids ") + call + " although the privilege is there",
		"its log (`ausearch -m avc`, `dmesg`) names the rule; active: " +
			(here.security_modules.empty() ? std::string("not known") : here.security_modules)};
}

Diagnosis banned()
{
	return {kUnavailable, "this kernel refuses every fentry, fexit and LSM program",
		"a policy of whoever built or runs it: nothing on this host changes it, other hooks may do"};
}

Diagnosis confidential(const char* what = "in which BPF may not read kernel memory")
{
	return {kUnavailable, std::string("lockdown is in mode confidentiality, ") + what,
		"boot with lockdown=integrity or none on the kernel's command line (Secure Boot may force it)"};
}

// Where no program may be loaded at all, whatever it is. False if that is not the reason.
bool refused_as_such(const Surroundings& here, Diagnosis& why)
{
	if (!here.may_load())
		why = no_privilege();
	else if (here.host_users == false)
		why = user_namespace();
	else if (here.bpf_call == EPERM || here.bpf_call == EACCES)
		why = filtered(here, "bpf(2)");
	else
		return false;
	return true;
}

Diagnosis explain_refused_load(const Failure& failure, const Surroundings& here)
{
	Diagnosis why;
	if (refused_as_such(here, why))
		return why;
	if (failure.trampoline && here.trampolines_banned)
		return banned();
	if (here.memlock_counts && here.memlock)
		return {kNoPermission,
			"this kernel counts BPF maps as locked memory, of which " + std::to_string(*here.memlock / kKib) +
				" KiB are allowed",
			"ulimit -l unlimited, LimitMEMLOCK=infinity in a unit, or the capability CAP_SYS_RESOURCE"};
	if (here.lockdown == "confidentiality")
		return confidential();
	return {kUnavailable, "the kernel refuses these BPF programs although the privilege is there",
		"see --verbose, and `cat /sys/kernel/security/lockdown`"};
}

Diagnosis diagnose_load(const Failure& failure, const Surroundings& here)
{
	switch (failure.error) {
	case ESRCH: // libbpf found no types
	case ENOENT:
		if (here.btf != Sight::there)
			return no_btf(here.btf);
		break;
	case EPERM:
	case EACCES: return explain_refused_load(failure, here);
	case ENOSYS:
		if (here.seccomp == 2)
			return filtered(here, "bpf(2)");
		return {kUnavailable, "this kernel has no bpf(2)", "one built with CONFIG_BPF_SYSCALL is needed"};
	case ENOMEM:
		return {
			kFailure, "not enough memory for the BPF maps", "a smaller --buffer-size or --max-keys helps"};
	case EINVAL:
		if (here.lockdown == "confidentiality")
			return confidential();
		break;
	default: break;
	}
	return {kUnavailable,
		std::string("this kernel does not take the BPF programs: ") +
			(failure.error == kNotSupported ? "not supported" : std::strerror(failure.error)),
		"--verbose shows the verifier's words; a newer kernel may have what they need"};
}

Diagnosis no_perf_events()
{
	return {kNoPermission, "perf events are not permitted",
		"run it as root, or add the capability CAP_PERFMON; some kernels heed it only where "
		"kernel.perf_event_paranoid is below 3"};
}

Diagnosis diagnose_tracepoint(int error, const Surroundings& here)
{
	if (here.lockdown == "confidentiality" && (here.tracefs.empty() || error != ENOENT))
		return confidential("which keeps tracefs closed");
	if (here.tracefs.empty())
		return {
			kUnavailable, "tracefs is not mounted", "mount it: mount -t tracefs tracefs /sys/kernel/tracing"};
	if (error == EACCES || error == EPERM) {
		if (here.tracepoints != Sight::there)
			return {kNoPermission, "tracefs may not be read",
				"run it as root, or add the capability CAP_DAC_READ_SEARCH"};
		if (error == EPERM && here.seccomp == 2)
			return filtered(here, "perf_event_open(2)");
		return no_perf_events();
	}
	return {kUnavailable, "this kernel has no such hook", ""};
}

Diagnosis diagnose_attach(const Failure& failure, const Surroundings& here)
{
	const std::string_view section = failure.section;
	const int error = failure.error;
	const bool denied = error == EPERM || error == EACCES;
	if (is_tracepoint(section) && (denied || error == ENOENT || here.tracefs.empty()))
		return diagnose_tracepoint(error, here);
	Diagnosis why;
	if (denied && refused_as_such(here, why))
		return why;
	if (denied && here.lockdown == "confidentiality")
		return confidential("which forbids this hook");
	if (error == EPERM && here.seccomp == 2)
		return filtered(here, "perf_event_open(2) or bpf(2)");
	if (is_kprobe(section) && !here.kprobes && (error == ENOENT || error == EOPNOTSUPP || error == EINVAL))
		return {kUnavailable, "this kernel has no kprobes", "one built with CONFIG_KPROBES is needed"};
	if (begins(section, "kprobe.multi") && (error == EOPNOTSUPP || error == EINVAL))
		return {kUnavailable, "this kernel cannot hook many functions at once",
			"one built with CONFIG_FPROBE is needed (on x86 5.18, on arm64 6.14); plain kprobes may do"};
	if (is_uprobe(section) && !here.uprobes && error == ENOENT)
		return {kUnavailable, "this kernel has no uprobes", "one built with CONFIG_UPROBES is needed"};
	if (is_uprobe(section) && denied)
		return {kNoPermission, "uprobes are not permitted",
			"run it as root, or add the capability CAP_SYS_ADMIN, which this kernel asks for"};
	if (denied && (is_kprobe(section) || begins(section, "perf_event")))
		return no_perf_events();
	if (is_trampoline(section) && error == kNotSupported)
		return {kUnavailable, "this kernel loads such programs but cannot attach them on this architecture",
			"on arm64 it takes Linux 6.4 or later, here other hooks"};
	if (is_trampoline(section) && error == EBUSY)
		return {kUnavailable, "something else traces this function in a way that shares it with nobody",
			"`cat /sys/kernel/tracing/enabled_functions` names functions that are traced (live patches too)"};
	if (begins(section, "perf_event") && (error == ENOENT || error == EOPNOTSUPP || error == ENODEV))
		return {kUnavailable, "this machine has no such counter",
			"a virtual machine may be given one (a virtual PMU); software clocks do without"};
	if (error == ENOENT)
		return {kUnavailable, "this kernel has no such hook", ""};
	if (denied)
		return {kNoPermission, "not permitted", "run it as root"};
	return {kUnavailable,
		error == kNotSupported ? "not supported by this kernel" : std::string(std::strerror(error)),
		"see --verbose"};
}

Diagnosis diagnose_run(const Failure& failure, const Surroundings& here)
{
	if (begins(failure.section, "lsm") && here.security_modules.find("bpf") == std::string::npos)
		return {kUnavailable,
			"such programs can be attached, but are never called: bpf is no active security module",
			"boot with it in lsm=, behind those that there are: lsm=" +
				(here.security_modules.empty() ? std::string("...") : here.security_modules) + ",bpf"};
	return {kUnavailable, "such programs can be attached, but were not called", ""};
}

} // namespace

const char* stage_name(Stage stage)
{
	switch (stage) {
	case Stage::types: return "types";
	case Stage::load: return "load";
	case Stage::attach: return "attach";
	case Stage::run: return "run";
	}
	return "";
}

bool is_trampoline(std::string_view section)
{
	return begins(section, "fentry") || begins(section, "fexit") || begins(section, "fmod_ret") ||
		begins(section, "lsm");
}

Diagnosis diagnose(const Failure& failure, const Surroundings& here)
{
	switch (failure.stage) {
	case Stage::types:
		if (here.btf != Sight::there)
			return no_btf(here.btf);
		return {kUnavailable, "this kernel has no such hook", ""};
	case Stage::load: return diagnose_load(failure, here);
	case Stage::attach: return diagnose_attach(failure, here);
	case Stage::run: return diagnose_run(failure, here);
	}
	return {kUnavailable, std::strerror(failure.error), ""};
}

void set_libbpf_log(bool to_stderr)
{
	g_log = to_stderr;
	libbpf_set_print(print);
}

bool libbpf_log() { return g_log; }

void log_line(const char* tool, const std::string& what, const std::string& why)
{
	if (g_log)
		std::fprintf(stderr, "%s %s%s%s\n", tool, what.c_str(), why.empty() ? "" : ": ", why.c_str());
}

void require_bpf()
{
	if (!may_load_bpf())
		throw Refused("", no_privilege());
}

Refused explain_no_btf() { return {"", no_btf(sight_of_btf())}; }

Refused explain_typed_hooks(std::string_view hooks)
{
	return {"hook " + std::string(hooks) + ": ",
		{kUnavailable,
			has_btf()
				? "the kernel's own types are needed, and --btf names others"
				: "the kernel's own types are needed, and it offers none (" + std::string(kKernelBtf) + ")",
			"raw_tp hooks do without"}};
}

Refused explain_load(int error, bool trampoline)
{
	return {"", diagnose({Stage::load, -error, "", trampoline}, look_around())};
}

Refused explain_attach(int error, std::string_view section)
{
	const std::string where(section);
	return {"cannot attach to " + where + ": ",
		diagnose({Stage::attach, -error, where, is_trampoline(section)}, look_around())};
}

} // namespace corescope
