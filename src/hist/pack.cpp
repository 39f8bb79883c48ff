// SPDX-License-Identifier: BSD-2-Clause
// See pack.h. Of each histogram only the buckets that count something are kept, each by its distance to the one
// before.
#include "hist/pack.h"

#include <bit>

namespace corescope {

namespace {

constexpr uint64_t kForm = 1; // of what follows it; another one is not read

// As many slots as Histogram::from_map wants for that limit, the one for the overflow included.
uint64_t map_slots(unsigned p, uint64_t limit)
{
	if (limit == Histogram::kNoLimit)
		return hist_slots_p(p);
	return uint64_t{hist_slot_p(limit, p)} + 2;
}

void pack_histogram(Packer& out, const Histogram& histogram)
{
	out.number(histogram.p());
	out.number(histogram.limit());
	out.number(static_cast<uint64_t>(histogram.sum()));
	out.number(static_cast<uint64_t>(histogram.sum() >> 64));
	out.number(histogram.overflow());
	const std::vector<HistBucket> buckets = histogram.buckets();
	out.number(buckets.size() - (histogram.overflow() ? 1 : 0));
	uint64_t last = 0;
	for (const HistBucket& bucket : buckets) {
		if (bucket.overflow)
			continue;
		const uint64_t slot = hist_slot_p(bucket.high, histogram.p());
		out.number(slot - last);
		out.number(bucket.count);
		last = slot;
	}
}

Histogram unpack_histogram(Unpacker& in)
{
	const uint64_t p = in.number();
	const uint64_t limit = in.number();
	if (p > kHistMaxP ||
		(limit != Histogram::kNoLimit && (!std::has_single_bit(limit) || limit < uint64_t{1} << p)))
		throw Malformed{};
	HistSum sum = in.number();
	sum |= static_cast<HistSum>(in.number()) << 64;
	const uint64_t overflow = in.number();
	std::vector<__u64> slots(map_slots(static_cast<unsigned>(p), limit));
	const uint64_t most = limit == Histogram::kNoLimit ? slots.size() : slots.size() - 1;
	uint64_t slot = 0;
	for (uint64_t left = in.number(); left; left--) {
		const uint64_t step = in.number();
		if (step >= most - slot)
			throw Malformed{};
		slot += step;
		slots[slot] = in.number();
	}
	if (limit != Histogram::kNoLimit)
		slots.back() = overflow;
	return Histogram::from_map(slots, sum, static_cast<unsigned>(p));
}

} // namespace

void pack_snapshot(Packer& out, const Snapshot& snapshot)
{
	out.number(kForm);
	out.number(snapshot.at_ns);
	out.number(snapshot.window.lost);
	out.number(snapshot.window.dropped_keys);
	out.number(snapshot.window.reset_keys);
	out.number(snapshot.histograms.size());
	for (const KeyedHistogram& keyed : snapshot.histograms) {
		out.number(keyed.key.id[0]);
		out.number(keyed.key.id[1]);
		pack_histogram(out, keyed.histogram);
	}
}

Snapshot unpack_snapshot(Unpacker& in)
{
	if (in.number() != kForm)
		throw Malformed{};
	Snapshot snapshot;
	snapshot.at_ns = in.number();
	snapshot.window.lost = in.number();
	snapshot.window.dropped_keys = in.number();
	snapshot.window.reset_keys = in.number();
	for (uint64_t left = in.number(); left; left--) {
		KeyedHistogram keyed;
		keyed.key.id[0] = in.number();
		keyed.key.id[1] = in.number();
		keyed.histogram = unpack_histogram(in);
		snapshot.histograms.push_back(std::move(keyed));
	}
	return snapshot;
}

} // namespace corescope
