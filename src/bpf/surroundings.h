// SPDX-License-Identifier: BSD-2-Clause
// What this process and its place are like, as far as it decides what may be traced: privilege, namespaces, filters,
// lockdown, mounts. Looked at as a whole and kept as data, so that what follows from it (explain.h) can be told, and
// tested, without being in such a place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace corescope {

enum class Sight { there, unreadable, absent };

struct Surroundings {
	uint64_t effective = 0, bounding = 0; // capabilities, bit CAP_x of linux/capability.h
	unsigned uid = 0;                     // effective
	std::optional<bool> host_users,
		host_pids;                     // whether the namespaces are the host's; none: /proc does not tell
	int seccomp = 0;                   // as PR_GET_SECCOMP: 0 none, 2 a filter
	std::string lockdown;              // none, integrity, confidentiality; "": cannot be read
	std::string security_modules;      // "lockdown,capability,bpf"; "": cannot be read
	Sight btf = Sight::absent;         // of the running kernel
	std::string tracefs;               // where it is mounted, "" if nowhere
	Sight tracepoints = Sight::absent; // whether the numbers in there can be read
	std::optional<uint64_t> memlock;   // bytes that may be locked; none: any number
	bool memlock_counts = false;     // BPF maps count against that (before 5.11); false if it cannot be asked
	int bpf_call = 0;                // errno of a bpf(2) that nothing but a filter or a policy refuses
	bool trampolines_banned = false; // whatever is loaded for fentry, fexit and LSM is refused
	bool kprobes = false, uprobes = false; // this kernel has such events

	bool has(int capability) const { return effective >> capability & 1; }
	bool may_load() const; // CAP_SYS_ADMIN, or CAP_BPF and CAP_PERFMON
};

// Asks the kernel afresh; a few system calls and trial loads of programs of two instructions.
Surroundings look_around();

// The mode in brackets of /sys/kernel/security/lockdown, as "none [integrity] confidentiality"; "" if there is none.
std::string lockdown_in(const std::string& text);

inline constexpr const char* kKernelBtf = "/sys/kernel/btf/vmlinux";

} // namespace corescope
