// SPDX-License-Identifier: BSD-2-Clause
// sigload's cases in which the kernel sends the signal, or cannot queue it.
#pragma once

#include "sig_ways.h"

#include <sys/resource.h>
#include <sys/time.h>

namespace corescope::load {

constexpr uid_t kOther = 65533; // of the target whose queue is short; nobody else's
constexpr int kQueueLimit = 3;

// Nobody called anything: only a signal line. sender is the task that runs when the kernel sends, if any is
// meant.
inline Truth from_kernel(const Request& request, const Process& target, int sig, int code, bool group)
{
	Truth truth{};
	truth.name = request.name;
	truth.target = party(target);
	truth.sig = sig;
	truth.code = code;
	truth.group = group;
	return truth;
}

inline Plan handling(const char* comm, std::function<int64_t()> body)
{
	Plan plan;
	plan.comm = comm;
	plan.stance = Stance::handles;
	plan.body = std::move(body);
	return plan;
}

// A read of address 0. The handler cannot return to it, so the process ends there.
inline void run_fault(const Request& request)
{
	Processes processes;
	Process& process = add(processes, handling("sigfault", []() -> int64_t {
		struct sigaction action {};
		action.sa_flags = SA_SIGINFO;
		action.sa_sigaction = [](int sig, siginfo_t* info, void* context) {
			tell_signal(sig, info, context);
			_exit(0);
		};
		must(sigaction(SIGSEGV, &action, nullptr), "sigaction");
		volatile int* volatile nowhere = nullptr;
		return *nowhere;
	}));
	request.begin({process.pid()});
	Truth truth = from_kernel(request, process, SIGSEGV, SEGV_MAPERR, false);
	truth.sender = party(process);
	process.start_body();
	check_seen(process, truth, kAnyPid);
	truth.print_signal();
	end(request, processes);
}

inline void run_child(const Request& request)
{
	Processes processes;
	Process& parent = add(processes, handling("sigparent", []() -> int64_t {
		const pid_t child = spawn([] { set_comm("sigchild"); }, SIGCHLD);
		reap_well(child);
		return child;
	}));
	request.begin({parent.pid()});
	Truth truth = from_kernel(request, parent, SIGCHLD, CLD_EXITED, true);
	const auto child = static_cast<pid_t>(parent.run_body());
	truth.sender = {child, child, child, "sigchild"};
	check_seen(parent, truth, child);
	truth.print_signal();
	end(request, processes);
}

inline void run_pipe(const Request& request)
{
	Processes processes;
	Process& process = add(processes, handling("sigpiper", []() -> int64_t {
		Pipe pipe = make_pipe();
		pipe.rd.reset();
		return write(pipe.wr.get(), "x", 1) < 0 ? errno : 0;
	}));
	request.begin({process.pid()});
	Truth truth = from_kernel(request, process, SIGPIPE, SI_USER, false);
	truth.sender = party(process);
	if (process.run_body() != EPIPE)
		fail(kFailed, "the write did not end with EPIPE");
	check_seen(process, truth, process.pid());
	truth.print_signal();
	end(request, processes);
}

// Sent from the timer interrupt, whoever was running then: the sender is nobody.
inline void run_timer(const Request& request)
{
	Processes processes;
	Process& process = add(processes, handling("sigtimer", []() -> int64_t {
		sigevent event{};
		event.sigev_notify = SIGEV_SIGNAL;
		event.sigev_signo = SIGUSR1;
		timer_t timer;
		must(timer_create(CLOCK_MONOTONIC, &event, &timer), "timer_create");
		itimerspec once{};
		once.it_value.tv_nsec = 10000000;
		must(timer_settime(timer, 0, &once, nullptr), "timer_settime");
		sleep_us(40000);
		itimerval alarm{};
		alarm.it_value.tv_usec = 10000;
		must(setitimer(ITIMER_REAL, &alarm, nullptr), "setitimer");
		sleep_us(40000);
		return 0;
	}));
	request.begin({process.pid()});
	process.run_body();
	for (const Truth& truth : {from_kernel(request, process, SIGUSR1, SI_TIMER, true),
			 from_kernel(request, process, SIGALRM, SI_KERNEL, true)}) {
		check_seen(process, truth, kAnyPid);
		truth.print_signal();
	}
	end(request, processes);
}

// A real-time signal beyond RLIMIT_SIGPENDING is refused; a classic one is taken, but its siginfo is lost.
inline void run_overflow(const Request& request)
{
	need_root();
	Processes processes;
	Plan plan;
	plan.stance = Stance::blocks;
	plan.prepare = [] {
		const rlimit limit{kQueueLimit, kQueueLimit};
		must(setrlimit(RLIMIT_SIGPENDING, &limit), "setrlimit");
		need(setresuid(kOther, kOther, kOther), "setresuid");
	};
	Process& target = add(processes, plan);
	request.begin({target.pid()});
	for (int i = 0; i <= kQueueLimit; i++) {
		Truth truth = truth_of(request, by_sigqueue, target, SIGRTMIN + 1);
		const bool over = i == kQueueLimit;
		truth.fate = over ? Fate::overflow : Fate::delivered;
		truth.ret = by_sigqueue.send(target.pid(), 0, SIGRTMIN + 1);
		check_ret(truth.ret, over ? -EAGAIN : 0, "rt_sigqueueinfo");
		truth.print_both();
	}
	Truth truth = truth_of(request, by_sigqueue, target, SIGUSR1);
	truth.fate = Fate::lose_info;
	truth.ret = by_sigqueue.send(target.pid(), 0, SIGUSR1);
	check_ret(truth.ret, 0, "rt_sigqueueinfo");
	truth.print_both();
	end(request, processes);
}

} // namespace corescope::load
