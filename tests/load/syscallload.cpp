// SPDX-License-Identifier: BSD-2-Clause
// Makes system calls of known kinds, a known number of times, and says which: by number and without the C library in
// between, so that nothing else makes any of these kinds. Each line of truth is one call.
#include "protocol.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

using namespace corescope::load;

namespace {

void tell(const char* name, long count, long failed, const char* error = "")
{
	Json line;
	line.text("syscall", name).number("count", count).number("failed", failed).text("error", error).print();
}

// Kinds that the runtime around us does not use while we work.
void kinds(const Request& request)
{
	const long n = request.count;
	request.begin();
	for (long i = 0; i < n; i++)
		syscall(SYS_getpgid, 0);
	for (long i = 0; i < 2 * n; i++)
		syscall(SYS_dup, -1);
	for (long i = 0; i < n; i++)
		syscall(SYS_faccessat, AT_FDCWD, i % 2 ? "/" : "/nonexistent", F_OK);
	for (long i = 0; i < n; i++)
		syscall(1000); // no call at all
	for (long i = 0; i < n; i++)
		syscall(SYS_eventfd2, 0, 0xffffff);
	tell("getpgid", n, 0);
	tell("dup", 2 * n, 2 * n, "EBADF");
	tell("faccessat", n, (n + 1) / 2, "ENOENT");
	tell("1000", n, n, "ENOSYS");
	tell("eventfd2", n, n, "EINVAL");
	request.finish();
}

// fork and wait: each returns twice, and is one call.
void forks(const Request& request)
{
	request.begin();
	for (long i = 0; i < request.count; i++) {
		const pid_t child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
		if (child == 0)
			syscall(SYS_exit_group, 0);
		need(child, "clone");
		need(waitpid(child, nullptr, 0), "waitpid");
	}
	tell("clone", request.count, 0);
	request.finish();
}

// Sleeps of MS, and how long they took by our own clock, which is longer than the call itself.
void naps(const Request& request)
{
	const long ms = request.number(0, "MS", 1, 1000);
	request.begin();
	const timespec time = {ms / 1000, ms % 1000 * 1000000};
	int64_t took = 0;
	for (long i = 0; i < request.count; i++) {
		const int64_t start = now_ns();
		syscall(SYS_nanosleep, &time, nullptr);
		took += now_ns() - start;
	}
	Json line;
	line.text("syscall", "nanosleep")
		.number("count", request.count)
		.number("ns", took)
		.number("least_ns", ms * 1000000 * request.count);
	line.print();
	request.finish();
}

#ifdef __x86_64__
long int80(long number, long a)
{
	long result;
	asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a) : "memory", "r8", "r9", "r10", "r11");
	return result;
}

// 32-bit calls of a 64-bit program: 41 is dup there and lstat here, 132 is getpgid there and utime here.
void compat(const Request& request)
{
	if (int80(20, 0) != getpid())
		fail(kUnsupported, "this kernel takes no 32-bit calls");
	const long n = request.count;
	request.begin();
	for (long i = 0; i < n; i++)
		int80(132, 0);
	for (long i = 0; i < n; i++)
		int80(41, -1);
	for (long i = 0; i < n; i++)
		syscall(SYS_getpgid, 0);
	tell("i386:getpgid", n, 0);
	tell("i386:dup", n, n, "EBADF");
	tell("getpgid", n, 0);
	request.finish();
}
#endif

constexpr Case kCases[] = {
	{"kinds", "", kinds},
	{"forks", "", forks},
	{"naps", "MS", naps},
#ifdef __x86_64__
	{"compat", "", compat},
#endif
};

} // namespace

int main(int argc, char** argv) { return run(argc, argv, kCases); }
