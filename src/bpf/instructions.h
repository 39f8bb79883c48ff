// SPDX-License-Identifier: BSD-2-Clause
// What a program does, read off its instructions: which helpers it calls, and how many bytes it puts into which ring.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <span>
#include <vector>

namespace corescope {

using Instructions = std::span<const bpf_insn>;

bool calls_helper(Instructions program, int32_t helper);
// bpf_printk, however many arguments it has.
bool prints_to_trace(Instructions program);

// A record that a program hands to user space: bpf_ringbuf_reserve, bpf_ringbuf_output or bpf_perf_event_output.
struct RecordSite {
	size_t at;     // the call's instruction
	int map_fd;    // -1: could not be told
	uint32_t size; // bytes; 0: could not be told, or not fixed
};
// Of a loaded program, whose instructions name maps by their descriptors. Only what stands in a straight line before
// the call is looked at, which is where compilers put arguments.
std::vector<RecordSite> record_sites(Instructions program);

} // namespace corescope
