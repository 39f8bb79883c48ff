// SPDX-License-Identifier: BSD-2-Clause
// Locks are flock()s on files that stay: a lock dies with its holder, however that ended.
#include "cli/job.h"

#include "base/error.h"
#include "cli/signals.h"
#include "system/clock.h"
#include "system/host.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr uint64_t kSecond = 1000000000;
constexpr uint64_t kGraceNs = 5 * kSecond; // to end in order after --max-runtime; then by SIGALRM

int64_t realtime_ns()
{
	timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * static_cast<int64_t>(kSecond) + now.tv_nsec;
}

std::string lock_folder()
{
	if (geteuid() == 0)
		return "/run/corescope";
	const char* runtime = std::getenv("XDG_RUNTIME_DIR");
	return runtime && *runtime ? std::string(runtime) + "/corescope"
							   : "/tmp/corescope-" + std::to_string(geteuid());
}

bool is_job_name(std::string_view name)
{
	return !name.empty() && name.size() <= 64 && name[0] != '.' &&
		std::all_of(name.begin(), name.end(),
			[](unsigned char c) { return std::isalnum(c) || std::strchr("_.@-", c); });
}

std::string holder_of(int fd)
{
	char text[16] = {};
	const ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
	const long pid = size > 0 ? std::strtol(text, nullptr, 10) : 0;
	return pid > 0 ? "process " + std::to_string(pid) : "another run";
}

int take_lock(const std::string& name)
{
	if (!is_job_name(name))
		throw Error(kUsage,
			"--lock: a name has letters, digits, '_', '.', '@' and '-', 64 at most, and no '.' first");
	const std::string folder = lock_folder(), path = folder + "/" + name + ".lock";
	const auto refuse = [&](const char* what) {
		return Error(
			kIoError, std::string("--lock: cannot ") + what + " " + path + ": " + std::strerror(errno));
	};
	struct stat info;
	if (mkdir(folder.c_str(), 0755) < 0 && errno != EEXIST)
		throw refuse("make the folder of");
	if (lstat(folder.c_str(), &info) == 0 && (!S_ISDIR(info.st_mode) || info.st_uid != geteuid()))
		throw Error(kIoError, "--lock: " + folder + " belongs to somebody else");
	const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		throw refuse("open");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		const bool held = errno == EWOULDBLOCK;
		const std::string why = held
			? "--lock: '" + name + "' is held by " + holder_of(fd) + "; this run does nothing"
			: refuse("lock").message;
		close(fd);
		throw Error(held ? kTempFail : kIoError, why);
	}
	const std::string pid = std::to_string(getpid()) + "\n";
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
		// Only the word for whoever is refused; the lock holds without it.
	}
	return fd;
}

} // namespace

uint64_t until_aligned_ns(int64_t now_ns, uint64_t align_ns)
{
	const uint64_t past = static_cast<uint64_t>(now_ns) % align_ns;
	return past ? align_ns - past : 0;
}

uint64_t stable_jitter_ns(const std::string& identity, uint64_t jitter_ns)
{
	uint64_t hash =
		0xcbf29ce484222325; // FNV-1a, then mixed: names of hosts differ in their last letters only
	for (const unsigned char c : identity)
		hash = (hash ^ c) * 0x100000001b3;
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccd;
	hash ^= hash >> 33;
	return hash % jitter_ns;
}

Job::Job(const CommonOptions& options, const char* tool)
	: options_(options), identity_(host_name() + "/" + tool + "/" + options.lock)
{
	if (!options.lock.empty())
		lock_ = take_lock(options.lock);
	if (!options.max_runtime)
		return;
	deadline_ns_ = monotonic_ns() + options.max_runtime.ns;
	// Whatever hangs, a file system or the reader of our output: it does not outlast this.
	const uint64_t hard_us = (options.max_runtime.ns + kGraceNs) / 1000;
	const itimerval timer = {
		{0, 0}, {static_cast<time_t>(hard_us / 1000000), static_cast<suseconds_t>(hard_us % 1000000)}};
	setitimer(ITIMER_REAL, &timer, nullptr);
}

Job::~Job()
{
	if (lock_ >= 0)
		close(lock_);
}

bool Job::wait() const
{
	if (!options_.align && !options_.jitter)
		return true;
	const int64_t now = realtime_ns();
	const uint64_t delay = (options_.align ? until_aligned_ns(now, options_.align.ns) : 0) +
		(options_.jitter ? stable_jitter_ns(identity_, options_.jitter.ns) : 0);
	const int64_t begin = now + static_cast<int64_t>(delay);
	while (!stop_signal()) {
		const int64_t left = begin - realtime_ns();
		// A clock that was set back must not make us wait longer than was meant.
		if (left <= 0 || left > static_cast<int64_t>(delay + kSecond))
			return true;
		if (monotonic_ns() >= deadline_ns_)
			throw Error(kTempFail,
				"--max-runtime: was over before the run began, while it waited for --align and --jitter");
		// Not longer than a second: the clock may be set meanwhile.
		const uint64_t nap = std::min({static_cast<uint64_t>(left), kSecond, deadline_ns_ - monotonic_ns()});
		const timespec timeout = {static_cast<time_t>(nap / kSecond), static_cast<long>(nap % kSecond)};
		pollfd stop = {stop_fd(), POLLIN, 0};
		ppoll(&stop, 1, &timeout, nullptr);
	}
	return false;
}

} // namespace corescope
