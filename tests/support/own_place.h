// SPDX-License-Identifier: BSD-2-Clause
// What a test's child process does before it becomes something else: gives up privilege, or takes mounts of its own.
#pragma once

#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace corescope::test {

// Gives up all users, groups and capabilities; ends the process with 126 where it cannot.
inline void become_nobody()
{
	constexpr uid_t kNobody = 65534;
	if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
		setresuid(kNobody, kNobody, kNobody) != 0)
		_exit(126);
}

// Takes a mount namespace of its own, out of which no mount leads. more: further CLONE_NEW…. False where there can be
// none.
inline bool own_mounts(int more = 0)
{
	return unshare(CLONE_NEWNS | more) == 0 && mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

} // namespace corescope::test
