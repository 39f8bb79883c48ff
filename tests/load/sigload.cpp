// SPDX-License-Identifier: BSD-2-Clause
// Sends signals in every way, to processes of its own, and prints the exact truth (sig_truth.h). Where the
// target has a handler, the truth was compared with what the handler saw. The ready line names the targets,
// so that a test can filter by them; the protocol is in load.h. Processes end without a signal unless the
// case is about one, and the loader gets no SIGCHLD for them.
#include "sig_groups.h"
#include "sig_kernel.h"

#include <grp.h>

using namespace corescope::load;

namespace {

constexpr uid_t kNobody = 65534;

// The plain cases: the loader sends one signal to one target, times times.
void send_one(const Request& request, const Way& way, int sig, Stance stance = Stance::handles, int times = 1)
{
	Processes processes;
	Plan plan;
	plan.stance = stance;
	plan.thread_comm = way.to_thread ? "sigthread" : nullptr;
	Process& target = add(processes, plan);
	request.begin({target.pid()});
	for (int i = 0; i < times; i++) {
		Truth truth = truth_of(request, way, target, sig);
		truth.ret = way.send(target.pid(), truth.target.tid, sig);
		check_ret(truth.ret, 0, way.call);
		if (sig == 0) {
			truth.print_call();
			continue;
		}
		if (i > 0 && truth.blocked && sig < SIGRTMIN)
			truth.fate = Fate::pending;
		if (stance == Stance::handles)
			check_seen(target, truth, getpid());
		truth.print_both();
	}
	end(request, processes);
}

// All of 1..64, once each; STOP, CONT and KILL come last, in this order, so that the target takes each of
// them.
void send_every(const Request& request, Stance stance)
{
	struct sigaction quiet_stops {};
	quiet_stops.sa_handler = SIG_DFL;
	quiet_stops.sa_flags = SA_NOCLDSTOP;
	must(sigaction(SIGCHLD, &quiet_stops, nullptr), "sigaction");
	Processes processes;
	Plan plan;
	plan.stance = stance;
	Process& target = add(processes, plan);
	request.begin({target.pid()});
	std::vector<int> order;
	for (int sig = 1; sig < 65; sig++)
		if (can_be_caught(sig) && sig != SIGCONT)
			order.push_back(sig);
	order.insert(order.end(), {SIGSTOP, SIGCONT, SIGKILL});
	for (const int sig : order) {
		Truth truth = truth_of(request, by_kill, target, sig);
		truth.ret = by_kill.send(target.pid(), 0, sig);
		check_ret(truth.ret, 0, "kill");
		if (!can_be_caught(sig))
			truth.fate = Fate::delivered;
		else if (sig == 32 || sig == 33)
			truth.fate = Fate::ignored;
		else if (stance == Stance::handles)
			check_seen(target, truth, getpid());
		truth.print_both();
		if (sig == SIGSTOP && !WIFSTOPPED(reap(target.pid(), WUNTRACED)))
			fail(kFailed, "the target did not stop");
	}
	request.finish();
	const int status = target.status();
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail(kFailed, "the target ended with wait status %#x", status);
	end_all(processes);
}

void run_esrch(const Request& request)
{
	request.begin();
	for (const Way* way : {&by_kill, &by_tkill, &by_tgkill, &by_sigqueue, &by_tgsigqueue}) {
		Truth truth{};
		truth.name = request.name;
		truth.call = way->call;
		truth.sender = self_party();
		truth.target_arg = kNoSuchPid;
		truth.sig = SIGUSR1;
		truth.code = way->code;
		truth.group = way->group;
		truth.ret = way->send(kNoSuchPid, kNoSuchPid, SIGUSR1);
		check_ret(truth.ret, -ESRCH, way->call);
		truth.print_call();
	}
	request.finish();
}

void run_einval(const Request& request)
{
	Processes processes;
	Process& target = add(processes, {});
	request.begin({target.pid()});
	Truth truth = truth_of(request, by_kill, target, 65);
	truth.ret = by_kill.send(target.pid(), 0, 65);
	check_ret(truth.ret, -EINVAL, "kill");
	truth.print_call();
	end(request, processes);
}

// A child of user nobody sends to a process of root.
void run_eperm(const Request& request)
{
	need_root();
	Processes processes;
	const pid_t target = add(processes, {}).pid();
	Plan plan;
	plan.comm = "signobody";
	plan.prepare = [] {
		need(setgroups(0, nullptr), "setgroups");
		need(setresgid(kNobody, kNobody, kNobody), "setresgid");
		need(setresuid(kNobody, kNobody, kNobody), "setresuid");
	};
	plan.body = [target] { return by_kill.send(target, 0, SIGTERM); };
	Process& sender = add(processes, plan);
	request.begin({target});
	Truth truth = truth_of(request, by_kill, *processes[0], SIGTERM);
	truth.sender = party(sender);
	truth.ret = sender.run_body();
	check_ret(truth.ret, -EPERM, "kill");
	truth.print_call();
	end(request, processes);
}

void run_self(const Request& request)
{
	Processes processes;
	Plan plan;
	plan.comm = "sigself";
	plan.stance = Stance::handles;
	plan.body = [] { return done(kill(getpid(), SIGUSR2)); };
	Process& process = add(processes, plan);
	request.begin({process.pid()});
	Truth truth = truth_of(request, by_kill, process, SIGUSR2);
	truth.sender = party(process);
	truth.ret = process.run_body();
	check_ret(truth.ret, 0, "kill");
	check_seen(process, truth, process.pid());
	truth.print_both();
	end(request, processes);
}

// A process that ends by its own signal. Not dumpable, so that no core is written anywhere.
void end_by_own(const Request& request, const Way& way, int sig, std::function<int64_t()> body)
{
	Processes processes;
	Plan plan;
	plan.comm = "sigself";
	plan.prepare = [] { prctl(PR_SET_DUMPABLE, 0); };
	plan.body = std::move(body);
	Process& process = add(processes, plan);
	request.begin({process.pid()});
	Truth truth{};
	truth.name = request.name;
	truth.call = way.call;
	truth.sender = truth.target = party(process);
	truth.target_arg = process.pid();
	truth.sig = sig;
	truth.code = way.code;
	truth.group = way.group;
	process.start_body();
	const int status = process.status();
	if (!WIFSIGNALED(status) || WTERMSIG(status) != sig)
		fail(kFailed, "the process ended with wait status %#x", status);
	truth.print_both();
	end(request, processes);
}

// The sender is a thread that is not the leader.
void run_from_thread(const Request& request)
{
	Processes processes;
	Plan plan;
	plan.stance = Stance::handles;
	Process& target = add(processes, plan);
	request.begin({target.pid()});
	struct Work {
		pid_t target;
		Party sender;
		int64_t ret;
	} work{target.pid(), {}, 0};
	pthread_t thread;
	if (pthread_create(
			&thread, nullptr,
			[](void* data) -> void* {
				auto& w = *static_cast<Work*>(data);
				set_comm("sigthreadsend");
				w.sender = self_party();
				w.ret = done(kill(w.target, SIGUSR1));
				return nullptr;
			},
			&work) != 0)
		fail(kFailed, "pthread_create failed");
	pthread_join(thread, nullptr);
	Truth truth = truth_of(request, by_kill, target, SIGUSR1);
	truth.sender = work.sender;
	truth.ret = work.ret;
	check_ret(truth.ret, 0, "kill");
	check_seen(target, truth, getpid());
	truth.print_both();
	end(request, processes);
}

// N signals as fast as one process sends them, to a target that ignores them.
void run_burst(const Request& request)
{
	const long count = request.number(0, "N", 1, 100000000);
	const std::string call = request.args.size() > 1 ? request.args[1] : "kill";
	const Way* chosen = nullptr;
	for (const Way* way : {&by_kill, &by_tkill, &by_tgkill, &by_sigqueue, &by_tgsigqueue, &by_pidfd})
		if (call == way->call)
			chosen = way;
	if (!chosen)
		fail(kUsage, "burst knows no call '%s'", call.c_str());
	Processes processes;
	Plan plan;
	plan.stance = Stance::ignores;
	plan.thread_comm = chosen->to_thread ? "sigthread" : nullptr;
	Process& target = add(processes, plan);
	request.begin({target.pid()});
	Truth truth = truth_of(request, *chosen, target, SIGUSR1);
	const int64_t start = now_ns();
	for (long i = 0; i < count; i++)
		if ((truth.ret = chosen->send(target.pid(), truth.target.tid, SIGUSR1)) != 0)
			break;
	const int64_t took = now_ns() - start;
	check_ret(truth.ret, 0, chosen->call);
	Json line = truth.line("burst");
	line.text("result", word(truth.fate)).flag("group", truth.group);
	line.number("count", count).number("duration_ns", took).print();
	end(request, processes);
}

const Case cases[] = {
	{"kill", "", [](const Request& r) { send_one(r, by_kill, SIGUSR1); }},
	{"kill-thread", "", [](const Request& r) { send_one(r, by_kill_thread, SIGUSR1); }},
	{"tkill", "", [](const Request& r) { send_one(r, by_tkill, SIGUSR1); }},
	{"tgkill", "", [](const Request& r) { send_one(r, by_tgkill, SIGUSR1); }},
	{"sigqueue", "", [](const Request& r) { send_one(r, by_sigqueue, SIGUSR1); }},
	{"tgsigqueue", "", [](const Request& r) { send_one(r, by_tgsigqueue, SIGUSR1); }},
	{"pidfd", "", [](const Request& r) { send_one(r, by_pidfd, SIGUSR1); }},
	{"compat", "", [](const Request& r) { need_compat(), send_one(r, by_compat, SIGUSR1); }},
	{"from-thread", "", run_from_thread},
	{"sig0", "", [](const Request& r) { send_one(r, by_kill, 0); }},
	{"esrch", "", run_esrch},
	{"eperm", "", run_eperm},
	{"einval", "", run_einval},
	{"self", "", run_self},
	{"self-kill", "",
		[](const Request& r) {
			end_by_own(r, by_kill, SIGKILL, [] { return done(kill(getpid(), SIGKILL)); });
		}},
	{"abort", "", [](const Request& r) { end_by_own(r, by_tgkill, SIGABRT, []() -> int64_t { abort(); }); }},
	{"realtime", "", [](const Request& r) { send_one(r, by_kill, SIGRTMIN + 3); }},
	{"ignored", "", [](const Request& r) { send_one(r, by_kill, SIGUSR1, Stance::ignores); }},
	{"blocked", "", [](const Request& r) { send_one(r, by_kill, SIGUSR1, Stance::blocks); }},
	{"pending", "", [](const Request& r) { send_one(r, by_kill, SIGUSR1, Stance::blocks, 2); }},
	{"every", "", [](const Request& r) { send_every(r, Stance::handles); }},
	{"every-ignored", "", [](const Request& r) { send_every(r, Stance::ignores); }},
	{"group", "", run_group},
	{"group0", "", run_group0},
	{"all", "", run_all},
	{"pidns", "", run_pidns},
	{"pidns-group", "", run_pidns_group},
	{"into-pidns", "", run_into_pidns},
	{"fault", "", run_fault},
	{"child", "", run_child},
	{"pipe", "", run_pipe},
	{"timer", "", run_timer},
	{"overflow", "", run_overflow},
	{"burst", "N [CALL]", run_burst},
};

} // namespace

int main(int argc, char** argv)
{
	prctl(PR_SET_NAME, "sigsender");
	return run(argc, argv, cases);
}
