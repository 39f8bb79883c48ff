// SPDX-License-Identifier: BSD-2-Clause
// A handler that only takes notice, and a descriptor that wakes whoever waits; see signals.h.
#include "cli/signals.h"

#include "base/error.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <sys/eventfd.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr unsigned kAgainAfterS = 1;

volatile sig_atomic_t g_signal = 0;
int g_fd = -1;

// A write that began just after the signal could block for ever: it is interrupted again and again.
void interrupt_again(int) { alarm(kAgainAfterS); }

void take_notice(int signal)
{
	const int saved = errno;
	const uint64_t one = 1;
	if (!g_signal)
		g_signal = signal;
	if (write(g_fd, &one, sizeof(one)) < 0) {
		// Its counter is at its limit: it is readable already.
	}
	alarm(kAgainAfterS);
	errno = saved;
}

} // namespace

void catch_signals()
{
	g_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (g_fd < 0)
		throw Error(kFailure, std::string("eventfd: ") + std::strerror(errno));
	struct sigaction action = {};
	action.sa_handler = take_notice; // without SA_RESTART: a write to a reader that stalls must end too
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, nullptr);
	struct sigaction again = action;
	again.sa_handler = interrupt_again;
	sigaction(SIGALRM, &again, nullptr);
	struct sigaction old;
	sigaction(SIGHUP, nullptr, &old);
	if (old.sa_handler != SIG_IGN) // nohup means it
		sigaction(SIGHUP, &action, nullptr);
	action.sa_flags = SA_RESETHAND;
	sigaction(SIGINT, &action, nullptr);
	std::signal(SIGPIPE, SIG_IGN);
}

int stop_signal() { return g_signal; }

int stop_fd() { return g_fd; }

void die_of_sigpipe()
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	std::signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, nullptr);
	std::raise(SIGPIPE);
	_exit(128 + SIGPIPE);
}

} // namespace corescope
