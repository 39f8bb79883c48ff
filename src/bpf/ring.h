// SPDX-License-Identifier: BSD-2-Clause
// The reader's end of an event ring and its doorbell; the producers' end is bpf/lib/event.bpf.h.
#pragma once

#include "event.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace corescope {

// A BPF ring buffer, mapped and read without system calls (layout: kernel/bpf/ringbuf.c, uapi/linux/bpf.h).
class Ring {
public:
	// fd: of a BPF_MAP_TYPE_RINGBUF; size: its max_entries, bytes. Throws Error.
	Ring(int fd, size_t size);
	~Ring();
	Ring(const Ring&) = delete;
	Ring& operator=(const Ring&) = delete;

	// Hands each published record to consume(const void* record, size_t bytes) until there is none, one is not yet
	// published, or consume says false (that record counts as taken). Returns how many were taken.
	template <class Consume>
	size_t drain(Consume&& consume)
	{
		uint64_t at = *consumer_; // only we write it
		size_t taken = 0;
		bool go_on = true;
		while (go_on) {
			const uint64_t end = __atomic_load_n(producer_, __ATOMIC_ACQUIRE);
			if (at >= end)
				break;
			const uint64_t released = at;
			while (go_on && at < end) {
				const char* header = data_ + (at & mask_);
				const uint32_t length =
					__atomic_load_n(reinterpret_cast<const uint32_t*>(header), __ATOMIC_ACQUIRE);
				if (length & kBusy) {
					go_on = false;
					break;
				}
				const uint32_t bytes = length & ~(kBusy | kDiscarded);
				if (!(length & kDiscarded)) {
					taken++;
					go_on = consume(contiguous(header + kHeader, bytes), static_cast<size_t>(bytes));
				}
				at += (bytes + kHeader + 7) & ~uint64_t{7};
				if (at - released >= kReleaseEvery)
					break;
			}
			__atomic_store_n(consumer_, at, __ATOMIC_RELEASE);
		}
		return taken;
	}

	// True while something was reserved that drain() has not taken.
	bool has_data() const { return __atomic_load_n(producer_, __ATOMIC_SEQ_CST) != *consumer_; }

	// Bytes that are reserved and not yet given back.
	uint64_t fill() const { return __atomic_load_n(producer_, __ATOMIC_ACQUIRE) - *consumer_; }

	// Takes all there is and looks at nothing.
	void skip_all()
	{
		__atomic_store_n(consumer_, __atomic_load_n(producer_, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
	}

private:
	static constexpr uint32_t kBusy = 1U << 31;      // BPF_RINGBUF_BUSY_BIT
	static constexpr uint32_t kDiscarded = 1U << 30; // BPF_RINGBUF_DISCARD_BIT
	static constexpr size_t kHeader = 8;             // BPF_RINGBUF_HDR_SZ
	// Producers learn of free room this often, and not at each record, which would cost them a cache miss each.
	static constexpr uint64_t kReleaseEvery = 16384;

	// The record as one piece: the last one before the end of the ring may go on at its beginning.
	const void* contiguous(const char* record, size_t bytes)
	{
		const size_t left = static_cast<size_t>(data_ + mask_ + 1 - record);
		return bytes <= left ? record : joined(record, bytes, left);
	}
	const void* joined(const char* record, size_t bytes, size_t left);

	uint64_t* consumer_ = nullptr;
	const uint64_t* producer_ = nullptr;
	const char* data_ = nullptr;
	uint64_t mask_;
	size_t size_;
	std::vector<char> joined_;
};

// Sleeping without missing an event. The flag is set, the ring is looked at once more, and only then one sleeps.
class Doorbell {
public:
	// bell_fd, bell_size: the ring that carries the wake-ups. Throws Error.
	Doorbell(int bell_fd, size_t bell_size, event_shared* shared)
		: bell_(bell_fd, bell_size), fd_(bell_fd), shared_(shared)
	{}

	// True: nothing is in `events`, the next event will ring, go to sleep on fd() and call answer() afterwards.
	bool may_sleep(const Ring& events)
	{
		__atomic_store_n(&shared_->reader_sleeps, 1, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!events.has_data())
			return true;
		answer();
		return false;
	}
	void answer()
	{
		__atomic_store_n(&shared_->reader_sleeps, 0, __ATOMIC_SEQ_CST);
		bell_.skip_all();
	}
	int fd() const { return fd_; }

private:
	Ring bell_;
	int fd_;
	event_shared* shared_;
};

} // namespace corescope
