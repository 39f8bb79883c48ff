// SPDX-License-Identifier: BSD-2-Clause
// What a tracer may do before it attaches, and what it gives up right after. Both ways of giving up are a
// second line of defence: if one is not to be had the tool goes on, so they answer false instead of throwing.
#pragma once

#include <initializer_list>

namespace corescope {

// CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON, are effective.
bool may_load_bpf();

// Call after attaching, before any thread is started (capabilities belong to a thread). Leaves of effective
// and permitted only CAP_DAC_READ_SEARCH (cgroup handles) and `also_keep` (CAP_… of linux/capability.h), as
// far as they were held; on kernels before 5.19, where map access itself asks for it, CAP_BPF too. Empties
// inheritable and ambient, sets no_new_privs. False if anything of that failed.
bool drop_privileges(std::initializer_list<int> also_keep = {});

// Call after attaching, from any thread: holds for all of them and for good. Refuses with EPERM what a tracer
// never does once it runs: exec, fork (threads still work), ptrace, mounts, modules, namespaces, sockets,
// signals to others, new BPF programs, maps and links, perf events, io_uring, clock setting. Reading and
// writing files and maps goes on. False where the kernel has no seccomp.
bool restrict_syscalls();

} // namespace corescope
