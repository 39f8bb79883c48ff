// SPDX-License-Identifier: BSD-2-Clause
// Where a tool cannot start it says why and what would help: one line, nothing on standard output, the right status.
// Without privilege, types or tracefs: tests/behaviour/place_test.cpp.
#include "pages.h"
#include "places.h"

#include <algorithm>
#include <cstdio>
#include <sys/resource.h>
#include <sys/utsname.h>

using namespace corescope::test;

namespace {

struct Ended {
	int status;
	std::string out, err;
};

Ended run_in(const Process::Setup& setup, std::vector<std::string> words)
{
	words.insert(words.begin(), public_corescope());
	words.insert(words.end(), {"--output", "json", "--duration", "1ms"});
	Process process(words, setup);
	Ended ended{0, process.rest(), ""};
	ended.status = process.wait();
	ended.err = process.errors();
	return ended;
}

void check_refused(const Ended& ended, int status, const std::vector<std::string>& words)
{
	INFO("stderr: " << ended.err);
	CHECK(ended.status == status);
	CHECK(ended.out.empty());
	CHECK(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
	for (const std::string& word : words) {
		INFO("should name " << word);
		CHECK(ended.err.find(word) != std::string::npos);
	}
}

bool before_5_11()
{
	utsname names{};
	uname(&names);
	int major = 0, minor = 0;
	std::sscanf(names.release, "%d.%d", &major, &minor);
	return major < 5 || (major == 5 && minor < 11);
}

// The locked-memory limit of a user whom nobody has given more, without the capability to raise it.
void with_little_locked_memory()
{
	const rlimit limit = {64 << 10, 64 << 10};
	cap_t held = cap_get_proc();
	const cap_value_t cap = CAP_SYS_RESOURCE;
	if (prctl(PR_CAPBSET_DROP, cap) != 0 || setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
		_exit(kCannot);
	for (const cap_flag_t flag : {CAP_EFFECTIVE, CAP_PERMITTED, CAP_INHERITABLE})
		cap_set_flag(held, flag, 1, &cap, CAP_CLEAR);
	if (cap_set_proc(held) != 0)
		_exit(kCannot);
}

} // namespace

TEST_CASE("start: root of a user namespace is told that it counts for nothing here")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const std::string& tool : tool_names()) {
		INFO(tool);
		const Ended ended = run_in(in_user_namespace(), {tool});
		if (ended.status == kCannot)
			SKIP_TEST("no user namespace can be made here");
		check_refused(ended, 77, {tool + ": ", "user namespace", "outside"});
	}
}

TEST_CASE("start: a seccomp filter that forbids bpf(2) is named, whichever number it answers with")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	for (const std::string& tool : tool_names())
		for (const int error : {EPERM, ENOSYS}) {
			INFO(tool << ", errno " << error);
			const Ended ended = run_in(refusing({SCMP_SYS(bpf)}, error), {tool});
			if (ended.status == kCannot)
				SKIP_TEST("this kernel has no seccomp filters");
			check_refused(
				ended, 77, {tool + ": ", "seccomp", "forbids bpf(2)", "SystemCallFilter", "unconfined"});
		}
}

TEST_CASE("start: a seccomp filter that forbids perf_event_open(2) hinders only what needs it, and is named")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Process::Setup filter = refusing({SCMP_SYS(perf_event_open)}, EPERM);
	CHECK(run_in(filter, {"execsnoop"}).status == 0);
	CHECK(run_in(filter, {"cpudist"}).status == 0);
	if (!takes_hook({"execsnoop", "-x"}, "tp_btf+tracepoint"))
		SKIP_TEST("execsnoop -x does not use tracepoints of tracefs here");
	check_refused(run_in(filter, {"execsnoop", "-x", "--hook", "tp_btf+tracepoint"}), 77,
		{"execsnoop: ", "seccomp", "perf_event_open(2)"});
}

TEST_CASE(
	"start: a limit on locked memory hinders kernels that count maps against it, and is named with its size")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Process::Setup setup;
	setup.in_child = with_little_locked_memory;
	const Ended ended = run_in(setup, {"execsnoop"});
	if (ended.status == kCannot)
		SKIP_TEST("capabilities cannot be dropped here");
	if (before_5_11())
		check_refused(ended, 77, {"64 KiB", "locked memory", "LimitMEMLOCK", "CAP_SYS_RESOURCE"});
	else
		CHECK(ended.status == 0);
}

TEST_CASE("start: --verbose tells which hook set was passed over, why, and what the chosen one costs")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	// Without tracefs there is another hook set than with it, unless the best needs none.
	if (takes_hook({"killsnoop"}, "tp_btf+fexit"))
		SKIP_TEST("the best hook set works here");
	Process process({corescope_path(), "killsnoop", "--verbose", "--duration", "1ms"});
	process.rest();
	CHECK(process.wait() == 0);
	const std::string said = process.errors();
	INFO(said);
	const size_t passed = said.find("killsnoop passes over hook set tp_btf+fexit: ");
	const size_t used = said.find("killsnoop uses hook set ");
	REQUIRE(passed != std::string::npos);
	REQUIRE(used != std::string::npos);
	CHECK(passed < used);
	CHECK(said.find("every system call", used) != std::string::npos);
}
