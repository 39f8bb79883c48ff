// SPDX-License-Identifier: BSD-2-Clause
// The senders and targets of sigload: child processes that say what their signal handlers saw, and that end
// when their lifeline does, without a signal.
#pragma once

#include "protocol.h"

#include <array>
#include <deque>
#include <functional>
#include <memory>

#include <pthread.h>
#include <ucontext.h>

namespace corescope::load {

enum class Stance { plain, handles, ignores, blocks };

// One message of a child. Small enough that a pipe never cuts it.
struct Report {
	enum Kind { ready, seen, result } kind;
	int sig, code; // seen: the signal and its si_code
	pid_t pid,
		tid; // ready: own numbers in its namespace (tid: of the second thread); seen: si_pid, and own tid
	int64_t value; // result: what the body returned
};

inline int report_fd = -1;

inline void send_report(const Report& report)
{
	if (write(report_fd, &report, sizeof(report)) != static_cast<ssize_t>(sizeof(report)))
		_exit(kFailed);
}

inline void tell_signal(int sig, siginfo_t* info, void*)
{
	const int saved = errno;
	send_report({Report::seen, sig, info->si_code, info->si_pid, own_tid(), 0});
	errno = saved;
}

// The C library keeps 32 and 33 for itself and its sigaction refuses them; the kernel does not.
inline void ignore_by_kernel(int sig)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)();
		unsigned long mask[2];
	} action{SIG_IGN, 0, nullptr, {}};
	must(syscall(SYS_rt_sigaction, sig, &action, nullptr, 8), "rt_sigaction");
}

inline bool can_be_caught(int sig) { return sig != SIGKILL && sig != SIGSTOP; }

inline void take_stance(Stance stance)
{
	if (stance == Stance::blocks) {
		sigset_t all;
		sigfillset(&all);
		must(sigprocmask(SIG_BLOCK, &all, nullptr), "sigprocmask");
	}
	struct sigaction action {};
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	if (stance == Stance::handles)
		action.sa_sigaction = tell_signal;
	else
		action.sa_handler = SIG_IGN;
	for (int sig = 1; sig < 65 && (stance == Stance::handles || stance == Stance::ignores); sig++) {
		if (sig == 32 || sig == 33)
			ignore_by_kernel(sig);
		else if (can_be_caught(sig))
			must(sigaction(sig, &action, nullptr), "sigaction");
	}
}

struct Plan {
	const char* comm = "sigtarget";
	Stance stance = Stance::plain;
	const char* thread_comm = nullptr; // a second thread with this name
	std::function<void()> prepare;     // in the child, first of all
	std::function<int64_t()> body;     // in the child, once start_body() was called
	Lifeline* life = nullptr;          // another one than everybody's
};

// Everybody's lifeline, and one for the first process of a PID namespace, which has to end last.
struct Lifelines {
	Lifeline all, init;
};

inline Lifelines& lifelines()
{
	static Lifelines lines;
	return lines;
}

class Process {
public:
	explicit Process(Plan plan) : plan_(std::move(plan))
	{
		lifelines(); // must be there before the child is
		Pipe report = make_pipe(), go = make_pipe();
		pid_ = spawn([&] { live(report, go); });
		from_ = std::move(report.rd);
		go_ = std::move(go.wr);
		report.wr.reset();
		const Report ready = next(Report::ready);
		nspid_ = ready.pid;
		second_tid_ = ready.tid;
	}
	pid_t pid() const { return pid_; }
	pid_t nspid() const { return nspid_; }
	// The second thread's number, as the process itself sees it (the host's where there is no PID namespace).
	pid_t second_tid() const { return second_tid_; }
	const char* comm() const { return plan_.comm; }
	const Plan& plan() const { return plan_; }

	void start_body() { write_all(go_.get(), "g"); }
	int64_t run_body()
	{
		start_body();
		return next(Report::result).value;
	}
	Report next_signal() { return next(Report::seen); }
	// Waits for its end; the lifeline must have been released, or the process ends by itself.
	int status() { return reap(std::exchange(pid_, 0)); }
	void end_well()
	{
		if (pid_)
			reap_well(std::exchange(pid_, 0));
	}

private:
	void live(Pipe& report, Pipe& go)
	{
		lifelines().all.drop();
		lifelines().init.drop();
		report.rd.reset();
		go.wr.reset();
		report_fd = report.wr.get();
		set_comm(plan_.comm);
		if (plan_.prepare)
			plan_.prepare();
		take_stance(plan_.stance);
		Report ready{Report::ready, 0, 0, getpid(), plan_.thread_comm ? start_thread() : 0, 0};
		send_report(ready);
		char c;
		if (plan_.body && read_some(go.rd.get(), &c, 1) == 1)
			send_report({Report::result, 0, 0, 0, 0, plan_.body()});
		(plan_.life ? *plan_.life : lifelines().all).wait();
	}
	pid_t start_thread()
	{
		thread_tid_ = make_pipe();
		pthread_t thread;
		if (pthread_create(
				&thread, nullptr,
				[](void* self) -> void* {
					const auto* process = static_cast<const Process*>(self);
					set_comm(process->plan_.thread_comm);
					const pid_t tid = own_tid();
					const std::string_view bytes(reinterpret_cast<const char*>(&tid), sizeof(tid));
					write_all(process->thread_tid_.wr.get(), bytes);
					for (;;)
						pause();
				},
				this) != 0)
			fail(kFailed, "pthread_create failed");
		pid_t tid = 0;
		must(read_some(thread_tid_.rd.get(), &tid, sizeof(tid)), "read");
		return tid;
	}
	Report next(Report::Kind kind)
	{
		for (auto at = early_.begin(); at != early_.end(); ++at) {
			if (at->kind == kind) {
				const Report found = *at;
				early_.erase(at);
				return found;
			}
		}
		for (;;) {
			Report report;
			if (read_some(from_.get(), &report, sizeof(report)) != static_cast<ssize_t>(sizeof(report))) {
				end_well();
				fail(kFailed, "%s ended too early", plan_.comm);
			}
			if (report.kind == kind)
				return report;
			early_.push_back(report);
		}
	}

	Plan plan_;
	pid_t pid_ = 0, nspid_ = 0, second_tid_ = 0;
	Fd from_, go_;
	Pipe thread_tid_;
	std::deque<Report> early_;
};

// Ends all in the order in which a PID namespace can bear it. Fails where one did not end with 0.
inline void end_all(std::vector<std::unique_ptr<Process>>& processes)
{
	lifelines().all.release();
	for (const auto& process : processes)
		if (!process->plan().life)
			process->end_well();
	lifelines().init.release();
	for (const auto& process : processes)
		process->end_well();
	processes.clear();
}

} // namespace corescope::load
