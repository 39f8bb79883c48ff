// SPDX-License-Identifier: BSD-2-Clause
// Loads and unloads of programs as they happen: the kernel writes PERF_RECORD_BPF_EVENT for each into the buffers of who
// asks for it by perf_event_open (5.1; UAPI, so it stays).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace corescope {

struct ProgEvent {
	uint64_t boot_ns;
	bool loaded; // else unloaded
	uint32_t id; // of the program
	uint8_t tag[8];
	int pid, tid; // who did it
};

class ProgWatch {
public:
	// Throws Error where the kernel refuses.
	ProgWatch();
	~ProgWatch();
	ProgWatch(const ProgWatch&) = delete;
	ProgWatch& operator=(const ProgWatch&) = delete;

	// Waits up to timeout_ms (-1: for ever) for something to happen, or for `stop` to be readable. Events of one CPU come
	// in their order, those of several are sorted among what has come.
	void wait(int stop, int timeout_ms, const std::function<void(const ProgEvent&)>& each);
	uint64_t lost() const { return lost_; } // records that found no room

private:
	struct Cpu {
		int fd;
		unsigned char* memory;
	};
	void drain(const Cpu& cpu, std::vector<ProgEvent>& events);

	std::vector<Cpu> cpus_;
	uint64_t lost_ = 0;
};

} // namespace corescope
