// SPDX-License-Identifier: BSD-2-Clause
// Giving up capabilities (libcap) and system calls (libseccomp) once the programs are attached. A tracer
// parses what any process may write into its own command line; if that ever goes wrong, little should be left
// to be had.
#include "system/privileges.h"

#include <cerrno>
#include <cstdint>
#include <linux/bpf.h>
#include <memory>
#include <sched.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <type_traits>
#include <unistd.h>

namespace corescope {

namespace {

struct FreeCaps {
	void operator()(cap_t caps) const { cap_free(caps); }
};
using Caps = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCaps>;

bool has(cap_t caps, cap_value_t cap, cap_flag_t flag)
{
	cap_flag_value_t value = CAP_CLEAR;
	return cap_get_flag(caps, cap, flag, &value) == 0 && value == CAP_SET;
}

// Moves a capability that is held into the set that stays. True unless libcap refuses.
bool keep(cap_t staying, cap_t held, cap_value_t cap, bool effective)
{
	if (!has(held, cap, CAP_PERMITTED))
		return true;
	return cap_set_flag(staying, CAP_PERMITTED, 1, &cap, CAP_SET) == 0 &&
		cap_set_flag(staying, CAP_EFFECTIVE, 1, &cap, effective ? CAP_SET : CAP_CLEAR) == 0;
}

// Before 5.19 unprivileged_bpf_disabled closes the whole system call, lookups in open maps included. A lookup
// in no map tells: EBADF if we would have been let in.
bool map_access_needs_capability()
{
	bpf_attr attr{};
	attr.map_fd = static_cast<__u32>(-1);
	return syscall(__NR_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) < 0 && errno == EPERM;
}

// LeakSanitizer forks and traces at exit, so that much stays open in a sanitized build.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kLeakCheck = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kLeakCheck = true;
#else
constexpr bool kLeakCheck = false;
#endif
#else
constexpr bool kLeakCheck = false;
#endif

// Refused whatever the arguments. Names that this architecture lacks are negative; libseccomp skips them.
// clang-format off
constexpr int kRefused[] = {
	// other programs, other processes
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(tkill), SCMP_SYS(rt_sigqueueinfo),
	SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_send_signal), SCMP_SYS(pidfd_getfd),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise), SCMP_SYS(kcmp),
	SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open),
	// mounts and namespaces
	SCMP_SYS(mount), SCMP_SYS(umount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(mount_setattr), SCMP_SYS(fsopen),
	SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(setns), SCMP_SYS(unshare),
	SCMP_SYS(mknod), SCMP_SYS(mknodat),
	// the kernel itself, its clock and its keys
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
	SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd), SCMP_SYS(sethostname), SCMP_SYS(setdomainname),
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(clock_settime64), SCMP_SYS(clock_adjtime),
	SCMP_SYS(clock_adjtime64), SCMP_SYS(adjtimex), SCMP_SYS(stime), SCMP_SYS(syslog), SCMP_SYS(iopl),
	SCMP_SYS(ioperm), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(fanotify_init),
	// the network, and the ways around a filter
	SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(socketcall), SCMP_SYS(connect), SCMP_SYS(bind),
	SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register), SCMP_SYS(personality),
	// other users
	SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
	SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid),
};

// What stays is reading and writing maps, their info, and detaching a link. Everything from kFirstUnknownBpf
// on is refused, also what kernels will yet invent.
constexpr uint64_t kRefusedBpf[] = {
	BPF_MAP_CREATE, BPF_PROG_LOAD, BPF_OBJ_PIN, BPF_OBJ_GET, BPF_PROG_ATTACH, BPF_PROG_DETACH,
	BPF_PROG_TEST_RUN, BPF_PROG_GET_NEXT_ID, BPF_MAP_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID,
	BPF_MAP_GET_FD_BY_ID, BPF_PROG_QUERY, BPF_RAW_TRACEPOINT_OPEN, BPF_BTF_LOAD, BPF_BTF_GET_FD_BY_ID,
	BPF_TASK_FD_QUERY, BPF_MAP_FREEZE, BPF_BTF_GET_NEXT_ID, BPF_LINK_CREATE, BPF_LINK_UPDATE,
	BPF_LINK_GET_FD_BY_ID, BPF_LINK_GET_NEXT_ID, BPF_ENABLE_STATS, BPF_ITER_CREATE,
};
// clang-format on
constexpr uint64_t kFirstUnknownBpf = BPF_LINK_DETACH + 1;

// The header's SCMP_A0 is C only.
constexpr scmp_arg_cmp first_argument(scmp_compare op, uint64_t a, uint64_t b = 0) { return {0, op, a, b}; }

bool add_rules(scmp_filter_ctx filter)
{
	bool ok = true;
	const auto refuse = [&](int number) {
		ok &= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0) == 0;
	};
	const auto refuse_if = [&](int number, scmp_arg_cmp argument) {
		ok &= seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), number, 1, &argument) == 0;
	};
	const uint64_t self = static_cast<uint64_t>(getpid());
	for (const int number : kRefused)
		refuse(number);
	for (const uint64_t command : kRefusedBpf)
		refuse_if(SCMP_SYS(bpf), first_argument(SCMP_CMP_EQ, command));
	refuse_if(SCMP_SYS(bpf), first_argument(SCMP_CMP_GE, kFirstUnknownBpf));
	// raise() and abort() signal ourselves.
	refuse_if(SCMP_SYS(kill), first_argument(SCMP_CMP_NE, self));
	refuse_if(SCMP_SYS(tgkill), first_argument(SCMP_CMP_NE, self));
	// A filter cannot look into clone3's structure; ENOSYS sends the C library to clone, whose flags it can
	// see.
	ok &= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
	if (!kLeakCheck) {
		refuse(SCMP_SYS(ptrace));
		refuse(SCMP_SYS(fork));
		refuse(SCMP_SYS(vfork));
		refuse_if(SCMP_SYS(clone), first_argument(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	}
	return ok;
}

} // namespace

bool may_load_bpf()
{
	const Caps held(cap_get_proc());
	if (!held)
		return false;
	return has(held.get(), CAP_SYS_ADMIN, CAP_EFFECTIVE) ||
		(has(held.get(), CAP_BPF, CAP_EFFECTIVE) && has(held.get(), CAP_PERFMON, CAP_EFFECTIVE));
}

bool drop_privileges(std::initializer_list<int> also_keep)
{
	// First, and whatever else fails: nothing that is executed later gains anything.
	bool ok = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	const Caps held(cap_get_proc());
	const Caps staying(cap_init());
	if (!held || !staying)
		return false;
	ok &= cap_reset_ambient() == 0;
	ok &= keep(staying.get(), held.get(), CAP_DAC_READ_SEARCH, true);
	for (const int cap : also_keep)
		ok &= keep(staying.get(), held.get(), cap, true);
	const bool keeps_bpf = has(staying.get(), CAP_BPF, CAP_EFFECTIVE);
	if (!keeps_bpf) // permitted but not effective, so that we can try without and still go back
		ok &= keep(staying.get(), held.get(), CAP_BPF, false);
	if (cap_set_proc(staying.get()) != 0)
		return false;
	if (keeps_bpf)
		return ok;
	const cap_value_t bpf = CAP_BPF;
	if (map_access_needs_capability())
		ok &= keep(staying.get(), held.get(), CAP_BPF, true);
	else
		ok &= cap_set_flag(staying.get(), CAP_PERMITTED, 1, &bpf, CAP_CLEAR) == 0;
	return cap_set_proc(staying.get()) == 0 && ok;
}

bool restrict_syscalls()
{
	struct Release {
		void operator()(void* filter) const { seccomp_release(filter); }
	};
	const std::unique_ptr<void, Release> filter(seccomp_init(SCMP_ACT_ALLOW));
	if (!filter)
		return false;
	bool ok = add_rules(filter.get());
	ok &= seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1) == 0;
	// A binary tree instead of a list: the filter is on the way of every system call that the kernel does not
	// know to be free. Only a matter of speed.
	seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return seccomp_load(filter.get()) == 0 && ok;
}

} // namespace corescope
