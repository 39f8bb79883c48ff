// SPDX-License-Identifier: BSD-2-Clause
// What every tool leaves behind, and what it gathers while it runs: nothing.
#include "behaviour.h"

#include <cerrno>
#include <csignal>
#include <dirent.h>
#include <fstream>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corescope::test {

namespace {

Words entries(const std::string& folder)
{
	Words names;
	DIR* dir = opendir(folder.c_str());
	REQUIRE(dir);
	while (const dirent* entry = readdir(dir))
		if (entry->d_name[0] != '.')
			names.emplace_back(entry->d_name);
	closedir(dir);
	return names;
}

std::string proc(pid_t pid, const std::string& file) { return "/proc/" + std::to_string(pid) + "/" + file; }

struct Holding {
	long anonymous_kib = 0;
	size_t files = 0;
};
Holding holding(pid_t pid)
{
	Holding now;
	std::ifstream status(proc(pid, "status"));
	std::string word;
	while (status >> word)
		if (word == "RssAnon:")
			status >> now.anonymous_kib;
	now.files = entries(proc(pid, "fd")).size();
	return now;
}

// BPF objects that a process has open, as the kernel numbers them.
struct Objects {
	std::vector<uint32_t> programs, maps, links;
};
Objects objects_of(pid_t pid)
{
	Objects found;
	for (const std::string& fd : entries(proc(pid, "fdinfo"))) {
		std::ifstream file(proc(pid, "fdinfo/" + fd));
		std::string word;
		uint32_t id = 0;
		while (file >> word) {
			if (word == "prog_id:" && file >> id)
				found.programs.push_back(id);
			else if (word == "map_id:" && file >> id)
				found.maps.push_back(id);
			else if (word == "link_id:" && file >> id)
				found.links.push_back(id);
		}
	}
	return found;
}

// All but those that remember the files of each function that shows up: these grow with them, up to a bound that
// tests/live/stack_growth_test.cpp asks for.
std::vector<std::string> tools_of_constant_size()
{
	std::vector<std::string> tools = tool_names();
	std::erase_if(tools, [](const std::string& tool) { return has_option(tool, "perf-max-stack-depth"); });
	return tools;
}

bool is_there(bpf_cmd command, uint32_t id)
{
	bpf_attr attr{};
	attr.prog_id = id; // the same place for maps and links
	const auto fd = static_cast<int>(syscall(SYS_bpf, command, &attr, sizeof(attr)));
	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != ENOENT;
}

} // namespace

TEST_CASE("every tool: memory and open files do not grow while it works")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tools_of_constant_size())),
					  format = GENERATE("table", "json");
	CAPTURE(tool, format);
	Words words = command(tool, {"--output", format});
	if (has_option(tool, "by"))
		words = with(words, {"--by", "comm"});
	words = with(words, interval(tool, "0.01"));
	Process process(words);
	const Stimulus one({.pause_us = 0}), two({.pause_us = 0});
	const auto read_lines = [&](size_t n) {
		for (size_t i = 0; i < n; i++)
			REQUIRE(process.line());
	};
	read_lines(1000);
	const Holding before = holding(process.pid());
	read_lines(2500);
	const Holding after = holding(process.pid());
	CAPTURE(before.anonymous_kib, after.anonymous_kib, before.files, after.files);
	CHECK(before.anonymous_kib > 0);
	CHECK(after.anonymous_kib <= before.anonymous_kib + 128);
	CHECK(after.files <= before.files);
	process.signal(SIGINT);
	process.rest();
	CHECK(process.wait() == 0);
}

TEST_CASE("every tool: an excerpt of the kernel's types is enough for it to start")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const Ran ran = run(command(tool, {"--verbose", "--duration", "0.001", "--output", "json"}));
	CHECK(ran.status == 0);
	CHECK(ran.err.find("loads with an excerpt of the kernel's types") != std::string::npos);
	CHECK(ran.err.find("with all of the kernel's types") == std::string::npos);
}

TEST_CASE("every tool: nothing of it stays in the kernel, however it ended")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	const int number = GENERATE(SIGINT, SIGTERM, SIGKILL);
	CAPTURE(tool, number);
	Process process(command(tool, {"--output", "json"}));
	REQUIRE(process.line());
	const Objects held = objects_of(process.pid());
	REQUIRE(held.programs.size() >= 1);
	REQUIRE(held.maps.size() >= 1);
	REQUIRE(held.links.size() >= 1);
	for (const uint32_t id : held.programs)
		REQUIRE(is_there(BPF_PROG_GET_FD_BY_ID, id));
	process.signal(number);
	process.rest();
	CHECK(process.wait() == (number == SIGKILL ? 128 + SIGKILL : 0));
	// The kernel frees them behind our back, after a grace period.
	const auto gone = [](bpf_cmd command, const std::vector<uint32_t>& ids) {
		return until([&] {
			for (const uint32_t id : ids)
				if (is_there(command, id))
					return false;
			return true;
		});
	};
	CHECK(gone(BPF_LINK_GET_FD_BY_ID, held.links));
	CHECK(gone(BPF_PROG_GET_FD_BY_ID, held.programs));
	CHECK(gone(BPF_MAP_GET_FD_BY_ID, held.maps));
}

} // namespace corescope::test
