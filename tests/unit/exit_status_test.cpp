// SPDX-License-Identifier: BSD-2-Clause
// How a task ended, against the C library's own words for statuses that wait() really gave; and shares of CPU time.
#include <catch2/catch.hpp>

#include "output/exit_status.h"
#include "system/cpu_time.h"

#include <csignal>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace corescope;

namespace {

struct Event {
	uint32_t code;
};
constexpr Field kFields[] = {EXIT_STATUS_FIELDS(Event, &Event::code)};

// Holds until the next call.
Value told(uint32_t code, std::string_view key)
{
	static Event e;
	e.code = code;
	for (const Field& field : kFields)
		if (field.key == key)
			return field.value(&e, {});
	FAIL("no field " << key);
	return Value::none();
}

template <class End>
int status_of(End&& end)
{
	const pid_t child = fork();
	if (child == 0) {
		const rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		for (int signal = 1; signal < NSIG; signal++) // the test program has handlers of its own
			std::signal(signal, SIG_DFL);
		end();
		_exit(99);
	}
	int status = 0;
	REQUIRE(waitpid(child, &status, 0) == child);
	return status;
}

} // namespace

TEST_CASE("every exit code is told as wait() gives it", "[exit_status]")
{
	for (const int code : {0, 1, 3, 127, 255}) {
		const auto status = static_cast<uint32_t>(status_of([&] { _exit(code); }));
		CHECK(told(status, "status").bytes == (code ? "code " + std::to_string(code) : "0"));
		CHECK(told(status, "exit_code").bits == static_cast<uint64_t>(code));
		CHECK(told(status, "exit_code").kind == Value::Kind::unsigned_number);
		CHECK(told(status, "sig").kind == Value::Kind::none);
		CHECK(told(status, "signame").kind == Value::Kind::none);
		CHECK(told(status, "core_dumped").bits == 0);
	}
}

TEST_CASE("who is killed has a signal and no code", "[exit_status]")
{
	for (const auto& [signal, name] : {std::pair{SIGKILL, "KILL"}, std::pair{SIGTERM, "TERM"}}) {
		const auto status = static_cast<uint32_t>(status_of([number = signal] { kill(getpid(), number); }));
		CHECK(told(status, "status").bytes == "signal " + std::to_string(signal) + " (" + name + ")");
		CHECK(told(status, "exit_code").kind == Value::Kind::none);
		CHECK(told(status, "sig").bits == static_cast<uint64_t>(signal));
		CHECK(told(status, "signame").bytes == std::string("SIG") + name);
	}
	// As the kernel has it when a core was written.
	CHECK(told(SIGSEGV | 0x80, "status").bytes == "signal 11 (SEGV), core dumped");
	CHECK(told(SIGSEGV | 0x80, "core_dumped").bits == 1);
	CHECK(told(SIGSEGV | 0x80, "sig").bits == SIGSEGV);
}

TEST_CASE("CPU time is shared out by the kernel's other books, and never more than there is", "[cpu_time]")
{
	CHECK(kernel_share_ns(1000, 0, 0) == 0);
	CHECK(kernel_share_ns(1000, 0, 7) == 0);
	CHECK(kernel_share_ns(1000, 7, 0) == 1000);
	CHECK(kernel_share_ns(1000, 1, 3) == 250);
	CHECK(kernel_share_ns(0, 1, 3) == 0);
	CHECK(kernel_share_ns(1ULL << 60, ~0ULL, 1) <= 1ULL << 60);
	CHECK(kernel_share_ns(1000, ~0ULL, ~0ULL) == 500);
}
