// SPDX-License-Identifier: BSD-2-Clause
// When a run tells, and what ends it; and the one sleep that all runs have.
#include "cli/run_clock.h"

#include "cli/signals.h"
#include "cli/tool.h"
#include "system/clock.h"

#include <algorithm>
#include <csignal>
#include <poll.h>
#include <span>
#include <unistd.h>

namespace corescope {

namespace {

// fds: the first two are filled in here.
void sleep_with(uint64_t due_ns, std::span<pollfd> fds)
{
	const uint64_t now = monotonic_ns();
	if (stop_signal() || now >= due_ns)
		return;
	const uint64_t left = due_ns - now;
	const timespec timeout = {static_cast<time_t>(left / 1000000000), static_cast<long>(left % 1000000000)};
	fds[0] = {stop_fd(), POLLIN, 0};
	fds[1] = {STDOUT_FILENO, 0, 0};
	if (ppoll(fds.data(), fds.size(), due_ns == kForever ? nullptr : &timeout, nullptr) > 0 &&
		fds[1].revents & (POLLERR | POLLHUP))
		throw ReaderGone{};
}

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

void RunClock::end_by(std::string_view reason)
{
	if (!ended())
		end_ = reason;
}

uint64_t least_limit(uint64_t a, uint64_t b) { return a && b ? std::min(a, b) : a + b; }

void sleep_until(uint64_t due_ns, int fd)
{
	pollfd fds[] = {{}, {}, {fd, POLLIN, 0}};
	sleep_with(due_ns, fds);
}

void sleep_until(uint64_t due_ns, const std::vector<int>& to_read)
{
	std::vector<pollfd> fds(2);
	for (const int fd : to_read)
		fds.push_back({fd, POLLIN, 0});
	sleep_with(due_ns, fds);
}

} // namespace corescope
