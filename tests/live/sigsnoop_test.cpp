// SPDX-License-Identifier: BSD-2-Clause
// sigsnoop beside sigload, and beside signals that the test itself causes: each that the kernel generates is told
// once, with who caused it and what became of it. S1 to S12 are the defects of libbpf-tools' sigsnoop that each test
// would show there.
#include "load/load.h"
#include "signal_truth.h"

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <poll.h>
#include <sys/time.h>
#include <thread>

using namespace corescope::test;

namespace {

// Both keep a signal from this whole test program, and take away what has come of it in the end.
class Blocked {
public:
	explicit Blocked(int sig) : sig_(sig)
	{
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, sig);
		pthread_sigmask(SIG_BLOCK, &set, &old_);
	}
	~Blocked()
	{
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, sig_);
		const timespec none{};
		while (sigtimedwait(&set, nullptr, &none) == sig_) {}
		pthread_sigmask(SIG_SETMASK, &old_, nullptr);
	}

private:
	int sig_;
	sigset_t old_;
};

// A thread that blocks all signals, or that lets one through, until it is let go.
class Bystander {
public:
	explicit Bystander(int takes = 0)
	{
		thread_ = std::thread([this, takes] {
			sigset_t set;
			sigfillset(&set);
			if (takes)
				sigdelset(&set, takes);
			pthread_sigmask(SIG_SETMASK, &set, nullptr);
			std::unique_lock lock(mutex_);
			tid_ = corescope::load::own_tid();
			changed_.notify_all();
			changed_.wait(lock, [this] { return ends_; });
		});
		std::unique_lock lock(mutex_);
		changed_.wait(lock, [this] { return tid_ != 0; });
	}
	~Bystander()
	{
		{
			const std::lock_guard lock(mutex_);
			ends_ = true;
		}
		changed_.notify_all();
		thread_.join();
	}
	pid_t tid() const { return tid_; }

private:
	std::thread thread_;
	std::mutex mutex_;
	std::condition_variable changed_;
	pid_t tid_ = 0;
	bool ends_ = false;
};

std::vector<Json> to(Tool& tool, pid_t pid)
{
	return tool.events([pid](const Json& event) { return event.at("tpid") == pid; });
}

} // namespace

#define NEEDS_TRACING()                                \
	if (const auto why = cannot_trace(); !why.empty()) \
	SKIP_TEST(why)

TEST_CASE("sigsnoop: signals that a call sent, with the call and its target")
{
	NEEDS_TRACING();
	for (const char* name : {"kill", "kill-thread", "tkill", "tgkill", "sigqueue", "tgsigqueue", "pidfd",
			 "compat", "from-thread", "self", "self-kill", "abort", "group", "group0", "all"})
		check_signals(name);
}

TEST_CASE("sigsnoop: calls that send nothing generate no signal")
{
	NEEDS_TRACING();
	for (const char* name : {"sig0", "esrch", "eperm", "einval"}) {
		check_signals(name);
		CHECK(about(signal_session().sig.records, signal_session().cases.at(name)).empty());
	}
}

TEST_CASE("sigsnoop: the true result: delivered, ignored, pending, blocked, overflow, no-info (S1)")
{
	NEEDS_TRACING();
	std::set<std::string> seen;
	for (const char* name : {"kill", "ignored", "blocked", "pending", "overflow"}) {
		check_signals(name);
		for (const Json& event : about(signal_session().sig.records, signal_session().cases.at(name)))
			seen.insert(event.at("result").get<std::string>());
	}
	if (!signal_session().cases.at("overflow").skipped())
		CHECK(seen ==
			std::set<std::string>{"delivered", "ignored", "pending", "blocked", "overflow", "no-info"});
}

TEST_CASE(
	"sigsnoop: the kernel's own signals: a fault's sender is the task itself, SIGCHLD's the child, a timer's nobody (S7)")
{
	NEEDS_TRACING();
	for (const char* name : {"fault", "child", "pipe", "timer"})
		check_signals(name);
	const auto& timer = signal_session().cases.at("timer");
	for (const Json& event : about(signal_session().sig.records, timer))
		for (const char* key : {"pid", "tid", "comm", "uid", "nspid", "call"})
			CHECK(event.at(key).is_null());
}

TEST_CASE("sigsnoop: every signal from 1 to 64, and PID namespaces (S3, S5)")
{
	NEEDS_TRACING();
	for (const char* name : {"every", "every-ignored", "realtime", "pidns", "pidns-group", "into-pidns"})
		check_signals(name);
}

TEST_CASE("sigsnoop: every case that sigload has")
{
	NEEDS_TRACING();
	for (const std::string& name : signal_cases())
		check_signals(name);
	CHECK(signal_session().sig.name == "tp_btf");
	CHECK(signal_session().sig.errors == "");
}

TEST_CASE("sigsnoop: si_code in words")
{
	NEEDS_TRACING();
	const std::map<std::string, std::set<std::string>> words = {{"kill", {"SI_USER"}},
		{"tkill", {"SI_TKILL"}}, {"tgkill", {"SI_TKILL"}}, {"sigqueue", {"SI_QUEUE"}},
		{"tgsigqueue", {"SI_QUEUE"}}, {"pidfd", {"SI_USER"}}, {"abort", {"SI_TKILL"}},
		{"fault", {"SEGV_MAPERR"}}, {"child", {"CLD_EXITED"}}, {"pipe", {"SI_USER"}},
		{"timer", {"SI_TIMER", "SI_KERNEL"}}};
	for (const auto& [name, wanted] : words) {
		std::set<std::string> got;
		for (const Json& event : about(signal_session().sig.records, signal_session().cases.at(name)))
			got.insert(event.at("code").get<std::string>());
		CAPTURE(name);
		CHECK(got == wanted);
	}
}

TEST_CASE("sigsnoop: a process blocks a signal when all its threads do, a thread when it does itself")
{
	NEEDS_TRACING();
	constexpr int kSig = SIGUSR2;
	const Blocked not_here(kSig);
	struct sigaction handled {
	}, old;
	handled.sa_handler = [](int) {};
	sigaction(kSig, &handled, &old);
	Tool tool({"sigsnoop", "-T", std::to_string(getpid()), "-s", "USR2"});
	std::vector<Json> owed;
	const auto expect = [&](pid_t thread, const char* scope, const char* result) {
		owed.push_back({{"pid", getpid()}, {"ttid", thread}, {"scope", scope}, {"result", result}});
	};
	{
		const Bystander one, two;
		kill(getpid(), kSig);
		expect(getpid(), "process", "blocked");
		syscall(SYS_tgkill, getpid(), two.tid(), kSig);
		expect(two.tid(), "thread", "blocked");
		kill(getpid(), kSig);
		expect(getpid(), "process", "pending");
	}
	{
		const Blocked again(kSig); // takes what is pending, so that the next one is new
	}
	{
		const Bystander one;
		const Bystander taker(kSig);
		kill(getpid(), kSig);
		expect(getpid(), "process", "delivered");
		syscall(SYS_tgkill, getpid(), one.tid(), kSig);
		expect(one.tid(), "thread", "blocked");
		syscall(SYS_tgkill, getpid(), taker.tid(), kSig);
		expect(taker.tid(), "thread", "delivered");
	}
	tool.stop();
	sigaction(kSig, &old, nullptr);
	CHECK(difference(owed, tool.events()) == "");
}

TEST_CASE("sigsnoop: a process of many threads that all block it")
{
	NEEDS_TRACING();
	constexpr int kSig = SIGUSR2;
	const Blocked not_here(kSig);
	Tool tool({"sigsnoop", "-T", std::to_string(getpid()), "-s", "USR2"});
	std::vector<std::unique_ptr<Bystander>> threads;
	while (threads.size() < 100)
		threads.push_back(std::make_unique<Bystander>());
	kill(getpid(), kSig);
	{
		const Blocked again(kSig);
	}
	// The one that takes it may be any of them.
	struct sigaction handled {
	}, old;
	handled.sa_handler = [](int) {};
	sigaction(kSig, &handled, &old);
	threads.push_back(std::make_unique<Bystander>(kSig));
	kill(getpid(), kSig);
	// Two threads in a row send nothing: what was taken was taken by now.
	threads.clear();
	tool.stop();
	sigaction(kSig, &old, nullptr);
	const auto events = tool.events();
	REQUIRE(events.size() == 2);
	CHECK(events[0].at("result") == "blocked");
	CHECK(events[1].at("result") == "delivered");
}

TEST_CASE("sigsnoop: timers of all kinds have no sender (S7)")
{
	NEEDS_TRACING();
	struct Timer {
		int which, sig;
	};
	Tool tool({"sigsnoop", "-s", "ALRM,VTALRM,PROF"});
	std::vector<std::pair<pid_t, int>> fired;
	for (const Timer timer :
		{Timer{ITIMER_REAL, SIGALRM}, Timer{ITIMER_VIRTUAL, SIGVTALRM}, Timer{ITIMER_PROF, SIGPROF}}) {
		const pid_t pid = corescope::load::spawn([&] {
			static volatile sig_atomic_t came;
			struct sigaction action {};
			action.sa_handler = [](int) { came = 1; };
			sigaction(timer.sig, &action, nullptr);
			itimerval soon{};
			soon.it_value.tv_usec = 2000;
			setitimer(timer.which, &soon, nullptr);
			while (!came) { // burns the time that it is about
			}
		});
		corescope::load::reap_well(pid);
		fired.emplace_back(pid, timer.sig);
	}
	tool.stop();
	for (const auto& [pid, sig] : fired) {
		CAPTURE(pid, sig);
		const auto events = to(tool, pid);
		REQUIRE(events.size() == 1);
		CHECK(difference({{{"sig", sig}, {"pid", nullptr}, {"comm", nullptr}, {"code", "SI_KERNEL"},
							 {"call", nullptr}, {"scope", "process"}, {"result", "delivered"}}},
				  events) == "");
	}
}

TEST_CASE(
	"sigsnoop: a dead child that its dying parent leaves behind is not told as the parent's signal (S7)")
{
	NEEDS_TRACING();
	Tool tool({"sigsnoop", "-T", std::to_string(getpid()), "-s", "CHLD"});
	REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	auto pipe = corescope::load::make_pipe();
	const pid_t parent = corescope::load::spawn(
		[&] {
			const pid_t child = corescope::load::spawn([] {}, SIGCHLD);
			siginfo_t info{};
			waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT); // it stays a zombie
			corescope::load::write_all(
				pipe.wr.get(), std::string_view(reinterpret_cast<const char*>(&child), sizeof(child)));
		},
		SIGCHLD);
	pid_t child = 0;
	REQUIRE(corescope::load::read_some(pipe.rd.get(), &child, sizeof(child)) ==
		static_cast<ssize_t>(sizeof(child)));
	corescope::load::reap_well(parent);
	corescope::load::reap_well(child); // ours now
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	tool.stop();
	const Json common = {{"sig", SIGCHLD}, {"code", "CLD_EXITED"}, {"call", nullptr}};
	Json from_parent = common, from_nobody = common;
	from_parent["pid"] = parent;
	from_nobody["pid"] = nullptr;
	CHECK(difference({from_parent, from_nobody}, tool.events()) == "");
}

TEST_CASE("sigsnoop: SIGCHLD of a child in a PID namespace of its own names the child (S3, S7)")
{
	NEEDS_TRACING();
	Tool tool({"sigsnoop", "-s", "CHLD"});
	auto pipe = corescope::load::make_pipe();
	const pid_t outside = corescope::load::spawn([&] {
		corescope::load::need(unshare(CLONE_NEWPID), "unshare(CLONE_NEWPID)");
		const pid_t init = corescope::load::spawn(
			[&] {
				corescope::load::reap_well(
					corescope::load::spawn([] { corescope::load::set_comm("nschild"); }, SIGCHLD));
			},
			SIGCHLD);
		corescope::load::write_all(
			pipe.wr.get(), std::string_view(reinterpret_cast<const char*>(&init), sizeof(init)));
		corescope::load::reap_well(init);
	});
	const int status = corescope::load::reap(outside);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		SKIP_TEST("no PID namespace can be made here");
	REQUIRE(status == 0);
	pid_t init = 0;
	REQUIRE(
		corescope::load::read_some(pipe.rd.get(), &init, sizeof(init)) == static_cast<ssize_t>(sizeof(init)));
	tool.stop();
	// Inside, both numbers are the namespace's; across its border, the parent sees another one than the child.
	CHECK(difference(
			  {{{"sig", SIGCHLD}, {"nspid", 2}, {"comm", "nschild"}, {"tnspid", 1}, {"code", "CLD_EXITED"}}},
			  to(tool, init)) == "");
	CHECK(difference({{{"sig", SIGCHLD}, {"pid", init}, {"nspid", 1}, {"code", "CLD_EXITED"}}},
			  to(tool, outside)) == "");
}

TEST_CASE("sigsnoop: who dies is the sender of the signal that a child asked for in that case")
{
	NEEDS_TRACING();
	Tool tool({"sigsnoop", "-s", "SIGRTMIN+17"});
	auto pipe = corescope::load::make_pipe();
	const pid_t parent = corescope::load::spawn([&] {
		const pid_t child = corescope::load::spawn([&] {
			std::signal(SIGRTMIN + 17, SIG_IGN);
			prctl(PR_SET_PDEATHSIG, SIGRTMIN + 17);
			const pid_t self = getpid();
			corescope::load::write_all(
				pipe.wr.get(), std::string_view(reinterpret_cast<const char*>(&self), sizeof(self)));
			while (getppid() != 1 && !kill(getppid(), 0))
				corescope::load::sleep_us(1000);
		});
		// It has asked for it once the pipe holds its number.
		pollfd ready{pipe.rd.get(), POLLIN, 0};
		poll(&ready, 1, kPatienceMs);
		(void)child;
	});
	corescope::load::reap_well(parent);
	pid_t child = 0;
	REQUIRE(corescope::load::read_some(pipe.rd.get(), &child, sizeof(child)) ==
		static_cast<ssize_t>(sizeof(child)));
	tool.stop();
	CHECK(difference({{{"pid", parent}, {"code", "SI_USER"}, {"call", nullptr}, {"result", "ignored"}}},
			  to(tool, child)) == "");
}

TEST_CASE("sigsnoop: what a process queues to itself is the call's, whatever si_code it makes up")
{
	NEEDS_TRACING();
	Tool tool({"sigsnoop", "-T", std::to_string(getpid()), "-s", "URG"});
	std::vector<Json> owed;
	for (const int code : std::initializer_list<int>{SEGV_MAPERR, SI_KERNEL, SI_TIMER, SI_QUEUE, SI_USER}) {
		siginfo_t info{};
		info.si_signo = SIGURG;
		info.si_code = code;
		CHECK(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGURG, &info) == 0);
		owed.push_back(
			{{"pid", getpid()}, {"si_code", code}, {"call", "rt_tgsigqueueinfo"}, {"result", "ignored"}});
	}
	tool.stop();
	CHECK(difference(owed, tool.events()) == "");
}
