// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Where a row is guessed to be. A hash lookup is a helper call; here it costs as much as half of all the rest. So a row is
// guessed first from a small table without tags: what it says is only believed when the row bears the key, so that it may
// be shared by all CPUs, torn and stale without harm.
#pragma once

#define GUESS_BITS 12
#define GUESSES (1 << GUESS_BITS)

// The place for a key, of which `mixed` has all that tells it from others. Processes that are forked one after the other,
// whose numbers and times are close, are not to meet there.
static __always_inline __u32 guess_place(__u64 mixed)
{
	return mixed * 0x9e3779b97f4a7c15 >> (64 - GUESS_BITS);
}
