// SPDX-License-Identifier: BSD-2-Clause
// One exec, made in a child and compared with what /proc says of the new program before the truth is printed.
#pragma once

#include "exec_files.h"
#include "protocol.h"

#include <functional>
#include <memory>

#include <pthread.h>
#include <sys/socket.h>

namespace corescope::load {

enum class Caller { leader, thread, vfork };
enum class Call { execve, execveat, compat };

struct Exec {
	std::string file;                 // as the call gets it
	std::vector<std::string> argv;    // as the call gets it
	std::vector<std::string> becomes; // argv of the new program where it differs (scripts, empty argv)
	Caller caller = Caller::leader;
	Call call = Call::execve;
	int dirfd = AT_FDCWD;
	int flags = 0;
	int error = 0;                                  // errno that is to be
	std::function<void()> prepare;                  // in the child, before the exec
	std::function<void(std::vector<char*>&)> place; // in the child: moves the strings
	std::string cgroup;
};

// What the child says before it calls exec, and its errno when that returns. The channel keeps records apart,
// and outlives the exec: quiet says 'R' there once it runs.
struct Before {
	pid_t tid, nspid;
	char comm[kCommSize];
};

struct Started {
	pid_t pid = 0;
	Fd channel; // closing it ends the new program
};

namespace detail {

struct Attempt {
	const Exec* exec;
	int channel;
	char* const* argv;
	char* const* env;
};

#if defined(__x86_64__)
// Everything that a 32-bit call points to must lie below 4 GiB.
inline int compat_execve(const Attempt& a)
{
	auto* low = static_cast<char*>(
		mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
	if (low == MAP_FAILED)
		return -ENOMEM;
	size_t used = 0;
	const auto put = [&](const char* text) {
		char* at = low + used;
		used += strlen(strcpy(at, text)) + 1;
		return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(at));
	};
	const auto put_all = [&](char* const* texts) {
		std::vector<uint32_t> list;
		for (; *texts; texts++)
			list.push_back(put(*texts));
		list.push_back(0);
		used = (used + 7) / 8 * 8;
		char* at = low + used;
		memcpy(at, list.data(), list.size() * sizeof(uint32_t));
		used += list.size() * sizeof(uint32_t);
		return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(at));
	};
	const uint32_t argv = put_all(a.argv), env = put_all(a.env);
	return compat_call(kCompatExecve, put(a.exec->file.c_str()), argv, env);
}
#else
inline int compat_execve(const Attempt&) { return -ENOSYS; }
#endif

// Makes the call in whatever task this is; sends errno when it returns.
inline void* call_exec(void* attempt)
{
	const Attempt& a = *static_cast<const Attempt*>(attempt);
	Before before{static_cast<pid_t>(syscall(SYS_gettid)), getpid(), {}};
	prctl(PR_GET_NAME, before.comm);
	if (send(a.channel, &before, sizeof(before), MSG_NOSIGNAL) < 0)
		_exit(kFailed);
	int error;
	if (a.exec->call == Call::compat)
		error = -compat_execve(a);
	else if (a.exec->call == Call::execveat)
		error =
			(syscall(SYS_execveat, a.exec->dirfd, a.exec->file.c_str(), a.argv, a.env, a.exec->flags), errno);
	else
		error = (execve(a.exec->file.c_str(), a.argv, a.env), errno);
	if (send(a.channel, &error, sizeof(error), MSG_NOSIGNAL) < 0)
		_exit(kFailed);
	return nullptr;
}

inline int exec_and_exit(void* attempt)
{
	call_exec(attempt);
	_exit(0);
}

inline void child(const Exec& exec, int channel)
{
	std::vector<std::string> strings = exec.argv;
	std::vector<char*> pointers;
	for (std::string& s : strings)
		pointers.push_back(s.data());
	pointers.push_back(nullptr);
	std::string fd = "QUIET_FD=" + std::to_string(channel);
	char* env[] = {fd.data(), nullptr};
	if (exec.prepare)
		exec.prepare();
	if (exec.place)
		exec.place(pointers);
	Attempt attempt{&exec, channel, pointers.data(), env};
	if (exec.caller == Caller::thread) {
		pthread_t thread;
		if (pthread_create(&thread, nullptr, call_exec, &attempt) != 0)
			fail(kFailed, "pthread_create failed");
		pthread_join(thread, nullptr);
	} else {
		call_exec(&attempt);
	}
}

inline std::vector<std::string> split_nul(const std::string& text)
{
	std::vector<std::string> parts;
	for (size_t at = 0, end; at < text.size(); at = end + 1) {
		end = std::min(text.find('\0', at), text.size());
		parts.push_back(text.substr(at, end - at));
	}
	return parts;
}

inline size_t bytes_of(const std::vector<std::string>& argv)
{
	size_t bytes = 0;
	for (const std::string& arg : argv)
		bytes += arg.size() + 1;
	return bytes;
}

inline void put_argv(Json& line, const std::string& key, const std::vector<std::string>& argv)
{
	line.texts(key.c_str(), argv);
	bool plain = true;
	for (const std::string& arg : argv)
		plain = plain && is_utf8(arg);
	if (!plain)
		line.hex((key + "_hex").c_str(), argv);
}

} // namespace detail

// Fails unless the child and /proc agree with what the exec was to do. Returns the process where it runs on.
inline Started make_exec(const Request& request, const Exec& exec)
{
	int ends[2];
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");
	Fd near(ends[0]), far(must(fcntl(ends[1], F_DUPFD, 3), "dup"));
	close(ends[1]);

	const int64_t not_before = now_ns(CLOCK_REALTIME);
	pid_t pid;
	if (exec.caller == Caller::vfork) {
		// vfork(2) as a library makes it: the parent's memory, a stack of its own, the parent stands still.
		std::vector<char> stack(65536);
		std::vector<char*> pointers;
		for (const std::string& s : exec.argv)
			pointers.push_back(const_cast<char*>(s.c_str()));
		pointers.push_back(nullptr);
		std::string fd = "QUIET_FD=" + std::to_string(far.get());
		char* env[] = {fd.data(), nullptr};
		detail::Attempt attempt{&exec, far.get(), pointers.data(), env};
		pid = must(clone(detail::exec_and_exit, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD,
					   &attempt),
			"clone");
	} else {
		pid = spawn([&] { detail::child(exec, far.get()); });
	}
	far.reset();

	Before before{};
	int error = 0;
	if (recv(near.get(), &before, sizeof(before), 0) != static_cast<ssize_t>(sizeof(before))) {
		reap_well(pid);
		fail(kFailed, "the child ended before its exec");
	}
	const ssize_t got = recv(near.get(), &error, sizeof(error), 0);
	const int64_t not_after = now_ns(CLOCK_REALTIME);
	if (got == 1)
		error = 0;
	else if (got != static_cast<ssize_t>(sizeof(error)))
		fail(kFailed, "the new program did not run");
	if (error != exec.error)
		fail(error == ENOSYS ? kUnsupported : kFailed, "exec gave '%s', expected '%s'", strerror(error),
			strerror(exec.error));

	Json line;
	line.text("case", request.name);
	line.text("call",
		exec.call == Call::execve         ? "execve"
			: exec.call == Call::execveat ? "execveat"
										  : "compat");
	line.number("pid", pid).number("tid", exec.caller == Caller::thread ? before.tid : pid);
	line.number("ppid", getpid()).number("nspid", before.nspid).text("old_comm", before.comm);
	line.text("file", exec.file).number("ret", -error).number("argc", static_cast<int64_t>(exec.argv.size()));
	line.number("argv_bytes", static_cast<int64_t>(detail::bytes_of(exec.argv)));
	detail::put_argv(line, "argv", exec.argv);
	if (!error) {
		const auto now = detail::split_nul(read_file(proc_path(pid, "cmdline")));
		const std::vector<std::string> alternative = exec.argv.empty() ? exec.argv : exec.becomes;
		if (now != (exec.becomes.empty() ? exec.argv : exec.becomes) && now != alternative)
			fail(kFailed, "/proc/%d/cmdline is not what was asked for", pid);
		struct stat owner;
		must(stat(proc_path(pid, "").c_str(), &owner), "/proc");
		line.number("final_argc", static_cast<int64_t>(now.size()));
		line.number("final_bytes", static_cast<int64_t>(detail::bytes_of(now)));
		detail::put_argv(line, "final_argv", now);
		line.text("comm", comm_of(pid, pid)).text("exe", read_link(proc_path(pid, "exe")));
		line.text("cwd", read_link(proc_path(pid, "cwd")));
		line.number("uid", owner.st_uid).number("gid", owner.st_gid);
		line.text("pidns", read_link(proc_path(pid, "ns/pid")))
			.text("mntns", read_link(proc_path(pid, "ns/mnt")));
	} else {
		line.text("comm", before.comm).number("uid", getuid()).number("gid", getgid());
	}
	if (!exec.cgroup.empty())
		line.text("cgroup", exec.cgroup).number("cgroup_id", cgroup_id(exec.cgroup));
	line.number("not_before_ns", not_before).number("not_after_ns", not_after);
	line.print();
	if (!error)
		return {pid, std::move(near)};
	reap_well(pid);
	return {};
}

// The case: the exec so many times. With --hold the programs stay until stdin closes.
inline void make_execs(const Request& request, const Exec& exec)
{
	request.begin();
	std::vector<Started> running;
	const auto end_all = [&] {
		for (Started& one : running) {
			one.channel.reset();
			reap_well(one.pid);
		}
		running.clear();
	};
	for (long i = 0; i < request.count; i++) {
		Started one = make_exec(request, exec);
		if (one.pid)
			running.push_back(std::move(one));
		if (!request.hold)
			end_all();
	}
	request.finish();
	end_all();
}

} // namespace corescope::load
