// SPDX-License-Identifier: BSD-2-Clause
// Containers and pods as runtimes name their cgroups: in the fields of events, as keys of histograms, and as filter. The
// test makes the cgroups, below one of its own; the processes in them are its children.
#include "cpudist.h"
#include "load/load.h"

#include <map>

using namespace corescope::test;
using corescope::load::enter_cgroup;
using corescope::load::reap;
using corescope::load::spawn;

namespace {

// An id that no other container on this machine has.
std::string container_id(char last)
{
	char text[64];
	std::snprintf(text, sizeof(text), "%08x%055x", static_cast<unsigned>(getpid()) * 2654435761U, 7U);
	const std::string id = text;
	return id + last;
}

std::string pod_uid(bool underscores)
{
	char text[40];
	std::snprintf(text, sizeof(text),
		underscores ? "2f6f5d8a_1c1e_4a6c_8a2b_%012x" : "2f6f5d8a-1c1e-4a6c-8a2b-%012x",
		static_cast<unsigned>(getpid()));
	return text;
}

struct Containers {
	OwnCgroup top{"corescope-attribution-" + std::to_string(getpid())};
	OwnCgroup slice{"kubepods-burstable-pod" + pod_uid(true) + ".slice", &top};
	OwnCgroup first{"cri-containerd-" + container_id('a') + ".scope", &slice};
	OwnCgroup second{"crio-" + container_id('b') + ".scope", &slice};
	OwnCgroup docker{"docker-" + container_id('c') + ".scope", &top};
	OwnCgroup monitor{"crio-conmon-" + container_id('b') + ".scope", &top};
	OwnCgroup named{"lxc.payload.box" + std::to_string(getpid()), &top};
};

pid_t run_in(const OwnCgroup& group)
{
	const pid_t pid = spawn([&] { enter_cgroup(group.directory()); });
	CHECK(reap(pid) == 0);
	return pid;
}

} // namespace

TEST_CASE("attribution: short processes have the container and the pod of their cgroup", "[attribution]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const Containers made;
	const std::string a = container_id('a'), b = container_id('b'), c = container_id('c'),
					  box = "box" + std::to_string(getpid());
	Tool all({"exitsnoop"}), by_id({"exitsnoop", "--container", b}),
		by_name({"exitsnoop", "--container", box});
	const struct {
		const OwnCgroup* group;
		Json container, pod;
	} owed[] = {{&made.first, a, pod_uid(false)}, {&made.second, b, pod_uid(false)},
		{&made.docker, c, nullptr}, {&made.monitor, nullptr, nullptr}, {&made.named, box, nullptr},
		{&made.slice, nullptr, pod_uid(false)}};
	std::map<pid_t, size_t> pids;
	for (size_t i = 0; i < std::size(owed); i++)
		pids[run_in(*owed[i].group)] = i;
	for (Tool* tool : {&all, &by_id, &by_name})
		tool->stop();
	size_t found = 0;
	for (const Json& event : all.events()) {
		const auto one = pids.find(event.at("pid").get<pid_t>());
		if (one == pids.end())
			continue;
		INFO(event.dump());
		found++;
		CHECK(event.at("cgroup") == owed[one->second].group->path());
		CHECK(event.at("container") == owed[one->second].container);
		CHECK(event.at("pod") == owed[one->second].pod);
	}
	CHECK(found == std::size(owed));
	REQUIRE(by_id.events().size() == 1);
	CHECK(by_id.events()[0].at("container") == b);
	REQUIRE(by_name.events().size() == 1);
	CHECK(by_name.events()[0].at("container") == box);
}

TEST_CASE("attribution: --container takes what is one container, and says why it does not", "[attribution]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const Containers made;
	const auto status = [](const std::vector<std::string>& options, const std::string& word) {
		std::vector<std::string> command = {corescope_path(), "exitsnoop", "--duration", "1ms"};
		command.insert(command.end(), options.begin(), options.end());
		Process tool(command);
		tool.rest();
		const int code = tool.wait();
		INFO(tool.errors());
		CHECK(tool.errors().find(word) != std::string::npos);
		return code;
	};
	CHECK(status({"--container", container_id('c').substr(0, 63)}, "more than one") == 64);
	CHECK(status({"--container", container_id('c')}, "") == 0);
	CHECK(status({"--container", "feedfacefeedface"}, "no container feedfacefeedface is running") == 69);
	CHECK(status({"--container", "a/b"}, "neither an id nor a name") == 64);
	CHECK(status({"--container", "abcd", "--unit", "x"}, "cannot be combined with --unit") == 64);
	CHECK(status({"--container", "abcd", "--cgroup", "/"}, "cannot be combined with --cgroup") == 64);
}

TEST_CASE("attribution: histograms by container and by pod add up their cgroups", "[attribution]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const Containers made;
	for (const std::string by : {"container", "pod"}) {
		Tool tool({"cpudist", "--by", by, "--max-keys", "1000"});
		for (const OwnCgroup* group : {&made.first, &made.second, &made.docker}) {
			const pid_t pid = spawn([&] {
				enter_cgroup(group->directory());
				for (int i = 0; i < 200; i++)
					corescope::load::sleep_us(100);
			});
			CHECK(reap(pid) == 0);
		}
		tool.stop();
		std::map<std::string, uint64_t> counts;
		for (const Json& record : tool.records())
			if (record.at("type") == "hist")
				counts[record.at(by)] += record.at("count").get<uint64_t>();
		INFO(by << ' ' << Json(counts).dump());
		if (by == "container") {
			for (const char last : {'a', 'b', 'c'})
				CHECK(counts[container_id(last)] >= 200);
		} else {
			CHECK(counts[pod_uid(false)] >= 400);
		}
		CHECK(counts["(none)"] > 0);
	}
}

TEST_CASE(
	"attribution: stacks by container, pod, unit, cgroup and PID namespace count together", "[attribution]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = cannot_make_cgroups(); !why.empty())
		SKIP_TEST(why);
	const Containers made;
	const std::string by = GENERATE("container", "pod", "unit", "cgroup", "pidns");
	constexpr int kNaps = 100;
	Tool tool({"offcputime", "--by", by, "--state", "1", "--cgroup", made.top.path()});
	struct stat pidns = {};
	REQUIRE(stat("/proc/self/ns/pid", &pidns) == 0);
	for (const OwnCgroup* group : {&made.first, &made.second, &made.docker, &made.named}) {
		const pid_t pid = spawn([&] {
			enter_cgroup(group->directory());
			for (int i = 0; i < kNaps; i++)
				corescope::load::sleep_us(100);
		});
		CHECK(reap(pid) == 0);
	}
	tool.stop();
	std::map<std::string, int> naps;
	for (const Json& record : tool.records()) {
		if (record.at("type") != "stack")
			continue;
		for (const char* key : {"pid", "tid", "comm", "nspid"})
			CHECK(record.at(key).is_null());
		for (const char* key : {"container", "pod", "unit", "cgroup", "pidns"})
			CHECK((record.at(key).is_null() || key == by || by == "cgroup"));
		naps[by == "pidns" ? std::to_string(record.at(by).get<uint64_t>())
						   : record.at(by).get<std::string>()] += record.at("count").get<int>();
	}
	INFO(by << ' ' << Json(naps).dump());
	const auto are = [](int count, int owed) { return count > owed * 8 / 10 && count <= owed * 12 / 10; };
	if (by == "container") {
		for (const char last : {'a', 'b', 'c'})
			CHECK(are(naps[container_id(last)], kNaps));
		CHECK(are(naps["box" + std::to_string(getpid())], kNaps));
	} else if (by == "pod") {
		CHECK(are(naps[pod_uid(false)], 2 * kNaps));
		CHECK(are(naps["(none)"], 2 * kNaps));
	} else if (by == "unit") {
		CHECK(are(naps["crio-" + container_id('b') + ".scope"], kNaps));
	} else if (by == "cgroup") {
		CHECK(are(naps[made.docker.path()], kNaps));
	} else {
		CHECK(are(naps[std::to_string(pidns.st_ino)], 4 * kNaps));
		CHECK(naps.size() == 1);
	}
}
