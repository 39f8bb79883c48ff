// SPDX-License-Identifier: BSD-2-Clause
// killsnoop and sigsnoop under more signals than their reader can take: whatever was made is shown or counted as lost
// (S11), and what the buffer holds is not lost. And the times and ends of a run (X1, X17).
#include "signal_truth.h"
#include "two_cgroups.h"

#include <csignal>
#include <sys/wait.h>
#include <time.h>

using namespace corescope::test;

namespace {

struct Sum {
	uint64_t shown = 0, lost = 0, told_lost = 0;
	uint64_t all() const { return shown + lost; }
};

// Of a tool that has stopped: what it showed, what its summary calls lost, and what its `lost` records add up to.
Sum sum_of(Tool& tool)
{
	Sum sum;
	const Json& summary = tool.summary();
	sum.shown = events_of(tool).size();
	sum.lost = summary.at("lost");
	for (const Json& record : tool.records())
		if (record.at("type") == "lost")
			sum.told_lost += record.at("count").get<uint64_t>();
	CHECK(summary.at("records") == tool.events().size());
	uint64_t by_reason = 0;
	for (const auto& reason : summary.at("lost_by_reason").items()) {
		CHECK(reason.key() == "ring buffer full");
		by_reason += reason.value().get<uint64_t>();
	}
	CHECK(by_reason == sum.lost);
	CHECK(sum.told_lost == sum.lost);
	// A person who reads only the table hears of it too.
	const bool said = tool.process().errors().find("lost " + std::to_string(sum.lost)) != std::string::npos;
	CHECK(said == (sum.lost > 0));
	return sum;
}

// Waits until the kernel has stopped it.
void freeze(Process& process)
{
	process.signal(SIGSTOP);
	siginfo_t info{};
	REQUIRE(waitid(P_PID, static_cast<id_t>(process.pid()), &info, WSTOPPED | WNOWAIT) == 0);
	REQUIRE(info.si_code == CLD_STOPPED);
}

std::string now_utc()
{
	timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	tm parts;
	gmtime_r(&t.tv_sec, &parts);
	char text[64];
	const size_t size = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + size, sizeof(text) - size, ".%09ldZ", t.tv_nsec);
	return text;
}

} // namespace

TEST_CASE("killsnoop and sigsnoop: a storm while the reader stands still: made = shown + lost (S11)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	constexpr uint64_t kMade = 30000;
	for (const char* name : {"killsnoop", "sigsnoop"}) {
		Load load("sigload", {"burst", std::to_string(kMade)});
		Tool tool({name, "-p", std::to_string(load.pid()), "-s", "USR1", "--buffer-size", "64K"});
		freeze(tool.process());
		load.go();
		REQUIRE(load.finish() == 0);
		tool.process().signal(SIGCONT);
		tool.stop();
		const Sum sum = sum_of(tool);
		CAPTURE(name, sum.shown, sum.lost);
		CHECK(sum.all() == kMade);
		CHECK(sum.lost > kMade / 2); // 64 KiB hold some hundred
		CHECK(sum.shown > 100);
	}
}

TEST_CASE(
	"killsnoop and sigsnoop: several senders at once, a small buffer and a reader that runs: made = shown + lost (S11)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	TwoCgroups cgroup;
	if (!cgroup.usable())
		SKIP_TEST("no cgroup v2 can be made here");
	constexpr uint64_t kMade = 20000;
	for (const char* name : {"killsnoop", "sigsnoop"}) {
		Tool tool({name, "-c", cgroup.path(), "-s", "USR1", "--buffer-size", "4096"});
		std::vector<std::unique_ptr<Load>> loads;
		REQUIRE(cgroup.enter(cgroup.path()));
		for (const char* call : {"kill", "tgkill", "rt_sigqueueinfo"})
			loads.push_back(std::make_unique<Load>(
				"sigload", std::vector<std::string>{"burst", std::to_string(kMade), call}));
		REQUIRE(cgroup.leave());
		for (const auto& load : loads)
			load->go();
		for (const auto& load : loads)
			REQUIRE(load->finish() == 0);
		tool.stop();
		const Sum sum = sum_of(tool);
		CAPTURE(name, sum.shown, sum.lost);
		CHECK(sum.all() == 3 * kMade);
	}
}

TEST_CASE("killsnoop: calls that fail are shown or counted, too (S11)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	constexpr uint64_t kMade = 20000;
	for (const std::string& hook : kill_hooks()) {
		Tool tool({"killsnoop", "--hook", hook, "-p", std::to_string(getpid()), "-s", "0", "--buffer-size",
			"4096"});
		for (uint64_t i = 0; i < kMade; i++)
			kill(4194304, 0);
		tool.stop();
		const Sum sum = sum_of(tool);
		CAPTURE(hook, sum.shown, sum.lost);
		CHECK(sum.all() == kMade);
	}
}

TEST_CASE("killsnoop and sigsnoop: a burst that the buffer holds is shown whole, by each of the six calls")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	constexpr uint64_t kMade = 5000; // the default buffer takes them all, even if nobody reads meanwhile
	for (const char* call :
		{"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"}) {
		Load load("sigload", {"burst", std::to_string(kMade), call});
		const std::string sender = std::to_string(load.pid());
		Tool kills({"killsnoop", "-p", sender}), signals({"sigsnoop", "-p", sender});
		freeze(kills.process());
		freeze(signals.process());
		load.go();
		REQUIRE(load.finish() == 0);
		const Json truth = load.truth().at(0);
		for (Tool* tool : {&kills, &signals}) {
			tool->process().signal(SIGCONT);
			tool->stop();
			const Sum sum = sum_of(*tool);
			INFO(call << ", by " << tool->meta().at("tool"));
			CHECK(sum.lost == 0);
			const auto shown = tool->events([&](const Json& event) {
				return event.at("call") == call && event.at("pid") == truth.at("sender_pid") &&
					event.at("tpid") == truth.at("target_pid") &&
					event.at("ttid") == truth.at("target_tid") &&
					event.at("tcomm") == truth.at("target_comm") &&
					event.at("si_code") == truth.at("si_code") && event.at("sig") == truth.at("sig") &&
					event.at("result") == "ignored";
			});
			CHECK(shown.size() == kMade);
			// Nothing else came from there, but the news of its end.
			CHECK(tool->events([](const Json& e) { return e.at("tpid") != getpid(); }).size() == kMade);
		}
	}
}

TEST_CASE("killsnoop and sigsnoop: the time of an event is the kernel's, in UTC to the nanosecond (X17)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const char* name : {"killsnoop", "sigsnoop"}) {
		Load load("sigload", {"every-ignored"});
		Tool tool({name, "-p", std::to_string(load.pid())});
		freeze(tool.process()); // it must not matter when it is printed
		const std::string before = now_utc();
		const SignalCase done = run_signal_case(load);
		const std::string after = now_utc();
		tool.process().signal(SIGCONT);
		const std::string printed_after = now_utc();
		tool.stop();
		std::string last = before;
		CHECK(about(tool.records(), done).size() == 64);
		for (const Json& event : about(tool.records(), done)) {
			const std::string ts = event.at("ts");
			CHECK(ts.size() == before.size());
			CHECK(ts >= last);
			CHECK(ts <= after);
			last = ts;
		}
		CHECK(tool.summary().at("ts").get<std::string>() >= printed_after);
	}
}

TEST_CASE("killsnoop and sigsnoop: TERM and HUP end the run in order, with what came before (X1)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const char* name : {"killsnoop", "sigsnoop"}) {
		for (const int number : {SIGTERM, SIGHUP, SIGINT}) {
			Load load("sigload", {"kill"});
			Tool tool({name, "-p", std::to_string(load.pid())});
			const SignalCase done = run_signal_case(load);
			tool.stop(number);
			CAPTURE(name, number);
			CHECK(about(tool.records(), done).size() == 1);
			CHECK(tool.summary().at("end") ==
				(number == SIGTERM         ? "SIGTERM"
						: number == SIGHUP ? "SIGHUP"
										   : "SIGINT"));
		}
	}
}
