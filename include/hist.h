// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The bucket scheme of every histogram, for the kernel half and the user half alike: plain C, valid after
// vmlinux.h and in C++. Log-linear: each power of two is cut into 2^HIST_P buckets of equal width (12.5 %
// wide at most), and each bucket includes its upper bound, so that an edge is a Prometheus `le` as it stands.
//
// With x = v - 1 (0 for v = 0) and k the number of low bits that x loses when only its HIST_P + 1 highest
// bits are kept, slot = (k << HIST_P) + (x >> k). Slot 0 holds 0 and 1, slot s holds s + 1 up to v = 16, then
// buckets widen.
#pragma once

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define HIST_P 3

// Slots that every 64-bit value needs.
#define HIST_SLOTS_ALL ((64 - HIST_P + 1) << HIST_P)

// A map holds fewer: whole octaves up to 2^HIST_LIMIT_LOG2 units (19 hours in us, 68 seconds in ns), and
// behind them one slot for all that is greater. So slots[0 .. HIST_OVERFLOW - 1] are exact, and
// slots[HIST_OVERFLOW] has no upper bound. The limit is a power of two, so that a fine histogram folds into a
// coarse one without loss there too.
#define HIST_LIMIT_LOG2 36
#define HIST_OVERFLOW ((HIST_LIMIT_LOG2 - HIST_P + 1) << HIST_P)
#define HIST_SLOTS (HIST_OVERFLOW + 1)

// One set of slots as it lies in a map. The count is the total of the slots: kept once, it cannot disagree
// with them. The sum is of values in the base unit (ns, bytes), before they were scaled; it may wrap, a
// difference is still right.
struct hist_counts {
	__u64 sum;
	__u64 slots[HIST_SLOTS];
};

// value in units of `unit` base units, rounded up: the result is <= edge exactly where value <= edge * unit.
// unit is at least 1.
static inline __attribute__((always_inline)) __u64 hist_scale(__u64 value, __u64 unit)
{
	return value ? (value - 1) / unit + 1 : 0;
}

// The slot of x = v - 1, 0 <= slot < HIST_SLOTS_ALL. A ladder of shifts without a branch: clang 14 crashes on
// __builtin_clz for BPF, and branches would give the verifier 64 paths to walk for each value. `0 - (y >> n)`
// has its top bits set exactly where y >= 2^n, which makes the width of each shift.
static inline __attribute__((always_inline)) __u32 hist_index(__u64 x)
{
	__u64 y = (x >> HIST_P) | 1;
	__u64 k, s;

	k = ((0 - (y >> 32)) >> 58) & 32;
	y >>= k;
	s = ((0 - (y >> 16)) >> 59) & 16;
	y >>= s;
	k |= s;
	s = ((0 - (y >> 8)) >> 60) & 8;
	y >>= s;
	k |= s;
	s = ((0 - (y >> 4)) >> 61) & 4;
	y >>= s;
	k |= s;
	k |= (0xffffaa50u >> (y << 1)) & 3; // floor(log2(y)) for 1 <= y < 16, two bits each
	return (__u32)((k << HIST_P) + (x >> k));
}

// The slot of v, 0 <= slot < HIST_SLOTS_ALL.
static inline __attribute__((always_inline)) __u32 hist_slot(__u64 v) { return hist_index(v ? v - 1 : 0); }

// The greatest value that a slot holds; slot < HIST_SLOTS_ALL. The last one ends at the greatest 64-bit
// value.
static inline __attribute__((always_inline)) __u64 hist_upper(__u32 slot)
{
	__u32 k = slot >> HIST_P;

	if (k == 0)
		return (__u64)slot + 1;
	if (slot >= HIST_SLOTS_ALL - 1)
		return ~(__u64)0;
	k--;
	return ((__u64)(slot - (k << HIST_P)) + 1) << k;
}

// x / unit, for a constant unit. A 64-bit division costs a switch or an interrupt as much as all the rest of the
// slot; up to 4 s a multiplication does for microseconds: ceil(2^38 / 1000) errs by 56 / 2^38 of x, too little to
// reach the next integer below 2^32.
static inline __attribute__((always_inline)) __u64 hist_divide(__u64 x, __u64 unit)
{
	if (unit == 1000 && x < 1ULL << 32)
		return x * 274877907 >> 38;
	return x / unit;
}

// Where a map with HIST_SLOTS slots counts `value` base units at `unit` base units to the unit: 0 <= slot <
// HIST_SLOTS, which the verifier sees. The same as hist_slot(hist_scale(value, unit)), with one division and
// what is over, clamped.
static inline __attribute__((always_inline)) __u64 hist_map_slot(__u64 value, __u64 unit)
{
	__u64 slot = hist_index(value ? hist_divide(value - 1, unit) : 0);

	if (slot > HIST_OVERFLOW)
		slot = HIST_OVERFLOW;
#ifdef __bpf__
	// Else clang compares one register and indexes with another, of which the verifier then knows nothing.
	__asm__ volatile("" : "+r"(slot));
#endif
	return slot;
}

// Counts one value. For slots that only this CPU writes, from one context.
static inline __attribute__((always_inline)) void hist_count(struct hist_counts *h, __u64 value, __u64 unit)
{
	h->slots[hist_map_slot(value, unit)]++;
	h->sum += value;
}

// Counts one value in slots that several CPUs write at once.
static inline __attribute__((always_inline)) void hist_count_shared(
	struct hist_counts *h, __u64 value, __u64 unit)
{
	__sync_fetch_and_add(&h->slots[hist_map_slot(value, unit)], 1);
	__sync_fetch_and_add(&h->sum, value);
}
