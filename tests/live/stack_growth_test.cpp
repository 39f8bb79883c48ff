// SPDX-License-Identifier: BSD-2-Clause
// What stacks tools remember while they run for long: of programs that came and went, and of stacks that come no more,
// not more than the last ones.
#include "stack_session.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace corescope::test;

namespace {

struct Holding {
	long anonymous_kib = 0;
	long files = 0;
};

Holding holding(pid_t pid)
{
	const std::string proc = "/proc/" + std::to_string(pid);
	Holding now;
	std::ifstream status(proc + "/status");
	for (std::string word; status >> word;)
		if (word == "RssAnon:")
			status >> now.anonymous_kib;
	now.files = std::distance(std::filesystem::directory_iterator(proc + "/fd"), {});
	return now;
}

// A tool that writes to a file, so that it never waits for us to read.
class Filed {
public:
	explicit Filed(std::vector<std::string> words)
		: path_("/tmp/corescope-growth-" + std::to_string(getpid())),
		  process_(command(std::move(words)), {.out = Process::Out::file, .file = path_})
	{
		while (records().empty())
			REQUIRE_FALSE(process_.ended());
	}
	~Filed() { unlink(path_.c_str()); }
	pid_t pid() const { return process_.pid(); }
	std::vector<Json> stop()
	{
		process_.signal(SIGINT);
		CHECK(process_.wait() == 0);
		return records();
	}

private:
	static std::vector<std::string> command(std::vector<std::string> words)
	{
		words.insert(words.begin(), corescope_path());
		words.insert(words.end(), {"--output", "json"});
		return words;
	}
	std::vector<Json> records() const
	{
		std::ifstream file(path_);
		std::vector<Json> all;
		for (std::string line; std::getline(file, line) && !file.eof();)
			all.push_back(Json::parse(line));
		return all;
	}

	std::string path_;
	Process process_;
};

} // namespace

TEST_CASE("profile: of hundreds of programs that came and went it remembers the last ones")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (sanitized())
		SKIP_TEST("AddressSanitizer keeps what was freed, and is too slow to name every one in time");
	Filed tool({"profile", "-F", "1999", "--interval", "0.02"});
	Load load("stackload", {"crowd", "450", "225"});
	load.go();
	load.truth(1);
	const Holding before = holding(tool.pid());
	load.truth(2);
	const Holding after = holding(tool.pid());
	CHECK(load.finish() == 0);
	const std::vector<Json> records = tool.stop();
	CAPTURE(before.anonymous_kib, after.anonymous_kib, before.files, after.files);
	CHECK(before.anonymous_kib > 0);
	// Names of each file's functions are some 20 KiB, and each file that is not let go is one that is open.
	CHECK(after.anonymous_kib <= before.anonymous_kib + 12288);
	CHECK(after.files <= before.files + 64);
	int64_t burned = 0;
	for (const Json& record : records)
		if (record.at("type") == "stack" && has_frame(record, "user", "stackload::turn(int)"))
			burned += record.at("count").get<int64_t>();
	CHECK(burned > 450);
}

TEST_CASE("offcputime: stacks that come no more make room for those that come")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (sanitized())
		SKIP_TEST("with AddressSanitizer each interval comes late, and what finds no room is only told");
	constexpr int64_t kWays = 3000, kRoom = 1000;
	const std::string room = std::to_string(kRoom);
	Load load("stackload", {"ways", std::to_string(kWays), "200"});
	Filed tool({"offcputime", "-p", std::to_string(load.pid()), "--interval", "0.02", "--max-keys", room,
		"--stack-storage-size", room});
	load.go();
	const Json truth = load.truth().at(0);
	CHECK(load.finish() == 0);
	const std::vector<Json> records = tool.stop();
	int64_t naps = 0, named = 0, ns = 0;
	for (const Json& stack : records)
		if (stack.at("type") == "stack" && stack.at("state") == "S") {
			naps += stack.at("count").get<int64_t>();
			ns += stack.at("value_ns").get<int64_t>();
			if (has_frame(stack, "user", "stackload::left_or_right(int, long, long)"))
				named += stack.at("count").get<int64_t>();
		}
	const Json lost = records.back().at("lost_by_reason");
	CAPTURE(naps, named, ns, truth.at("slept_ns"), lost.dump());
	CHECK(naps <= kWays + 1);
	CHECK(naps >
		2 * kRoom); // where the machine is so busy that an interval comes late, what finds no room is told
	CHECK(naps + lost.value("table full", int64_t{0}) + kWays / 16 >= kWays);
	CHECK(named + lost.value("stack table full", int64_t{0}) + kWays / 16 >= naps);
	CHECK(ns <= truth.at("slept_ns").get<int64_t>());
}
