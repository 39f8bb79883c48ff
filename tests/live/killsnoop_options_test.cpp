// SPDX-License-Identifier: BSD-2-Clause
// killsnoop's options: what each leaves of what sigload does, and what is refused.
#include "signal_truth.h"
#include "two_cgroups.h"

#include <algorithm>
#include <csignal>
#include <sstream>

using namespace corescope::test;

namespace {

using Options = std::vector<std::vector<std::string>>;

std::vector<std::vector<Json>> told(
	const Options& options, const std::vector<std::string>& cases, std::vector<SignalCase>& done)
{
	return told_with("killsnoop", options, cases, done);
}

std::vector<Json> owed_by_all(
	const std::vector<SignalCase>& cases, const std::function<bool(const Json&)>& wanted)
{
	return owed_by(cases, owed_calls, wanted);
}

struct Refusal {
	int status;
	std::string errors;
};
Refusal refusal(std::vector<std::string> arguments)
{
	arguments.insert(arguments.begin(), corescope_path());
	Process process(arguments);
	CHECK(process.rest() == "");
	const int status = process.wait();
	return {status, process.errors()};
}

size_t lines(const std::string& text)
{
	return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

TEST_CASE(
	"killsnoop -s: numbers, names, lists, SIGRTMIN+3, 0 and 64, and nothing that was not asked for (S4, S5)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::vector<std::pair<std::string, std::set<int>>> lists = {{"1", {1}}, {"33", {33}}, {"64", {64}},
		{"0", {0}}, {"KILL", {SIGKILL}}, {"SIGRTMIN+3", {SIGRTMIN + 3}},
		{"9,TERM,SIGRTMIN+3", {9, 15, SIGRTMIN + 3}}, {"SIGUSR1,0,RTMAX", {0, SIGUSR1, SIGRTMAX}},
		{"32", {32}}, {"31,63", {31, 63}}};
	Options options;
	for (const auto& [list, numbers] : lists)
		options.push_back({"-s", list});
	std::vector<SignalCase> done;
	const auto got = told(options, {"every", "sig0", "realtime", "esrch"}, done);
	for (size_t i = 0; i < lists.size(); i++) {
		INFO("-s " << lists[i].first);
		const std::set<int>& numbers = lists[i].second;
		const auto owed =
			owed_by_all(done, [&](const Json& one) { return numbers.count(one.at("sig").get<int>()) != 0; });
		CHECK_FALSE(owed.empty());
		CHECK(difference(owed, got[i]) == "");
	}
}

TEST_CASE("killsnoop -x: failures and nothing else; -k changes nothing")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	std::vector<SignalCase> done;
	const auto got = told({{"-x"}, {"-k"}, {"-x", "-s", "15"}},
		{"esrch", "eperm", "einval", "overflow", "kill", "sig0", "ignored"}, done);
	const auto failed = [](const Json& one) { return one.at("ret") < 0; };
	CHECK_FALSE(owed_by_all(done, failed).empty());
	CHECK(difference(owed_by_all(done, failed), got[0]) == "");
	CHECK(difference(owed_by_all(done, [](const Json&) { return true; }), got[1]) == "");
	CHECK(difference(owed_by_all(done, [&](const Json& one) { return failed(one) && one.at("sig") == 15; }),
			  got[2]) == "");
}

TEST_CASE("killsnoop -p is the sender, -T the target (S6)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const char* name : {"kill", "sig0", "tgkill", "group", "pidns"}) {
		Load one("sigload", {name}), other("sigload", {name});
		const pid_t target = one.ready().at("targets").at(0);
		Tool by_sender({"killsnoop", "-p", std::to_string(one.pid())});
		Tool by_target({"killsnoop", "-T", std::to_string(target)});
		Tool by_both({"killsnoop", "--pid", std::to_string(other.pid()), "--tpid", std::to_string(target)});
		Tool wrong_way({"killsnoop", "-p", std::to_string(target)});
		const SignalCase done = run_signal_case(one);
		const SignalCase not_asked_for = run_signal_case(other);
		for (Tool* tool : {&by_sender, &by_target, &by_both, &wrong_way})
			tool->stop();
		if (done.skipped())
			SKIP_TEST(done.errors);
		INFO(name);
		std::vector<Json> from, to;
		for (const Json& owed : owed_calls(done)) {
			if (owed.at("pid") == one.pid())
				from.push_back(owed);
			if (owed.at("tpid") == target)
				to.push_back(owed);
		}
		CHECK_FALSE(to.empty());
		CHECK(difference(from, events_of(by_sender)) == "");
		CHECK(difference(to, events_of(by_target)) == "");
		CHECK(events_of(by_both).empty());
		CHECK(events_of(wrong_way).empty());
	}
}

TEST_CASE("killsnoop --sender-comm and --target-comm are regular expressions on the names")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	std::vector<SignalCase> done;
	const auto got =
		told({{"--sender-comm", "^sigself$"}, {"--target-comm", "^sigmember[12]$"},
				 {"--sender-comm", "nobody"}, {"--sender-comm", "^sigsender$", "--target-comm", "thread"}},
			{"self", "group", "eperm", "tkill", "kill"}, done);
	const auto named = [](const char* key, const char* name) {
		return [=](const Json& one) { return one.at(key) == name; };
	};
	CHECK(difference(owed_by_all(done, named("comm", "sigself")), got[0]) == "");
	CHECK(difference(owed_by_all(done,
						 [](const Json& one) {
							 return one.at("tcomm") == "sigmember1" || one.at("tcomm") == "sigmember2";
						 }),
			  got[1]) == "");
	CHECK(difference(owed_by_all(done, named("comm", "signobody")), got[2]) == "");
	CHECK(difference(owed_by_all(done, named("tcomm", "sigthread")), got[3]) == "");
	for (const auto& events : got)
		CHECK_FALSE(events.empty());
}

TEST_CASE("killsnoop -c: senders in that cgroup or below it, each with its cgroup (X6)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	TwoCgroups cgroup;
	if (!cgroup.usable())
		SKIP_TEST("no cgroup v2 can be made here");
	// The target of all is outside: it is the sender who counts.
	for (const std::string& hook : kill_hooks()) {
		Tool whole({"killsnoop", "--hook", hook, "-c", cgroup.directory(cgroup.path())});
		Tool inner({"killsnoop", "--hook", hook, "--cgroup", cgroup.inner_path()});
		std::map<std::string, std::vector<SignalCase>> done;
		for (const std::string& where : {cgroup.path(), cgroup.inner_path(), std::string()}) {
			if (!where.empty())
				REQUIRE(cgroup.enter(where));
			for (const char* name : {"kill", "esrch", "sig0"})
				done[where].push_back(run_signal_case({name}));
			REQUIRE(cgroup.leave());
		}
		whole.stop();
		inner.stop();
		const auto owed = [&](const std::string& where) {
			std::vector<Json> all = owed_by_all(done.at(where), [](const Json&) { return true; });
			for (Json& one : all) {
				one["cgroup_id"] = cgroup.id(where);
				one["cgroup"] = where;
			}
			return all;
		};
		std::vector<Json> both = owed(cgroup.path());
		for (const Json& one : owed(cgroup.inner_path()))
			both.push_back(one);
		INFO(hook);
		CHECK(difference(both, whole.events()) == "");
		CHECK(difference(owed(cgroup.inner_path()), inner.events()) == "");
	}
}

TEST_CASE("killsnoop and sigsnoop refuse nonsense with 64 and one line that names the option (S12, X7, X8)")
{
	const std::vector<std::pair<std::string, std::vector<std::string>>> bad = {
		{"--signal",
			{"65", "FOO", "", "12x", "-1", "9,", ",9", "9,FOO", "SIGRTMIN+31", "1 2", "0x9", "4294967305"}},
		{"--pid", {"12x", "abc", "0", "-1", "", "1.5", "4194305", "99999999999999999999"}},
		{"--tpid", {"12x", "abc", "0", "-1", "", "4194305"}}, {"--sender-comm", {"(", ""}},
		{"--target-comm", {"[", ""}}, {"--hook", {"foo", "", "tp_btf+"}}};
	for (const char* tool : {"killsnoop", "sigsnoop"}) {
		for (const auto& [option, values] : bad) {
			for (const std::string& value : values) {
				const Refusal refused = refusal({tool, option, value});
				CAPTURE(tool, option, value, refused.errors);
				CHECK(refused.status == 64);
				CHECK(lines(refused.errors) == 1);
				CHECK(refused.errors.find(std::string(tool) + ": " + option) == 0);
			}
		}
		const Refusal letter = refusal({tool, "-s", "65"});
		CHECK(letter.status == 64);
		CHECK(letter.errors.find("--signal") != std::string::npos);
		const Refusal no_cgroup = refusal({tool, "-c", "/no/such/cgroup"});
		CHECK(no_cgroup.status == 64);
		CHECK(lines(no_cgroup.errors) == 1);
		CHECK(no_cgroup.errors.find("/no/such/cgroup") != std::string::npos);
	}
	const Refusal probe = refusal({"sigsnoop", "-s", "0"});
	CHECK(probe.status == 64); // no such signal is ever generated
	CHECK(probe.errors.find("--signal") != std::string::npos);
}

TEST_CASE(
	"--hook takes one of the tool's hook sets by name, lists them otherwise, and fails where it cannot be had")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Refusal unknown = refusal({"killsnoop", "--hook", "kprobe"});
	CHECK(unknown.status == 64);
	for (const char* name :
		{"tp_btf+fexit", "tp_btf+tracepoint", "tp_btf+sys_exit", "raw_tp+tracepoint", "raw_tp+sys_exit"})
		CHECK(unknown.errors.find(name) != std::string::npos);
	const Refusal other_tools = refusal({"sigsnoop", "--hook", "tp_btf+fexit"});
	CHECK(other_tools.status == 64);
	CHECK(other_tools.errors.find("tp_btf") != std::string::npos);
	Tool only({"sigsnoop", "--hook", "tp_btf"});
	only.stop();
	CHECK(only.meta().at("hooks") == "tp_btf");
	for (const char* name :
		{"tp_btf+fexit", "tp_btf+tracepoint", "tp_btf+sys_exit", "raw_tp+tracepoint", "raw_tp+sys_exit"}) {
		CAPTURE(name);
		if (std::count(kill_hooks().begin(), kill_hooks().end(), name)) {
			Tool tool({"killsnoop", "--hook", name});
			tool.stop();
			CHECK(tool.meta().at("hooks") == name);
		} else {
			const Refusal refused = refusal({"killsnoop", "--hook", name});
			CHECK(refused.status == 69);
			CHECK(lines(refused.errors) == 1);
		}
	}
}

TEST_CASE("killsnoop -s KILL: one command tells who sent SIGKILL, and to whom")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Process tool({corescope_path(), "killsnoop", "-s", "KILL"});
	const auto heading = tool.line();
	REQUIRE(heading);
	for (const char* column : {"TIME", "PID", "COMM", "SIG", "TPID", "TCOMM", "RESULT", "CALL"})
		CHECK(heading->find(column) != std::string::npos);
	const SignalCase done = run_signal_case({"self-kill"});
	const std::string pid = std::to_string(done.truth.at(0).at("sender_pid").get<int>());
	std::optional<std::string> line;
	while ((line = tool.line()))
		if (line->find(" " + pid + " ") != std::string::npos)
			break;
	REQUIRE(line);
	std::istringstream words(*line);
	std::vector<std::string> cells;
	for (std::string word; words >> word;)
		cells.push_back(word);
	REQUIRE(cells.size() == 8);
	CHECK(std::vector<std::string>(cells.begin() + 1, cells.end()) ==
		std::vector<std::string>{pid, "sigself", "9", pid, "sigself", "0", "kill(" + pid + ")"});
	tool.signal(SIGINT);
	tool.rest();
	CHECK(tool.wait() == 0);
	CHECK(tool.errors() == "");
}

TEST_CASE("killsnoop -n: signals by name, in the table; groups and failures as what they are")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	std::map<std::string, SignalCase> done;
	const auto rows = table_of({"killsnoop", "-n"},
		{"group", "group0", "all", "realtime", "eperm", "esrch", "sig0", "tgkill"}, done);
	REQUIRE_FALSE(rows.empty());
	CHECK(rows[0].find("SIGNAL") != std::string::npos);
	const auto number = [&](const char* name, const char* key) {
		return std::to_string(done.at(name).truth.at(0).at(key).get<int>());
	};
	// So many rows of the case's sender hold all of these words.
	const auto check = [&](const char* name, long count, const std::vector<std::string>& words) {
		if (done.at(name).skipped())
			return;
		const std::string sender = " " + number(name, "sender_pid") + " ";
		const long found = std::count_if(rows.begin(), rows.end(), [&](const std::string& row) {
			return row.find(sender) != std::string::npos &&
				std::all_of(words.begin(), words.end(),
					[&](const std::string& word) { return row.find(word) != std::string::npos; });
		});
		CAPTURE(name, words);
		CHECK(found == count);
	};
	check("group", 3, {" SIGUSR1 ", "sigmember", "kill(" + number("group", "target_arg") + ") group"});
	check("group0", 3, {" SIGUSR1 ", "kill(0) own group"});
	check("all", 3, {" SIGUSR1 ", "sigmember", "kill(-1) everyone"});
	check("realtime", 1, {" SIGRTMIN+3 "});
	check("eperm", 1, {" SIGTERM ", " signobody ", " sigtarget ", " -1 "});
	check("esrch", 5, {" SIGUSR1 ", " -3 "});
	check("sig0", 1, {" 0 ", "sigtarget"});
	check("tgkill", 1,
		{"tgkill(" + number("tgkill", "target_pid") + "," + number("tgkill", "target_tid") + ")"});
}
