// SPDX-License-Identifier: BSD-2-Clause
// A program that runs when a perf event of a CPU fires, at a frequency or each so many.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <vector>

namespace corescope {

struct Sampling {
	uint32_t type = 0;   // PERF_TYPE_…
	uint64_t config = 0; // PERF_COUNT_…
	bool frequency = true;
	uint64_t rate = 0;            // times a second; else the period, of the CPU's clock in ns
	std::vector<unsigned> cpus{}; // empty: those that are online
};

// One link for each CPU. Throws Error: kUnavailable where the event is not to be had, kNoPermission, kUsage where a CPU
// that was asked for is not online.
std::vector<bpf_link*> attach_sampling(bpf_program* program, const Sampling& sampling);

} // namespace corescope
