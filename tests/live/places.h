// SPDX-License-Identifier: BSD-2-Clause
// Places that a tool may find itself in: as another user with few capabilities, without some mounts, in a user namespace,
// behind a seccomp filter. Each is a Process::Setup; a child that could not be put there exits with kCannot.
#pragma once

#include "harness.h"
#include "unprivileged.h"

#include <cerrno>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <vector>

namespace corescope::test {

constexpr int kCannot = 99;
constexpr uid_t kNobody = 65534;

// From root to that user with these capabilities, which the program that is executed keeps.
inline void become_with(uid_t user, const std::vector<cap_value_t>& caps)
{
	if (prctl(PR_SET_KEEPCAPS, 1) != 0 || setgroups(0, nullptr) != 0 || setresgid(user, user, user) != 0 ||
		setresuid(user, user, user) != 0)
		_exit(kCannot);
	cap_t held = cap_init();
	const int n = static_cast<int>(caps.size());
	for (const cap_flag_t flag : {CAP_PERMITTED, CAP_EFFECTIVE, CAP_INHERITABLE})
		if (n)
			cap_set_flag(held, flag, n, caps.data(), CAP_SET);
	if (cap_set_proc(held) != 0)
		_exit(kCannot);
	for (const cap_value_t cap : caps)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) != 0)
			_exit(kCannot);
}

inline Process::Setup as(const std::vector<cap_value_t>& caps, uid_t user = kNobody)
{
	Process::Setup setup;
	setup.in_child = [caps, user] { become_with(user, caps); };
	return setup;
}

// An empty file system in place of these directories, for this process alone.
inline Process::Setup without(const std::vector<const char*>& folders)
{
	Process::Setup setup;
	setup.in_child = [folders] {
		if (!own_mounts())
			_exit(kCannot);
		for (const char* folder : folders)
			if (access(folder, F_OK) == 0 && mount("none", folder, "tmpfs", 0, nullptr) != 0)
				_exit(kCannot);
	};
	return setup;
}

// Root of a user namespace, with all capabilities in there.
inline Process::Setup in_user_namespace()
{
	Process::Setup setup;
	setup.in_child = [] {
		const uid_t user = geteuid();
		if (unshare(CLONE_NEWUSER) != 0)
			_exit(kCannot);
		const std::string map = "0 " + std::to_string(user) + " 1";
		const int fd = open("/proc/self/uid_map", O_WRONLY);
		if (fd < 0 || write(fd, map.data(), map.size()) != static_cast<ssize_t>(map.size()))
			_exit(kCannot);
		close(fd);
	};
	return setup;
}

// As a container's seccomp filter has it: these system calls fail.
inline Process::Setup refusing(const std::vector<int>& calls, int error)
{
	Process::Setup setup;
	setup.in_child = [calls, error] {
		scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
		bool ok = filter != nullptr;
		for (const int call : calls)
			ok = ok && seccomp_rule_add(filter, SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call, 0) == 0;
		if (!ok || seccomp_load(filter) != 0)
			_exit(kCannot);
	};
	return setup;
}

} // namespace corescope::test
