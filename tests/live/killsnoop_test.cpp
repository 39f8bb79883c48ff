// SPDX-License-Identifier: BSD-2-Clause
// killsnoop beside sigload: every call that sends or tries to send a signal is told once, and rightly. S1 to S12 are
// the defects of libbpf-tools' killsnoop that each test would show there.
#include "signal_truth.h"

#include <algorithm>
#include <unistd.h>

using namespace corescope::test;

#define NEEDS_TRACING()                                \
	if (const auto why = cannot_trace(); !why.empty()) \
	SKIP_TEST(why)

TEST_CASE("killsnoop: kill, tkill, tgkill, both ways to queue, and a pidfd are each told once (S2, S8)")
{
	NEEDS_TRACING();
	for (const char* name :
		{"kill", "kill-thread", "tkill", "tgkill", "sigqueue", "tgsigqueue", "pidfd", "from-thread"})
		check_calls(name);
}

TEST_CASE("killsnoop: a call of a 32-bit program is told as the others")
{
	NEEDS_TRACING();
	check_calls("compat");
}

TEST_CASE("killsnoop: failures are told with their error, and signal 0 as a probe")
{
	NEEDS_TRACING();
	for (const char* name : {"sig0", "esrch", "eperm", "einval"})
		check_calls(name);
}

TEST_CASE("killsnoop: what the queue refuses is told once, as the EAGAIN that the caller gets")
{
	NEEDS_TRACING();
	check_calls("overflow");
}

TEST_CASE("killsnoop: who signals himself is sender and target, also by SIGKILL and abort()")
{
	NEEDS_TRACING();
	for (const char* name : {"self", "self-kill", "abort"})
		check_calls(name);
}

TEST_CASE("killsnoop: every signal from 1 to 64, real-time ones too (S5)")
{
	NEEDS_TRACING();
	for (const char* name : {"realtime", "every", "every-ignored"})
		check_calls(name);
}

TEST_CASE("killsnoop: ignored, blocked and pending signals were sent all the same")
{
	NEEDS_TRACING();
	for (const char* name : {"ignored", "blocked", "pending"})
		check_calls(name);
}

TEST_CASE(
	"killsnoop: -PGID, 0 and -1 are told once for each process that was signalled, as what they are (S8)")
{
	NEEDS_TRACING();
	for (const char* name : {"group", "group0", "all", "pidns-group"})
		check_calls(name);
}

TEST_CASE("killsnoop: the target is the host's process, also for a sender in a PID namespace (S3)")
{
	NEEDS_TRACING();
	for (const char* name : {"pidns", "into-pidns", "pidns-group", "all"})
		check_calls(name);
}

TEST_CASE("killsnoop: signals that nobody's call sent are not told")
{
	NEEDS_TRACING();
	for (const char* name : {"fault", "child", "pipe", "timer"}) {
		check_calls(name);
		const auto& load = signal_session().cases.at(name);
		CHECK(owed_calls(load).empty());
		CHECK_FALSE(load.truth.empty());
	}
}

TEST_CASE("killsnoop: every case that sigload has, by each hook set that works here")
{
	NEEDS_TRACING();
	for (const std::string& name : signal_cases())
		check_calls(name);
}

TEST_CASE("killsnoop: meta names the hooks, and nothing is said on stderr (S10)")
{
	NEEDS_TRACING();
	std::vector<std::string> told;
	for (const auto& watcher : signal_session().kill)
		told.push_back(watcher.name);
	CHECK(told == kill_hooks());
	CHECK(std::count(told.begin(), told.end(), "tp_btf+sys_exit") == 1); // this one works everywhere
	Tool best({"killsnoop"});
	best.stop();
	CHECK(best.meta().at("hooks") == told.front());
	for (const auto& watcher : signal_session().kill)
		CHECK(watcher.errors == "");
}

TEST_CASE("killsnoop: si_code in words, and the user who sent it")
{
	NEEDS_TRACING();
	const std::map<std::string, const char*> words = {{"kill", "SI_USER"}, {"tkill", "SI_TKILL"},
		{"tgkill", "SI_TKILL"}, {"sigqueue", "SI_QUEUE"}, {"tgsigqueue", "SI_QUEUE"}, {"pidfd", "SI_USER"}};
	for (const auto& watcher : signal_session().kill) {
		for (const auto& [name, word] : words) {
			const auto events = about(watcher.records, signal_session().cases.at(name));
			CAPTURE(name, watcher.name);
			REQUIRE(events.size() == 1);
			CHECK(events[0].at("code") == word);
			CHECK(events[0].at("uid") == getuid());
		}
		const SignalCase& load = signal_session().cases.at("eperm");
		if (load.skipped())
			continue;
		for (const Json& event : about(watcher.records, load))
			CHECK(event.at("uid") == 65534);
	}
}

TEST_CASE("killsnoop: a pidfd's number is told as what the call was given")
{
	NEEDS_TRACING();
	for (const auto& watcher : signal_session().kill)
		for (const Json& event : about(watcher.records, signal_session().cases.at("pidfd")))
			CHECK(event.at("target_arg") >= 3);
}
