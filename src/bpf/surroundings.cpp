// SPDX-License-Identifier: BSD-2-Clause
// See surroundings.h. What is not mounted is looked at all the same where we may: a file system can be opened without
// being mounted anywhere.
#include "bpf/surroundings.h"

#include "bpf/object.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/mount.h>
#include <memory>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <type_traits>
#include <unistd.h>

namespace corescope {

namespace {

// The first of all namespaces of a kind have these numbers (include/linux/proc_ns.h).
constexpr ino_t kFirstUsers = 0xEFFFFFFDU, kFirstPids = 0xEFFFFFFCU;

std::optional<bool> is_first(const char* path, ino_t number)
{
	struct stat about;
	if (stat(path, &about) != 0)
		return std::nullopt;
	return about.st_ino == number;
}

// A file below an open folder, without its line feed; "" if it cannot be read.
std::string contents(int folder, const char* name)
{
	char text[4096];
	const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	const ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (fd >= 0)
		close(fd);
	std::string all(text, size > 0 ? static_cast<size_t>(size) : 0);
	all.erase(std::min(all.find('\n'), all.size()));
	return all;
}

// securityfs, mounted or not; -1 if it can't be had. Needs CAP_SYS_ADMIN where it is not mounted.
int open_securityfs()
{
	const int mounted = open("/sys/kernel/security", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mounted >= 0 && faccessat(mounted, "lsm", F_OK, 0) == 0)
		return mounted;
	if (mounted >= 0)
		close(mounted);
	const int context = static_cast<int>(syscall(SYS_fsopen, "securityfs", FSOPEN_CLOEXEC));
	if (context < 0)
		return -1;
	int folder = -1;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0)
		folder = static_cast<int>(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0));
	close(context);
	return folder;
}

void look_at_security(Surroundings& here)
{
	const int folder = open_securityfs();
	if (folder < 0)
		return;
	here.security_modules = contents(folder, "lsm");
	here.lockdown = lockdown_in(contents(folder, "lockdown"));
	// A kernel without the file has no lockdown.
	if (here.lockdown.empty() && faccessat(folder, "lockdown", F_OK, 0) != 0 && errno == ENOENT)
		here.lockdown = "none";
	close(folder);
}

void look_at_capabilities(Surroundings& here)
{
	const std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)> held(cap_get_proc(), cap_free);
	for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++) {
		cap_flag_value_t value = CAP_CLEAR;
		if (held && cap_get_flag(held.get(), cap, CAP_EFFECTIVE, &value) == 0 && value == CAP_SET)
			here.effective |= uint64_t{1} << cap;
		if (cap_get_bound(cap) == 1)
			here.bounding |= uint64_t{1} << cap;
	}
}

Sight sight_of(const char* path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		return Sight::there;
	}
	return errno == ENOENT || errno == ENOTDIR ? Sight::absent : Sight::unreadable;
}

void look_at_tracefs(Surroundings& here)
{
	for (const char* place : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
		const std::string events = std::string(place) + "/events";
		const int there = access(events.c_str(), F_OK);
		// Without CAP_DAC_READ_SEARCH nothing below can be seen; the mount's own folder is then closed to us.
		if (there != 0 && (errno == ENOENT || access(place, R_OK) == 0))
			continue;
		here.tracefs = place;
		here.tracepoints =
			there == 0 ? sight_of((events + "/task/task_rename/id").c_str()) : Sight::unreadable;
		return;
	}
}

constexpr bpf_insn kReturn0[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
	{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};

// Memory for BPF is charged to cgroups since the release that has this helper, and counted as locked before.
bool counts_as_locked()
{
	const bpf_insn program[] = {{.code = BPF_JMP | BPF_CALL,
									.dst_reg = 0,
									.src_reg = 0,
									.off = 0,
									.imm = BPF_FUNC_ktime_get_coarse_ns},
		kReturn0[0], kReturn0[1]};
	const int fd = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "trial", "GPL", program, 3, nullptr);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

} // namespace

std::string lockdown_in(const std::string& text)
{
	const size_t open = text.find('['), close = text.find(']');
	return open == std::string::npos || close == std::string::npos || close < open
		? ""
		: text.substr(open + 1, close - open - 1);
}

bool Surroundings::may_load() const { return has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON)); }

Surroundings look_around()
{
	Surroundings here;
	here.uid = geteuid();
	look_at_capabilities(here);
	here.host_users = is_first("/proc/self/ns/user", kFirstUsers);
	here.host_pids = is_first("/proc/self/ns/pid", kFirstPids);
	here.seccomp = std::max(0, prctl(PR_GET_SECCOMP));
	look_at_security(here);
	here.btf = sight_of(kKernelBtf);
	look_at_tracefs(here);
	rlimit limit;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		here.memlock = limit.rlim_cur;
	// An empty program: whoever may load is told that it is none.
	bpf_attr nothing{};
	if (syscall(SYS_bpf, BPF_PROG_LOAD, &nothing, sizeof(nothing)) < 0)
		here.bpf_call = errno;
	if (here.may_load() && here.bpf_call != EPERM && here.bpf_call != ENOSYS) {
		here.memlock_counts = counts_as_locked();
		here.trampolines_banned = !trampolines_allowed();
	}
	here.kprobes = access("/sys/bus/event_source/devices/kprobe/type", F_OK) == 0;
	here.uprobes = access("/sys/bus/event_source/devices/uprobe/type", F_OK) == 0;
	return here;
}

} // namespace corescope
