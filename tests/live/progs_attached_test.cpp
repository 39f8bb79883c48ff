// SPDX-License-Identifier: BSD-2-Clause
// `corescope progs` tells of each program where it is attached, whatever way that was done.
#include "bpf_trial.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <linux/perf_event.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

namespace corescope::test {

namespace {

// Our own binary, and where a function of it lies in the file.
std::pair<std::string, unsigned long> own_place()
{
	const auto address = reinterpret_cast<unsigned long>(&own_place);
	std::ifstream maps("/proc/self/maps");
	for (std::string line; std::getline(maps, line);) {
		unsigned long start = 0, end = 0, offset = 0;
		if (std::sscanf(line.c_str(), "%lx-%lx %*s %lx", &start, &end, &offset) == 3 && start <= address &&
			address < end)
			return {line.substr(line.find('/')), address - start + offset};
	}
	return {};
}

Fd uprobe_event(const std::string& path, unsigned long offset)
{
	perf_event_attr attr = {};
	std::ifstream type("/sys/bus/event_source/devices/uprobe/type");
	type >> attr.type;
	attr.size = sizeof(attr);
	attr.config1 = reinterpret_cast<uint64_t>(path.c_str());
	attr.config2 = offset;
	return Fd(static_cast<int>(syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
}

// A cgroup of our own, removed at the end; empty where cgroup2 is not.
struct OwnCgroup {
	OwnCgroup()
	{
		std::string line;
		for (const char* place : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
			root = place;
			path = root + "/corescope-test-" + std::to_string(getpid());
			if (access((root + "/cgroup.controllers").c_str(), F_OK) == 0 && mkdir(path.c_str(), 0755) == 0)
				return;
		}
		path.clear();
	}
	~OwnCgroup()
	{
		if (!path.empty())
			rmdir(path.c_str());
	}
	std::string root, path;
};

} // namespace

TEST_CASE("progs: what a program is attached to, by a link or without, is told in the words of its section")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Fd raw = load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_raw");
	const Fd raw_link(bpf_raw_tracepoint_open("task_rename", raw.get()));
	const Fd typed = load_prog(BPF_PROG_TYPE_TRACING, "see_typed", BPF_TRACE_RAW_TP,
		kernel_type("btf_trace_task_rename", BTF_KIND_TYPEDEF));
	const Fd typed_link(bpf_raw_tracepoint_open(nullptr, typed.get()));
	const Fd iterator = load_prog(
		BPF_PROG_TYPE_TRACING, "see_iter", BPF_TRACE_ITER, kernel_type("bpf_iter_task", BTF_KIND_FUNC));
	const Fd iterator_link(bpf_link_create(iterator.get(), 0, BPF_TRACE_ITER, nullptr));
	const Fd clocked = load_prog(BPF_PROG_TYPE_PERF_EVENT, "see_clock");
	const Fd clock = perf_event();
	REQUIRE(clock);
	REQUIRE(ioctl(clock.get(), PERF_EVENT_IOC_SET_BPF, clocked.get()) == 0);
	const Fd loose = load_prog(BPF_PROG_TYPE_SOCKET_FILTER, "see_loose");
	REQUIRE(raw_link);
	REQUIRE(typed_link);
	REQUIRE(iterator_link);

	const std::vector<Json> all = progs();
	const auto expect = [&](const Fd& fd, const std::string& kind, const std::string& target,
							const Fd* link) {
		const Json prog = record(all, "prog", prog_id(fd));
		CAPTURE(kind, prog.dump());
		REQUIRE(prog.is_object());
		CHECK(has_attachment(prog, kind, target));
		CHECK(prog.at("attached").size() == 1);
		CHECK(held_by(prog, getpid()));
		CHECK(prog.at("kept_by") == Json({"process"}));
		CHECK(prog.at("lasting") == false);
		CHECK(prog.at("unexplained") == false);
		if (link) {
			const Json found = record(all, "link", link_id(*link));
			REQUIRE(found.is_object());
			CHECK(found.at("prog_id") == prog.at("id"));
			CHECK(held_by(found, getpid()));
		}
	};
	expect(raw, "raw_tp", "task_rename", &raw_link);
	expect(typed, "raw_tp", "task_rename", &typed_link);
	expect(iterator, "iter", "task", &iterator_link);
	expect(clocked, "perf_event", "", nullptr);
	const Json alone = record(all, "prog", prog_id(loose));
	CHECK(alone.at("attached").empty());
	CHECK(alone.at("name") == "see_loose");
	CHECK(record(all, "prog", prog_id(typed)).at("made_for") == "btf_trace_task_rename");
	CHECK(std::count_if(all.begin(), all.end(), [](const Json& r) { return r.value("own", false); }) >= 2);
}

TEST_CASE("progs: tracepoints and uprobes, by perf events with and without a link")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Fd event = perf_event("task/task_rename"), other = perf_event("task/task_newtask");
	if (!event || !other)
		SKIP_TEST("needs tracefs");
	const Fd linked = load_prog(BPF_PROG_TYPE_TRACEPOINT, "see_linked");
	const Fd link(bpf_link_create(linked.get(), event.get(), BPF_PERF_EVENT, nullptr));
	const Fd plain = load_prog(BPF_PROG_TYPE_TRACEPOINT, "see_plain");
	REQUIRE(ioctl(other.get(), PERF_EVENT_IOC_SET_BPF, plain.get()) == 0);
	// A function of ours, which may well be called meanwhile.
	const auto [path, offset] = own_place();
	const Fd place = uprobe_event(path, offset);
	if (place) {
		const Fd user = load_prog(BPF_PROG_TYPE_KPROBE, "see_user");
		const Fd user_link(bpf_link_create(user.get(), place.get(), BPF_PERF_EVENT, nullptr));
		if (!user_link)
			REQUIRE(ioctl(place.get(), PERF_EVENT_IOC_SET_BPF, user.get()) == 0);
		char hex[32];
		std::snprintf(hex, sizeof(hex), ":+0x%lx", offset);
		const Json prog = record(progs(), "prog", prog_id(user));
		CAPTURE(prog.dump());
		CHECK(has_attachment(prog, "uprobe", path + hex));
		CHECK(prog.at("attached").size() == 1);
	}
	const std::vector<Json> all = progs();
	if (link) // since 5.15
		CHECK(has_attachment(record(all, "prog", prog_id(linked)), "tp", "task_rename"));
	const Json prog = record(all, "prog", prog_id(plain));
	CAPTURE(prog.dump());
	CHECK(has_attachment(prog, "tp", "task_newtask"));
	CHECK(prog.at("attached").size() == 1);
	CHECK(prog.at("attached")[0].at("link_id") == 0);
}

TEST_CASE("progs: a cgroup's programs outlive who attached them without a link, and no other")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const OwnCgroup cgroup;
	if (cgroup.path.empty())
		SKIP_TEST("needs cgroup2");
	const Fd place(open(cgroup.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	Fd linked = load_prog(BPF_PROG_TYPE_CGROUP_SKB, "see_cg_link", BPF_CGROUP_INET_INGRESS);
	Fd plain = load_prog(BPF_PROG_TYPE_CGROUP_SKB, "see_cg_plain", BPF_CGROUP_INET_EGRESS);
	const Fd link(bpf_link_create(linked.get(), place.get(), BPF_CGROUP_INET_INGRESS, nullptr));
	REQUIRE(link);
	REQUIRE(bpf_prog_attach(plain.get(), place.get(), BPF_CGROUP_INET_EGRESS, BPF_F_ALLOW_MULTI) == 0);
	const uint32_t by_link = prog_id(linked), without = prog_id(plain);
	const std::string below = cgroup.path.substr(cgroup.root.size());
	linked.close();
	plain.close();
	const std::vector<Json> all = progs();
	const Json first = record(all, "prog", by_link), second = record(all, "prog", without);
	CAPTURE(first.dump(), second.dump());
	CHECK(has_attachment(first, "cgroup_inet_ingress", below));
	CHECK(first.at("attached").size() == 1);
	CHECK(first.at("lasting") == false);
	CHECK(first.at("kept_by") == Json({"process"}));
	CHECK(has_attachment(second, "cgroup_inet_egress", below));
	CHECK(second.at("attached").size() == 1);
	CHECK(second.at("lasting") == true);
	CHECK(second.at("kept_by") == Json({"attachment"}));
}

TEST_CASE("progs: XDP and tc of a device, also in another network namespace")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Fd home(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	REQUIRE(home);
	if (unshare(CLONE_NEWNET))
		SKIP_TEST("needs network namespaces");
	struct stat about;
	REQUIRE(stat("/proc/self/ns/net", &about) == 0);
	Process other({"/bin/cat"}); // keeps the namespace
	const int lo = static_cast<int>(if_nametoindex("lo"));
	Fd xdp = load_prog(BPF_PROG_TYPE_XDP, "see_xdp", BPF_XDP);
	Fd filter = load_prog(BPF_PROG_TYPE_SCHED_CLS, "see_tc");
	const uint32_t xdp_id = prog_id(xdp), filter_id = prog_id(filter);
	const bool has_xdp = bpf_xdp_attach(lo, xdp.get(), 1 << 1, nullptr) == 0; // XDP_FLAGS_SKB_MODE
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = lo, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = filter.get());
	const bool has_tc = bpf_tc_hook_create(&hook) == 0 && bpf_tc_attach(&hook, &options) == 0;
	xdp.close();
	filter.close();
	const std::vector<Json> there = progs();
	REQUIRE(setns(home.get(), CLONE_NEWNET) == 0);
	const std::vector<Json> here = progs();
	if (!has_xdp && !has_tc)
		SKIP_TEST("this kernel takes neither XDP nor tc on lo");
	const std::string far = " in netns " + std::to_string(about.st_ino);
	if (has_xdp) {
		CAPTURE(record(here, "prog", xdp_id).dump());
		CHECK(has_attachment(record(there, "prog", xdp_id), "xdp", "lo"));
		CHECK(has_attachment(record(here, "prog", xdp_id), "xdp", "lo" + far));
		CHECK(record(here, "prog", xdp_id).at("kept_by") == Json({"attachment"}));
	}
	if (has_tc) {
		CAPTURE(record(here, "prog", filter_id).dump());
		CHECK(has_attachment(record(there, "prog", filter_id), "tc/ingress", "lo handle 1"));
		CHECK(has_attachment(record(here, "prog", filter_id), "tc/ingress", "lo" + far + " handle 1"));
		CHECK(record(here, "prog", filter_id).at("lasting") == true);
	}
}

TEST_CASE("progs: a program in a prog_array is kept by it")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Fd array(bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "see_calls", 4, 4, 8, nullptr));
	Fd prog = load_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, "see_callee");
	const uint32_t id = prog_id(prog), key = 5;
	const int fd = prog.get();
	REQUIRE(bpf_map_update_elem(array.get(), &key, &fd, BPF_ANY) == 0);
	prog.close();
	const Json found = record(progs(), "prog", id);
	CAPTURE(found.dump());
	CHECK(found.at("kept_by") == Json({"map"}));
	CHECK(found.at("array_ids").size() == 1);
	CHECK(found.at("unexplained") == false);
}

} // namespace corescope::test
