// SPDX-License-Identifier: BSD-2-Clause
// What the load programs share: failures, JSON lines on stdout, the ready/go/hold protocol that lets a test
// start its tool first, and child processes. Each program is one source file, so everything here is inline.
//
// Protocol: PROGRAM CASE [ARGS] [--wait] [--hold] [--count N] [--cpu N]
//   1. a line {"ready":true,"pid":...};  2. with --wait, a line on stdin starts the measured part;
//   3. the truth, one JSON object a line;  4. with --hold, the program lives on until stdin closes.
// Exit: 0 did exactly what was asked, 1 did not, 64 usage, 77 this machine cannot (one line on stderr says
// why).
#pragma once

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace corescope::load {

constexpr int kFailed = 1;
constexpr int kUsage = 64;
constexpr int kUnsupported = 77;
constexpr size_t kCommSize = 16;

struct Failure {
	int code;
	std::string message;
};

[[noreturn, gnu::format(printf, 2, 3)]] inline void fail(int code, const char* format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	throw Failure{code, text};
}

// For calls that must work on every machine: passes the result on, or ends with errno's text.
template <class T>
T must(T result, const char* what)
{
	if (result < 0)
		fail(kFailed, "%s: %s", what, strerror(errno));
	return result;
}

// For what a container or a plain user may be denied: not a failure of the program, so 77.
inline void need(int result, const char* what)
{
	if (result < 0)
		fail(kUnsupported, "%s: %s (needs root and a kernel with this feature)", what, strerror(errno));
}

inline void need_root()
{
	if (geteuid() != 0)
		fail(kUnsupported, "this case needs root");
}

class Fd {
public:
	Fd() = default;
	explicit Fd(int fd) : fd_(fd) {}
	Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
	Fd& operator=(Fd&& other) noexcept
	{
		std::swap(fd_, other.fd_);
		return *this;
	}
	~Fd() { reset(); }
	int get() const { return fd_; }
	void reset()
	{
		if (fd_ >= 0)
			close(std::exchange(fd_, -1));
	}

private:
	int fd_ = -1;
};

struct Pipe {
	Fd rd, wr;
};

inline Pipe make_pipe()
{
	int ends[2];
	must(pipe2(ends, O_CLOEXEC), "pipe");
	return {Fd(ends[0]), Fd(ends[1])};
}

// 0 at the end of the file; signals do not show.
inline ssize_t read_some(int fd, void* into, size_t size)
{
	ssize_t n;
	do
		n = read(fd, into, size);
	while (n < 0 && errno == EINTR);
	return n;
}

inline void write_all(int fd, std::string_view bytes)
{
	while (!bytes.empty()) {
		const ssize_t n = write(fd, bytes.data(), bytes.size());
		if (n < 0 && errno == EINTR)
			continue;
		must(n, "write");
		bytes.remove_prefix(static_cast<size_t>(n));
	}
}

// Whole contents; empty when the file is not there (a process may have gone).
inline std::string read_file(const std::string& path)
{
	std::string all;
	const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
	char part[65536];
	for (ssize_t n; fd.get() >= 0 && (n = read_some(fd.get(), part, sizeof(part))) > 0;)
		all.append(part, static_cast<size_t>(n));
	return all;
}

inline std::string read_link(const std::string& path)
{
	char target[4096];
	const ssize_t n = readlink(path.c_str(), target, sizeof(target));
	return n < 0 ? std::string() : std::string(target, static_cast<size_t>(n));
}

inline std::string proc_path(pid_t pid, const char* file)
{
	return "/proc/" + std::to_string(pid) + "/" + file;
}

// A number is parsed whole or refused.
inline long parse_number(const std::string& text, const char* name, long least, long most)
{
	char* end = nullptr;
	errno = 0;
	const long value = strtol(text.c_str(), &end, 10);
	if (text.empty() || *end || errno || value < least || value > most)
		fail(kUsage, "%s: '%s' is not a number from %ld to %ld", name, text.c_str(), least, most);
	return value;
}

inline int64_t now_ns(clockid_t clock = CLOCK_MONOTONIC)
{
	timespec t;
	clock_gettime(clock, &t);
	return static_cast<int64_t>(t.tv_sec) * 1000000000 + t.tv_nsec;
}

inline void sleep_us(long us)
{
	timespec left{us / 1000000, us % 1000000 * 1000};
	while (nanosleep(&left, &left) < 0 && errno == EINTR) {}
}

// Length of the valid UTF-8 sequence at that place, 0 when there is none (Unicode, table 3-7).
inline size_t utf8_length(std::string_view s, size_t at)
{
	const auto byte = [&](size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
	const unsigned lead = byte(at), next = byte(at + 1);
	if (lead < 0x80)
		return 1;
	const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	if ((lead == 0xe0 && next < 0xa0) || (lead == 0xed && next > 0x9f) || (lead == 0xf0 && next < 0x90) ||
		(lead == 0xf4 && next > 0x8f))
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((byte(at + i) & 0xc0) != 0x80)
			return 0;
	return size;
}

inline bool is_utf8(std::string_view s)
{
	for (size_t at = 0, size; at < s.size(); at += size)
		if ((size = utf8_length(s, at)) == 0)
			return false;
	return true;
}

// One JSON object. Strings must hold UTF-8; a byte that is not becomes U+FFFD, so the caller adds the hex
// too.
class Json {
public:
	Json& number(const char* key, int64_t value) { return raw(key, std::to_string(value)); }
	Json& flag(const char* key, bool value) { return raw(key, value ? "true" : "false"); }
	Json& null(const char* key) { return raw(key, "null"); }
	Json& text(const char* key, std::string_view value) { return raw(key, quote(value)); }
	Json& texts(const char* key, const std::vector<std::string>& values)
	{
		return list(key, values, [](const std::string& v) { return quote(v); });
	}
	Json& hex(const char* key, const std::vector<std::string>& values)
	{
		return list(key, values, [](const std::string& v) { return '"' + to_hex(v) + '"'; });
	}
	Json& numbers(const char* key, const std::vector<pid_t>& values)
	{
		return list(key, values, [](pid_t v) { return std::to_string(v); });
	}
	Json& objects(const char* key, const std::vector<Json>& values)
	{
		return list(key, values, [](const Json& v) { return v.out_ + "}"; });
	}
	void print() const { write_all(STDOUT_FILENO, out_ + "}\n"); }

private:
	Json& raw(const char* key, const std::string& value)
	{
		out_ += (out_.size() > 1 ? ",\"" : "\"") + std::string(key) + "\":" + value;
		return *this;
	}
	template <class List, class Show>
	Json& list(const char* key, const List& values, Show show)
	{
		std::string all;
		for (const auto& value : values)
			all += (all.empty() ? "" : ",") + show(value);
		return raw(key, "[" + all + "]");
	}
	static std::string quote(std::string_view s)
	{
		std::string out = "\"";
		for (size_t at = 0; at < s.size();) {
			const size_t size = utf8_length(s, at);
			char code[8];
			snprintf(code, sizeof(code), "\\u%04x", static_cast<unsigned char>(s[at]));
			if (!size)
				out += "\\ufffd";
			else if (s[at] == '"' || s[at] == '\\')
				(out += '\\') += s[at];
			else if (static_cast<unsigned char>(s[at]) < 0x20 || s[at] == 0x7f)
				out += code;
			else
				out += s.substr(at, size);
			at += size ? size : 1;
		}
		return out + '"';
	}
	static std::string to_hex(std::string_view s)
	{
		std::string out;
		for (const char c : s) {
			out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
			out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
		}
		return out;
	}
	std::string out_ = "{";
};

inline pid_t own_tid() { return static_cast<pid_t>(syscall(SYS_gettid)); }

inline std::string comm_of(pid_t pid, pid_t tid)
{
	std::string comm = read_file(proc_path(pid, "task/") + std::to_string(tid) + "/comm");
	if (!comm.empty())
		comm.pop_back();
	return comm;
}

// Of the calling thread; the kernel keeps the first 15 bytes.
inline void set_comm(const char* comm) { must(prctl(PR_SET_NAME, comm), "prctl(PR_SET_NAME)"); }

inline void enter_cgroup(const std::string& path)
{
	const Fd procs(open((path + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
	if (procs.get() < 0 || write(procs.get(), "0", 1) != 1)
		fail(kUnsupported, "cannot move into the cgroup %s: %s", path.c_str(), strerror(errno));
}

// The id that bpf_get_current_cgroup_id() gives: the inode number of the directory (cgroup v2, 64-bit).
inline int64_t cgroup_id(const std::string& path)
{
	struct stat found;
	must(stat(path.c_str(), &found), path.c_str());
	return static_cast<int64_t>(found.st_ino);
}

// Runs body in a child, which then exits with 0; a Failure in it is told on stderr. By default the child's
// end sends no SIGCHLD, so that a program makes the signals that it tells of and no others. Reap with reap().
template <class Body>
pid_t spawn(Body body, int exit_signal = 0)
{
	const auto pid = static_cast<pid_t>(syscall(SYS_clone, exit_signal, nullptr, nullptr, nullptr, nullptr));
	must(pid, "clone");
	if (pid)
		return pid;
	int code = 0;
	try {
		body();
	} catch (const Failure& failure) {
		dprintf(STDERR_FILENO, "%s\n", failure.message.c_str());
		code = failure.code;
	}
	_exit(code);
}

// The wait status; options may hold WUNTRACED.
inline int reap(pid_t pid, int options = 0)
{
	int status = 0;
	pid_t got;
	do
		got = waitpid(pid, &status, options | __WALL);
	while (got < 0 && errno == EINTR);
	must(got, "waitpid");
	return status;
}

// A child that failed has said why on stderr, unless it died; one line is enough.
inline void reap_well(pid_t pid)
{
	const int status = reap(pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == kUnsupported)
		throw Failure{kUnsupported, ""};
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail(kFailed, "child %d ended with wait status %#x", pid, static_cast<unsigned>(status));
}

// Children hold the reading end and end themselves when it says end-of-file: at release(), or when this
// program dies for whatever reason. No signal is sent for it. Every child must drop() its copy of the writing
// end first.
class Lifeline {
public:
	Lifeline() : pipe_(make_pipe()) {}
	void drop() { pipe_.wr.reset(); }
	void release() { pipe_.wr.reset(); }
	void wait() const
	{
		char c;
		read_some(pipe_.rd.get(), &c, 1);
	}

private:
	Pipe pipe_;
};

#if defined(__x86_64__)
// A system call as a 32-bit program makes it: the kernel's 64-bit syscall tracepoints do not see it.
inline int compat_call(unsigned number, unsigned first, unsigned second, unsigned third)
{
	long result;
	asm volatile("int $0x80"
				 : "=a"(result)
				 : "a"(static_cast<long>(number)), "b"(first), "c"(second), "d"(third)
				 : "memory", "cc", "r8", "r9", "r10", "r11");
	return static_cast<int>(result);
}
constexpr unsigned kCompatGetpid = 20, kCompatKill = 37, kCompatExecve = 11;
constexpr char kNoCompat[] = "this kernel takes no 32-bit system calls";
#else
inline int compat_call(unsigned, unsigned, unsigned, unsigned) { return -ENOSYS; }
constexpr unsigned kCompatGetpid = 0, kCompatKill = 0, kCompatExecve = 0;
constexpr char kNoCompat[] = "a 64-bit program makes no 32-bit system calls on this architecture";
#endif

inline void need_compat()
{
	const pid_t pid = spawn([] {
		prctl(PR_SET_DUMPABLE, 0);
		_exit(compat_call(kCompatGetpid, 0, 0, 0) == getpid() ? 0 : 1);
	});
	if (reap(pid) != 0)
		fail(kUnsupported, "%s", kNoCompat);
}

} // namespace corescope::load
