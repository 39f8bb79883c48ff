// SPDX-License-Identifier: BSD-2-Clause
// Where we are: kernel, user, namespaces, container, and what is mounted.
#include "commands/doctor.h"

#include "base/files.h"
#include "system/cgroup.h"
#include "system/host.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/capability.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr const char* kNoProc = "/proc does not tell";
constexpr const char* kMountProc = "mount it: mount -t proc proc /proc";

bool is_mounted(const char* path, long magic)
{
	struct statfs about;
	return statfs(path, &about) == 0 && static_cast<long>(about.f_type) == magic;
}

// The runtime that has us in a container, "" if none can be told.
std::string container()
{
	if (const char* said = getenv("container"); said && *said)
		return said;
	if (std::string named = first_line("/run/systemd/container"); !named.empty())
		return named;
	if (access("/run/.containerenv", F_OK) == 0)
		return "podman";
	if (access("/.dockerenv", F_OK) == 0)
		return "docker";
	std::string runtime;
	for_each_line("/proc/self/cgroup", [&](std::string_view cgroup) {
		const size_t path = cgroup.rfind(':');
		runtime =
			attribute(path == std::string_view::npos ? "" : std::string(cgroup.substr(path + 1))).runtime;
		return runtime.empty();
	});
	if (!runtime.empty())
		return runtime;
	return access("/var/run/secrets/kubernetes.io", F_OK) == 0 ? "kubernetes" : "";
}

std::string capability_names(uint64_t set)
{
	std::string names, missing;
	unsigned held = 0, known = 0;
	for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (cap_get_bound(cap) < 0) // this kernel does not know it
			continue;
		known++;
		const bool has = set >> cap & 1;
		held += has;
		char* name = cap_to_name(cap);
		(has ? names : missing) +=
			std::string((has ? names : missing).empty() ? "" : " ") + (name ? name : "?");
		cap_free(name);
	}
	if (held == known)
		return "all";
	if (!held)
		return "none";
	return held > known / 2 ? "all but " + missing : names;
}

Check capabilities(const Surroundings& here)
{
	Check check{"place", "capabilities", Answer::yes, capability_names(here.effective)};
	if (!here.may_load()) {
		check.answer = Answer::no;
		const Diagnosis why = diagnose({Stage::load, EPERM, "", false}, here);
		check.cause = why.cause;
		check.remedy = why.remedy;
		return check;
	}
	static constexpr struct {
		int cap;
		const char* text;
	} kGood[] = {{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH (tracefs, cgroup names)"},
		{CAP_SYSLOG, "CAP_SYSLOG (addresses of kernel functions)"},
		{CAP_SYS_PTRACE, "CAP_SYS_PTRACE (other users' processes in /proc)"},
		{CAP_SYS_ADMIN, "CAP_SYS_ADMIN (uprobes)"}};
	for (const auto& good : kGood)
		if (!here.has(good.cap))
			check.cause += (check.cause.empty() ? "without " : ", ") + std::string(good.text);
	if (!check.cause.empty()) {
		check.answer = Answer::limited;
		check.remedy = "add them where a tool asks for it, or run it as root";
	}
	return check;
}

Check user_namespace(const Surroundings& here)
{
	Check check{"place", "user namespace", Answer::yes, "the host's"};
	if (!here.host_users) {
		check.answer = Answer::unknown;
		check.value.clear();
		check.cause = kNoProc;
		check.remedy = kMountProc;
	} else if (!*here.host_users) {
		check.answer = Answer::no;
		check.value = "one of its own";
		check.cause = "capabilities in here count for nothing, the kernel asks for the host's";
		check.remedy = "run it outside (--userns=host, rootful; no PrivateUsers)";
	}
	return check;
}

Check pid_namespace(const Surroundings& here)
{
	Check check{"place", "pid namespace", Answer::yes, "the host's"};
	if (!here.host_pids) {
		check.answer = Answer::unknown;
		check.value.clear();
		check.cause = kNoProc;
		check.remedy = kMountProc;
	} else if (!*here.host_pids) {
		check.answer = Answer::limited;
		check.value = "one of its own";
		check.cause =
			"PIDs are told, and taken by options, as the host numbers them, and /proc in here has others";
		check.remedy = "run it with the host's (--pid=host)";
	}
	return check;
}

Check seccomp(const Surroundings& here)
{
	Check check{
		"place", "seccomp", Answer::yes, here.seccomp ? "a filter, which lets bpf(2) pass" : "no filter"};
	const bool refused = here.bpf_call == EPERM || here.bpf_call == EACCES || here.bpf_call == ENOSYS;
	if (here.seccomp && refused && here.may_load() && here.host_users != false) {
		check.answer = Answer::no;
		check.value = "a filter";
		const Diagnosis why = diagnose({Stage::load, here.bpf_call, "", false}, here);
		check.cause = why.cause;
		check.remedy = why.remedy;
	} else if (here.seccomp && refused) {
		check.answer = Answer::unknown;
		check.value = "a filter; without privilege it cannot be told from the kernel's own refusal";
	}
	return check;
}

Check lockdown(const Surroundings& here)
{
	Check check{"place", "lockdown", Answer::yes, here.lockdown};
	if (here.lockdown.empty()) {
		check.answer = Answer::unknown;
		check.cause = "/sys/kernel/security is not mounted, and may not be opened";
		check.remedy = "mount it: mount -t securityfs securityfs /sys/kernel/security";
	} else if (here.lockdown == "confidentiality") {
		const Diagnosis why = diagnose({Stage::load, EINVAL, "", false}, here);
		check.answer = Answer::limited;
		check.cause = why.cause;
		check.remedy = why.remedy;
	}
	return check;
}

Check types(const Surroundings& here)
{
	Check check{"place", "btf", Answer::yes, kKernelBtf};
	if (here.btf == Sight::there)
		return check;
	const Diagnosis why = diagnose({Stage::types, ESRCH, "", false}, here);
	check.answer = Answer::no;
	check.value.clear();
	check.cause = why.cause;
	check.remedy = why.remedy;
	return check;
}

Check tracefs(const Surroundings& here)
{
	Check check{"place", "tracefs", Answer::yes, here.tracefs};
	if (here.tracepoints == Sight::there)
		return check;
	const Diagnosis why =
		diagnose({Stage::attach, here.tracefs.empty() ? ENOENT : EACCES, "tp/", false}, here);
	check.answer = Answer::no;
	check.cause = why.cause;
	check.remedy = why.remedy;
	return check;
}

Check bpffs(const Surroundings& here)
{
	static constexpr const char* kPath = "/sys/fs/bpf";
	Check check{"place", "bpffs", Answer::yes, kPath};
	if (!is_mounted(kPath, BPF_FS_MAGIC)) {
		check.value.clear();
		check.answer = here.has(CAP_SYS_ADMIN) ? Answer::limited : Answer::no;
		check.cause = "the BPF file system is not mounted, which --pin needs";
		check.remedy = here.has(CAP_SYS_ADMIN) ? "--pin mounts it; or: mount -t bpf bpf /sys/fs/bpf"
											   : "mount it as root: mount -t bpf bpf /sys/fs/bpf";
	} else if (faccessat(AT_FDCWD, kPath, W_OK | X_OK, AT_EACCESS) != 0) {
		check.answer = Answer::no;
		check.cause = errno == EROFS ? "it is mounted read-only, and --pin has to write"
									 : "it may not be written, and --pin has to";
		check.remedy = errno == EROFS ? "mount -o remount,rw /sys/fs/bpf; no ProtectKernelTunables in a unit"
									  : "run it as root";
	}
	return check;
}

Check cgroups()
{
	Check check{"place", "cgroup v2", Answer::yes, cgroup2_mount()};
	if (access("/proc/self/mountinfo", R_OK) != 0) {
		check.answer = Answer::unknown;
		check.cause = kNoProc;
		check.remedy = kMountProc;
	} else if (check.value.empty()) {
		check.answer = Answer::no;
		check.cause =
			"it is not mounted: cgroups, units and containers cannot be named, nor chosen by --cgroup";
		check.remedy = "mount it: mount -t cgroup2 cgroup2 /sys/fs/cgroup";
	} else if (check.value != "/sys/fs/cgroup") {
		check.answer = Answer::limited;
		check.value += ", besides v1 (hybrid)";
		check.cause = "units and containers are named as far as they are in v2 too";
		check.remedy = "boot with systemd.unified_cgroup_hierarchy=1";
	}
	return check;
}

} // namespace

std::vector<Check> place_checks(const Surroundings& here)
{
	utsname names{};
	uname(&names);
	const std::string runtime = container();
	std::vector<Check> checks = {
		{"place", "kernel", Answer::info, std::string(names.release) + " " + names.machine},
		{"place", "container", Answer::info, runtime.empty() ? "none is known of" : runtime},
		{"place", "user", Answer::info, here.uid ? "uid " + std::to_string(here.uid) : "root"},
		capabilities(here),
		{"place", "bounding set", Answer::info, capability_names(here.bounding)},
		user_namespace(here),
		pid_namespace(here),
		seccomp(here),
		lockdown(here),
		{"place", "security modules", here.security_modules.empty() ? Answer::unknown : Answer::info,
			here.security_modules},
		types(here),
		tracefs(here),
		bpffs(here),
		cgroups(),
	};
	if (access("/proc/self/stat", F_OK) != 0)
		checks.push_back({"place", "proc", Answer::no, "",
			"/proc is not mounted: settings and processes cannot be read", kMountProc});
	return checks;
}

} // namespace corescope
