// SPDX-License-Identifier: BSD-2-Clause
// Tasks that run and block in known ways, and print what the kernel itself counted for them between the go
// and the end: context switches (status), time on a CPU, time waiting for one, and times put on one
// (schedstat: run_ns, delay_ns, slices). wall_ns - run_ns is the time off the CPU. stalled_ns is what burning threads saw
// the clock jump: preemption, interrupts, and what the host of a virtual machine took, which a kernel may leave out of
// run_ns (steal time). The process lives on with --hold, all its threads blocked, so that no further slice ends. The protocol is in load.h.
#include "protocol.h"

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include <sys/resource.h>

using namespace corescope::load;

namespace {

struct Counts {
	int64_t voluntary = 0, involuntary = 0, run_ns = 0, delay_ns = 0, slices = 0;

	Counts operator-(const Counts& b) const
	{
		return {voluntary - b.voluntary, involuntary - b.involuntary, run_ns - b.run_ns,
			delay_ns - b.delay_ns, slices - b.slices};
	}
	Counts& operator+=(const Counts& b)
	{
		voluntary += b.voluntary;
		involuntary += b.involuntary;
		run_ns += b.run_ns;
		delay_ns += b.delay_ns;
		slices += b.slices;
		return *this;
	}
};

std::atomic<int64_t> stalled_ns{0}; // of all threads

void burn_until(int64_t end_ns)
{
	constexpr int64_t kJump = 10000;
	for (int64_t before = now_ns(), now; before < end_ns; before = now) {
		now = now_ns();
		if (now - before > kJump)
			stalled_ns += now - before;
	}
}

int64_t status_number(const std::string& status, const char* name)
{
	const size_t at = status.find(std::string("\n") + name + ":");
	if (at == std::string::npos)
		fail(kUnsupported, "/proc/PID/status has no %s", name);
	return atoll(status.c_str() + at + strlen(name) + 2);
}

Counts counts_of(pid_t pid, pid_t tid)
{
	const std::string task = proc_path(pid, "task/") + std::to_string(tid);
	const std::string status = read_file(task + "/status"), sched = read_file(task + "/schedstat");
	Counts c;
	c.voluntary = status_number(status, "voluntary_ctxt_switches");
	c.involuntary = status_number(status, "nonvoluntary_ctxt_switches");
	long long run = 0, delay = 0, slices = 0;
	if (sscanf(sched.c_str(), "%lld %lld %lld", &run, &delay, &slices) != 3)
		fail(kUnsupported, "this kernel has no /proc/PID/schedstat");
	c.run_ns = run;
	c.delay_ns = delay;
	c.slices = slices;
	return c;
}

bool is_blocked(pid_t pid, pid_t tid)
{
	const std::string task = proc_path(pid, "task/") + std::to_string(tid);
	return read_file(task + "/status").find("\nState:\tS") != std::string::npos;
}

void put(Json& json, const Counts& c)
{
	json.number("voluntary", c.voluntary).number("involuntary", c.involuntary);
	json.number("switches", c.voluntary + c.involuntary);
	json.number("run_ns", c.run_ns).number("delay_ns", c.delay_ns).number("slices", c.slices);
}

// What the calling thread has done since it was made.
class Window {
public:
	Counts end() const { return counts_of(getpid(), own_tid()) - before_; }
	int64_t wall_ns() const { return now_ns() - start_; }

private:
	Counts before_ = counts_of(getpid(), own_tid());
	int64_t start_ = now_ns();
};

void print_truth(
	const std::string& name, pid_t pid, const std::string& comm, const Counts& c, int64_t wall_ns)
{
	Json line;
	line.text("case", name).number("pid", pid).number("tid", pid).text("comm", comm);
	put(line, c);
	line.number("wall_ns", wall_ns).number("stalled_ns", stalled_ns).print();
}

// Burns on the clock, which the vDSO reads: no system call in between.
struct Work {
	long burn_us, sleep_us, rounds;

	void run() const
	{
		for (long i = 0; i < rounds; i++) {
			burn_until(now_ns() + burn_us * 1000);
			if (sleep_us)
				corescope::load::sleep_us(sleep_us);
		}
	}
};

Work work_from(const Request& request, size_t at)
{
	return {request.number(at, "BURN_US", 0, 1000000000), request.number(at + 1, "SLEEP_US", 0, 1000000000),
		request.number(at + 2, "ROUNDS", 1, 1000000000)};
}

void measured(const Request& request, const std::function<void()>& body)
{
	request.begin();
	const Window window;
	body();
	const int64_t wall_ns = window.wall_ns();
	print_truth(request.name, getpid(), comm_of(getpid(), getpid()), window.end(), wall_ns);
	request.finish();
}

void run_burn(const Request& request)
{
	const Work work = work_from(request, 0);
	measured(request, [&] { work.run(); });
}

void run_spin(const Request& request)
{
	char* end = nullptr;
	const double seconds = strtod(request.arg(0, "SECONDS").c_str(), &end);
	if (*end || !(seconds > 0 && seconds <= 3600))
		fail(kUsage, "SECONDS must be more than 0 and at most 3600");
	const auto ns = static_cast<int64_t>(seconds * 1e9);
	measured(request, [&] { burn_until(now_ns() + ns); });
}

// The threads' work; they stay blocked afterwards until the truth is out and, with --hold, stdin closed. A name ends in
// %d.
void run_team(const Request& request, long count, const Work& work, const char* leader, const char* worker)
{
	struct Shared {
		std::atomic<long> done{0};
		std::atomic<bool> stop{false};
		std::vector<std::atomic<pid_t>> tids;
		explicit Shared(size_t n) : tids(n) {}
	} shared(static_cast<size_t>(count));
	if (leader)
		set_comm(leader);
	request.begin();
	const Window window;
	std::vector<std::thread> threads;
	for (size_t i = 0; i < static_cast<size_t>(count); i++)
		threads.emplace_back([&shared, &work, worker, i] {
			char name[kCommSize];
			snprintf(name, sizeof(name), "%s%zu", worker, i + 1);
			prctl(PR_SET_NAME, name);
			shared.tids[i] = own_tid();
			work.run();
			shared.done++;
			shared.stop.wait(false);
		});
	const pid_t pid = getpid();
	while (shared.done < count)
		sleep_us(1000);
	for (const auto& tid : shared.tids)
		while (!is_blocked(pid, tid))
			sleep_us(1000);
	const int64_t wall_ns = window.wall_ns();
	Counts total = window.end();
	std::vector<Json> list;
	const auto put_task = [&](pid_t tid, const Counts& c) {
		Json task;
		task.number("tid", tid).text("comm", comm_of(pid, tid));
		put(task, c);
		list.push_back(task);
	};
	put_task(pid, total);
	for (const auto& tid : shared.tids) {
		const Counts c = counts_of(pid, tid);
		put_task(tid, c);
		total += c;
	}
	Json line;
	line.text("case", request.name)
		.number("pid", pid)
		.text("comm", comm_of(pid, pid))
		.number("threads", count);
	put(line, total);
	line.number("wall_ns", wall_ns).number("stalled_ns", stalled_ns).objects("tasks", list).print();
	request.finish();
	shared.stop = true;
	shared.stop.notify_all();
	for (std::thread& thread : threads)
		thread.join();
}

void run_threads(const Request& request)
{
	run_team(request, request.number(0, "N", 1, 10000), work_from(request, 1), nullptr, "switchworker");
}

// The process is named by its leader, which hardly runs; its threads have other names.
void run_names(const Request& request)
{
	const bool given = !request.args.empty();
	const Work work = given ? work_from(request, 1) : Work{1000, 1000, 200};
	run_team(request, given ? request.number(0, "N", 1, 10000) : 3, work, "leadername", "workername");
}

// Two processes hand one byte to and fro. Each measures itself; both lines are printed here.
void run_pingpong(const Request& request)
{
	struct Result {
		Counts counts;
		int64_t wall_ns;
	};
	const long rounds = request.number(0, "ROUNDS", 1, 100000000);
	Pipe there = make_pipe(), back = make_pipe(), result = make_pipe();
	Lifeline life;
	const auto pass = [](const Pipe& from, const Pipe& to, bool first) {
		char c = 'x';
		if (first && write(to.wr.get(), &c, 1) != 1)
			fail(kFailed, "pipe: %s", strerror(errno));
		if (read_some(from.rd.get(), &c, 1) != 1 || (!first && write(to.wr.get(), &c, 1) != 1))
			fail(kFailed, "the other process went away");
	};
	request.begin();
	const pid_t child = spawn([&] {
		life.drop();
		there.wr.reset();
		set_comm("pong");
		const Window window;
		for (long i = 0; i < rounds; i++)
			pass(there, back, false);
		const Result mine{window.end(), window.wall_ns()};
		write_all(result.wr.get(), {reinterpret_cast<const char*>(&mine), sizeof(mine)});
		life.wait();
	});
	back.wr.reset();
	result.wr.reset();
	const Window window;
	for (long i = 0; i < rounds; i++)
		pass(back, there, true);
	const int64_t wall_ns = window.wall_ns();
	const Counts mine = window.end();
	Result other;
	if (read_some(result.rd.get(), &other, sizeof(other)) != static_cast<ssize_t>(sizeof(other)))
		fail(kFailed, "the other process went away");
	print_truth(request.name, getpid(), comm_of(getpid(), getpid()), mine, wall_ns);
	print_truth(request.name, child, "pong", other.counts, other.wall_ns);
	request.finish();
	life.release();
	reap_well(child);
}

// N short processes, each with a name of its own: it burns 50 us, sleeps 50 us and ends. The sums are those
// of the reaped children (getrusage); the last switch of one that was reaped at once may be missing in them.
void run_many(const Request& request)
{
	const long count = request.number(0, "N", 1, 1000000);
	const Work work{50, 50, 1};
	std::vector<pid_t> pids;
	request.begin();
	rusage before, after;
	getrusage(RUSAGE_CHILDREN, &before);
	const int64_t start = now_ns();
	for (long i = 0; i < count; i++) {
		pids.push_back(spawn([&] {
			char name[kCommSize];
			snprintf(name, sizeof(name), "many%ld", i);
			set_comm(name);
			work.run();
		}));
		if (i >= 32)
			reap_well(pids[static_cast<size_t>(i - 32)]);
	}
	for (long i = count > 32 ? count - 32 : 0; i < count; i++)
		reap_well(pids[static_cast<size_t>(i)]);
	getrusage(RUSAGE_CHILDREN, &after);
	const int64_t voluntary = after.ru_nvcsw - before.ru_nvcsw,
				  involuntary = after.ru_nivcsw - before.ru_nivcsw;
	Json line;
	line.text("case", request.name).number("ppid", getpid()).number("processes", count);
	line.number("voluntary", voluntary).number("involuntary", involuntary);
	line.number("wall_ns", now_ns() - start).numbers("pids", pids).print();
	request.finish();
}

void run_incgroup(const Request& request);

const Case cases[] = {
	{"burn", "BURN_US SLEEP_US ROUNDS", run_burn},
	{"spin", "SECONDS", run_spin},
	{"threads", "N BURN_US SLEEP_US ROUNDS", run_threads},
	{"names", "[N BURN_US SLEEP_US ROUNDS]", run_names},
	{"pingpong", "ROUNDS", run_pingpong},
	{"many", "N", run_many},
	{"incgroup", "PATH CASE [ARGS]", run_incgroup},
};

// Any other case, from within that cgroup. Its ready line names the other case.
void run_incgroup(const Request& request)
{
	const std::string path = request.arg(0, "PATH");
	Request inner = request;
	inner.name = request.arg(1, "CASE");
	inner.args.erase(inner.args.begin(), inner.args.begin() + 2);
	enter_cgroup(path);
	run_case(inner, cases, std::size(cases));
}

} // namespace

int main(int argc, char** argv) { return run(argc, argv, cases); }
