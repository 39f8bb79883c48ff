// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The first include of every kernel half: kernel types, helpers, the licence, and the counters of loss.
#pragma once

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "event.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct event_shared shared __attribute__((aligned(64)));

// Exact also when several CPUs lose at once; costs nothing while nothing is lost.
static __always_inline void count_loss(enum loss_cause cause)
{
	__sync_fetch_and_add(&shared.lost[cause], 1);
}

// Keeps the compiler from caching a bound that the verifier must see checked.
#define opaque(x)                    \
	({                               \
		typeof(x) _x = (x);          \
		asm volatile("" : "+r"(_x)); \
		_x;                          \
	})
