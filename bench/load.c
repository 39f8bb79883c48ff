// SPDX-License-Identifier: BSD-2-Clause
// Makes one kind of event, flat out or at a pace, and says in one line of JSON how many and how fast. Every kill and
// exec bears a number of its own (as the target's pid, as an argument), so that a line of a tool's output can be told
// to be that very event.
//
//   kill    kill(NUMBER, 0) at a process that does not exist: fails with ESRCH
//   signal  kill(self, SIGURG), which is ignored: sent, but without a number
//   exec    posix_spawn of a program (-x) with the number as its argument
//   switch  a byte to another process and back on one CPU: two context switches
//   sys     getppid: what nobody traces
//   open    openat(NUMBER) in the current folder: fails with ENOENT
//   io      a direct read of 4 KiB of a file in the current folder, from its disk
//   tcp     a connection on the loopback interface, accepted and closed by both ends
#define _GNU_SOURCE // sched_setaffinity, O_DIRECT
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Times are told of batches: of single events the clock would be the greater part.
enum { kBatches = 64, kEventsBetweenLooks = 128 };

static const char* program = "nop";
static int there[2], back[2];

static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void sleep_until(int64_t at_ns)
{
	const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {}
}

// CPU time of this process and of the children that it waited for.
static int64_t cpu_ns(void)
{
	struct timespec t;
	struct rusage children;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	getrusage(RUSAGE_CHILDREN, &children);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec +
		1000 * (int64_t)(children.ru_utime.tv_usec + children.ru_stime.tv_usec) +
		1000000000 * (int64_t)(children.ru_utime.tv_sec + children.ru_stime.tv_sec);
}

static void fail(const char* what)
{
	perror(what);
	exit(1);
}

// So that a tool that filters by cgroup sees our events and nobody else's.
static void join_cgroup(const char* folder)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	FILE* file = fopen(path, "w");
	if (!file || fputs("0", file) < 0 || fclose(file))
		fail(path);
}

static void make_kill(int number) { (void)kill(number, 0); }

static void make_signal(int number)
{
	(void)number;
	kill(getpid(), SIGURG);
}

static void make_exec(int number)
{
	char digits[16];
	snprintf(digits, sizeof(digits), "%d", number);
	char* argv[] = {(char*)program, digits, NULL};
	char* environment[] = {NULL};
	pid_t child;
	if (posix_spawn(&child, program, NULL, NULL, argv, environment))
		fail(program);
	waitpid(child, NULL, 0);
}

static void make_switch(int number)
{
	char byte = (char)number;
	if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
		fail("pipe");
}

static void make_sys(int number)
{
	(void)number;
	syscall(SYS_getppid);
}

static void make_open(int number)
{
	char digits[16];
	snprintf(digits, sizeof(digits), "%d", number);
	(void)open(digits, O_RDONLY | O_CLOEXEC);
}

// Each far from the one before, so that none is merged with another.
static void make_io(int number)
{
	enum { kBlock = 4096, kBlocks = 1024 };
	static char block[kBlock] __attribute__((aligned(kBlock)));
	static int file = -1;

	if (file < 0) {
		char name[] = "load-XXXXXX";
		file = mkostemp(name, O_DIRECT | O_CLOEXEC);
		if (file < 0 || unlink(name))
			fail(name);
		for (int i = 0; i < kBlocks; i++)
			if (pwrite(file, block, kBlock, (off_t)i * kBlock) != kBlock)
				fail("write");
		if (fsync(file))
			fail("fsync");
	}
	if (pread(file, block, kBlock, (off_t)((unsigned)number * 389 % kBlocks) * kBlock) != kBlock)
		fail("read");
}

// Broken off rather than closed, so that no TIME_WAIT stays behind and the ports never run out.
static void make_tcp(int number)
{
	static int listener = -1;
	static struct sockaddr_in address = {.sin_family = AF_INET};
	const struct linger none = {1, 0};
	socklen_t size = sizeof(address);

	(void)number;
	if (listener < 0) {
		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(listener, (struct sockaddr*)&address, size) || listen(listener, 8) ||
			getsockname(listener, (struct sockaddr*)&address, &size))
			fail("listen");
	}
	const int ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(ours, (const struct sockaddr*)&address, size))
		fail("connect");
	const int theirs = accept(listener, NULL, NULL);
	setsockopt(ours, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(ours);
	close(theirs);
}

// The other end of `switch`; it ends when we do.
static void start_partner(void)
{
	if (pipe(there) || pipe(back))
		fail("pipe");
	const pid_t child = fork();
	if (child < 0)
		fail("fork");
	if (child)
		return;
	close(there[1]);
	for (char byte; read(there[0], &byte, 1) == 1;)
		if (write(back[1], &byte, 1) != 1)
			break;
	_exit(0);
}

static const struct {
	const char* name;
	void (*make)(int);
} kKinds[] = {{"kill", make_kill}, {"signal", make_signal}, {"exec", make_exec}, {"switch", make_switch},
	{"sys", make_sys}, {"open", make_open}, {"io", make_io}, {"tcp", make_tcp}};

static int ascending(const void* a, const void* b)
{
	const double x = *(const double*)a, y = *(const double*)b;
	return (x > y) - (x < y);
}

static int usage(void)
{
	fputs("usage: load [-n EVENTS] [-t MILLISECONDS] [-p PACE_US] [-f FIRST_NUMBER] [-b NUMBERS_SINCE_NS]\n"
		  "            [-s START_AT_NS] [-c CPU] [-x PROGRAM] [-g CGROUP]\n"
		  "            kill|signal|exec|switch|sys|open|io|tcp\n"
		  "Times are CLOCK_MONOTONIC. With -b a number is the first one plus the microseconds since then.\n",
		stderr);
	return 2;
}

int main(int argc, char** argv)
{
	int64_t events = INT64_MAX, limit_ns = 0, pace_ns = 0, first = 100000000, since_ns = 0, start_ns = 0;
	int cpu = -1;
	for (int letter; (letter = getopt(argc, argv, "n:t:p:f:b:s:c:x:g:")) != -1;) {
		switch (letter) {
		case 'n': events = atoll(optarg); break;
		case 't': limit_ns = atoll(optarg) * 1000000; break;
		case 'p': pace_ns = atoll(optarg) * 1000; break;
		case 'f': first = atoll(optarg); break;
		case 'b': since_ns = atoll(optarg); break;
		case 's': start_ns = atoll(optarg); break;
		case 'c': cpu = atoi(optarg); break;
		case 'x': program = optarg; break;
		case 'g': join_cgroup(optarg); break;
		default: return usage();
		}
	}
	void (*make)(int) = NULL;
	for (size_t i = 0; optind < argc && i < sizeof(kKinds) / sizeof(*kKinds); i++)
		if (!strcmp(argv[optind], kKinds[i].name))
			make = kKinds[i].make;
	if (!make || (events == INT64_MAX && !limit_ns))
		return usage();
	if (cpu >= 0) {
		cpu_set_t set;
		CPU_ZERO(&set);
		CPU_SET((unsigned)cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			fail("sched_setaffinity");
	}
	if (make == make_switch)
		start_partner();

	double batches[kBatches];
	int told = 0;
	const int64_t by_count = events == INT64_MAX ? kEventsBetweenLooks : events / kBatches;
	const int64_t batch = pace_ns || make == make_exec ? 1 : by_count ? by_count : 1;
	int64_t made = 0, used_ns = cpu_ns();
	if (start_ns)
		sleep_until(start_ns);
	const int64_t begin_ns = now_ns();
	int64_t at_ns = begin_ns, from_ns = begin_ns, from = 0;
	while (made < events && !(limit_ns && at_ns - begin_ns >= limit_ns)) {
		for (int64_t i = 0; i < batch && made < events; i++, made++)
			make((int)(first + (since_ns ? (now_ns() - since_ns) / 1000 : made)));
		if (pace_ns)
			sleep_until(begin_ns + made * pace_ns);
		at_ns = now_ns();
		if ((limit_ns ? at_ns - from_ns >= limit_ns / kBatches : made - from >= by_count) &&
			told < kBatches) {
			batches[told++] = (double)(at_ns - from_ns) / (double)(made - from);
			from = made;
			from_ns = at_ns;
		}
	}
	used_ns = cpu_ns() - used_ns;
	qsort(batches, (size_t)told, sizeof(*batches), ascending);
	printf("{\"pid\":%d,\"made\":%lld,\"begin_ns\":%lld,\"end_ns\":%lld,\"low_ns\":%.2f,\"cpu_ns\":%.2f}\n",
		getpid(), (long long)made, (long long)begin_ns, (long long)at_ns, told ? batches[told / 4] : 0,
		made ? (double)used_ns / (double)made : 0);
	return 0;
}
