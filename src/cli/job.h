// SPDX-License-Identifier: BSD-2-Clause
// What a run needs that a timer starts: one at a time, at the same moment on all hosts (or at none), and never for
// ever.
#pragma once

#include "cli/tool.h"

#include <cstdint>
#include <string>

namespace corescope {

class Job {
public:
	// Takes the lock of --lock and starts the clock of --max-runtime. Throws Error: kTempFail when the lock is held.
	Job(const CommonOptions& options, const char* tool);
	~Job();
	Job(const Job&) = delete;
	Job& operator=(const Job&) = delete;

	// Waits for the moment of --align and --jitter. False when a signal asked to stop meanwhile. Throws
	// Error(kTempFail) when --max-runtime is over before.
	bool wait() const;

	// When --max-runtime is over, CLOCK_MONOTONIC; the greatest number if never.
	uint64_t deadline_ns() const { return deadline_ns_; }

private:
	const CommonOptions& options_;
	std::string identity_;
	int lock_ = -1;
	uint64_t deadline_ns_ = ~uint64_t{0};
};

// How long after `now_ns` the next multiple of align_ns comes (0 when it is one), both since the epoch in UTC.
uint64_t until_aligned_ns(int64_t now_ns, uint64_t align_ns);
// A delay below jitter_ns that is always the same for one identity, and spread evenly over many.
uint64_t stable_jitter_ns(const std::string& identity, uint64_t jitter_ns);

} // namespace corescope
