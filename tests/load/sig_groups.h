// SPDX-License-Identifier: BSD-2-Clause
// sigload's cases with several targets, and those in a PID namespace. Processes of a new PID namespace are
// direct children here (unshare, then fork), so that their host pids are known without asking anybody.
#pragma once

#include "sig_ways.h"

namespace corescope::load {

// sender null: the loader itself, which sends to target_arg; else its body does.
inline void send_to_all(const Request& request, const std::vector<Process*>& members, Process* sender,
	long target_arg, pid_t pgid)
{
	std::vector<pid_t> targets;
	for (const Process* member : members)
		targets.push_back(member->pid());
	request.begin(targets);
	Truth truth{};
	truth.name = request.name;
	truth.call = "kill";
	truth.sender = sender ? party(*sender) : self_party();
	truth.target_arg = target_arg;
	truth.pgid = pgid;
	truth.sig = SIGUSR1;
	truth.code = SI_USER;
	truth.ret = sender ? sender->run_body() : done(kill(static_cast<pid_t>(target_arg), SIGUSR1));
	check_ret(truth.ret, 0, "kill");
	truth.print_call();
	for (Process* member : members) {
		truth.target = party(*member);
		check_seen(*member, truth, truth.sender.nspid);
		truth.print_signal();
	}
}

inline Plan member(const char* comm, pid_t pgid)
{
	Plan plan;
	plan.comm = comm;
	plan.stance = Stance::handles;
	plan.prepare = [pgid] { must(setpgid(0, pgid), "setpgid"); };
	return plan;
}

inline Plan with_body(Plan plan, std::function<int64_t()> body)
{
	plan.body = std::move(body);
	return plan;
}

inline void run_group(const Request& request)
{
	Processes processes;
	Process& first = add(processes, member("sigmember1", 0));
	Process& second = add(processes, member("sigmember2", first.pid()));
	Process& third = add(processes, member("sigmember3", first.pid()));
	send_to_all(request, {&first, &second, &third}, nullptr, -first.pid(), first.pid());
	end(request, processes);
}

// The sender is one of the group, and a target too.
inline void run_group0(const Request& request)
{
	Processes processes;
	Process& sender =
		add(processes, with_body(member("siggroupsender", 0), [] { return done(kill(0, SIGUSR1)); }));
	Process& second = add(processes, member("sigmember2", sender.pid()));
	Process& third = add(processes, member("sigmember3", sender.pid()));
	send_to_all(request, {&sender, &second, &third}, &sender, 0, sender.pid());
	end(request, processes);
}

// The first process of a new PID namespace, which the next ones forked here join. It ends last.
inline Process& add_init(Processes& processes, std::function<int64_t()> body = nullptr)
{
	need(unshare(CLONE_NEWPID), "unshare(CLONE_NEWPID)");
	Plan plan;
	plan.comm = "nsinit";
	plan.life = &lifelines().init;
	plan.body = std::move(body);
	Process& init = add(processes, plan);
	if (init.nspid() != 1)
		fail(kFailed, "the new PID namespace did not begin with 1");
	return init;
}

// kill(-1) reaches every process that the sender can see: so it is sent by process 1 of a namespace of its
// own, which then means the three others there, never itself.
inline void run_all(const Request& request)
{
	Processes processes;
	Process& sender =
		add_init(processes, [] { return getpid() == 1 ? done(kill(-1, SIGUSR1)) : -ECANCELED; });
	Process& first = add(processes, member("sigmember1", 0));
	Process& second = add(processes, member("sigmember2", 0));
	Process& third = add(processes, member("sigmember3", 0));
	send_to_all(request, {&first, &second, &third}, &sender, -1, 0);
	end(request, processes);
}

inline void run_pidns(const Request& request)
{
	Processes processes;
	add_init(processes);
	Plan plan;
	plan.stance = Stance::handles;
	Process& target = add(processes, plan);
	Plan sending;
	sending.comm = "signssender";
	sending.body = [] { return done(kill(2, SIGUSR1)); };
	Process& sender = add(processes, sending);
	if (target.nspid() != 2 || sender.nspid() != 3)
		fail(kFailed, "target and sender are not 2 and 3 in their namespace");
	request.begin({target.pid()});
	Truth truth = truth_of(request, by_kill, target, SIGUSR1);
	truth.sender = party(sender);
	truth.target_arg = 2;
	truth.ret = sender.run_body();
	check_ret(truth.ret, 0, "kill");
	check_seen(target, truth, 3);
	truth.print_both();
	end(request, processes);
}

inline void run_pidns_group(const Request& request)
{
	Processes processes;
	add_init(processes);
	Process& first = add(processes, member("sigmember1", 0));
	Process& second = add(processes, member("sigmember2", first.nspid()));
	Plan sending;
	sending.comm = "signssender";
	sending.body = [] { return done(kill(-2, SIGUSR1)); };
	Process& sender = add(processes, sending);
	send_to_all(request, {&first, &second}, &sender, -2, first.pid());
	end(request, processes);
}

// From outside to inside: the target cannot see the sender, whose number is 0 for it.
inline void run_into_pidns(const Request& request)
{
	Processes processes;
	add_init(processes);
	Plan plan;
	plan.stance = Stance::handles;
	Process& target = add(processes, plan);
	request.begin({target.pid()});
	Truth truth = truth_of(request, by_kill, target, SIGUSR1);
	truth.ret = by_kill.send(target.pid(), 0, SIGUSR1);
	check_ret(truth.ret, 0, "kill");
	check_seen(target, truth, 0);
	truth.print_both();
	end(request, processes);
}

} // namespace corescope::load
