// SPDX-License-Identifier: BSD-2-Clause
// `corescope doctor` where something is missing: privilege, the kernel's types, tracefs, /proc, system calls. It says all
// that it can, and names what is missing.
#include "doctor_report.h"

#include <csignal>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace corescope::test;

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
	if (sanitized())
		SKIP_TEST("AddressSanitizer itself needs /proc");
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
		if (!own_mounts(CLONE_NEWPID))
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
