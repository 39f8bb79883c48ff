// SPDX-License-Identifier: BSD-2-Clause
// Threads that burn and sleep in functions with known names, and say for how long they did: CPU time by their own
// clock, sleeps by the wall's. The functions keep their frame pointers and are never inlined, so that the kernel can walk
// their stacks. The protocol is in load.h.
#include "protocol.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>

using namespace corescope::load;

#define KEPT \
	[[gnu::noinline, gnu::noclone, gnu::optimize("no-omit-frame-pointer", "no-optimize-sibling-calls")]]

namespace stackload {

namespace {
volatile uint64_t g_sink;
}

int64_t cpu_ns() { return now_ns(CLOCK_THREAD_CPUTIME_ID); }

// Arithmetic alone, some tens of microseconds of it: no clock is asked in between.
KEPT void turn(int rounds)
{
	uint64_t x = g_sink + 88172645463325252ULL;
	for (int i = 0; i < rounds; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	g_sink = x;
}

// Mangled names of C++, and of Rust by asm labels.
template <class T>
struct Burner {
	KEPT static void burn(int64_t ns)
	{
		for (const int64_t end = cpu_ns() + ns; cpu_ns() < end;)
			turn(20000);
		g_sink = g_sink + sizeof(T);
	}
};
void rust_old(int64_t ns) asm("_ZN4demo4core17h0123456789abcdefE");
void rust_new(int64_t ns) asm("_RNvNtCs1234_4demo5inner4spin");

KEPT void rust_old(int64_t ns)
{
	Burner<char>::burn(ns);
	g_sink = g_sink + 1;
}
KEPT void rust_new(int64_t ns)
{
	Burner<long>::burn(ns);
	g_sink = g_sink + 1;
}

KEPT void three_parts(int64_t ns)
{
	Burner<int>::burn(3 * ns);
	g_sink = g_sink + 1;
}
KEPT void one_part(int64_t ns)
{
	Burner<short>::burn(ns);
	g_sink = g_sink + 1;
}

// By the system call itself: what the C library has in between may keep no frame pointer.
KEPT void nap(long us)
{
	const timespec time{us / 1000000, us % 1000000 * 1000};
	long result;
#if defined(__x86_64__)
	asm volatile("syscall"
				 : "=a"(result)
				 : "a"(long{SYS_nanosleep}), "D"(&time), "S"(nullptr)
				 : "rcx", "r11", "memory");
#else
	register long number asm("x8") = SYS_nanosleep;
	register const timespec* first asm("x0") = &time;
	register void* second asm("x1") = nullptr;
	asm volatile("svc 0" : "+r"(first) : "r"(number), "r"(second) : "memory");
	result = reinterpret_cast<long>(first);
#endif
	g_sink = g_sink + static_cast<uint64_t>(result);
}

KEPT int64_t deep(int left, long us)
{
	if (left)
		return deep(left - 1, us) + 1;
	nap(us);
	return 0;
}

// By one of two functions at each of 12 levels, so that 4096 stacks differ.
KEPT int64_t left_or_right(int level, long way, long us);
KEPT int64_t left(int level, long way, long us) { return left_or_right(level, way, us) + 1; }
KEPT int64_t right(int level, long way, long us) { return left_or_right(level, way, us) + 2; }
KEPT int64_t left_or_right(int level, long way, long us)
{
	if (level == 12)
		nap(us);
	else
		g_sink = g_sink +
			static_cast<uint64_t>(way >> level & 1 ? left(level + 1, way, us) : right(level + 1, way, us));
	return level;
}

KEPT void ask_the_clock(int64_t ns)
{
	timespec now;
	for (const int64_t end = cpu_ns() + ns; cpu_ns() < end;)
		for (int i = 0; i < 2000; i++)
			clock_gettime(CLOCK_MONOTONIC, &now);
}

} // namespace stackload

using namespace stackload;

namespace {

int64_t run_ns()
{
	rusage used;
	getrusage(RUSAGE_SELF, &used);
	const auto ns = [](const timeval& t) { return t.tv_sec * int64_t{1000000000} + t.tv_usec * 1000; };
	return ns(used.ru_utime) + ns(used.ru_stime);
}

void tell(const Request& request, int64_t cpu, int64_t slept, long naps)
{
	Json line;
	line.text("case", request.name).number("pid", getpid()).text("comm", comm_of(getpid(), own_tid()));
	line.number("cpu_ns", cpu).number("slept_ns", slept).number("naps", naps).print();
}

void burn(const Request& request, void (*body)(int64_t), int64_t parts)
{
	const int64_t ns = request.number(0, "MS", 1, 1000000) * int64_t{1000000};
	set_comm("burner");
	request.begin();
	const int64_t before = run_ns();
	body(ns / parts);
	tell(request, run_ns() - before, 0, 0);
	request.finish();
}

void run_shares(const Request& request)
{
	burn(
		request,
		[](int64_t ns) {
			three_parts(ns);
			one_part(ns);
		},
		4);
}
void run_rust(const Request& request)
{
	burn(
		request,
		[](int64_t ns) {
			rust_old(ns);
			rust_new(ns);
		},
		2);
}
void run_clock(const Request& request) { burn(request, ask_the_clock, 1); }

void naps(const Request& request, int depth)
{
	const long count = request.number(0, "N", 1, 1000000), us = request.number(1, "US", 1, 100000000);
	set_comm("sleeper");
	request.begin();
	int64_t slept = 0;
	for (long i = 0; i < count; i++) {
		const int64_t from = now_ns();
		deep(depth, us);
		slept += now_ns() - from;
	}
	tell(request, 0, slept, count);
	request.finish();
}
void run_naps(const Request& request) { naps(request, 3); }
void run_deep(const Request& request) { naps(request, 200); }

// Each nap by another way.
void run_ways(const Request& request)
{
	const long count = request.number(0, "N", 1, 4096), us = request.number(1, "US", 1, 100000000);
	set_comm("sleeper");
	request.begin();
	const int64_t from = now_ns();
	for (long way = 0; way < count; way++)
		left_or_right(0, way, us);
	tell(request, 0, now_ns() - from, count);
	request.finish();
}

// Sleeps for ever after it has said so: off the CPU when tracing ends.
void run_rest(const Request& request)
{
	set_comm("rester");
	request.begin();
	tell(request, 0, 0, 0);
	nap(3600L * 1000000);
}

// Code that is made at run time: calls back into a function here, from a page that belongs to no file, of which
// /tmp/perf-PID.map tells.
void run_jit(const Request& request)
{
	const int64_t ns = request.number(0, "MS", 1, 1000000) * int64_t{1000000};
#if defined(__x86_64__)
	constexpr unsigned char kCode[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0xf8, 0x48, 0x89,
		0xf7,                    // frame; rax = rdi; rdi = rsi
		0xff, 0xd0, 0x5d, 0xc3}; // call rax; ret
#elif defined(__aarch64__)
	constexpr uint32_t kCode[] = {
		0xa9bf7bfd, 0x910003fd, 0xaa0003e8, 0xaa0103e0, 0xd63f0100, 0xa8c17bfd, 0xd65f03c0};
#else
	fail(kUnsupported, "no code for this machine");
#endif
	void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		fail(kFailed, "mmap: %s", strerror(errno));
	memcpy(page, kCode, sizeof(kCode));
	__builtin___clear_cache(static_cast<char*>(page), static_cast<char*>(page) + sizeof(kCode));
	must(mprotect(page, 4096, PROT_READ | PROT_EXEC), "mprotect");
	const std::string map = "/tmp/perf-" + std::to_string(getpid()) + ".map";
	char text[128];
	snprintf(text, sizeof(text), "%lx %zx made at run time\n", reinterpret_cast<unsigned long>(page),
		sizeof(kCode));
	{
		const Fd file(must(open(map.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), map.c_str()));
		write_all(file.get(), text);
	}
	set_comm("jitter");
	request.begin();
	const int64_t before = run_ns();
	reinterpret_cast<void (*)(void (*)(int64_t), int64_t)>(page)(&Burner<char>::burn, ns);
	tell(request, run_ns() - before, 0, 0);
	request.finish();
	unlink(map.c_str());
}

// Another program that is this one's copy, by a path that only its own mount namespace has, or that is deleted at once:
// HOW CASE ARGS.
void run_copied(const Request& request)
{
	const std::string how = request.arg(0, "HOW");
	char folder[] = "/tmp/stackload-XXXXXX";
	if (!mkdtemp(folder))
		fail(kFailed, "mkdtemp: %s", strerror(errno));
	if (how == "mounted") {
		need(unshare(CLONE_NEWNS), "unshare");
		need(mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount");
		need(mount("stackload", folder, "tmpfs", 0, nullptr), "mount");
	}
	const std::string copy = std::string(folder) + "/copied";
	{
		const std::string all = read_file("/proc/self/exe");
		const Fd file(must(open(copy.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0700), copy.c_str()));
		write_all(file.get(), all);
	}
	const Fd binary(must(open(copy.c_str(), O_RDONLY | O_CLOEXEC), copy.c_str()));
	if (how == "deleted") {
		unlink(copy.c_str());
		rmdir(folder);
	}
	std::vector<std::string> words = {copy, request.arg(1, "CASE")};
	words.insert(words.end(), request.args.begin() + 2, request.args.end());
	if (request.wait)
		words.emplace_back("--wait");
	if (request.hold)
		words.emplace_back("--hold");
	std::vector<char*> argv;
	for (std::string& word : words)
		argv.push_back(word.data());
	argv.push_back(nullptr);
	fexecve(binary.get(), argv.data(), environ);
	fail(kFailed, "exec: %s", strerror(errno));
}

// Programs of different files, one after the other, each of which burns in another place of its memory: N in all, of
// which it says so after each PART.
void run_crowd(const Request& request)
{
	const long count = request.number(0, "N", 1, 100000), part = request.number(1, "PART", 1, 100000);
	char folder[] = "/tmp/stackload-XXXXXX";
	if (!mkdtemp(folder))
		fail(kFailed, "mkdtemp: %s", strerror(errno));
	const std::string all = read_file("/proc/self/exe");
	request.begin();
	for (long i = 1; i <= count; i++) {
		const std::string copy = folder + ("/" + std::to_string(i));
		{
			const Fd file(must(open(copy.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0700), copy.c_str()));
			write_all(file.get(), all);
		}
		const pid_t child = spawn([&] {
			must(dup2(must(open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null"), STDOUT_FILENO), "dup2");
			execl(copy.c_str(), copy.c_str(), "shares", "4", nullptr);
			fail(kFailed, "exec: %s", strerror(errno));
		});
		if (reap(child))
			fail(kFailed, "a program of the crowd failed");
		unlink(copy.c_str());
		if (i % part == 0)
			tell(request, 0, 0, i);
	}
	rmdir(folder);
	request.finish();
}

const Case cases[] = {
	{"shares", "MS", run_shares},
	{"rust", "MS", run_rust},
	{"clock", "MS", run_clock},
	{"naps", "N US", run_naps},
	{"deep", "N US", run_deep},
	{"ways", "N US", run_ways},
	{"crowd", "N PART", run_crowd},
	{"rest", "", run_rest},
	{"jit", "MS", run_jit},
	{"copied", "deleted|mounted CASE [ARGS]", run_copied},
};

} // namespace

int main(int argc, char** argv) { return run(argc, argv, cases); }
