// SPDX-License-Identifier: BSD-2-Clause
// Leaving a tracepoint without waiting for it. Whoever closes the last perf event of a tracepoint waits for an RCU
// grace period, under a lock that all of them share, so six take six times as long, in however many threads: a
// quarter of a second between Ctrl-C and the prompt. A lease is one more perf event on the same tracepoint, disabled,
// without a program, and owned by nobody but a socket that only its own queue refers to. So the program's own event is
// gone at once, and the kernel's collector of such sockets (net/unix/garbage.c) waits in our place, after we have
// gone, however we went.
#pragma once

#include <string_view>
#include <vector>

namespace corescope {

class TracepointLease {
public:
	TracepointLease() = default;
	~TracepointLease();
	TracepointLease(const TracepointLease&) = delete;
	TracepointLease& operator=(const TracepointLease&) = delete;

	// sections: of attached programs, such as "tp/syscalls/sys_exit_kill"; others are passed over. Where it can't be
	// had nothing is lost but the time to wait.
	void take(const std::vector<std::string_view>& sections);

private:
	int queue_ = -1; // the socket that holds the events, and itself
	int last_ = -1;  // its peer, whose closing calls the collector; always closed after it
};

} // namespace corescope
