// SPDX-License-Identifier: BSD-2-Clause
// `corescope doctor` against what others say of this kernel: libbpf's own probes, files of tracefs, and the tools, which
// must do what it says of them. It leaves nothing behind, and its page has all that it says.
#include "doctor_report.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <map>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace corescope::test;

namespace {

// What others may own comes and goes meanwhile; ours bear this user.
constexpr uid_t kOurs = 61234;

size_t programs_of_ours()
{
	size_t count = 0;
	for (__u32 id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
		const int fd = bpf_prog_get_fd_by_id(id);
		bpf_prog_info info{};
		__u32 size = sizeof(info);
		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.created_by_uid == kOurs)
			count++;
		if (fd >= 0)
			close(fd);
	}
	return count;
}

// Those that trials make, and nobody else.
size_t maps_of_ours()
{
	size_t count = 0;
	for (__u32 id = 0; bpf_map_get_next_id(id, &id) == 0;) {
		const int fd = bpf_map_get_fd_by_id(id);
		bpf_map_info info{};
		__u32 size = sizeof(info);
		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && std::string(info.name) == "trial")
			count++;
		if (fd >= 0)
			close(fd);
	}
	return count;
}

std::string probe_events()
{
	std::string all;
	for (const char* name : {"uprobe_events", "kprobe_events"}) {
		const std::string path = std::string("/sys/kernel/tracing/") + name;
		if (exists(path.c_str()))
			for (const std::string& line : read_lines(path))
				if (line.find("corescope") != std::string::npos)
					all += line + "\n";
	}
	return all;
}

void check_nothing_left()
{
	// Programs end with the last reference to them, a moment after their process.
	const timespec pause = {0, 10000000};
	size_t programs = 1, maps = 1;
	for (int i = 0; i < kPatienceMs / 10 && programs + maps; i++) {
		programs = programs_of_ours();
		maps = maps_of_ours();
		if (programs + maps)
			nanosleep(&pause, nullptr);
	}
	CHECK(programs == 0);
	CHECK(maps == 0);
	CHECK(probe_events().empty());
}

const std::vector<cap_value_t> kEnough = {CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, CAP_DAC_READ_SEARCH};

} // namespace

TEST_CASE("doctor: says of this kernel what libbpf's probes and the kernel's own files say")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Report report = doctor();
	check_form(report);
	CHECK(report.status == 0);
	for (const char* name : {"raw_tp", "tp_btf", "iterator", "ring buffer", "btf"})
		CHECK(report.answer(name) == "yes");
	const auto loads = [](bpf_prog_type type) { return libbpf_probe_bpf_prog_type(type, nullptr) == 1; };
	// A probe only loads; what loads may still not be attached, nor called.
	for (const char* name : {"fentry", "fexit"})
		if (!loads(BPF_PROG_TYPE_TRACING) || report.answer(name) == "no")
			CHECK((report.check(name).at("stage") == "load") == !loads(BPF_PROG_TYPE_TRACING));
	if (!loads(BPF_PROG_TYPE_LSM))
		CHECK(report.check("lsm").at("stage") == "load");
	if (report.answer("lsm") == "yes")
		CHECK(std::string(report.check("security modules").at("value")).find("bpf") != std::string::npos);
	if (report.answer("lockdown") == "yes")
		CHECK(report.answer("bpf_probe_read_kernel") == "yes");
	if (exists("/sys/kernel/tracing/events")) {
		CHECK(report.answer("kprobe") == yes_if(exists("/sys/kernel/tracing/kprobe_events")));
		CHECK(report.answer("uprobe") == yes_if(exists("/sys/kernel/tracing/uprobe_events")));
		CHECK(report.answer("tracepoint") == "yes");
		CHECK(report.answer("syscall tracepoint") == yes_if(exists("/sys/kernel/tracing/events/syscalls")));
	}
	CHECK(report.answer("bpf_loop") ==
		yes_if(libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_loop, nullptr) == 1));
	if (libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, nullptr) != 1)
		CHECK(report.answer("task storage") == "no");
}

TEST_CASE("doctor: each tool does what is said of it: these hooks, or this status and no others")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Report report = doctor();
	std::set<std::string> told;
	for (const Json& tool : report.of("tool")) {
		INFO(tool.dump());
		std::vector<std::string> words = {
			corescope_path(), tool.at("tool"), "--output", "json", "--duration", "1ms"};
		if (!tool.at("option").is_null())
			words.push_back(tool.at("option"));
		Process process(words);
		const std::string out = process.rest();
		CHECK(process.wait() == tool.at("status"));
		if (tool.at("answer") == "no")
			CHECK(out.empty());
		else
			CHECK(Json::parse(out.substr(0, out.find('\n'))).at("hooks") == tool.at("hooks"));
		CHECK((tool.at("answer") == "yes") == (tool.at("hooks") == tool.at("best")));
		told.insert(tool.at("tool"));
	}
	for (const std::string& tool : tool_names())
		CHECK(told.count(tool) == 1);
	// Flags that bring other hook sets are found without being listed anywhere.
	std::set<std::string> options;
	for (const Json& tool : report.of("tool"))
		if (!tool.at("option").is_null())
			options.insert(std::string(tool.at("tool")) + " " + std::string(tool.at("option")));
	CHECK(options.count("execsnoop --fails") == 1);
	CHECK(options.count("cpudist --offcpu") == 1);
}

TEST_CASE("doctor: leaves no program, map or probe behind, however it ends")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	{ // what is counted is really seen
		Process tool({public_corescope(), "cpudist", "--output", "json"}, as(kEnough, kOurs));
		if (tool.line())
			CHECK(programs_of_ours() > 0);
	}
	const Report whole = doctor(as(kEnough, kOurs));
	if (whole.status == kCannot)
		SKIP_TEST("capabilities cannot be set here");
	check_form(whole);
	CHECK(whole.answer("tracepoint") == yes_if(exists("/sys/kernel/tracing/events")));
	check_nothing_left();

	// Killed as soon as it has said so much: in the midst of hooks, of maps, of tools.
	size_t seen = 0;
	for (const std::string until :
		{"\"group\":\"setting\"", "\"group\":\"hook\"", "\"group\":\"part\"", "\"type\":\"tool\""}) {
		Process process({public_corescope(), "doctor", "--output", "json"}, as(kEnough, kOurs));
		bool there = false;
		while (const auto line = process.line())
			if ((there = line->find(until) != std::string::npos))
				break;
		REQUIRE(there);
		const timespec moment = {0, static_cast<long>(seen++) * 3000000};
		nanosleep(&moment, nullptr);
		process.signal(SIGKILL);
		process.wait();
		check_nothing_left();
	}
}

TEST_CASE("doctor: docs/doctor.md has every check and every key, and no other")
{
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	const Lines doctors = page("docs/doctor.md");
	std::set<std::string> documented, told;
	for (const auto& row : table_rows(section(doctors, "Checks")))
		for (const std::string& name : code_spans(row.at(1)))
			documented.insert(name);
	const Report report = doctor(without({"/proc"}));
	if (report.status == kCannot)
		SKIP_TEST("no mount namespace can be made here");
	for (const Json& check : report.of("check"))
		told.insert(check.at("name"));
	CHECK(told == documented);
	for (const char* type : {"check", "hook", "tool"}) {
		INFO(type);
		std::set<std::string> keys;
		for (const auto& row : table_rows(section(doctors, type)))
			keys.insert(code_spans(row.at(0)).at(0));
		REQUIRE(!report.of(type).empty());
		for (const Json& record : report.of(type)) {
			std::set<std::string> has;
			for (const auto& [key, value] : record.items())
				has.insert(key);
			CHECK(has == keys);
		}
	}
}

TEST_CASE("doctor: what is no tool is refused, and so is a format that it has not")
{
	for (const auto& [words, named] :
		std::map<std::string, std::string>{{"doctor nonsense", "nonsense"}, {"doctor history", "history"},
			{"doctor --output csv", "--output"}, {"doctor --nonsense", "--nonsense"}}) {
		const Said said = run_tool(words + " 2>&1");
		INFO(said.out);
		CHECK(said.status == 64);
		CHECK(said.out.find(named) != std::string::npos);
		CHECK(std::count(said.out.begin(), said.out.end(), '\n') == 1);
	}
}
