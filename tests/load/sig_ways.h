// SPDX-License-Identifier: BSD-2-Clause
// The system calls that send a signal, and what they look like in the kernel.
#pragma once

#include "sig_truth.h"

namespace corescope::load {

constexpr pid_t kNoSuchPid = 4194304; // PID_MAX_LIMIT: no process ever has it

using Processes = std::vector<std::unique_ptr<Process>>;

inline Process& add(Processes& processes, Plan plan)
{
	processes.push_back(std::make_unique<Process>(std::move(plan)));
	return *processes.back();
}

inline int64_t done(long result) { return result < 0 ? -errno : 0; }

inline siginfo_t queue_info(int sig)
{
	siginfo_t info{};
	info.si_signo = sig;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = 4711;
	return info;
}

// A way to send: which call, what si_code the kernel puts, to the process or to its second thread.
struct Way {
	const char* call;
	int code;
	bool group;     // to the whole process
	bool to_thread; // the number in the call is that of the second thread
	int64_t (*send)(pid_t pid, pid_t tid, int sig);
};

inline const Way by_kill{
	"kill", SI_USER, true, false, [](pid_t pid, pid_t, int sig) { return done(kill(pid, sig)); }};
// kill(2) also takes the number of a thread; the signal is the process's all the same.
inline const Way by_kill_thread{
	"kill", SI_USER, true, true, [](pid_t, pid_t tid, int sig) { return done(kill(tid, sig)); }};
inline const Way by_compat{"kill", SI_USER, true, false, [](pid_t pid, pid_t, int sig) -> int64_t {
							   return compat_call(
								   kCompatKill, static_cast<unsigned>(pid), static_cast<unsigned>(sig), 0);
						   }};
inline const Way by_tkill{"tkill", SI_TKILL, false, true,
	[](pid_t, pid_t tid, int sig) { return done(syscall(SYS_tkill, tid, sig)); }};
inline const Way by_tgkill{"tgkill", SI_TKILL, false, true,
	[](pid_t pid, pid_t tid, int sig) { return done(syscall(SYS_tgkill, pid, tid, sig)); }};
inline const Way by_sigqueue{"rt_sigqueueinfo", SI_QUEUE, true, false, [](pid_t pid, pid_t, int sig) {
								 siginfo_t info = queue_info(sig);
								 return done(syscall(SYS_rt_sigqueueinfo, pid, sig, &info));
							 }};
inline const Way by_tgsigqueue{"rt_tgsigqueueinfo", SI_QUEUE, false, true, [](pid_t pid, pid_t tid, int sig) {
								   siginfo_t info = queue_info(sig);
								   return done(syscall(SYS_rt_tgsigqueueinfo, pid, tid, sig, &info));
							   }};
inline const Way by_pidfd{
	"pidfd_send_signal", SI_USER, true, false, [](pid_t pid, pid_t, int sig) {
		const Fd fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
		return done(fd.get() < 0 ? -1 : syscall(SYS_pidfd_send_signal, fd.get(), sig, nullptr, 0));
	}};

inline Truth truth_of(const Request& request, const Way& way, const Process& target, int sig)
{
	Truth truth{};
	truth.name = request.name;
	truth.call = way.call;
	truth.sender = self_party();
	truth.target = way.to_thread ? second_thread(target) : party(target);
	truth.target_arg = truth.target.tid;
	if (!strcmp(way.call, "tgkill") || !strcmp(way.call, "rt_tgsigqueueinfo"))
		truth.target_arg = target.pid();
	truth.sig = sig;
	truth.code = way.code;
	truth.group = way.group;
	truth.fate = target.plan().stance == Stance::ignores ? Fate::ignored : Fate::delivered;
	truth.blocked = target.plan().stance == Stance::blocks;
	return truth;
}

inline void end(const Request& request, Processes& processes)
{
	request.finish();
	end_all(processes);
}

} // namespace corescope::load
