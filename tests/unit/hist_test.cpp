// SPDX-License-Identifier: BSD-2-Clause
// The bucket scheme and histograms, as properties: over every slot, every edge, and random values
// of every magnitude, against definitions written another way.
#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <stdexcept>

#include <catch2/catch.hpp>

#include "hist/histogram.h"

using namespace corescope;

namespace {

constexpr uint64_t kMax = ~uint64_t{0};

// The scheme as its definition says it, with a logarithm.
uint32_t slot_by_definition(uint64_t v, unsigned p)
{
	const uint64_t x = v ? v - 1 : 0;
	const uint64_t sub = uint64_t{1} << p;
	if (x < sub)
		return static_cast<uint32_t>(x);
	const auto e = static_cast<unsigned>(std::bit_width(x)) - 1;
	return static_cast<uint32_t>((uint64_t{e - p + 1} << p) + ((x >> (e - p)) & (sub - 1)));
}

// Random values whose magnitude is uniform: as many near 1 as near 2^63.
class Values {
public:
	explicit Values(uint64_t seed) : random_(seed) {}
	uint64_t next(unsigned most_bits = 64)
	{
		const auto bits = static_cast<unsigned>(random_() % (most_bits + 1));
		return bits ? random_() >> (64 - bits) : 0;
	}

private:
	std::mt19937_64 random_;
};

std::vector<uint64_t> edge_values()
{
	std::vector<uint64_t> values;
	for (uint64_t v = 0; v < 300; v++)
		values.push_back(v);
	for (unsigned bit = 0; bit < 64; bit++) {
		const uint64_t power = uint64_t{1} << bit;
		for (const uint64_t v : {power - 1, power, power + 1, power + power / 2, power + (power - 1)})
			values.push_back(v);
	}
	values.insert(values.end(), {kMax - 1, kMax});
	return values;
}

Histogram of(const std::vector<uint64_t>& values, unsigned p = HIST_P, uint64_t limit = Histogram::kNoLimit)
{
	Histogram h(p, limit);
	for (const uint64_t v : values)
		h.add(v, v);
	return h;
}

std::vector<uint64_t> random_values(Values& source, size_t n, unsigned most_bits = 64)
{
	std::vector<uint64_t> values(n);
	for (uint64_t& v : values)
		v = source.next(most_bits);
	return values;
}

Histogram merged(Histogram a, const Histogram& b) { return a.merge(b); }

} // namespace

TEST_CASE("every value has the slot that the definition gives")
{
	Values random(1);
	std::vector<uint64_t> values = edge_values();
	const std::vector<uint64_t> more = random_values(random, 200000);
	values.insert(values.end(), more.begin(), more.end());
	size_t wrong = 0;
	for (const uint64_t v : values) {
		const uint32_t slot = hist_slot(v);
		wrong += slot != slot_by_definition(v, HIST_P) || slot >= HIST_SLOTS_ALL;
		wrong += v > hist_upper(slot) || (slot && v <= hist_upper(slot - 1));
		for (unsigned p = 0; p <= kHistMaxP; p++) {
			const uint32_t any = hist_slot_p(v, p);
			wrong += any != slot_by_definition(v, p) || v < hist_lower_p(any, p) || v > hist_upper_p(any, p);
		}
	}
	CHECK(wrong == 0);
}

TEST_CASE("slots are monotone, without a gap, and include their upper bound")
{
	CHECK(HIST_SLOTS_ALL == 496);
	CHECK(hist_slot(0) == 0);
	CHECK(hist_slot(kMax) == HIST_SLOTS_ALL - 1);
	CHECK(hist_upper(HIST_SLOTS_ALL - 1) == kMax);
	for (uint32_t slot = 0; slot < HIST_SLOTS_ALL; slot++) {
		const uint64_t upper = hist_upper(slot);
		CAPTURE(slot, upper);
		REQUIRE(hist_slot(upper) == slot);
		if (slot + 1 < HIST_SLOTS_ALL) {
			REQUIRE(hist_slot(upper + 1) == slot + 1);
			REQUIRE(hist_upper(slot + 1) > upper);
		}
	}
	for (unsigned p = 0; p <= kHistMaxP; p++) {
		const uint32_t last = hist_slots_p(p) - 1;
		CAPTURE(p);
		REQUIRE(hist_slot_p(kMax, p) == last);
		REQUIRE(hist_upper_p(last, p) == kMax);
		REQUIRE(hist_lower_p(0, p) == 0);
		for (uint32_t slot = 0; slot <= last; slot++) {
			REQUIRE(hist_slot_p(hist_lower_p(slot, p), p) == slot);
			REQUIRE(hist_slot_p(hist_upper_p(slot, p), p) == slot);
			if (p == HIST_P)
				REQUIRE(hist_upper_p(slot, p) == hist_upper(slot));
		}
	}
}

TEST_CASE("a bucket is never wider than an eighth of what it holds")
{
	for (uint32_t slot = 16; slot < HIST_SLOTS_ALL; slot++) {
		const uint64_t below = hist_upper(slot - 1);
		CAPTURE(slot);
		REQUIRE((hist_upper(slot) - below) <= below / 8);
	}
	for (uint32_t slot = 1; slot < 16; slot++)
		REQUIRE(hist_upper(slot) - hist_upper(slot - 1) == 1);
}

TEST_CASE("every power of two is an edge at every fineness")
{
	for (unsigned p = 0; p <= kHistMaxP; p++) {
		for (unsigned bit = p; bit < 64; bit++) {
			const uint64_t power = uint64_t{1} << bit;
			CAPTURE(p, bit);
			REQUIRE(hist_upper_p(hist_slot_p(power, p), p) == power);
		}
	}
	const std::vector<uint64_t> first = {1, 2, 4, 8, 16, 32, 64};
	for (uint32_t slot = 0; slot < first.size(); slot++)
		CHECK(hist_upper_p(slot, 0) == first[slot]);
}

TEST_CASE("scaling rounds up, so that an edge stays an edge in base units")
{
	CHECK(hist_scale(0, 1000) == 0);
	CHECK(hist_scale(1, 1000) == 1);
	CHECK(hist_scale(1000, 1000) == 1);
	CHECK(hist_scale(1001, 1000) == 2);
	CHECK(hist_scale(kMax, 1) == kMax);
	CHECK(hist_scale(kMax, 1000) == kMax / 1000 + 1);
	Values random(2);
	for (int i = 0; i < 100000; i++) {
		const uint64_t value = random.next();
		const uint64_t unit = random.next(30) + 1;
		const uint64_t scaled = hist_scale(value, unit);
		const uint32_t slot = hist_slot(scaled);
		const auto edge = static_cast<HistSum>(hist_upper(slot)) * unit;
		CAPTURE(value, unit, scaled);
		REQUIRE(value <= edge);
		if (slot)
			REQUIRE(value > static_cast<HistSum>(hist_upper(slot - 1)) * unit);
		REQUIRE(hist_map_slot(value, unit) == std::min<uint32_t>(slot, HIST_OVERFLOW));
	}
}

TEST_CASE("a map counts exactly up to its limit, and what is over in one slot")
{
	const uint64_t limit = uint64_t{1} << HIST_LIMIT_LOG2;
	CHECK(HIST_SLOTS == 273);
	CHECK(hist_upper(HIST_OVERFLOW - 1) == limit);
	CHECK(hist_map_slot(limit, 1) == HIST_OVERFLOW - 1);
	CHECK(hist_map_slot(limit + 1, 1) == HIST_OVERFLOW);
	CHECK(hist_map_slot(kMax, 1) == HIST_OVERFLOW);

	hist_counts map{};
	Histogram direct(HIST_P, limit);
	Values random(3);
	std::vector<uint64_t> values = edge_values();
	const std::vector<uint64_t> more = random_values(random, 5000);
	values.insert(values.end(), more.begin(), more.end());
	HistSum sum = 0;
	for (const uint64_t v : values) {
		hist_count(&map, v, 1);
		direct.add(v, v);
		sum += v;
	}
	const Histogram read = Histogram::from_map(map.slots, sum);
	CHECK(read == direct);
	CHECK(read.count() == values.size());
	CHECK(read.limit() == limit);
	const auto above = std::count_if(values.begin(), values.end(), [&](uint64_t v) { return v > limit; });
	CHECK(read.overflow() == static_cast<uint64_t>(above));
	CHECK(Histogram::from_map(map).sum() == static_cast<uint64_t>(sum)); // the kernel's sum wraps

	hist_counts shared{};
	for (const uint64_t v : values)
		hist_count_shared(&shared, v, 1);
	CHECK(std::equal(std::begin(map.slots), std::end(map.slots), std::begin(shared.slots)));
	CHECK(map.sum == shared.sum);
}

TEST_CASE("slots of other sizes are read or refused")
{
	const std::vector<__u64> all(HIST_SLOTS_ALL, 1);
	const Histogram full = Histogram::from_map(all, 0);
	CHECK(full.limit() == Histogram::kNoLimit);
	CHECK(full.count() == HIST_SLOTS_ALL);
	CHECK(full.overflow() == 0);
	CHECK(full.max_bucket()->high == kMax);

	for (unsigned p = 0; p <= 3; p++) {
		const uint32_t octave = 1U << p;
		for (uint32_t octaves = 1; (octaves + p) < 64; octaves++) {
			std::vector<__u64> slots(octaves * octave + 1, 1);
			if (slots.size() == hist_slots_p(p))
				continue;
			const Histogram h = Histogram::from_map(slots, 7, p);
			CAPTURE(p, octaves);
			REQUIRE(h.overflow() == 1);
			REQUIRE(h.limit() == uint64_t{1} << (octaves + p - 1));
			REQUIRE(h.count() == slots.size());
		}
	}
	for (const size_t size : {0U, 1U, 8U, 10U, 272U, 274U, 495U, 497U, 505U}) {
		CAPTURE(size);
		CHECK_THROWS_AS(Histogram::from_map(std::vector<__u64>(size), 0), std::invalid_argument);
	}
	CHECK_THROWS_AS(Histogram(HIST_P, 1000), std::invalid_argument);
	CHECK_THROWS_AS(Histogram(HIST_P, 4), std::invalid_argument);
	CHECK_THROWS_AS(Histogram(kHistMaxP + 1), std::invalid_argument);
	CHECK_THROWS_AS(Histogram().add_slot(HIST_SLOTS_ALL, 1, 0), std::invalid_argument);
	CHECK_THROWS_AS(Histogram().add_overflow(1, 0), std::invalid_argument);
}

TEST_CASE("folding loses nothing that the coarser scheme keeps")
{
	Values random(4);
	for (const uint64_t limit : {Histogram::kNoLimit, uint64_t{1} << 36, uint64_t{1} << 8}) {
		std::vector<uint64_t> values = edge_values();
		const std::vector<uint64_t> more = random_values(random, 5000);
		values.insert(values.end(), more.begin(), more.end());
		for (unsigned from = 0; from <= kHistMaxP; from++) {
			const Histogram fine = of(values, from, limit);
			for (unsigned to = 0; to <= from; to++) {
				CAPTURE(limit, from, to);
				REQUIRE(fine.folded(to) == of(values, to, limit));
			}
			for (const uint64_t lower : {uint64_t{1} << 8, uint64_t{1} << 20}) {
				if (lower <= limit)
					REQUIRE(fine.limited(lower) == of(values, from, lower));
			}
		}
	}
	CHECK_THROWS_AS(Histogram(2).folded(3), std::invalid_argument);
	CHECK_THROWS_AS(Histogram(3, 256).limited(512), std::invalid_argument);
}

TEST_CASE("merging is exact, commutative and associative, across schemes")
{
	Values random(5);
	const uint64_t limits[] = {Histogram::kNoLimit, uint64_t{1} << 36, uint64_t{1} << 10};
	for (int round = 0; round < 200; round++) {
		std::vector<uint64_t> values[3];
		Histogram h[3];
		unsigned p = kHistMaxP;
		uint64_t limit = Histogram::kNoLimit;
		std::vector<uint64_t> together;
		for (int i = 0; i < 3; i++) {
			values[i] = random_values(random, random.next(7));
			const auto own_p = static_cast<unsigned>(random.next(3) % (kHistMaxP + 1));
			const uint64_t own_limit = limits[random.next() % 3];
			h[i] = of(values[i], own_p, own_limit);
			p = std::min(p, own_p);
			limit = std::min(limit, own_limit);
			together.insert(together.end(), values[i].begin(), values[i].end());
		}
		REQUIRE(merged(h[0], h[1]) == merged(h[1], h[0]));
		REQUIRE(merged(merged(h[0], h[1]), h[2]) == merged(h[0], merged(h[1], h[2])));
		REQUIRE(merged(merged(h[0], h[1]), h[2]) == of(together, p, limit));
		REQUIRE(merged(h[0], Histogram(kHistMaxP)) == h[0]);
	}
}

TEST_CASE("a difference is what was added, and never negative")
{
	Values random(6);
	for (int round = 0; round < 100; round++) {
		const std::vector<uint64_t> first = random_values(random, random.next(7));
		const std::vector<uint64_t> second = random_values(random, random.next(7));
		const Histogram earlier = of(first, HIST_P, uint64_t{1} << 36);
		const Histogram added = of(second, HIST_P, uint64_t{1} << 36);
		const Histogram later = merged(earlier, added);
		REQUIRE(subtract(later, earlier) == added);
		REQUIRE(subtract(later, later) == Histogram(HIST_P, uint64_t{1} << 36));
		REQUIRE(subtract(earlier, later).has_value() == added.empty());
		REQUIRE_FALSE(subtract(later, later.folded(2)).has_value());
		REQUIRE_FALSE(subtract(later, later.limited(1 << 20)).has_value());
	}
	// More in all, but less in one bucket.
	CHECK_FALSE(subtract(of({5, 5, 5, 5}), of({3})).has_value());
	CHECK_FALSE(subtract(of({1000}, 3, 8), of({1000, 1000}, 3, 8)).has_value());

	SECTION("the kernel's sum wraps at 64 bits")
	{
		hist_counts counts{};
		counts.sum = kMax - 10;
		const Histogram before = Histogram::from_map(counts);
		hist_count(&counts, 100, 1);
		CHECK(subtract(Histogram::from_map(counts), before)->sum() == 100);
	}
	SECTION("sums are wider than 64 bits")
	{
		Histogram h;
		h.add(kMax, kMax);
		const Histogram one = h;
		h.merge(one).merge(one);
		CHECK(h.sum() == HistSum{kMax} * 3);
		CHECK(subtract(h, one)->sum() == HistSum{kMax} * 2);
		h.merge(h);
		CHECK(h.sum() == HistSum{kMax} * 6);
		CHECK(h.count() == 6);
	}
}

TEST_CASE("a percentile's bucket holds the true value")
{
	Values random(7);
	for (int round = 0; round < 300; round++) {
		std::vector<uint64_t> values = random_values(random, random.next(12) + 1);
		const unsigned p = static_cast<unsigned>(round) % 5;
		const Histogram h = of(values, p);
		std::sort(values.begin(), values.end());
		for (const unsigned thousandths : {1U, 100U, 250U, 500U, 900U, 990U, 999U, 1000U}) {
			const size_t rank = (values.size() * thousandths + 999) / 1000;
			const uint64_t truth = values[rank - 1];
			const std::optional<HistBucket> bucket = h.percentile(thousandths / 1000.0);
			CAPTURE(values.size(), thousandths, truth);
			REQUIRE(bucket.has_value());
			REQUIRE(bucket->low <= truth);
			REQUIRE(truth <= bucket->high);
			REQUIRE(bucket->low == hist_lower_p(hist_slot_p(truth, p), p));
			REQUIRE(bucket->high == hist_upper_p(hist_slot_p(truth, p), p));
			REQUIRE(bucket->count > 0);
		}
		REQUIRE(h.max_bucket() == h.percentile(1.0));
		REQUIRE(h.max_bucket()->high == hist_upper_p(hist_slot_p(values.back(), p), p));
	}
	CHECK_FALSE(Histogram().percentile(0.5).has_value());
	CHECK_FALSE(Histogram().max_bucket().has_value());

	// 0.999 * 1,000 is a little over 999 in binary; the 1,000th value would be wrong.
	Histogram thousand;
	thousand.add_slot(hist_slot(1), 999, 0);
	thousand.add_slot(hist_slot(1000000), 1, 0);
	CHECK(thousand.percentile(0.999)->high == 1);
	CHECK(thousand.percentile(0.9991)->low <= 1000000);
	CHECK(thousand.percentile(0.9991)->high >= 1000000);

	// A count so large that a double could not tell the rank.
	Histogram huge;
	huge.add_slot(hist_slot(1), kMax / 2, 0);
	huge.add_slot(hist_slot(5), kMax / 2 + 1, 0);
	CHECK(huge.percentile(0.5)->high == 5);
	CHECK(huge.percentile(0.499999)->high == 1);
}
