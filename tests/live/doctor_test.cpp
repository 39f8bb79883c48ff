// SPDX-License-Identifier: BSD-2-Clause
// `corescope doctor` against what others say of this kernel: libbpf's own probes, files of tracefs, and the tools, which
// must do what it says of them. In every place it says all it can, and it leaves nothing behind.
#include "pages.h"
#include "places.h"

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

struct Report {
	int status = 0;
	std::vector<Json> records;
	std::string err;

	const Json& check(const std::string& name) const
	{
		for (const Json& record : records)
			if (record.at("type") == "check" && record.at("name") == name)
				return record;
		FAIL("no check " << name);
		return records.front();
	}
	std::string answer(const std::string& name) const { return check(name).at("answer"); }
	std::vector<Json> of(const std::string& type) const
	{
		std::vector<Json> found;
		for (const Json& record : records)
			if (record.at("type") == type)
				found.push_back(record);
		return found;
	}
};

Report doctor(const Process::Setup& setup = {}, std::vector<std::string> tools = {})
{
	std::vector<std::string> words = {public_corescope(), "doctor", "--output", "json"};
	words.insert(words.end(), tools.begin(), tools.end());
	Process process(words, setup);
	Report report;
	while (const auto line = process.line())
		report.records.push_back(Json::parse(*line));
	report.status = process.wait();
	report.err = process.errors();
	return report;
}

// In order: meta, checks, tools, summary; where something is lacking there is a cause.
void check_form(const Report& report)
{
	INFO("stderr: " << report.err);
	CHECK(report.err.empty());
	REQUIRE(report.records.size() > 30);
	CHECK(report.records.front().at("type") == "meta");
	CHECK(report.records.front().at("tool") == "doctor");
	CHECK(report.records.back().at("type") == "summary");
	CHECK(report.records.back().at("records") == report.records.size() - 2);
	const std::set<std::string> answers = {"yes", "limited", "no", "unknown", "info"};
	std::set<std::string> names;
	for (const Json& record : report.records) {
		if (!record.contains("answer"))
			continue;
		INFO(record.dump());
		CHECK(answers.count(record.at("answer")) == 1);
		if (record.at("answer") == "no" || record.at("answer") == "limited")
			CHECK(!record.at("cause").is_null());
		if (record.at("type") == "check")
			CHECK(names.insert(record.at("name")).second);
	}
}

bool exists(const char* path) { return access(path, F_OK) == 0; }
std::string yes_if(bool yes) { return yes ? "yes" : "no"; }

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

TEST_CASE("doctor: nobody is told all that can be seen, and by the status that privilege is missing")
{
	if (geteuid() != 0)
		SKIP_TEST("needs root to become nobody");
	const Report report = doctor(as({}));
	check_form(report);
	CHECK(report.status == 0); // no tool was named
	CHECK(report.answer("capabilities") == "no");
	for (const Json& record : report.records)
		if (record.value("group", "") == "hook" || record.at("type") == "tool")
			CHECK(record.at("answer") == "no");
	CHECK(doctor(as({}), {"cpudist"}).status == 77);
}

TEST_CASE("doctor: with CAP_BPF and CAP_PERFMON alone what needs tracefs says so, and the rest works")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Process::Setup two = as({CAP_BPF, CAP_PERFMON});
	two.in_child = [become = two.in_child] {
		// Before 5.11 maps are locked memory, of which a user has 64 KiB: a remedy that this test is not about.
		const rlimit endless = {RLIM_INFINITY, RLIM_INFINITY};
		(void)setrlimit(RLIMIT_MEMLOCK, &endless);
		become();
	};
	const Report report = doctor(two, {"execsnoop", "cpudist"});
	if (report.status == kCannot)
		SKIP_TEST("capabilities cannot be set here");
	check_form(report);
	std::string tools;
	for (const Json& tool : report.of("tool"))
		tools += tool.dump() + '\n';
	CAPTURE(tools);
	CHECK(report.status == 0);
	CHECK(report.answer("capabilities") == "limited");
	CHECK(report.answer("tp_btf") == "yes");
	// Debian's kernels heed the capability only up to 2.
	const bool paranoid = std::stoi(read_lines("/proc/sys/kernel/perf_event_paranoid").at(0)) > 2;
	CHECK(report.answer("cpu clock") == yes_if(!paranoid));
	if (paranoid) {
		CHECK(report.answer("perf_event_paranoid") == "limited");
		CHECK(std::string(report.check("cpu clock").at("remedy")).find("perf_event_paranoid") !=
			std::string::npos);
	}
	if (exists("/sys/kernel/tracing/events")) {
		CHECK(report.answer("tracepoint") == "no");
		CHECK(std::string(report.check("tracepoint").at("remedy")).find("CAP_DAC_READ_SEARCH") !=
			std::string::npos);
	}
	for (const Json& tool : report.of("tool"))
		if (tool.at("option") == "--fails") {
			CHECK(tool.at("status") == 77);
			CHECK(tool.at("answer") == "no");
		}
}

TEST_CASE("doctor: without types or tracefs it goes on, and names what is missing with its remedy")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Report types = doctor(without({"/sys/kernel/btf"}));
	if (types.status == kCannot)
		SKIP_TEST("no mount namespace can be made here");
	check_form(types);
	CHECK(types.answer("btf") == "no");
	CHECK(types.answer("raw_tp") == "yes");
	CHECK(types.answer("tp_btf") == "no");
	CHECK(types.check("tp_btf").at("stage") == "types");

	const Report tracefs = doctor(without({"/sys/kernel/tracing", "/sys/kernel/debug"}));
	check_form(tracefs);
	CHECK(tracefs.answer("tp_btf") == "yes");
	CHECK(tracefs.answer("tracepoint") == "no");
	CHECK(
		std::string(tracefs.check("tracepoint").at("remedy")).find("mount -t tracefs") != std::string::npos);
}

TEST_CASE("doctor: without /proc it goes on, and names what is missing")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
#if defined(__SANITIZE_ADDRESS__)
	SKIP_TEST("AddressSanitizer itself needs /proc");
#endif
	const Report proc = doctor(without({"/proc"}));
	if (proc.status == kCannot)
		SKIP_TEST("no mount namespace can be made here");
	check_form(proc);
	CHECK(proc.answer("proc") == "no");
	CHECK(proc.answer("pid namespace") == "unknown");
	CHECK(proc.answer("kptr_restrict") == "unknown");
	CHECK(proc.answer("uprobe") == doctor().answer("uprobe"));
}

TEST_CASE("doctor: knows a seccomp filter and namespaces of its own")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Report plain = doctor();
	CHECK(plain.answer("seccomp") == "yes");
	const Report filtered = doctor(refusing({SCMP_SYS(bpf)}, EPERM), {"cpudist"});
	if (filtered.status == kCannot)
		SKIP_TEST("this kernel has no seccomp filters");
	check_form(filtered);
	CHECK(filtered.status == 77);
	CHECK(filtered.answer("seccomp") == "no");
	CHECK(std::string(filtered.check("raw_tp").at("cause")).find("seccomp") != std::string::npos);

	Process::Setup own_pids;
	own_pids.in_child = [] {
		// The namespace begins with our child: a program that is told its status.
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 ||
			mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr))
			_exit(kCannot);
		const pid_t child = fork();
		if (child == 0) {
			if (mount("proc", "/proc", "proc", 0, nullptr) != 0)
				_exit(kCannot);
			return;
		}
		int status = 0;
		waitpid(child, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : kCannot);
	};
	const Report inside = doctor(own_pids);
	if (inside.status == kCannot)
		SKIP_TEST("no PID namespace can be made here");
	check_form(inside);
	CHECK(inside.answer("pid namespace") == "limited");
	CHECK(inside.answer("tp_btf") == "yes");

	const Report user = doctor(in_user_namespace(), {"cpudist"});
	if (user.status == kCannot)
		SKIP_TEST("no user namespace can be made here");
	check_form(user);
	CHECK(user.status == 77);
	CHECK(user.answer("user namespace") == "no");
	CHECK(std::string(user.check("raw_tp").at("cause")).find("user namespace") != std::string::npos);
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
