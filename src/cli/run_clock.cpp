// SPDX-License-Identifier: BSD-2-Clause
// When a run tells, and what ends it; and the one sleep that all runs have.
#include "cli/run_clock.h"

#include "cli/signals.h"
#include "cli/tool.h"
#include "system/clock.h"

#include <algorithm>
#include <csignal>
#include <poll.h>
#include <unistd.h>

namespace corescope {

namespace {

uint64_t later(uint64_t at_ns, uint64_t by_ns) { return by_ns < kForever - at_ns ? at_ns + by_ns : kForever; }

} // namespace

RunClock::RunClock(const Limits& limits, uint64_t start_ns)
	: limits_(limits), start_ns_(start_ns),
	  end_ns_(
		  std::min(limits.duration_ns ? later(start_ns, limits.duration_ns) : kForever, limits.job_end_ns))
{}

uint64_t RunClock::next_due(uint64_t now_ns) const
{
	const uint64_t interval = limits_.interval_ns;
	if (!interval)
		return end_ns_;
	const uint64_t passed = (now_ns - start_ns_) / interval * interval;
	return std::min(later(start_ns_ + passed, interval), end_ns_);
}

bool RunClock::look(uint64_t now_ns, int signal)
{
	if (ended())
		return true;
	if (signal)
		end_ = signal == SIGINT ? "SIGINT" : signal == SIGHUP ? "SIGHUP" : "SIGTERM";
	else if (now_ns >= end_ns_)
		end_ = now_ns >= limits_.job_end_ns ? "max-runtime" : "duration";
	return ended();
}

void RunClock::wait()
{
	const uint64_t due_ns = next_due(monotonic_ns());
	while (!look(monotonic_ns(), stop_signal()) && monotonic_ns() < due_ns)
		sleep_until(due_ns);
}

void RunClock::told()
{
	told_++;
	if (limits_.intervals && told_ >= limits_.intervals)
		enough();
}

void RunClock::enough()
{
	if (!ended())
		end_ = "count";
}

uint64_t least_limit(uint64_t a, uint64_t b) { return a && b ? std::min(a, b) : a + b; }

void sleep_until(uint64_t due_ns, int fd)
{
	const uint64_t now = monotonic_ns();
	if (stop_signal() || now >= due_ns)
		return;
	const uint64_t left = due_ns - now;
	const timespec timeout = {static_cast<time_t>(left / 1000000000), static_cast<long>(left % 1000000000)};
	pollfd fds[] = {{stop_fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}, {fd, POLLIN, 0}};
	if (ppoll(fds, 3, due_ns == kForever ? nullptr : &timeout, nullptr) > 0 &&
		fds[1].revents & (POLLERR | POLLHUP))
		throw ReaderGone{};
}

} // namespace corescope
