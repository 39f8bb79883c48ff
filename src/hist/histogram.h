// SPDX-License-Identifier: BSD-2-Clause
// A histogram in user space: counts over the buckets of include/hist.h, at any fineness p. Adding, merging,
// folding and subtracting are exact; what cannot be exact (a percentile) is told as the bucket that holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hist.h"

namespace corescope {

// Sums are wider than one host needs: 64 bits of nanoseconds are 584 years, which a day of a fleet exceeds.
__extension__ typedef unsigned __int128 HistSum;

// What a histogram counts in. Slots hold units, sums hold base units (ns, bytes); scale is base units to the
// unit.
enum class HistBase { time_ns, bytes, none };

struct HistUnit {
	const char* heading; // as the classic layout heads its rows: "usecs"
	const char* name;    // after a number, and in JSON: "us"
	uint64_t scale;
	HistBase base;

	bool operator==(const HistUnit& other) const { return scale == other.scale && base == other.base; }
};

inline constexpr HistUnit kNanoseconds{"nsecs", "ns", 1, HistBase::time_ns};
inline constexpr HistUnit kMicroseconds{"usecs", "us", 1000, HistBase::time_ns};
inline constexpr HistUnit kMilliseconds{"msecs", "ms", 1000000, HistBase::time_ns};
inline constexpr HistUnit kBytes{"bytes", "B", 1, HistBase::bytes};
inline constexpr HistUnit kKibibytes{"kbytes", "KiB", 1024, HistBase::bytes};
inline constexpr HistUnit kItems{"items", "", 1, HistBase::none};

// The scheme for any p from 0 (powers of two) to kHistMaxP; p = HIST_P gives what hist.h gives.
inline constexpr unsigned kHistMaxP = 8;
uint32_t hist_slots_p(unsigned p);
uint32_t hist_slot_p(uint64_t value, unsigned p);
uint64_t hist_lower_p(uint32_t slot, unsigned p); // the least value in the slot
uint64_t hist_upper_p(uint32_t slot, unsigned p); // the greatest value in the slot

// Values low..high, both included, in units. In the overflow bucket high is the greatest 64-bit value and
// means infinity.
struct HistBucket {
	uint64_t low = 0;
	uint64_t high = 0;
	uint64_t count = 0;
	bool overflow = false;

	bool operator==(const HistBucket&) const = default;
};

class Histogram {
public:
	static constexpr uint64_t kNoLimit = ~uint64_t{0};

	// Empty. limit: the greatest value that has a bucket of its own; greater ones are counted together as
	// overflow. It is a power of two no less than 2^p, or kNoLimit. Throws std::invalid_argument.
	explicit Histogram(unsigned p = HIST_P, uint64_t limit = kNoLimit);

	// As it lies in a map: slots of the scheme p from 0 on, in whole octaves, then one for the overflow; or
	// all slots that there are (hist_slots_p), and none for an overflow that cannot be. Throws
	// std::invalid_argument where the number of slots is no such.
	static Histogram from_map(std::span<const __u64> slots, HistSum sum, unsigned p = HIST_P);
	static Histogram from_map(const hist_counts& counts) { return from_map(counts.slots, counts.sum); }

	unsigned p() const { return p_; }
	uint64_t limit() const { return limit_; }
	uint64_t count() const { return count_; }       // always the total of all buckets, with the overflow
	HistSum sum() const { return sum_; }            // in base units
	uint64_t overflow() const { return overflow_; } // how many were greater than limit()
	bool empty() const { return count_ == 0; }

	// One value in units, and the same in base units for the sum.
	void add(uint64_t value, HistSum base) { add_slot(hist_slot_p(value, p_), 1, base); }
	// n values of a known slot of this histogram's scheme; one that lies above the limit counts as overflow.
	void add_slot(uint32_t slot, uint64_t n, HistSum base);
	void add_overflow(uint64_t n, HistSum base);

	// Adds the other's counts. Where p or limit differ, the result has the lesser of each: exact,
	// commutative, associative.
	Histogram& merge(const Histogram& other);
	// The same counts in coarser buckets, to_p <= p(), or under a lower limit. Exact; throws
	// std::invalid_argument where finer ones are asked for.
	Histogram folded(unsigned to_p) const;
	Histogram limited(uint64_t to_limit) const;

	// The bucket that holds the ceil(q * count)-th smallest value, 0 < q <= 1, q taken to six decimals. None
	// when empty.
	std::optional<HistBucket> percentile(double q) const;
	std::optional<HistBucket> max_bucket() const;
	double mean() const; // in base units, exact but for the division; 0 when empty

	// Those that are not empty, upwards, the overflow last.
	std::vector<HistBucket> buckets() const;
	// Powers of two from 0 to the last that is not empty, those between included; the overflow last, if there
	// is any.
	std::vector<HistBucket> rows() const;

	bool operator==(const Histogram&) const = default;

private:
	HistBucket bucket(uint32_t slot) const;
	HistBucket overflow_bucket() const;
	uint32_t slot_limit() const; // the first slot above the limit

	unsigned p_;
	uint64_t limit_;
	uint64_t count_ = 0;
	uint64_t overflow_ = 0;
	HistSum sum_ = 0;
	std::vector<uint64_t> slots_; // never ends in an empty slot

	friend std::optional<Histogram> subtract(const Histogram& later, const Histogram& earlier);
};

// What was counted between two readings of counters that only grow. None where that cannot be: a count that
// fell, or another scheme. The sum may have wrapped at 64 bits in the kernel; its difference is taken modulo
// 2^64.
std::optional<Histogram> subtract(const Histogram& later, const Histogram& earlier);

} // namespace corescope
