// SPDX-License-Identifier: BSD-2-Clause
// sigsnoop's options: what each leaves of what sigload does. What is refused is in killsnoop_options_test.cpp.
#include "signal_truth.h"
#include "two_cgroups.h"

#include <algorithm>
#include <csignal>

using namespace corescope::test;

namespace {

using Wanted = std::function<bool(const Json&)>;

// One set of options, and what it leaves.
struct Filter {
	std::vector<std::string> options;
	Wanted wanted;
};

void check_filters(const std::vector<Filter>& filters, const std::vector<std::string>& cases)
{
	std::vector<std::vector<std::string>> options;
	for (const Filter& filter : filters)
		options.push_back(filter.options);
	std::vector<SignalCase> done;
	const auto told = told_with("sigsnoop", options, cases, done);
	for (size_t i = 0; i < filters.size(); i++) {
		const auto owed = owed_by(done, owed_signals, filters[i].wanted);
		CAPTURE(filters[i].options);
		CHECK_FALSE(owed.empty());
		CHECK(difference(owed, told[i]) == "");
	}
}

Wanted signals(const std::set<int>& numbers)
{
	return [=](const Json& one) { return numbers.count(one.at("sig").get<int>()) != 0; };
}

Wanted with(const char* key, const Json& value)
{
	return [=](const Json& one) { return one.at(key) == value; };
}

} // namespace

TEST_CASE("sigsnoop -s: numbers, names, lists, SIGRTMIN+3 and 64; -s 1 does not show signal 33 (S4, S5)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	check_filters({{{"-s", "1"}, signals({1})}, {{"-s", "33"}, signals({33})}, {{"-s", "64"}, signals({64})},
					  {{"-s", "KILL"}, signals({9})}, {{"-s", "SIGRTMIN+3"}, signals({SIGRTMIN + 3})},
					  {{"--signal", "9,TERM,SIGRTMIN+3"}, signals({9, 15, SIGRTMIN + 3})},
					  {{"-s", "SEGV,BUS"}, signals({7, 11})}, {{"-s", "31,32,63"}, signals({31, 32, 63})}},
		{"every", "realtime", "fault"});
}

TEST_CASE("sigsnoop -x: what was not delivered and nothing else (S1); -k: what a call sent")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const auto undelivered = [](const Json& one) {
		const std::string result = one.at("result");
		return result == "ignored" || result == "pending" || result == "overflow";
	};
	const auto called = [](const Json& one) { return !one.at("call").is_null(); };
	check_filters({{{"-x"}, undelivered}, {{"-k"}, called},
					  {{"-x", "-k", "-s", "USR1"},
						  [=](const Json& one) {
							  return undelivered(one) && called(one) && one.at("sig") == SIGUSR1;
						  }}},
		{"kill", "ignored", "blocked", "pending", "overflow", "fault", "child", "pipe", "timer",
			"every-ignored"});
}

TEST_CASE("sigsnoop -p is who caused it, -T whom it was sent to, also for the kernel's own (S6)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const char* name : {"kill", "group", "tgkill", "pidns", "fault", "timer", "pipe", "child"}) {
		Load one("sigload", {name}), other("sigload", {name});
		const pid_t target = one.ready().at("targets").at(0);
		Tool by_sender({"sigsnoop", "-p", std::to_string(one.pid())});
		Tool by_itself({"sigsnoop", "--pid", std::to_string(target)});
		Tool by_target({"sigsnoop", "-T", std::to_string(target)});
		const SignalCase done = run_signal_case(one);
		const SignalCase not_asked_for = run_signal_case(other);
		for (Tool* tool : {&by_sender, &by_itself, &by_target})
			tool->stop();
		if (done.skipped())
			SKIP_TEST(done.errors);
		INFO(name);
		const auto events = [](Tool& tool) {
			return tool.events([](const Json& event) { return event.at("tpid") != getpid(); });
		};
		CHECK(difference(owed_by({done}, owed_signals, with("pid", one.pid())), events(by_sender)) == "");
		CHECK(difference(owed_by({done}, owed_signals, with("pid", target)), events(by_itself)) == "");
		CHECK(difference(owed_by({done}, owed_signals, with("tpid", target)), events(by_target)) == "");
		CHECK_FALSE(events(by_target).empty());
	}
}

TEST_CASE("sigsnoop --sender-comm and --target-comm are regular expressions on the names")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	check_filters(
		{{{"--sender-comm", "^sigchild$"}, with("comm", "sigchild")},
			{{"--target-comm", "^sigmember2$"}, with("tcomm", "sigmember2")},
			{{"--sender-comm", "^sig(self|fault)$"},
				[](const Json& one) { return one.at("comm") == "sigself" || one.at("comm") == "sigfault"; }},
			// Nobody's name matches nothing.
			{{"--target-comm", "^sigtimer$"}, with("tcomm", "sigtimer")},
			{{"--sender-comm", ".", "--target-comm", "^sig"},
				[](const Json& one) { return !one.at("comm").is_null(); }}},
		{"self", "group", "fault", "child", "timer"});
}

TEST_CASE("sigsnoop -c: signals caused in that cgroup or below it (X6)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	TwoCgroups cgroup;
	if (!cgroup.usable())
		SKIP_TEST("no cgroup v2 can be made here");
	Tool whole({"sigsnoop", "-c", cgroup.directory(cgroup.path())});
	Tool inner({"sigsnoop", "--cgroup", cgroup.inner_path()});
	std::map<std::string, std::vector<Json>> owed;
	for (const std::string& where : {cgroup.path(), cgroup.inner_path(), std::string()}) {
		if (!where.empty())
			REQUIRE(cgroup.enter(where));
		for (const char* name : {"kill", "fault", "child", "pidns"})
			for (Json one : owed_signals(run_signal_case({name}))) {
				one["cgroup_id"] = cgroup.id(where);
				one["cgroup"] = where;
				owed[where].push_back(one);
			}
		REQUIRE(cgroup.leave());
	}
	whole.stop();
	inner.stop();
	const auto events = [](Tool& tool) {
		return tool.events([](const Json& event) { return event.at("tpid") != getpid(); });
	};
	std::vector<Json> both = owed.at(cgroup.path());
	for (const Json& one : owed.at(cgroup.inner_path()))
		both.push_back(one);
	CHECK(difference(both, events(whole)) == "");
	CHECK(difference(owed.at(cgroup.inner_path()), events(inner)) == "");
}

TEST_CASE("sigsnoop -n: signals by name, with their result, their si_code in words and the call")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	std::map<std::string, SignalCase> done;
	const auto rows = table_of({"sigsnoop", "-n"},
		{"fault", "child", "pipe", "timer", "ignored", "blocked", "realtime", "tgkill"}, done);
	REQUIRE_FALSE(rows.empty());
	for (const char* column : {"TIME", "PID", "COMM", "SIGNAL", "TPID", "TCOMM", "RESULT", "CODE", "CALL"})
		CHECK(rows[0].find(column) != std::string::npos);
	const auto check = [&](const char* name, const std::vector<std::string>& words) {
		const std::string target =
			" " + std::to_string(done.at(name).truth.at(0).at("target_pid").get<int>()) + " ";
		const long found = std::count_if(rows.begin(), rows.end(), [&](const std::string& row) {
			return row.find(target) != std::string::npos &&
				std::all_of(words.begin(), words.end(),
					[&](const std::string& word) { return row.find(word) != std::string::npos; });
		});
		CAPTURE(name, words);
		CHECK(found == 1);
	};
	check("fault", {" SIGSEGV ", "sigfault", "delivered", "SEGV_MAPERR", "kernel"});
	check("child", {" SIGCHLD ", " sigchild ", " sigparent ", "CLD_EXITED", "kernel"});
	check("pipe", {" SIGPIPE ", "sigpiper", "kernel"});
	check("timer", {" SIGUSR1 ", "SI_TIMER", "kernel"});
	check("timer", {" SIGALRM ", "SI_KERNEL", "kernel"});
	check("ignored", {" SIGUSR1 ", " ignored ", "SI_USER", "kill("});
	check("blocked", {" SIGUSR1 ", " blocked "});
	check("realtime", {" SIGRTMIN+3 "});
	check("tgkill", {" SIGUSR1 ", "SI_TKILL", "tgkill("});
}
