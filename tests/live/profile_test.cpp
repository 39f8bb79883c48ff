// SPDX-License-Identifier: BSD-2-Clause
// profile against workloads that know how long they burned, and in which functions.
#include "stack_session.h"

#include <bpf/bpf.h>
#include <catch2/catch.hpp>

#include <csignal>
#include <linux/bpf.h>
#include <set>
#include <sys/resource.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

constexpr int kHz = 997;

struct Profiled {
	Json truth;
	std::vector<Json> stacks;
	Json summary;
	double expected() const { return truth.at("cpu_ns").get<double>() * kHz / 1e9; }
};

Profiled profile(std::vector<std::string> load_arguments, std::vector<std::string> more = {})
{
	const std::string workload = load_arguments.front();
	load_arguments.erase(load_arguments.begin());
	Load load("stackload", [&] {
		std::vector<std::string> all = {workload};
		all.insert(all.end(), load_arguments.begin(), load_arguments.end());
		return all;
	}());
	std::vector<std::string> words = {"profile", "-F", std::to_string(kHz), "-p", std::to_string(load.pid())};
	words.insert(words.end(), more.begin(), more.end());
	Tool tool(words);
	load.go();
	Profiled found;
	found.truth = load.truth().at(0);
	REQUIRE(load.finish() == 0); // it has ended before its stacks are named
	tool.stop();
	found.stacks = stacks_of(tool, load.pid());
	found.summary = tool.summary();
	CHECK(found.summary.at("lost") == 0);
	return found;
}

double kernel_seconds()
{
	rusage used{};
	getrusage(RUSAGE_SELF, &used);
	return static_cast<double>(used.ru_stime.tv_sec) + static_cast<double>(used.ru_stime.tv_usec) / 1e6;
}

} // namespace

TEST_CASE("profile: as many samples as the process used CPU time, three to one in two functions")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Profiled got = profile({"shares", "1200"});
	const double count = static_cast<double>(sum_below(got.stacks, "count"));
	CAPTURE(count, got.expected());
	CHECK(count > got.expected() * 0.85);
	CHECK(count < got.expected() * 1.15);
	const auto three = static_cast<double>(sum_below(got.stacks, "count", "user", "stackload::three_parts*"));
	const auto one = static_cast<double>(sum_below(got.stacks, "count", "user", "stackload::one_part*"));
	CAPTURE(three, one);
	CHECK(three + one > count * 0.95);
	CHECK(three / one > 2.4);
	CHECK(three / one < 3.7);
	// Outermost first, with the place of each in its function.
	for (const Json& stack : got.stacks) {
		CHECK(stack.at("comm") == "burner");
		CHECK(stack.at("value_ns").is_null());
		CHECK(stack.at("user").size() == stack.at("user_offsets").size());
		CHECK(stack.at("user").size() == stack.at("user_modules").size());
		CHECK(stack.at("kernel").size() == stack.at("kernel_offsets").size());
	}
	const auto in_order = [](const Json& stack) {
		std::vector<std::string> names = stack.at("user");
		const auto outer = std::find(names.begin(), names.end(), "stackload::three_parts(long)");
		const auto inner = std::find(outer, names.end(), "stackload::turn(int)");
		return inner != names.end();
	};
	CHECK(std::any_of(got.stacks.begin(), got.stacks.end(), in_order));
}

TEST_CASE("profile: bpf() and what it calls are the task's own work, and told to the leaf")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	// Long for the verifier: r0 = 0, 60,000 times; then exit.
	std::vector<bpf_insn> program(60000, bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0});
	program.push_back(bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0});
	Tool tool({"profile", "-K", "-F", std::to_string(kHz), "-p", std::to_string(getpid())});
	const double before = kernel_seconds();
	while (kernel_seconds() < before + 0.3) {
		const int fd = bpf_prog_load(
			BPF_PROG_TYPE_SOCKET_FILTER, "long", "GPL", program.data(), program.size(), nullptr);
		REQUIRE(fd >= 0);
		close(fd);
	}
	const double expected = (kernel_seconds() - before) * kHz;
	tool.stop();
	const std::vector<Json> stacks = stacks_of(tool, getpid());
	// Where it is compiled after the check, that is not below it.
	const int64_t loading = sum_below(stacks, "count", "kernel", "__sys_bpf*"),
				  checking = sum_below(stacks, "count", "kernel", "bpf_check");
	CAPTURE(expected, loading, checking);
	CHECK(static_cast<double>(loading) > expected * 0.6);
	CHECK(checking > loading / 3);
	for (const Json& stack : stacks)
		if (has_frame(stack, "kernel", "__sys_bpf*"))
			CHECK(stack.at("kernel").back().get<std::string>().compare(0, 9, "__sys_bpf") != 0);
}

TEST_CASE("profile: names of both of Rust's manglings are demangled")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Profiled got = profile({"rust", "400"});
	const int64_t all = sum_below(got.stacks, "count");
	const int64_t old_names = sum_below(got.stacks, "count", "user", "demo::core"),
				  new_names = sum_below(got.stacks, "count", "user", "demo::inner::spin");
	CAPTURE(all, old_names, new_names);
	CHECK(old_names > all / 4);
	CHECK(new_names > all / 4);
}

TEST_CASE(
	"profile: a process that has ended, whose binary is deleted or in a mount namespace that is gone, has names")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string how = GENERATE("deleted", "mounted");
	CAPTURE(how);
	if (const auto why = no_own_mounts(); how == "mounted" && !why.empty())
		SKIP_TEST(why);
	const Profiled got = profile({"copied", how, "shares", "400"});
	const int64_t all = sum_below(got.stacks, "count");
	REQUIRE(all > 0);
	CHECK(sum_below(got.stacks, "count", "user", "stackload::three_parts(long)") > all / 2);
	std::set<std::string> modules;
	for (const Json& stack : got.stacks)
		for (const Json& module : stack.at("user_modules"))
			if (module.is_string())
				modules.insert(module);
	CHECK(std::any_of(modules.begin(), modules.end(),
		[](const std::string& module) { return module.find("/copied") != std::string::npos; }));
}

TEST_CASE("profile: code that is made at run time has the names that /tmp/perf-PID.map tells")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Profiled got = profile({"jit", "400"});
	const int64_t all = sum_below(got.stacks, "count"),
				  made = sum_below(got.stacks, "count", "user", "made at run time");
	CAPTURE(all, made);
	CHECK(made > all * 9 / 10);
	CHECK(sum_below(got.stacks, "count", "user", "stackload::turn(int)") > all * 9 / 10);
}

TEST_CASE("profile: functions of the vDSO have names")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Profiled got = profile({"clock", "400"});
	int64_t in_vdso = 0, named = 0;
	for (const Json& stack : got.stacks) {
		const Json &names = stack.at("user"), &modules = stack.at("user_modules");
		for (size_t i = 0; i < names.size(); i++)
			if (modules[i] == "[vdso]") {
				in_vdso += stack.at("count").get<int64_t>();
				named += names[i] != "[vdso]" ? stack.at("count").get<int64_t>() : 0;
				break;
			}
	}
	if (!in_vdso)
		SKIP_TEST("this machine's clock is read by a system call");
	CAPTURE(in_vdso, named);
	CHECK(named > in_vdso / 2);
}

TEST_CASE("profile: user's or kernel's part alone, by thread, by comm; a depth that cuts is told")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	SECTION("user")
	{
		for (const Json& stack : profile({"shares", "100"}, {"-U"}).stacks) {
			CHECK(stack.at("kernel").is_null());
			CHECK(stack.at("kernel_modules").is_null());
			CHECK(stack.at("user").is_array());
		}
	}
	SECTION("kernel")
	{
		for (const Json& stack : profile({"shares", "100"}, {"-K"}).stacks)
			CHECK(stack.at("user").is_null());
	}
	SECTION("depth")
	{
		const Profiled got = profile({"shares", "200"}, {"-U", "--perf-max-stack-depth", "2"});
		CHECK_FALSE(got.stacks.empty());
		for (const Json& stack : got.stacks) {
			CHECK(stack.at("user").size() <= 2);
			if (has_frame(stack, "user", "stackload::turn(int)"))
				CHECK(stack.at("truncated") == Json::array({"user"}));
		}
	}
	SECTION("storage")
	{
		Load load("stackload", {"shares", "300"});
		Tool tool({"profile", "-F", "997", "--stack-storage-size", "1"});
		load.go();
		load.truth();
		tool.stop();
		int64_t counted = 0, missing = 0;
		for (const Json& record : tool.records())
			if (record.at("type") == "stack") {
				counted += record.at("count").get<int64_t>();
				missing +=
					record.at("count").get<int64_t>() * static_cast<int64_t>(record.at("missing").size());
			}
		CHECK(counted > 200);
		CHECK(missing > 0);
		CHECK(tool.summary().at("lost_by_reason").at("stack table full") == missing);
	}
}

TEST_CASE("profile: -C, -L, --period and the cgroup's filter leave out all else")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Load load("stackload", {"shares", "300"});
	Tool by_thread({"profile", "-c", "1000000", "-L", std::to_string(load.pid()), "--by", "tid"});
	load.go();
	const Json truth = load.truth().at(0);
	CHECK(load.finish() == 0);
	by_thread.stop();
	int64_t count = 0;
	for (const Json& record : by_thread.records())
		if (record.at("type") == "stack") {
			CHECK(record.at("tid") == load.pid());
			count += record.at("count").get<int64_t>();
		}
	const double expected = truth.at("cpu_ns").get<double>() / 1e6;
	CAPTURE(count, expected);
	CHECK(static_cast<double>(count) > expected * 0.8);
	CHECK(static_cast<double>(count) < expected * 1.2);
	CHECK(by_thread.meta().at("hooks") == "cpu-clock");
}

TEST_CASE("profile: folded lines are what a flame graph reads, and speedscope's file adds up")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string format = GENERATE("folded", "speedscope");
	Load load("stackload", {"shares", "300"});
	Process process(
		{corescope_path(), "profile", "-F", "997", "-p", std::to_string(load.pid()), "--output", format});
	// It says nothing before the end, but gives up system calls once it is attached.
	const std::string status = "/proc/" + std::to_string(process.pid()) + "/status";
	while (contents(status).find("\nSeccomp:\t2") == std::string::npos)
		REQUIRE_FALSE(process.ended());
	load.go();
	load.truth();
	CHECK(load.finish() == 0);
	process.signal(SIGTERM);
	const std::string text = process.rest();
	CHECK(process.wait() == 0);
	int64_t count = 0, in_three = 0;
	if (format == "folded") {
		for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
			const std::string line = text.substr(at, end - at);
			const size_t blank = line.rfind(' ');
			REQUIRE(blank != std::string::npos);
			CHECK(line.compare(0, 7, "burner;") == 0);
			const int64_t weight = std::stoll(line.substr(blank + 1));
			count += weight;
			in_three += line.find(";stackload::three_parts(long);") != std::string::npos ? weight : 0;
		}
	} else {
		const Json file = Json::parse(text);
		CHECK(file.at("$schema") == "https://www.speedscope.app/file-format-schema.json");
		const Json &profile = file.at("profiles").at(0), &frames = file.at("shared").at("frames");
		CHECK(profile.at("type") == "sampled");
		REQUIRE(profile.at("samples").size() == profile.at("weights").size());
		for (size_t i = 0; i < profile.at("samples").size(); i++) {
			const int64_t weight = profile.at("weights")[i];
			count += weight;
			for (const Json& number : profile.at("samples")[i])
				if (frames.at(number.get<size_t>()).at("name") == "stackload::three_parts(long)")
					in_three += weight;
		}
		CHECK(profile.at("endValue") == count);
	}
	CAPTURE(count, in_three);
	CHECK(count > 150);
	CHECK(in_three > count / 2);
}

TEST_CASE("profile: what makes no sense is refused")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const auto arguments = GENERATE(std::vector<std::string>{"-U", "-K"},
		std::vector<std::string>{"-F", "9", "-c", "9"}, std::vector<std::string>{"-C", "9999"},
		std::vector<std::string>{"-C", "x"}, std::vector<std::string>{"-F", "99999999"},
		std::vector<std::string>{"-f", "--output", "json"}, std::vector<std::string>{"--output", "heatmap"},
		std::vector<std::string>{"--perf-max-stack-depth", "100000"}, std::vector<std::string>{"--pin", "x"});
	std::vector<std::string> words = {corescope_path(), "profile"};
	words.insert(words.end(), arguments.begin(), arguments.end());
	CAPTURE(words);
	Process process(words);
	CHECK(process.rest().empty());
	CHECK(process.wait() == 64);
}
