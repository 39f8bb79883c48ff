// SPDX-License-Identifier: BSD-2-Clause
// Cgroups that come and go while a tool traces: a unit that is started again is the same unit, though its cgroup has
// another id, and one that is gone when its name is read has a name all the same.
#include "cpudist.h"
#include "load/load.h"

#include <csignal>
#include <map>
#include <memory>
#include <sys/stat.h>

using namespace corescope::test;
using corescope::load::enter_cgroup;
using corescope::load::reap;
using corescope::load::spawn;

namespace {

constexpr int kNaps = 60;

pid_t nap_in(const OwnCgroup& group)
{
	const pid_t pid = spawn([&] {
		enter_cgroup(group.directory());
		for (int i = 0; i < kNaps; i++)
			corescope::load::sleep_us(100);
	});
	CHECK(reap(pid) == 0);
	return pid;
}

ino_t id_of(const OwnCgroup& group)
{
	struct stat about = {};
	REQUIRE(stat(group.directory().c_str(), &about) == 0);
	return about.st_ino;
}

} // namespace

TEST_CASE("--unit, --cgroup: what is made anew at the same path is followed, and nothing else", "[cgroup]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const std::string unit = "corescope-follow-" + std::to_string(getpid()) + ".service";
	const std::vector<std::string> words = GENERATE(std::vector<std::string>{"offcputime", "--state", "1"},
		std::vector<std::string>{"cpudist", "-O"},
		std::vector<std::string>{"cpudist", "-O", "--hook", "raw_tp+hash"},
		std::vector<std::string>{"syscount"}, std::vector<std::string>{"exitsnoop"});
	const bool by_path = GENERATE(false, true);
	CAPTURE(words, by_path);
	if (words.size() > 2 && words[2] == "--hook" && !takes_hook({words[0], words[1]}, words[3]))
		SKIP_TEST("this kernel does not take " + words[3]);
	auto group = std::make_unique<OwnCgroup>(unit);
	const OwnCgroup other("corescope-follow-other-" + std::to_string(getpid()));
	std::vector<std::string> all = words;
	all.insert(all.end(), {by_path ? "--cgroup" : "--unit", by_path ? group->path() : unit});
	Tool tool(all);
	const ino_t first = id_of(*group);
	nap_in(*group);
	group.reset();
	group = std::make_unique<OwnCgroup>(unit);
	REQUIRE(id_of(*group) != first);
	nap_in(*group);
	const OwnCgroup elsewhere(unit, &other), inner("inner", group.get());
	nap_in(elsewhere); // another of that name
	nap_in(inner);
	tool.stop();
	int64_t count = 0;
	for (const Json& record : tool.records()) {
		const std::string type = record.at("type");
		if (type == "event")
			count += kNaps;
		else if (type == "hist" || type == "row" || type == "stack")
			count += record.at("count").get<int64_t>();
	}
	CAPTURE(count);
	const bool calls = words[0] == "syscount"; // a nap is a call, and a process has some more
	CHECK(count > 3 * kNaps * 9 / 10);
	CHECK(count < 3 * kNaps + (calls ? 3 * 30 : kNaps / 2));
}

TEST_CASE("a cgroup that is gone before its name is read has its name", "[cgroup]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const std::string name = "corescope-gone-" + std::to_string(getpid()) + "-";
	Tool events({"exitsnoop"}), hist({"cpudist", "-O", "--by", "cgroup", "--max-keys", "4000"}),
		stacks({"offcputime", "--by", "unit"});
	events.process().signal(SIGSTOP); // it reads late
	std::vector<std::pair<pid_t, std::string>> owed;
	for (int i = 0; i < 20; i++) {
		const OwnCgroup group(name + std::to_string(i) + ".scope");
		owed.emplace_back(nap_in(group), group.path());
	}
	events.process().signal(SIGCONT);
	for (Tool* tool : {&events, &hist, &stacks})
		tool->stop();
	size_t told = 0;
	for (const Json& event : events.events())
		for (const auto& [pid, path] : owed)
			if (event.at("pid") == pid) {
				told++;
				CHECK(event.at("cgroup") == path);
				CHECK(event.at("unit") == path.substr(1));
			}
	CHECK(told == owed.size());
	std::map<std::string, int64_t> counts;
	for (const Tool* tool : {&hist, &stacks})
		for (const Json& record : tool->records())
			if (record.at("type") == "hist")
				counts[record.at("cgroup")] += record.at("count").get<int64_t>();
			else if (record.at("type") == "stack")
				counts[record.at("unit")] += record.at("count").get<int64_t>();
	for (const auto& [pid, path] : owed) {
		CHECK(counts[path] > kNaps * 8 / 10);
		CHECK(counts[path.substr(1)] > kNaps * 8 / 10);
	}
}
