// SPDX-License-Identifier: BSD-2-Clause
// Arithmetic on histograms. Buckets of a coarser scheme are unions of those of a finer one, and the limit of
// exact counting is always a power of two, an edge in every scheme: so all of this is addition, and nothing
// is estimated.
#include "hist/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>

namespace corescope {

namespace {

constexpr uint64_t kMaxValue = ~uint64_t{0};

// The bits that x loses when its p + 1 highest ones are kept.
unsigned shift_of(uint64_t x, unsigned p)
{
	const auto width = static_cast<unsigned>(std::bit_width(x));
	return width > p + 1 ? width - (p + 1) : 0;
}

// How many slots hold the values up to limit, a power of two no less than 2^p.
uint32_t slots_up_to(uint64_t limit, unsigned p)
{
	return limit == kMaxValue ? hist_slots_p(p) : hist_slot_p(limit, p) + 1;
}

} // namespace

uint32_t hist_slots_p(unsigned p) { return (64 - p + 1) << p; }

uint32_t hist_slot_p(uint64_t value, unsigned p)
{
	const uint64_t x = value ? value - 1 : 0;
	const unsigned shift = shift_of(x, p);
	return static_cast<uint32_t>((uint64_t{shift} << p) + (x >> shift));
}

uint64_t hist_upper_p(uint32_t slot, unsigned p)
{
	if (slot >= hist_slots_p(p) - 1)
		return kMaxValue;
	const uint32_t shift = slot >> p ? (slot >> p) - 1 : 0;
	return (uint64_t{slot - (shift << p)} + 1) << shift;
}

uint64_t hist_lower_p(uint32_t slot, unsigned p) { return slot ? hist_upper_p(slot - 1, p) + 1 : 0; }

Histogram::Histogram(unsigned p, uint64_t limit) : p_(p), limit_(limit)
{
	if (p > kHistMaxP)
		throw std::invalid_argument("histogram: finer than any scheme");
	if (limit != kNoLimit && (!std::has_single_bit(limit) || limit < uint64_t{1} << p))
		throw std::invalid_argument("histogram: limit is not a power of two that the scheme has");
}

Histogram Histogram::from_map(std::span<const __u64> slots, HistSum sum, unsigned p)
{
	if (p > kHistMaxP)
		throw std::invalid_argument("histogram: finer than any scheme");
	const size_t all = hist_slots_p(p);
	const size_t octave = size_t{1} << p;
	const bool unlimited = slots.size() == all;
	if (!unlimited && (slots.size() <= octave || slots.size() > all || (slots.size() - 1) % octave != 0))
		throw std::invalid_argument("histogram: slots are not whole octaves and an overflow");

	const size_t exact = unlimited ? all : slots.size() - 1;
	Histogram h(p, unlimited ? kNoLimit : hist_upper_p(static_cast<uint32_t>(exact - 1), p));
	h.sum_ = sum;
	h.overflow_ = unlimited ? 0 : slots[exact];
	h.count_ = h.overflow_;
	size_t used = exact;
	while (used && slots[used - 1] == 0)
		used--;
	h.slots_.assign(slots.begin(), slots.begin() + static_cast<std::ptrdiff_t>(used));
	for (const uint64_t n : h.slots_)
		h.count_ += n;
	return h;
}

uint32_t Histogram::slot_limit() const { return slots_up_to(limit_, p_); }

void Histogram::add_slot(uint32_t slot, uint64_t n, HistSum base)
{
	if (slot >= hist_slots_p(p_))
		throw std::invalid_argument("histogram: no such slot");
	if (slot >= slot_limit()) {
		add_overflow(n, base);
		return;
	}
	sum_ += base;
	if (n == 0)
		return;
	if (slot >= slots_.size())
		slots_.resize(slot + 1);
	slots_[slot] += n;
	count_ += n;
}

void Histogram::add_overflow(uint64_t n, HistSum base)
{
	if (n && limit_ == kNoLimit)
		throw std::invalid_argument("histogram: overflow without a limit");
	overflow_ += n;
	count_ += n;
	sum_ += base;
}

Histogram Histogram::folded(unsigned to_p) const
{
	if (to_p > p_)
		throw std::invalid_argument("histogram: cannot be made finer");
	Histogram to(to_p, limit_);
	for (uint32_t slot = 0; slot < slots_.size(); slot++)
		to.add_slot(hist_slot_p(hist_lower_p(slot, p_), to_p), slots_[slot], 0);
	to.add_overflow(overflow_, sum_);
	return to;
}

Histogram Histogram::limited(uint64_t to_limit) const
{
	if (to_limit > limit_)
		throw std::invalid_argument("histogram: what is over the limit cannot be told apart");
	Histogram to(p_, to_limit);
	for (uint32_t slot = 0; slot < slots_.size(); slot++)
		to.add_slot(slot, slots_[slot], 0);
	to.add_overflow(overflow_, sum_);
	return to;
}

Histogram& Histogram::merge(const Histogram& other)
{
	if (p_ > other.p_)
		*this = folded(other.p_);
	if (limit_ > other.limit_)
		*this = limited(other.limit_);
	for (uint32_t slot = 0; slot < other.slots_.size(); slot++) {
		if (const uint64_t n = other.slots_[slot])
			add_slot(p_ == other.p_ ? slot : hist_slot_p(hist_lower_p(slot, other.p_), p_), n, 0);
	}
	add_overflow(other.overflow_, other.sum_);
	return *this;
}

std::optional<Histogram> subtract(const Histogram& later, const Histogram& earlier)
{
	if (later.p_ != earlier.p_ || later.limit_ != earlier.limit_ || later.overflow_ < earlier.overflow_ ||
		later.slots_.size() < earlier.slots_.size())
		return std::nullopt;
	Histogram result = later;
	for (size_t slot = 0; slot < earlier.slots_.size(); slot++) {
		if (later.slots_[slot] < earlier.slots_[slot])
			return std::nullopt;
		result.slots_[slot] -= earlier.slots_[slot];
	}
	while (!result.slots_.empty() && result.slots_.back() == 0)
		result.slots_.pop_back();
	result.overflow_ -= earlier.overflow_;
	result.count_ -= earlier.count_;
	result.sum_ = later.sum_ >= earlier.sum_ ? later.sum_ - earlier.sum_
											 : HistSum{static_cast<uint64_t>(later.sum_ - earlier.sum_)};
	return result;
}

HistBucket Histogram::bucket(uint32_t slot) const
{
	return {hist_lower_p(slot, p_), hist_upper_p(slot, p_), slot < slots_.size() ? slots_[slot] : 0, false};
}

HistBucket Histogram::overflow_bucket() const { return {limit_ + 1, kMaxValue, overflow_, true}; }

std::optional<HistBucket> Histogram::percentile(double q) const
{
	if (count_ == 0)
		return std::nullopt;
	// In millionths, so that 0.999 of 1,000 values is the 999th and not, by an error of 2^-53, the 1,000th.
	constexpr uint64_t kParts = 1000000;
	const auto parts =
		static_cast<uint64_t>(std::llround(std::clamp(q, 0.0, 1.0) * static_cast<double>(kParts)));
	const auto rank = static_cast<uint64_t>((HistSum{count_} * parts + kParts - 1) / kParts);
	uint64_t seen = 0;
	for (uint32_t slot = 0; slot < slots_.size(); slot++) {
		seen += slots_[slot];
		if (slots_[slot] && seen >= rank)
			return bucket(slot);
	}
	return overflow_bucket();
}

std::optional<HistBucket> Histogram::max_bucket() const { return percentile(1.0); }

double Histogram::mean() const
{
	return count_ ? static_cast<double>(sum_) / static_cast<double>(count_) : 0.0;
}

std::vector<HistBucket> Histogram::buckets() const
{
	std::vector<HistBucket> result;
	for (uint32_t slot = 0; slot < slots_.size(); slot++) {
		if (slots_[slot])
			result.push_back(bucket(slot));
	}
	if (overflow_)
		result.push_back(overflow_bucket());
	return result;
}

std::vector<HistBucket> Histogram::rows() const
{
	const Histogram powers = folded(0);
	const uint32_t end = overflow_ ? powers.slot_limit() : static_cast<uint32_t>(powers.slots_.size());
	std::vector<HistBucket> result;
	result.reserve(end + 1);
	for (uint32_t slot = 0; slot < end; slot++)
		result.push_back(powers.bucket(slot));
	if (overflow_)
		result.push_back(powers.overflow_bucket());
	return result;
}

} // namespace corescope
