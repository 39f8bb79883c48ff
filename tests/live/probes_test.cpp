// SPDX-License-Identifier: BSD-2-Clause
// `corescope probes` tells of every place that other sources know, with the arguments that they have.
#include "harness.h"
#include "unprivileged.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <unistd.h>

namespace corescope::test {

namespace {

using Words = std::vector<std::string>;

std::string run(const Words& command)
{
	Process process(command);
	const std::string out = process.rest();
	const int status = process.wait();
	INFO(command[0] << ": " << process.errors());
	REQUIRE(status == 0);
	return out;
}

std::string no_program(const std::string& name)
{
	Process process({"/bin/sh", "-c", "command -v " + name});
	process.rest();
	return process.wait() == 0 ? "" : "needs " + name;
}

std::vector<Json> probes(Words more, const std::string& type = "probe")
{
	more.insert(more.begin(), {corescope_path(), "probes", "--output", "json"});
	std::vector<Json> found;
	std::istringstream lines(run(more));
	for (std::string line; std::getline(lines, line);)
		if (const Json one = Json::parse(line); one.at("type") == type)
			found.push_back(one);
	return found;
}

std::set<std::string> names(const std::vector<Json>& probes)
{
	std::set<std::string> result;
	for (const Json& probe : probes)
		CHECK(result.insert(probe.at("name")).second); // each once
	return result;
}

std::set<std::string> lines_of(const std::string& text)
{
	std::set<std::string> result;
	std::istringstream lines(text);
	for (std::string line; std::getline(lines, line);)
		result.insert(line);
	return result;
}

// Names in the kernel's types, of a kind, that begin so; without that beginning.
std::set<std::string> in_types(const std::string& kind, const std::string& prefix)
{
	return lines_of(run({"/bin/sh", "-c",
		"bpftool btf dump file /sys/kernel/btf/vmlinux format raw | sed -n \"s/^\\[[0-9]*\\] " + kind + " '" +
			prefix + "\\([^']*\\)'.*/\\1/p\""}));
}

std::string no_types()
{
	return access("/sys/kernel/btf/vmlinux", R_OK) == 0 ? "" : "needs the kernel's types";
}

} // namespace

TEST_CASE("probes: every tracepoint that tracefs has, and no other, with its fields")
{
	std::ifstream file("/sys/kernel/tracing/available_events");
	std::set<std::string> expected;
	for (std::string line; std::getline(file, line);) {
		line[line.find(':')] = '/';
		expected.insert(line);
	}
	if (expected.empty())
		SKIP_TEST("needs tracefs");
	CHECK(names(probes({"--kind", "tracepoint"})) == expected);
	const auto one = probes({"--kind", "tracepoint", "--verbose", "signal:signal_generate"});
	REQUIRE(one.size() == 1);
	CHECK(one[0].at("section") == "tp/signal/signal_generate");
	// By the file itself.
	std::ifstream format("/sys/kernel/tracing/events/signal/signal_generate/format");
	Json fields = Json::array();
	for (std::string line; std::getline(format, line);)
		if (line.compare(0, 7, "\tfield:") == 0 && line.find("common_") == std::string::npos)
			fields.push_back(line.substr(7, line.find(';') - 7));
	CHECK(fields.size() >= 6);
	CHECK(one[0].at("arguments") == fields);
}

TEST_CASE("probes: the system calls that this kernel has, and no section that it has not")
{
	std::ifstream file("/sys/kernel/tracing/available_events");
	const std::string begin = "syscalls:sys_enter_";
	std::set<std::string> expected, events;
	for (std::string line; std::getline(file, line);) {
		if (line.compare(0, begin.size(), begin) == 0)
			expected.insert(line.substr(begin.size()));
		line[line.find(':')] = '/';
		events.insert("tp/" + line);
	}
	if (expected.empty())
		SKIP_TEST("needs tracepoints of system calls");
	const auto told = probes({"--kind", "syscall,tracepoint"});
	std::set<std::string> calls;
	for (const Json& one : told) {
		const std::string section = one.at("section");
		if (section.compare(0, 3, "tp/") == 0 && !events.count(section))
			FAIL_CHECK(section + " does not exist");
		if (one.at("kind") == "syscall")
			calls.insert(one.at("name"));
	}
	CHECK(calls == expected);
	const auto kill = probes({"--kind", "syscall", "--verbose", "kill"});
	REQUIRE(kill.size() == 1);
	CHECK(kill[0].at("arguments") == Json({"pid_t pid", "int sig"}));
	// k* is about names, not about "ksyscall/".
	for (const std::string& name : names(probes({"--kind", "syscall", "k*"})))
		CHECK(name[0] == 'k');
}

TEST_CASE("probes: every raw tracepoint, security hook and function that the kernel's types have")
{
	if (const auto why = no_types(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_program("bpftool"); !why.empty())
		SKIP_TEST(why);
	const auto tracepoints = in_types("TYPEDEF", "btf_trace_");
	CHECK(tracepoints.size() > 100);
	CHECK(names(probes({"--kind", "tp_btf"})) == tracepoints);
	CHECK(names(probes({"--kind", "lsm"})) == in_types("FUNC", "bpf_lsm_"));
	const auto functions = in_types("FUNC", "");
	const auto told = names(probes({"--kind", "function"}));
	CHECK(functions.size() > 10000);
	CHECK(std::includes(told.begin(), told.end(), functions.begin(), functions.end()));
}

TEST_CASE("probes: arguments and prototypes as the kernel's sources have them")
{
	if (const auto why = no_types(); !why.empty())
		SKIP_TEST(why);
	const auto generate = probes({"--kind", "tp_btf", "--verbose", "signal_generate"});
	REQUIRE(generate.size() == 1);
	CHECK(generate[0].at("arguments") ==
		Json({"int sig", "struct kernel_siginfo *info", "struct task_struct *task", "int group",
			"int result"}));
	const auto sync = probes({"--kind", "function", "--verbose", "vfs_fsync"});
	REQUIRE(sync.size() == 1);
	CHECK(sync[0].at("prototype") == "int vfs_fsync(struct file *file, int datasync)");
	const auto chroot = probes({"--kind", "lsm", "--verbose", "path_chroot"});
	if (!chroot.empty()) // a kernel may be built without these hooks
		CHECK(chroot[0].at("prototype") == "int path_chroot(const struct path *path)");
	const auto tasks = probes({"--kind", "iter", "--verbose", "task"});
	REQUIRE(tasks.size() == 1);
	CHECK(tasks[0].at("arguments") == Json({"struct bpf_iter_meta *meta", "struct task_struct *task"}));
}

TEST_CASE("probes: names are found by patterns, with or without what stands before them")
{
	if (const auto why = no_types(); !why.empty())
		SKIP_TEST(why);
	const auto all = names(probes({"--kind", "tp_btf"}));
	std::set<std::string> expected;
	std::copy_if(all.begin(), all.end(), std::inserter(expected, expected.end()),
		[](const std::string& name) { return name.compare(0, 6, "sched_") == 0; });
	CHECK(expected.size() > 5);
	CHECK(names(probes({"--kind", "tp_btf", "sched_*"})) == expected);
	for (const char* way : {"sched_process_exit", "tp_btf/sched_process_exit", "sched_process_exi[t]"})
		CHECK(names(probes({"--kind", "tp_btf", way})) == std::set<std::string>{"sched_process_exit"});
	for (const Words& wrong : {Words{"no_such_place_at_all"}, Words{"--kind", "lsm", "no_such*"}}) {
		Words command = {corescope_path(), "probes"};
		command.insert(command.end(), wrong.begin(), wrong.end());
		Process process(command);
		CHECK(process.rest().empty());
		CHECK(process.wait() == 1);
		CHECK(process.errors().find("nothing matches") != std::string::npos);
	}
	Process unknown({corescope_path(), "probes", "--kind", "lsm,nonsense"});
	CHECK(unknown.wait() == 64);
}

TEST_CASE("probes: what is said to be attachable is what doctor finds so")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const auto kinds = probes({"task_*"}, "kind");
	REQUIRE(kinds.size() == 6);
	Process doctor({corescope_path(), "doctor", "--output", "json"});
	std::istringstream lines(doctor.rest());
	doctor.wait();
	std::map<std::string, std::string> answers;
	for (std::string line; std::getline(lines, line);)
		if (const Json one = Json::parse(line); one.contains("name") && one.contains("answer"))
			answers[one.at("name")] = one.at("answer");
	size_t compared = 0;
	for (const Json& kind : kinds)
		for (const Json& way : kind.at("ways"))
			for (const auto& [section, name] : std::map<std::string, std::string>{{"tp", "tracepoint"},
					 {"tp_btf", "tp_btf"}, {"lsm", "lsm"}, {"iter", "iterator"}, {"fentry", "fentry"}})
				if (way.at("section") == section && answers.count(name) && way.at("attach").is_boolean()) {
					CAPTURE(section, answers[name]);
					CHECK(way.at("attach").get<bool>() == (answers[name] == "yes"));
					CHECK(way.at("why").is_null() == way.at("attach").get<bool>());
					compared++;
				}
	CHECK(compared >= 4);
}

TEST_CASE("probes --binary: the functions that nm finds")
{
	if (const auto why = no_program("nm"); !why.empty())
		SKIP_TEST(why);
	char own[4096] = {};
	REQUIRE(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	const std::string path = own;
	// t and T: functions; W and w may also be data, which nm does not tell apart: those are asked of readelf.
	const auto expected = lines_of(run({"/bin/sh", "-c",
		"readelf -sW \"$0\" | awk '($4 == \"FUNC\" || $4 == \"IFUNC\") && $7 != \"UND\" && $2 !~ /^0+$/ && $8 != \"\" "
		"{ sub(/@.*/, \"\", $8); print $8 }'",
		path}));
	std::set<std::string> told;
	for (const std::string& name : names(probes({"--kind", "uprobe", "--binary", path}))) {
		REQUIRE(name.compare(0, path.size() + 1, path + ":") == 0);
		told.insert(name.substr(path.size() + 1));
	}
	CHECK(expected.size() > 1000);
	CHECK(told == expected);
	for (const std::string& name :
		lines_of(run({"/bin/sh", "-c", "nm --defined-only \"$0\" | awk '$2 == \"T\" { print $3 }'", path})))
		if (name.find('@') == std::string::npos && name[0] == '_' && name[1] == 'Z')
			CHECK(told.count(name));
	const auto readable =
		probes({"--kind", "uprobe", "--binary", path, "--verbose", "corescope::test::*perf_event*"});
	REQUIRE(!readable.empty());
	CHECK(readable[0].at("section").get<std::string>().find("_ZN9corescope4test10perf_event") !=
		std::string::npos);
}

TEST_CASE("probes -p: the marked places of what a process has mapped are those that readelf finds")
{
	if (const auto why = no_program("readelf"); !why.empty())
		SKIP_TEST(why);
	std::string marked; // a library of ours that has any
	std::ifstream maps("/proc/self/maps");
	std::set<std::string> mapped;
	for (std::string line; std::getline(maps, line);)
		if (line.find(" r-xp ") != std::string::npos && line.find('/') != std::string::npos)
			mapped.insert(line.substr(line.find('/')));
	std::set<std::string> expected;
	for (const std::string& file : mapped) {
		std::istringstream notes(run({"/bin/sh", "-c", "readelf -n \"$0\" 2>/dev/null", file}));
		std::string provider;
		for (std::string line; std::getline(notes, line);) {
			if (line.find("    Provider: ") == 0)
				provider = line.substr(14);
			if (line.find("    Name: ") == 0)
				expected.insert(file + ":" + provider + ":" + line.substr(10));
		}
	}
	if (expected.empty())
		SKIP_TEST("needs a library with USDT probes (libc or libstdc++ have them in most distributions)");
	CHECK(names(probes({"--kind", "usdt", "-p", std::to_string(getpid())})) == expected);
	const auto functions = names(probes({"--kind", "uprobe", "-p", std::to_string(getpid()), "getpid"}));
	CHECK(std::any_of(functions.begin(), functions.end(),
		[](const std::string& name) { return name.find("libc") != std::string::npos; }));
}

TEST_CASE("probes: what is no binary or no process is refused, and without privilege it tells what it can")
{
	const std::pair<Words, int> wrong[] = {{{"--binary", "/etc/passwd"}, 65},
		{{"--binary", "/no/such/file"}, 64}, {{"-p", "4194303"}, 64}, {{"--kind", "usdt"}, 64},
		{{"--binary", "/bin/sh", "--kind", "lsm"}, 64}};
	for (const auto& [words, status] : wrong) {
		Words command = {corescope_path(), "probes"};
		command.insert(command.end(), words.begin(), words.end());
		Process process(command);
		CAPTURE(words);
		CHECK(process.rest().empty());
		CHECK(process.wait() == status);
		const std::string errors = process.errors();
		CHECK(std::count(errors.begin(), errors.end(), '\n') == 1);
	}
	if (const auto why = no_types(); !why.empty())
		SKIP_TEST(why);
	Process::Setup setup;
	setup.in_child = become_nobody;
	Process process({public_corescope(), "probes", "--kind", "tp_btf", "sched_switch"}, setup);
	const std::string out = process.rest();
	CHECK(process.wait() == 0);
	CHECK(out.find("?      tp_btf     tp_btf/sched_switch\n") != std::string::npos);
	CHECK(process.errors().find("CAP_BPF") != std::string::npos);
}

} // namespace corescope::test
