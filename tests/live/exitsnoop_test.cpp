// SPDX-License-Identifier: BSD-2-Clause
// exitsnoop against the kernel's own word: what wait4() says of a child (status, CPU time, memory), and what the child
// read from its clock just before it ended.
#include "harness.h"
#include "load/load.h"
#include "two_cgroups.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <sys/mman.h>
#include <sys/resource.h>
#include <thread>

using namespace corescope::test;
using corescope::load::must;
using corescope::load::now_ns;
using corescope::load::spawn;

namespace {

constexpr int64_t kSlackNs =
	100000; // between the child's last look at its clock and the hook; rusage counts in us

struct End {
	int status = 0;
	rusage used{};
	int64_t cpu_ns() const
	{
		return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000LL +
			(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000LL;
	}
};

End wait_for(pid_t pid)
{
	End end;
	while (wait4(pid, &end.status, __WALL, &end.used) < 0 && errno == EINTR) {}
	return end;
}

// Uses the CPU for so long and returns all that this process has used.
int64_t burn(int64_t ns)
{
	int64_t used;
	do
		used = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	while (used < ns);
	return used;
}

std::map<pid_t, Json> by_pid(const Tool& tool)
{
	std::map<pid_t, Json> all;
	for (const Json& event : tool.events()) {
		if (event.at("thread") == true)
			continue;
		INFO(event.dump());
		CHECK(all.emplace(event.at("pid").get<pid_t>(), event).second); // once each
	}
	return all;
}

void check_status(const Json& event, int status)
{
	INFO(event.dump());
	if (WIFSIGNALED(status)) {
		CHECK(event.at("exit_code").is_null());
		CHECK(event.at("sig") == WTERMSIG(status));
		CHECK(event.at("core_dumped") == (WCOREDUMP(status) != 0));
	} else {
		CHECK(event.at("exit_code") == WEXITSTATUS(status));
		CHECK(event.at("sig").is_null());
		CHECK(event.at("signame").is_null());
		CHECK(event.at("core_dumped") == false);
	}
}

// Raw threads: they end by exit(2) and nothing else.
template <class Body>
void start_thread(Body body)
{
	std::thread([body] {
		body();
		syscall(SYS_exit, 0);
	}).detach();
}

} // namespace

TEST_CASE("exitsnoop: exit codes, signals and core dumps as wait4 tells them", "[exitsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const char* hook : {"tp_btf", "raw_tp"}) {
		if (!takes_hook({"exitsnoop"}, hook))
			continue;
		Tool tool({"exitsnoop", "--hook", hook});
		std::map<pid_t, End> ends;
		for (const int code : {0, 1, 3, 127, 255}) {
			const pid_t pid = spawn([&] { _exit(code); });
			ends[pid] = wait_for(pid);
		}
		for (const int sig : {SIGKILL, SIGTERM, SIGSEGV, SIGABRT, SIGRTMIN}) {
			for (const rlim_t core : {rlim_t{0}, RLIM_INFINITY}) {
				const pid_t pid = spawn([&] {
					const rlimit limit = {core, core};
					if (chdir("/tmp") == 0)
						setrlimit(RLIMIT_CORE, &limit);
					signal(sig, SIG_DFL);
					kill(getpid(), sig);
				});
				ends[pid] = wait_for(pid);
			}
		}
		tool.stop();
		const auto told = by_pid(tool);
		for (const auto& [pid, end] : ends) {
			REQUIRE(told.count(pid));
			check_status(told.at(pid), end.status);
			CHECK(told.at(pid).at("tid") == pid);
			CHECK(told.at(pid).at("ppid") == getpid());
			unlink(("/tmp/core." + std::to_string(pid)).c_str());
		}
		unlink("/tmp/core");
	}
}

TEST_CASE(
	"exitsnoop: CPU time lies between the child's own clock and wait4; memory is wait4's", "[exitsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	struct Shared {
		std::atomic<int64_t> used[64];
	};
	auto* shared = static_cast<Shared*>(
		mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	REQUIRE(shared != MAP_FAILED);
	Tool tool({"exitsnoop"});
	std::vector<std::pair<pid_t, End>> ends;
	for (int i = 0; i < 64; i++) {
		const pid_t pid = spawn([&] {
			// Some less than a tick, some more; some with memory of their own.
			std::vector<char> memory(static_cast<size_t>(i % 4) << 20, 'x');
			shared->used[i] = burn(i < 48 ? 300000 : 15000000);
		});
		ends.emplace_back(pid, wait_for(pid));
	}
	tool.stop();
	const auto told = by_pid(tool);
	int exact = 0;
	for (int i = 0; i < 64; i++) {
		const auto& [pid, end] = ends[static_cast<size_t>(i)];
		REQUIRE(told.count(pid));
		const Json& event = told.at(pid);
		INFO(event.dump() << "\nown clock " << shared->used[i] << ", wait4 " << end.cpu_ns());
		const auto cpu = event.at("cpu_ns").get<int64_t>();
		CHECK(cpu <= end.cpu_ns() + kSlackNs);
		// The clock that is leaned on is read at forks; one of these may come upon a wrong one of another CPU.
		exact += cpu >= shared->used[i] - kSlackNs;
		CHECK(event.at("user_ns").get<int64_t>() + event.at("system_ns").get<int64_t>() == cpu);
		CHECK(event.at("max_rss_bytes") == end.used.ru_maxrss * 1024);
	}
	CHECK(exact >= 60);
	munmap(shared, sizeof(Shared));
}

TEST_CASE("exitsnoop: 2000 short children, 2000 lines", "[exitsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Tool tool({"exitsnoop"});
	std::vector<pid_t> children;
	for (int i = 0; i < 2000; i++) {
		const pid_t pid = i % 2 ? spawn([&] { _exit(i % 256); }) : vfork();
		if (pid == 0)
			_exit(i % 256);
		children.push_back(pid);
		wait_for(pid);
	}
	tool.stop();
	const auto told = by_pid(tool);
	REQUIRE(tool.summary().at("lost") == 0);
	for (size_t i = 0; i < children.size(); i++) {
		REQUIRE(told.count(children[i]));
		CHECK(told.at(children[i]).at("exit_code") == i % 256);
	}
}

TEST_CASE("exitsnoop: a process whose first thread leaves early ends with its last", "[exitsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const bool threads : {false, true}) {
		Tool tool(
			threads ? std::vector<std::string>{"exitsnoop", "-T"} : std::vector<std::string>{"exitsnoop"});
		const pid_t pid = spawn([] {
			start_thread([] {
				burn(20000000);
				// Only when the first has gone: its task is a zombie then.
				while (corescope::load::read_file("/proc/self/stat").find(") Z ") == std::string::npos)
					corescope::load::sleep_us(1000);
			});
			syscall(SYS_exit, 7);
		});
		const End end = wait_for(pid);
		tool.stop();
		const auto mine = tool.events([&](const Json& e) { return e.at("pid") == pid; });
		REQUIRE(mine.size() == (threads ? 2U : 1U));
		const Json& last = mine.back();
		INFO(last.dump());
		check_status(last, end.status);
		CHECK(last.at("thread") == false);
		CHECK(last.at("tid") != pid);
		CHECK(last.at("cpu_partial") == false);
		CHECK(last.at("cpu_ns").get<int64_t>() >= 20000000 - kSlackNs);
		CHECK(last.at("cpu_ns").get<int64_t>() <= end.cpu_ns() + kSlackNs);
		if (threads) {
			CHECK(mine[0].at("thread") == true);
			CHECK(mine[0].at("tid") == pid);
			CHECK(mine[0].at("exit_code") == 7);
			CHECK(mine[0].at("max_rss_bytes").is_null());
		}
	}
}

TEST_CASE(
	"exitsnoop: a group of threads that ends at once is one process; -T tells each of them", "[exitsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	constexpr int kThreads = 50, kRounds = 20;
	Tool one({"exitsnoop"}), each({"exitsnoop", "-T"});
	std::map<pid_t, int> ends;
	for (int i = 0; i < kRounds; i++) {
		const pid_t pid = spawn([&] {
			for (int t = 0; t < kThreads; t++)
				start_thread([] { pause(); });
			if (i % 2)
				kill(getpid(), SIGKILL);
			_exit(9);
		});
		ends[pid] = wait_for(pid).status;
	}
	one.stop();
	each.stop();
	// Since 7.1 a task may be preempted within the program, and the kernel then passes over the next one on that CPU: that
	// is said, and nothing is told twice or wrongly for it.
	const auto told = by_pid(one), also = by_pid(each);
	const uint64_t lost = one.summary().at("lost"), lost_of_each = each.summary().at("lost");
	CAPTURE(lost, lost_of_each);
	size_t processes = 0, all = 0;
	for (const auto& [pid, status] : ends) {
		processes += told.count(pid);
		if (told.count(pid))
			check_status(told.at(pid), status);
		if (also.count(pid))
			check_status(also.at(pid), status);
		const size_t ended = each.events([&, p = pid](const Json& e) { return e.at("pid") == p; }).size();
		CHECK(ended <= kThreads + 1);
		all += ended;
	}
	CHECK(processes <= kRounds);
	CHECK(processes + lost >= kRounds);
	CHECK(all + lost_of_each >= kRounds * (kThreads + 1));
}

TEST_CASE("exitsnoop: age counts from the beginning of the process, also before the trace", "[exitsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const int64_t before = now_ns(CLOCK_BOOTTIME);
	const pid_t pid = spawn([] { pause(); });
	const int64_t after = now_ns(CLOCK_BOOTTIME);
	Tool tool({"exitsnoop", "-p", std::to_string(pid)});
	wait_for(spawn([] {}));
	const int64_t killed = now_ns(CLOCK_BOOTTIME);
	kill(pid, SIGKILL);
	// A zombie has ended, whether somebody asks or not.
	const Json event = tool.until([](const Json& e) { return e.at("type") == "event"; });
	const int64_t now = now_ns(CLOCK_BOOTTIME);
	wait_for(pid);
	tool.stop();
	CHECK(tool.events().size() == 1);
	CHECK(event.at("pid") == pid);
	CHECK(event.at("age_ns").get<int64_t>() >= killed - after);
	CHECK(event.at("age_ns").get<int64_t>() <= now - before);
}

TEST_CASE("exitsnoop: -x leaves out what ended well; the table has the columns of old", "[exitsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Process table({corescope_path(), "exitsnoop", "-x", "-t"});
	Tool tool({"exitsnoop", "-x"});
	CHECK(table.line() == "TIME     PCOMM            PID     PPID    TID     AGE(s)   EXIT_CODE");
	const pid_t well = spawn([] {}), code = spawn([] { _exit(4); }), killed = spawn([] { raise(SIGKILL); });
	for (const pid_t pid : {well, code, killed})
		wait_for(pid);
	tool.stop();
	table.signal(SIGINT);
	const std::string rows = table.rest();
	CHECK(table.wait() == 0);
	const auto told = by_pid(tool);
	CHECK_FALSE(told.count(well));
	CHECK(told.count(code));
	CHECK(told.count(killed));
	const auto row_of = [&](pid_t pid) {
		const size_t at = rows.find(" " + std::to_string(pid) + " ");
		return at == std::string::npos ? std::string() : rows.substr(at, rows.find('\n', at) - at);
	};
	CHECK(row_of(well).empty());
	CHECK(row_of(code).ends_with(" code 4"));
	CHECK(row_of(killed).ends_with(" signal 9 (KILL)"));
}

TEST_CASE("exitsnoop: the cgroup and the PID namespace are those of the task that ends", "[exitsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	TwoCgroups groups;
	if (!groups.usable())
		SKIP_TEST("no cgroup (v2) can be made here");
	Tool all({"exitsnoop"}), outer({"exitsnoop", "--cgroup", groups.path()}),
		inner({"exitsnoop", "-c", groups.directory(groups.inner_path())});
	REQUIRE(groups.enter(groups.path()));
	const pid_t first = spawn([] {});
	REQUIRE(groups.enter(groups.inner_path()));
	const pid_t second = spawn([] {});
	REQUIRE(groups.leave());
	const pid_t third = spawn([] {});
	for (const pid_t pid : {first, second, third})
		wait_for(pid);
	const auto spaced = static_cast<pid_t>(syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0));
	if (spaced == 0)
		_exit(0);
	if (spaced > 0)
		wait_for(spaced);
	all.stop();
	outer.stop();
	inner.stop();
	const auto told = by_pid(all), in_outer = by_pid(outer), in_inner = by_pid(inner);
	CHECK(in_outer.size() == 2);
	CHECK(in_outer.count(first));
	CHECK(in_inner.size() == 1);
	REQUIRE(in_inner.count(second));
	CHECK(in_inner.at(second).at("cgroup") == groups.inner_path());
	REQUIRE(told.count(third));
	CHECK(told.at(third).at("nspid") == third);
	if (spaced > 0) {
		REQUIRE(told.count(spaced));
		CHECK(told.at(spaced).at("nspid") == 1);
	}
}
