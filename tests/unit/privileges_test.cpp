// SPDX-License-Identifier: BSD-2-Clause
// What a process may still do after it has given up capabilities and system calls: each trial in a child of
// its own, with or without root.
#include "system/privileges.h"

#include "support/skip.h"
#include "system/cgroup.h"
#include "system/host.h"
#include "system/users.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <linux/bpf.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace corescope;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

// The wait status of a child that runs body and exits with what it answers. The sanitizers' own work at exit
// is left out.
int status_of(const std::function<int()>& body)
{
	const pid_t child = fork();
	if (child == 0) {
		const rlimit no_core{0, 0};
		setrlimit(RLIMIT_CORE, &no_core);
		_exit(body());
	}
	int status = -1;
	REQUIRE(child > 0);
	REQUIRE(waitpid(child, &status, 0) == child);
	return status;
}

// 0 if call was refused with `error`.
int unless_refused(long result, int error = EPERM) { return result == -1 && errno == error ? 0 : 1; }

long bpf(unsigned long command, bpf_attr& attr) { return syscall(SYS_bpf, command, &attr, sizeof(attr)); }

long bpf_on_no_map(unsigned long command)
{
	bpf_attr attr{};
	attr.map_fd = static_cast<__u32>(-1);
	return bpf(command, attr);
}

struct Trial {
	const char* name;
	std::function<int()> body; // 0: as it should be
};

// Each in its own child, after restrict_syscalls().
void check_restricted(const std::vector<Trial>& trials)
{
	for (const Trial& trial : trials) {
		INFO(trial.name);
		CHECK(status_of([&] { return restrict_syscalls() ? trial.body() : 100; }) == 0);
	}
}

bool has_seccomp()
{
	return status_of([] { return restrict_syscalls() ? 0 : 1; }) == 0;
}

uint64_t status_bits(const char* key)
{
	std::ifstream status("/proc/self/status");
	for (std::string line; std::getline(status, line);)
		if (line.rfind(key, 0) == 0)
			return std::strtoull(line.c_str() + std::string(key).size(), nullptr, 16);
	return ~uint64_t{0};
}

bool holds(int cap) { return (status_bits("CapPrm:") >> cap & 1) != 0; }

int array_map()
{
	bpf_attr attr{};
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 1;
	return static_cast<int>(bpf(BPF_MAP_CREATE, attr));
}

// Writes and reads back one value. True if both went well.
bool map_works(int map)
{
	uint32_t key = 0;
	uint64_t written = 4711, read = 0;
	bpf_attr attr{};
	attr.map_fd = static_cast<__u32>(map);
	attr.key = reinterpret_cast<uintptr_t>(&key);
	attr.value = reinterpret_cast<uintptr_t>(&written);
	if (bpf(BPF_MAP_UPDATE_ELEM, attr) != 0)
		return false;
	attr.value = reinterpret_cast<uintptr_t>(&read);
	return bpf(BPF_MAP_LOOKUP_ELEM, attr) == 0 && read == written;
}

} // namespace

TEST_CASE("a restricted process is refused what a tracer never does")
{
	if (!has_seccomp())
		SKIP_TEST("this kernel has no seccomp filters");
	std::vector<Trial> trials = {
		{"execve", [] { return unless_refused(execl("/bin/true", "true", nullptr)); }},
		{"execveat",
			[] { return unless_refused(syscall(SYS_execveat, AT_FDCWD, "/bin/true", nullptr, nullptr, 0)); }},
		{"clone3", [] { return unless_refused(syscall(SYS_clone3, nullptr, 0), ENOSYS); }},
		{"mount", [] { return unless_refused(mount("none", "/", "tmpfs", 0, nullptr)); }},
		{"umount2", [] { return unless_refused(umount2("/", MNT_DETACH)); }},
		{"unshare", [] { return unless_refused(unshare(CLONE_NEWUSER)); }},
		{"setns", [] { return unless_refused(setns(-1, 0)); }},
		{"init_module", [] { return unless_refused(syscall(SYS_init_module, nullptr, 0, "")); }},
		{"finit_module", [] { return unless_refused(syscall(SYS_finit_module, -1, "", 0)); }},
		{"kexec_load", [] { return unless_refused(syscall(SYS_kexec_load, 0, 0, nullptr, 0)); }},
		{"perf_event_open",
			[] { return unless_refused(syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0)); }},
		{"io_uring_setup", [] { return unless_refused(syscall(SYS_io_uring_setup, 1, nullptr)); }},
		{"socket", [] { return unless_refused(socket(AF_UNIX, SOCK_STREAM, 0)); }},
		{"connect", [] { return unless_refused(connect(-1, nullptr, 0)); }},
		{"kill of another", [] { return unless_refused(kill(getppid(), 0)); }},
		{"kill of a group", [] { return unless_refused(kill(0, 0)); }},
		{"tgkill of another", [] { return unless_refused(syscall(SYS_tgkill, getppid(), getppid(), 0)); }},
		{"tkill", [] { return unless_refused(syscall(SYS_tkill, getpid(), 0)); }},
		{"pidfd_send_signal",
			[] { return unless_refused(syscall(SYS_pidfd_send_signal, -1, 0, nullptr, 0)); }},
		{"process_vm_readv",
			[] { return unless_refused(syscall(SYS_process_vm_readv, getpid(), 0, 0, 0, 0, 0)); }},
		{"setuid", [] { return unless_refused(setuid(getuid())); }},
		{"a clock that goes wrong",
			[] { return unless_refused(syscall(SYS_clock_settime, CLOCK_MONOTONIC, nullptr)); }},
		{"programs and maps",
			[] {
				for (const unsigned long command :
					{BPF_PROG_LOAD, BPF_MAP_CREATE, BPF_LINK_CREATE, BPF_RAW_TRACEPOINT_OPEN, BPF_BTF_LOAD,
						BPF_OBJ_GET, BPF_PROG_ATTACH, BPF_MAP_GET_FD_BY_ID, BPF_ENABLE_STATS})
					if (unless_refused(bpf_on_no_map(command)))
						return 1 + static_cast<int>(command);
				return 0;
			}},
		{"commands yet to be invented",
			[] {
				for (const unsigned long command : {35UL, 36UL, 100UL, 0x100000001UL, ~0UL})
					if (unless_refused(bpf_on_no_map(command)))
						return 1;
				return 0;
			}},
	};
	if (!kSanitized) { // there the leak checker needs both
		trials.push_back({"fork", [] { return unless_refused(fork()); }});
		trials.push_back(
			{"clone as a process", [] { return unless_refused(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }});
		trials.push_back(
			{"ptrace", [] { return unless_refused(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }});
	}
	check_restricted(trials);
}

TEST_CASE("a restricted process still does what a tracer does")
{
	if (!has_seccomp())
		SKIP_TEST("this kernel has no seccomp filters");
	check_restricted({
		{"threads",
			[] {
				std::atomic<int> sum{0};
				std::thread first([&] { sum += 1; });
				std::thread second([&] { sum += 2; });
				first.join();
				second.join();
				return sum == 3 ? 0 : 1;
			}},
		{"files",
			[] {
				char path[] = P_tmpdir "/corescope-XXXXXX";
				const int fd = mkstemp(path);
				const bool ok = fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 &&
					rename(path, path) == 0 && unlink(path) == 0 && close(fd) == 0;
				return ok ? 0 : 1;
			}},
		{"its own signals",
			[] {
				signal(SIGUSR1, SIG_IGN);
				return raise(SIGUSR1) == 0 && kill(getpid(), SIGUSR1) == 0 ? 0 : 1;
			}},
		{"map commands reach the kernel",
			[] {
				// Not refused by the filter: the kernel itself answers, by EBADF for the map or by EPERM only
				// where unprivileged users have no BPF at all, which the next test looks at.
				if (!may_load_bpf())
					return 0;
				for (const unsigned long command : {BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM,
						 BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY, BPF_MAP_LOOKUP_AND_DELETE_ELEM,
						 BPF_MAP_LOOKUP_BATCH, BPF_LINK_DETACH, BPF_OBJ_GET_INFO_BY_FD})
					if (unless_refused(bpf_on_no_map(command), EBADF) && errno == EPERM)
						return 1 + static_cast<int>(command);
				return 0;
			}},
		{"user and host names", [] { return find_user("root") && !host_name().empty() ? 0 : 1; }},
		{"cgroups",
			[] { return cgroup2_mount().empty() || CgroupResolver().lookup(cgroup_id("/")) ? 0 : 1; }},
		{"twice", [] { return restrict_syscalls() ? 0 : 1; }},
	});
}

TEST_CASE("a restricted process still dies by its own signals")
{
	if (!has_seccomp())
		SKIP_TEST("this kernel has no seccomp filters");
	const auto death_by = [](int number) {
		return status_of([number] {
			signal(number, SIG_DFL);
			if (!restrict_syscalls())
				return 100;
			raise(number);
			return 101;
		});
	};
	for (const int number : {SIGPIPE, SIGTERM, SIGINT}) {
		const int status = death_by(number);
		CHECK(WIFSIGNALED(status));
		CHECK(WTERMSIG(status) == number);
	}
}

TEST_CASE("the restriction holds for threads that run already")
{
	if (!has_seccomp())
		SKIP_TEST("this kernel has no seccomp filters");
	CHECK(status_of([] {
		std::atomic<int> stage{0};
		int answer = 1;
		std::thread early([&] {
			stage = 1;
			while (stage != 2)
				std::this_thread::yield();
			answer = unless_refused(socket(AF_UNIX, SOCK_STREAM, 0));
		});
		while (stage != 1)
			std::this_thread::yield();
		const bool ok = restrict_syscalls();
		stage = 2;
		early.join();
		return ok ? answer : 100;
	}) == 0);
}

TEST_CASE("dropped privileges leave at most the named capabilities")
{
	const uint64_t held = status_bits("CapPrm:");
	const auto after = [](std::initializer_list<int> keep, const std::function<bool()>& check) {
		return status_of([&] { return !drop_privileges(keep) ? 100 : check() ? 0 : 1; });
	};
	const uint64_t search = uint64_t{1} << CAP_DAC_READ_SEARCH, bpf_bit = uint64_t{1} << CAP_BPF;
	CHECK(after({}, [&] { return (status_bits("CapEff:") & ~bpf_bit) == (held & search); }) == 0);
	CHECK(after({}, [&] { return status_bits("CapPrm:") == status_bits("CapEff:"); }) == 0);
	CHECK(after({}, [] { return status_bits("CapInh:") == 0 && status_bits("CapAmb:") == 0; }) == 0);
	CHECK(after({}, [] { return status_bits("NoNewPrivs:") == 1; }) == 0);
	CHECK(after({}, [] { return !may_load_bpf(); }) == 0);
	CHECK(after({}, [] { return drop_privileges(); }) == 0);
	const uint64_t both = search | uint64_t{1} << CAP_SYSLOG;
	CHECK(after({CAP_SYSLOG}, [&] { return (status_bits("CapEff:") & ~bpf_bit) == (held & both); }) == 0);
	CHECK(after({}, [] { return geteuid() != 0 || setuid(65534) != 0; }) == 0);
}

// As kernels before 5.19 are under unprivileged_bpf_disabled.
TEST_CASE("CAP_BPF stays where the kernel would refuse open maps without it")
{
	if (!has_seccomp() || !holds(CAP_BPF))
		SKIP_TEST("needs seccomp filters and CAP_BPF");
	CHECK(status_of([] {
		const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
		seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bpf), 0);
		if (seccomp_load(filter) != 0)
			return 100;
		seccomp_release(filter);
		const bool ok = drop_privileges();
		return ok && holds(CAP_BPF) && !holds(CAP_PERFMON) && !may_load_bpf() ? 0 : 1;
	}) == 0);
}

TEST_CASE("what is not held cannot be kept")
{
	CHECK(status_of([] {
		const cap_t none = cap_init();
		if (cap_set_proc(none) != 0)
			return 100;
		cap_free(none);
		if (may_load_bpf() || !drop_privileges({CAP_SYS_ADMIN, CAP_BPF}))
			return 1;
		return status_bits("CapEff:") == 0 && status_bits("CapPrm:") == 0 ? 0 : 2;
	}) == 0);
}

TEST_CASE("loading takes CAP_SYS_ADMIN, or CAP_BPF with CAP_PERFMON")
{
	if (!holds(CAP_BPF) || !holds(CAP_PERFMON) || !holds(CAP_SYS_ADMIN))
		SKIP_TEST("the capabilities to choose from are not held");
	const auto with = [](std::initializer_list<cap_value_t> caps) {
		return status_of([&] {
			const cap_t set = cap_init();
			for (const cap_value_t cap : caps) {
				cap_set_flag(set, CAP_PERMITTED, 1, &cap, CAP_SET);
				cap_set_flag(set, CAP_EFFECTIVE, 1, &cap, CAP_SET);
			}
			if (cap_set_proc(set) != 0)
				return 100;
			return may_load_bpf() ? 1 : 0;
		});
	};
	CHECK(WEXITSTATUS(with({CAP_BPF, CAP_PERFMON})) == 1);
	CHECK(WEXITSTATUS(with({CAP_SYS_ADMIN})) == 1);
	CHECK(with({CAP_BPF}) == 0);
	CHECK(with({CAP_PERFMON}) == 0);
	CHECK(with({CAP_DAC_READ_SEARCH, CAP_NET_ADMIN}) == 0);
	CHECK(with({}) == 0);
}

TEST_CASE("open maps work after everything is given up, new ones cannot be had")
{
	const int map = array_map();
	if (map < 0)
		SKIP_TEST("BPF maps cannot be created here");
	CHECK(status_of([&] {
		if (!drop_privileges())
			return 100;
		if (!map_works(map))
			return 1;
		restrict_syscalls();
		if (!map_works(map))
			return 2;
		return unless_refused(array_map()) ? 3 : 0;
	}) == 0);
	close(map);
}
