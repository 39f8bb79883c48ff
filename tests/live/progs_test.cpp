// SPDX-License-Identifier: BSD-2-Clause
// `corescope progs` finds what is in the kernel, who holds it and where it is pinned.
#include "bpf_trial.h"
#include "unprivileged.h"

#include <algorithm>
#include <fcntl.h>
#include <map>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

namespace corescope::test {

namespace {

std::map<uint32_t, Json> bpftool(const std::string& what)
{
	std::map<uint32_t, Json> found;
	for (const Json& one : Json::parse(output_of({"/usr/bin/env", "bpftool", "-j", what})))
		found[one.at("id")] = one;
	return found;
}

std::string no_bpftool()
{
	Process process({"/bin/sh", "-c", "command -v bpftool && bpftool -j prog"});
	process.rest();
	return process.wait() == 0 ? "" : "needs bpftool";
}

} // namespace

TEST_CASE("progs: the same programs and maps as bpftool has, with the same names, types, sizes and owners")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_bpftool(); !why.empty())
		SKIP_TEST(why);
	Tool tool({"execsnoop"}); // something to find: several maps, types, a name
	const auto progs_before = bpftool("prog"), maps_before = bpftool("map");
	const std::vector<Json> ours = progs();
	const auto progs_after = bpftool("prog"), maps_after = bpftool("map");
	const uint32_t newest = std::max(progs_before.rbegin()->first, progs_after.rbegin()->first);
	size_t compared = 0;
	for (const auto& [id, theirs] : progs_before) {
		if (!progs_after.count(id)) // another's, which ended meanwhile
			continue;
		const Json prog = record(ours, "prog", id);
		CAPTURE(id, theirs.dump(), prog.dump());
		REQUIRE(prog.is_object());
		CHECK(prog.at("prog_type") == theirs.at("type"));
		CHECK(prog.at("name") == theirs.value("name", ""));
		CHECK(prog.at("tag") == theirs.at("tag"));
		CHECK(prog.at("uid") == theirs.at("uid"));
		CHECK(prog.at("gpl") == theirs.at("gpl_compatible"));
		CHECK(prog.at("insns") == theirs.at("bytes_xlated").get<int>() / 8);
		CHECK(prog.at("jited_bytes") == theirs.value("bytes_jited", 0));
		CHECK(prog.at("memory_bytes") == theirs.value("bytes_memlock", 0));
		CHECK(prog.at("map_ids") == theirs.value("map_ids", Json::array()));
		compared++;
	}
	CHECK(compared >= 1);
	for (const Json& prog : ours)
		if (prog.at("type") == "prog" && !prog.at("own") && prog.at("id") <= newest)
			CHECK((progs_before.count(prog.at("id")) || progs_after.count(prog.at("id")) ||
				prog.at("id") > progs_before.rbegin()->first));
	size_t maps = 0;
	for (const auto& [id, theirs] : maps_before) {
		if (!maps_after.count(id))
			continue;
		const Json map = record(ours, "map", id);
		CAPTURE(id, theirs.dump(), map.dump());
		REQUIRE(map.is_object());
		CHECK(map.at("map_type") == theirs.at("type"));
		CHECK(map.at("name") == theirs.value("name", ""));
		CHECK(map.at("key_bytes") == theirs.at("bytes_key"));
		CHECK(map.at("value_bytes") == theirs.at("bytes_value"));
		CHECK(map.at("max_entries") == theirs.at("max_entries"));
		CHECK(map.at("memory_bytes") == theirs.value("bytes_memlock", 0));
		maps++;
	}
	CHECK(maps >= 2);
	// The owner of execsnoop's, which nobody else has.
	const auto of_tool = std::count_if(ours.begin(), ours.end(), [&](const Json& r) {
		return r.at("type") == "prog" && held_by(r, tool.process().pid()) &&
			r.at("kept_by") == Json({"process"}) && !r.at("lasting").get<bool>();
	});
	CHECK(of_tool >= 1);
	CHECK(std::count_if(ours.begin(), ours.end(),
			  [&](const Json& r) { return r.at("type") == "map" && held_by(r, tool.process().pid()); }) >= 2);
}

TEST_CASE("progs: pins of programs, links and maps, and what lives on without a process")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const PinFolder folder;
	if (folder.path().empty())
		SKIP_TEST("needs a BPF file system");
	uint32_t ids[2], map = 0;
	{
		const Fd prog = load_prog(BPF_PROG_TYPE_SOCKET_FILTER, "see_pinned");
		const Fd traced = load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_link_pinned");
		const Fd link(bpf_raw_tracepoint_open("task_rename", traced.get()));
		const Fd array(bpf_map_create(BPF_MAP_TYPE_ARRAY, "see_map", 4, 8, 3, nullptr));
		REQUIRE(bpf_obj_pin(prog.get(), (folder.path() + "/prog").c_str()) == 0);
		REQUIRE(bpf_obj_pin(link.get(), (folder.path() + "/link").c_str()) == 0);
		REQUIRE(bpf_obj_pin(array.get(), (folder.path() + "/map").c_str()) == 0);
		ids[0] = prog_id(prog);
		ids[1] = prog_id(traced);
		bpf_map_info info = {};
		uint32_t size = sizeof(info);
		REQUIRE(bpf_obj_get_info_by_fd(array.get(), &info, &size) == 0);
		map = info.id;
		const Json held = record(progs(), "prog", ids[0]);
		CHECK(held.at("kept_by") == Json({"process", "pin"}));
	}
	const std::vector<Json> all = progs();
	const char* const pins[] = {"/prog", "/link"};
	for (int i = 0; i < 2; i++) {
		const Json prog = record(all, "prog", ids[i]);
		CAPTURE(prog.dump());
		REQUIRE(prog.is_object());
		CHECK(prog.at("kept_by") == Json({"pin"}));
		CHECK(prog.at("pins") == Json({folder.path() + pins[i]}));
		CHECK(prog.at("lasting") == true);
		CHECK(prog.at("processes").empty());
	}
	CHECK(has_attachment(record(all, "prog", ids[1]), "raw_tp", "task_rename"));
	const Json array = record(all, "map", map);
	CHECK(array.at("pins") == Json({folder.path() + "/map"}));
	CHECK(array.at("max_entries") == 3);
	CHECK(array.at("value_bytes") == 8);
}

TEST_CASE("progs: who holds a program: all processes, and none when they have ended")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	// A socket keeps its filter, and the kernel does not tell: nothing explains the program any more.
	int ends[2];
	REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
	const Fd near(ends[0]), far(ends[1]);
	Fd prog = load_prog(BPF_PROG_TYPE_SOCKET_FILTER, "see_filter");
	const uint32_t id = prog_id(prog);
	int fd = prog.get();
	REQUIRE(setsockopt(near.get(), SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd)) == 0);
	{
		Process::Setup setup;
		setup.in_child = [fd] { fcntl(fd, F_SETFD, 0); };
		Process other({"/bin/cat"}, setup);
		other.say("ready\n");
		REQUIRE(other.line() == "ready"); // it has become cat
		const Json both = record(progs(), "prog", id);
		CAPTURE(both.dump());
		CHECK(held_by(both, getpid()));
		CHECK(held_by(both, other.pid()));
		CHECK(both.at("processes").size() == 2);
	}
	CHECK(record(progs(), "prog", id).at("processes").size() == 1);
	prog.close();
	const std::vector<Json> all = progs();
	const Json alone = record(all, "prog", id);
	CAPTURE(alone.dump());
	CHECK(alone.at("unexplained") == true);
	CHECK(alone.at("kept_by").empty());
	CHECK(alone.at("perhaps").is_string());
	CHECK(all.back().at("type") == "summary");
	CHECK(all.back().at("unexplained") >= 1);
}

TEST_CASE("progs: where no iterator can be loaded, holders are found in /proc, and it says so")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_own_mounts(); !why.empty())
		SKIP_TEST(why);
	const Fd prog = load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_without");
	const Fd link(bpf_raw_tracepoint_open("task_rename", prog.get()));
	const Fd array(bpf_map_create(BPF_MAP_TYPE_ARRAY, "see_without", 4, 4, 1, nullptr));
	Process::Setup setup;
	setup.in_child = [] { // without the kernel's types
		if (!own_mounts() || mount("tmpfs", "/sys/kernel/btf", "tmpfs", 0, nullptr) != 0)
			_exit(126);
	};
	const std::vector<Json> all = progs(setup);
	const Json found = record(all, "prog", prog_id(prog));
	CAPTURE(found.dump(), all.back().dump());
	CHECK(held_by(found, getpid()));
	CHECK(has_attachment(found, "raw_tp", "task_rename"));
	CHECK(held_by(record(all, "link", link_id(link)), getpid()));
	CHECK(std::count_if(all.begin(), all.end(), [](const Json& one) {
		return one.at("type") == "map" && one.at("name") == "see_without" && held_by(one, getpid());
	}) == 1);
	CHECK(all.back().at("not_seen").dump().find("iterator") != std::string::npos);
}

TEST_CASE("progs: without privilege it says in one line what it takes")
{
	Process::Setup setup;
	setup.in_child = become_nobody;
	for (const char* way : {"--maps", "--watch"}) {
		Process process({public_corescope(), "progs", way}, setup);
		CHECK(process.rest().empty());
		CHECK(process.wait() == 77);
		const std::string errors = process.errors();
		CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
		CHECK(errors.find("CAP_SYS_ADMIN") != std::string::npos);
	}
}

} // namespace corescope::test
