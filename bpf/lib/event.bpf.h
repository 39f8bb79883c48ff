// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The way of an event out of the kernel: a ring buffer whose producers do not wake the reader, and a doorbell.
//
// Waking the reader at every event costs more than all the rest of it. So records are published without a wake-up;
// the reader says in shared memory that it is about to sleep, looks once more, and sleeps. Publishing is a full
// barrier (an xchg on the record's header, kernel/bpf/ringbuf.c), so either the reader's last look sees the record
// or the producer sees the flag. The bell is a ring of its own because a wake-up needs a record to ride on, and
// the events' ring may be full just then.
#pragma once

#include "lib/core.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} bell SEC(".maps");

static __noinline int ring_bell(void)
{
	char any = 0;

	// Cleared before it rings: whoever clears also rings, so the reader is never left asleep.
	shared.reader_sleeps = 0;
	return bpf_ringbuf_output(&bell, &any, sizeof(any), BPF_RB_FORCE_WAKEUP);
}

// size: bytes, a constant. Null when there is no room, which is then counted.
static __always_inline void *event_reserve(__u64 size)
{
	void *event = bpf_ringbuf_reserve(&events, size, 0);

	if (!event)
		count_loss(LOSS_RING_FULL);
	return event;
}

static __always_inline void event_submit(void *event)
{
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	if (*(volatile __u32 *)&shared.reader_sleeps)
		ring_bell();
}

static __always_inline void event_discard(void *event) { bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP); }
