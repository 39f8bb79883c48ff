// SPDX-License-Identifier: BSD-2-Clause
// `corescope progs --watch`: programs, maps and links as they come and go, beside a test that makes them and knows their ids.
#include "bpf_trial.h"
#include "pages.h"
#include "unprivileged.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <sched.h>
#include <set>
#include <sys/mount.h>
#include <unistd.h>

namespace corescope::test {

namespace {

Fd new_map(const std::string& name)
{
	Fd map(bpf_map_create(BPF_MAP_TYPE_HASH, name.c_str(), 4, 8, 3, nullptr));
	REQUIRE(map);
	return map;
}
Fd new_link(const Fd& prog)
{
	Fd link(bpf_raw_tracepoint_open("task_rename", prog.get()));
	REQUIRE(link);
	return link;
}
uint32_t map_id(const Fd& map)
{
	bpf_map_info info = {};
	uint32_t size = sizeof(info);
	REQUIRE(bpf_obj_get_info_by_fd(map.get(), &info, &size) == 0);
	return info.id;
}

// What was told of one object: its events in their order.
std::vector<Json> told(const std::vector<Json>& records, const std::string& object, uint32_t id)
{
	std::vector<Json> found;
	for (const Json& one : records)
		if (one.at("type") == "event" && one.at("object") == object && one.at("id") == id)
			found.push_back(one);
	return found;
}

// It came once and then went once.
void check_came_and_went(const std::vector<Json>& records, const std::string& object, uint32_t id,
	const char* came, const char* went)
{
	const std::vector<Json> events = told(records, object, id);
	INFO(object << " " << id << ": " << Json(events).dump());
	REQUIRE(events.size() == 2);
	CHECK(events[0].at("event") == came);
	CHECK(events[1].at("event") == went);
	CHECK(events[0].at("ts") <= events[1].at("ts"));
	if (!events[0].at("name").is_null())
		CHECK(events[1].at("name") == events[0].at("name"));
}

constexpr size_t kKept = 4, kBrief = 60;

void watch_maps_and_links(const Process::Setup& setup)
{
	// With one it also knows of links that nothing was made after.
	const bool iterator = progs(setup).back().at("not_seen").dump().find("iterator") == std::string::npos;
	const Fd prog = load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_linked");
	Fd before = new_map("see_before");
	const uint32_t before_id = map_id(before);
	Tool watch({"progs", "--watch"}, setup);

	std::vector<Fd> kept;
	std::vector<uint32_t> maps, links, brief_maps, brief_links;
	for (size_t i = 0; i < kKept; i++) {
		kept.push_back(new_map("see_map"));
		maps.push_back(map_id(kept.back()));
		kept.push_back(new_link(prog));
		links.push_back(link_id(kept.back()));
	}
	std::set<uint32_t> awaited(links.begin(), links.end()); // the last that are looked at
	watch.until([&](const Json& one) {
		if (one.at("type") == "event" && one.at("object") == "link")
			awaited.erase(one.at("id").get<uint32_t>());
		return awaited.empty();
	});
	for (size_t i = 0; i < kBrief; i++) { // gone before anyone can look
		brief_maps.push_back(map_id(new_map("see_brief")));
		brief_links.push_back(link_id(new_link(prog)));
	}
	kept.clear();
	before.close();
	const std::vector<Json> records = watch.stop();

	for (const uint32_t id : maps) {
		check_came_and_went(records, "map", id, "create", "destroy");
		const Json came = told(records, "map", id)[0];
		CHECK(came.at("name") == "see_map");
		CHECK(came.at("map_type") == "hash");
		CHECK(came.at("pid") == getpid());
		CHECK(came.at("comm").is_string());
		CHECK(came.at("prog_type").is_null());
		CHECK(told(records, "map", id)[1].at("pid").is_null());
	}
	for (const uint32_t id : links) {
		check_came_and_went(records, "link", id, "attach", "detach");
		const Json came = told(records, "link", id)[0];
		CHECK(came.at("name") == "see_linked");
		CHECK(came.at("link_type") == "raw_tracepoint");
		CHECK(came.at("prog_id") == prog_id(prog));
		CHECK(came.at("kind") == "raw_tp");
		CHECK(came.at("target") == "task_rename");
		CHECK(came.at("pid") == getpid());
	}
	for (const uint32_t id : brief_maps)
		check_came_and_went(records, "map", id, "create", "destroy");
	for (const uint32_t id : brief_links)
		if (iterator || !told(records, "link", id).empty())
			check_came_and_went(records, "link", id, "attach", "detach");
	const std::vector<Json> end = told(records, "map", before_id);
	REQUIRE(end.size() == 1); // it was there already
	CHECK(end[0].at("event") == "destroy");
	CHECK(end[0].at("name") == "see_before");
	CHECK(told(records, "prog", prog_id(prog)).empty());
	const auto events = static_cast<size_t>(std::count_if(
		records.begin(), records.end(), [](const Json& one) { return one.at("type") == "event"; }));
	CHECK(watch.summary().at("records") == events);
	CHECK(watch.summary().at("end") == "SIGINT");
}

} // namespace

TEST_CASE("progs --watch: a program's load and unload are told, with its name and who loaded it")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Tool watch({"progs", "--watch"});
	Fd prog = load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_watched");
	const uint32_t id = prog_id(prog);
	const auto is = [&](const Json& one, const char* event) {
		return one.at("type") == "event" && one.at("object") == "prog" && one.at("id") == id &&
			one.at("event") == event;
	};
	const Json load = watch.until([&](const Json& one) { return is(one, "load"); });
	CHECK(load.at("name") == "see_watched");
	CHECK(load.at("prog_type") == "raw_tracepoint");
	CHECK(load.at("pid") == getpid());
	CHECK(load.at("uid") == getuid());
	CHECK(load.at("insns") == 2);
	prog.close();
	const Json unload = watch.until([&](const Json& one) { return is(one, "unload"); });
	CHECK(unload.at("name") == "see_watched");
	CHECK(unload.at("tag") == load.at("tag"));
	CHECK(unload.at("pid").is_null());
	watch.stop();
	CHECK(watch.summary().at("end") == "SIGINT");
}

TEST_CASE(
	"progs --watch: each map and link that comes and goes is told once, also those that live for a moment")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	watch_maps_and_links({});
}

TEST_CASE("progs --watch: maps and links where no iterator can be loaded")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_own_mounts(); !why.empty())
		SKIP_TEST(why);
	Process::Setup setup;
	setup.in_child = [] { // without the kernel's types
		if (unshare(CLONE_NEWNS) != 0 || mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
			mount("tmpfs", "/sys/kernel/btf", "tmpfs", 0, nullptr) != 0)
			_exit(126);
	};
	watch_maps_and_links(setup);
}

TEST_CASE("progs --watch: a table and CSV tell the same, and end with --count")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const char* format : {"table", "csv"}) {
		INFO(format);
		const bool csv = std::string(format) == "csv";
		Process watch({corescope_path(), "progs", "--watch", "--output", format, "--count", "1000"});
		const std::string heading = watch.line().value_or("");
		const auto columns = csv ? split(heading, ',') : words(heading);
		CHECK(columns.front() == (csv ? "type" : "TIME"));
		CHECK(contains(columns, csv ? "object" : "WHAT"));
		Fd map = new_map("see_in_text");
		const std::string id = std::to_string(map_id(map));
		const auto cells = [&](const char* event) {
			for (;;) {
				const auto line = watch.line();
				REQUIRE(line);
				const auto row = csv ? split(*line, ',') : words(*line);
				if (contains(row, id) && contains(row, event))
					return row;
			}
		};
		const auto created = cells("create");
		CHECK(contains(created, "hash"));
		CHECK(contains(created, "see_in_text"));
		CHECK(contains(created, std::to_string(getpid())));
		if (csv)
			CHECK(created.size() == columns.size());
		map.close();
		CHECK(contains(cells("destroy"), "see_in_text"));
		watch.signal(SIGTERM);
		watch.rest();
		CHECK(watch.wait() == 0);
	}
	Process two({corescope_path(), "progs", "--watch", "--count", "2"});
	REQUIRE(two.line());
	const Fd maps[] = {new_map("see_counted"), new_map("see_counted"), new_map("see_counted")};
	const std::string out = two.rest();
	CHECK(std::count(out.begin(), out.end(), '\n') == 2);
	CHECK(two.wait() == 0);
}

} // namespace corescope::test
