// SPDX-License-Identifier: BSD-2-Clause
// killsnoop and calls that sigload does not make: pidfds of every kind, numbers that are no signal, made-up siginfo,
// and the namespace of the caller. The test makes them itself, so it knows what is owed.
#include "load/load.h"
#include "signal_truth.h"

#include <optional>
#include <sys/prctl.h>
#include <sys/wait.h>

using namespace corescope::test;
using corescope::load::Fd;
using corescope::load::must;

namespace {

constexpr int kSignalThread = 1, kSignalGroup = 4;         // PIDFD_SIGNAL_*, since 6.9
constexpr int kSelfThread = -10000, kSelfProcess = -10001; // since 6.16
constexpr pid_t kNobodysPid = 4194304;                     // PID_MAX_LIMIT

// A process that takes every signal that can be ignored; it lives as long as this does.
struct Target {
	Load load{"sigload", {"every-ignored"}};
	pid_t pid = load.ready().at("targets").at(0);
};

int pidfd_of(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

int64_t send(int pidfd, int sig, unsigned flags = 0)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, nullptr, flags) < 0 ? -errno : 0;
}

int64_t send_to(pid_t pid, int sig) { return kill(pid, sig) < 0 ? -errno : 0; }

// What one call of the test owes; null where a key is to be null, absent where it is not compared.
Json owed(const char* call, int64_t target_arg, int sig, int64_t ret, const Json& more)
{
	Json all = {{"pid", getpid()}, {"call", call}, {"target_arg", target_arg}, {"sig", sig}, {"ret", ret},
		{"result", ret < 0 ? "failed" : "probe"}};
	all.update(more);
	return all;
}

Json no_target() { return {{"tpid", nullptr}, {"ttid", nullptr}, {"tnspid", nullptr}, {"tcomm", nullptr}}; }
Json number_only(pid_t pid)
{
	return {{"tpid", pid}, {"ttid", nullptr}, {"tnspid", nullptr}, {"tcomm", nullptr}};
}
Json target_at(pid_t pid) { return {{"tpid", pid}, {"ttid", pid}, {"tnspid", pid}, {"tcomm", "sigtarget"}}; }

// Runs the calls beside killsnoop by each hook set; `calls` returns what is owed for them.
void check_own_calls(const std::function<std::vector<Json>()>& calls)
{
	for (const std::string& hook : kill_hooks()) {
		Tool tool({"killsnoop", "--hook", hook, "-p", std::to_string(getpid())});
		const std::vector<Json> all = calls();
		tool.stop();
		INFO(hook);
		CHECK_FALSE(all.empty());
		CHECK(difference(all, events_of(tool)) == "");
	}
}

} // namespace

TEST_CASE("killsnoop: signal 0 and failures by pidfd name the target behind the descriptor")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Target target;
	const char* call = "pidfd_send_signal";
	check_own_calls([&] {
		const Fd fd(must(pidfd_of(target.pid), "pidfd_open"));
		const Fd proc(
			must(open(("/proc/" + std::to_string(target.pid)).c_str(), O_RDONLY | O_DIRECTORY), "/proc"));
		const Fd file(must(open("/dev/null", O_RDONLY), "/dev/null"));
		const Fd proc_file(must(open("/proc/self/stat", O_RDONLY), "/proc/self/stat"));
		std::vector<Json> all;
		const auto expect = [&](int given, int sig, int64_t ret, int64_t wanted, const Json& who) {
			CHECK(ret == wanted);
			all.push_back(owed(call, given, sig, ret, who));
		};
		expect(fd.get(), 0, send(fd.get(), 0), 0, target_at(target.pid));
		expect(proc.get(), 0, send(proc.get(), 0), 0, target_at(target.pid));
		expect(fd.get(), 65, send(fd.get(), 65), -EINVAL, target_at(target.pid));
		expect(file.get(), SIGUSR1, send(file.get(), SIGUSR1), -EBADF, no_target());
		expect(proc_file.get(), SIGUSR1, send(proc_file.get(), SIGUSR1), -EBADF, no_target());
		expect(9999, SIGUSR1, send(9999, SIGUSR1), -EBADF, no_target());
		expect(-1, SIGUSR1, send(-1, SIGUSR1), -EBADF, no_target());
		return all;
	});
}

TEST_CASE("killsnoop: a pidfd still tells whom it meant when the process has gone")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	check_own_calls([&] {
		const pid_t pid = corescope::load::spawn([] { pause(); });
		const Fd fd(must(pidfd_of(pid), "pidfd_open"));
		CHECK(send(fd.get(), SIGKILL) == 0);
		corescope::load::reap(pid);
		CHECK(send(fd.get(), SIGTERM) == -ESRCH);
		Json killed = {{"call", "pidfd_send_signal"}, {"tpid", pid}, {"ttid", pid}, {"sig", SIGKILL},
			{"ret", 0}, {"result", "delivered"}, {"scope", "process"}, {"target_arg", fd.get()}};
		return std::vector<Json>{
			killed, owed("pidfd_send_signal", fd.get(), SIGTERM, -ESRCH, number_only(pid))};
	});
}

TEST_CASE("killsnoop: pidfd flags for a thread and for a group are told as such")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Target target;
	Load group("sigload", {"group"});
	const pid_t leader = group.ready().at("targets").at(0);
	{
		const Fd fd(must(pidfd_of(target.pid), "pidfd_open"));
		if (send(fd.get(), 0, kSignalThread) == -EINVAL)
			SKIP_TEST("this kernel's pidfd_send_signal knows no flags");
	}
	check_own_calls([&] {
		const Fd fd(must(pidfd_of(target.pid), "pidfd_open")),
			of_leader(must(pidfd_of(leader), "pidfd_open"));
		std::vector<Json> all;
		CHECK(send(fd.get(), SIGUSR1, kSignalThread) == 0);
		all.push_back({{"tpid", target.pid}, {"scope", "thread"}, {"sig", SIGUSR1}, {"result", "ignored"}});
		CHECK(send(of_leader.get(), SIGUSR2, kSignalGroup) == 0);
		for (const Json& pid : group.ready().at("targets"))
			all.push_back(
				{{"tpid", pid}, {"scope", "group"}, {"pgid", leader}, {"sig", SIGUSR2}, {"ret", 0}});
		CHECK(send(of_leader.get(), 0, kSignalGroup) == 0);
		all.push_back(owed("pidfd_send_signal", of_leader.get(), 0, 0, no_target()));
		all.back()["scope"] = "group";
		all.back()["pgid"] = leader;
		return all;
	});
}

TEST_CASE("killsnoop: the pidfd numbers that stand for the caller")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (send(kSelfProcess, 0) != 0)
		SKIP_TEST("this kernel has no PIDFD_SELF");
	check_own_calls([&] {
		const Json self = {{"tpid", getpid()}, {"ttid", getpid()}};
		CHECK(send(kSelfProcess, 0) == 0);
		CHECK(send(kSelfThread, 65) == -EINVAL);
		return std::vector<Json>{owed("pidfd_send_signal", kSelfProcess, 0, 0, self),
			owed("pidfd_send_signal", kSelfThread, 65, -EINVAL, self)};
	});
}

TEST_CASE("killsnoop: EPERM by pidfd names sender and target, and -T finds it")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Target target;
	Tool tool({"killsnoop", "-T", std::to_string(target.pid)});
	const Fd fd(must(pidfd_of(target.pid), "pidfd_open"));
	const pid_t sender = corescope::load::spawn([&] {
		must(setresuid(65534, 65534, 65534), "setresuid");
		if (send(fd.get(), SIGTERM) != -EPERM)
			_exit(1);
	});
	corescope::load::reap_well(sender);
	tool.stop();
	const std::vector<Json> got = events_of(tool);
	REQUIRE(got.size() == 1);
	Json wanted = owed("pidfd_send_signal", fd.get(), SIGTERM, -EPERM, target_at(target.pid));
	wanted["pid"] = sender;
	wanted["uid"] = 65534;
	wanted["error"] = "EPERM";
	CHECK(difference({wanted}, got) == "");
}

TEST_CASE("killsnoop: numbers that are no signal are told as they were given")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Target target;
	check_own_calls([&] {
		std::vector<Json> all;
		for (const int sig : {65, 256, 256 + SIGKILL, 100000, -1, -SIGKILL, INT_MIN}) {
			CHECK(send_to(target.pid, sig) == -EINVAL);
			all.push_back(owed("kill", target.pid, sig, -EINVAL, target_at(target.pid)));
		}
		return all;
	});
	// None of them is signal 9, 1 or 64, whatever its last bits are.
	Tool tool({"killsnoop", "-p", std::to_string(getpid()), "-s", "1,9,64"});
	for (const int sig : {65, 256 + SIGKILL, 128, -SIGKILL, -55, 64 + SIGKILL})
		CHECK(send_to(target.pid, sig) == -EINVAL);
	CHECK(send_to(target.pid, 64) == 0);
	tool.stop();
	CHECK(difference({{{"sig", 64}, {"ret", 0}, {"tpid", target.pid}}}, events_of(tool)) == "");
}

TEST_CASE("killsnoop: targets that are none: nobody's pid, nobody's thread, nobody's group (S8)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	check_own_calls([&] {
		std::vector<Json> all;
		const auto expect = [&](const char* call, int64_t given, long result, const char* scope,
								const Json& who) {
			CHECK(result == -1);
			CHECK(errno == ESRCH);
			all.push_back(owed(call, given, SIGUSR1, -ESRCH, who));
			all.back()["scope"] = scope;
		};
		expect("kill", kNobodysPid, kill(kNobodysPid, SIGUSR1), "process", number_only(kNobodysPid));
		expect("kill", -kNobodysPid, kill(-kNobodysPid, SIGUSR1), "group", no_target());
		all.back()["pgid"] = kNobodysPid;
		// A thread's number is not shown as if it were a process'.
		expect("tkill", kNobodysPid, syscall(SYS_tkill, kNobodysPid, SIGUSR1), "thread", no_target());
		expect("tgkill", getpid(), syscall(SYS_tgkill, getpid(), kNobodysPid, SIGUSR1), "thread",
			number_only(getpid()));
		all.back()["thread_arg"] = kNobodysPid;
		return all;
	});
}

TEST_CASE("killsnoop: what a process queues to itself is told whatever si_code it makes up")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const pid_t tid = corescope::load::own_tid();
	check_own_calls([&] {
		std::vector<Json> all;
		// As crash handlers do that pass on the siginfo they got. SIGURG does nothing here.
		for (const int code :
			std::initializer_list<int>{SEGV_MAPERR, SI_KERNEL, SI_TIMER, SI_QUEUE, SI_USER, -100}) {
			siginfo_t info{};
			info.si_signo = SIGURG;
			info.si_code = code;
			CHECK(syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, SIGURG, &info) == 0);
			CHECK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGURG, &info) == 0);
			for (const char* call : {"rt_tgsigqueueinfo", "rt_sigqueueinfo"})
				all.push_back({{"pid", getpid()}, {"tpid", getpid()}, {"sig", SIGURG}, {"si_code", code},
					{"call", call}, {"result", "ignored"}, {"ret", 0}});
		}
		return all;
	});
}

TEST_CASE("killsnoop: a failing call of a 32-bit program is seen at sys_exit")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	try {
		corescope::load::need_compat();
	} catch (const corescope::load::Failure& failure) {
		SKIP_TEST(failure.message);
	}
	const std::string hook = GENERATE("tp_btf+sys_exit", "raw_tp+sys_exit");
	Tool tool({"killsnoop", "--hook", hook, "-p", std::to_string(getpid())});
	const int result = corescope::load::compat_call(corescope::load::kCompatKill, kNobodysPid, SIGTERM, 0);
	CHECK(result == -ESRCH);
	tool.stop();
	CHECK(difference(
			  {owed("kill", kNobodysPid, SIGTERM, -ESRCH, number_only(kNobodysPid))}, events_of(tool)) == "");
}

TEST_CASE("killsnoop: numbers of a PID namespace are not taken for the host's (S3)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	constexpr pid_t kNotThere = 777;
	for (const std::string& hook : kill_hooks()) {
		Tool tool({"killsnoop", "--hook", hook, "--sender-comm", "^nskiller$", "-s", "0,SIGRTMIN+17"});
		// Not the host's process of that number.
		Tool other({"killsnoop", "--hook", hook, "--sender-comm", "^nskiller$", "-s", "0,SIGRTMIN+17", "-T",
			std::to_string(kNotThere)});
		auto pipe = corescope::load::make_pipe();
		const pid_t outside = corescope::load::spawn([&] {
			corescope::load::need(unshare(CLONE_NEWPID), "unshare(CLONE_NEWPID)");
			const pid_t inside = corescope::load::spawn([] {
				corescope::load::set_comm("nskiller");
				const Fd fd(must(pidfd_of(1), "pidfd_open"));
				if (send_to(1, 0) != 0 || send_to(kNotThere, SIGRTMIN + 17) != -ESRCH ||
					send(fd.get(), 0) != 0)
					_exit(1);
			});
			must(write(pipe.wr.get(), &inside, sizeof(inside)), "write");
			corescope::load::reap_well(inside);
		});
		const int status = corescope::load::reap(outside);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
			SKIP_TEST("no PID namespace can be made here");
		REQUIRE(status == 0);
		pid_t inside = 0;
		REQUIRE(read(pipe.rd.get(), &inside, sizeof(inside)) == static_cast<ssize_t>(sizeof(inside)));
		tool.stop();
		other.stop();
		INFO(hook);
		const auto ours = [inside](const Json& event) { return event.at("pid") == inside; };
		const Json sender = {{"pid", inside}, {"nspid", 1}, {"comm", "nskiller"}};
		const auto one = [&](const char* call, const Json& more) {
			Json all = sender;
			all["call"] = call;
			all.update(more);
			return all;
		};
		CHECK(
			difference({one("kill", {{"sig", 0}, {"target_arg", 1}, {"tpid", inside}, {"tcomm", "nskiller"}}),
						   one("kill",
							   {{"sig", SIGRTMIN + 17}, {"target_arg", kNotThere}, {"tpid", nullptr},
								   {"ret", -ESRCH}}),
						   one("pidfd_send_signal",
							   {{"sig", 0}, {"tpid", inside}, {"tcomm", "nskiller"}, {"ret", 0}})},
				tool.events(ours)) == "");
		CHECK(other.events(ours).empty());
	}
}
