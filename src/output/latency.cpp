// SPDX-License-Identifier: BSD-2-Clause
// Numbers out of slots; see latency.h.
#include "output/latency.h"

#include "hist/histogram.h"
#include "output/hist_text.h"

#include <array>
#include <cstdio>

namespace corescope {

namespace {

template <class Each>
void for_each_bucket(std::string_view bytes, Each&& each)
{
	for (uint32_t slot = 0; slot < bytes.size() / sizeof(__u64); slot++) {
		__u64 count;
		std::memcpy(&count, bytes.data() + slot * sizeof(count), sizeof(count));
		if (count)
			each(slot, count);
	}
}

class Slots final : public Composite {
public:
	void table(Buffer& out, std::string_view bytes) const override { csv(out, bytes); }
	void csv(Buffer& out, std::string_view bytes) const override
	{
		bool first = true;
		for_each_bucket(bytes, [&](uint32_t slot, __u64 count) {
			if (!first)
				out.append(' ');
			first = false;
			bound(out, slot, "+Inf");
			out.append(':');
			out.append_u64(count);
		});
	}
	void json(Buffer& out, std::string_view bytes) const override
	{
		bool first = true;
		out.append('[');
		for_each_bucket(bytes, [&](uint32_t slot, __u64 count) {
			out.append(first ? "[" : ",[");
			first = false;
			bound(out, slot, "null");
			out.append(',');
			out.append_u64(count);
			out.append(']');
		});
		out.append(']');
	}
	bool json_b64(Buffer&, std::string_view) const override { return false; }

private:
	static void bound(Buffer& out, uint32_t slot, std::string_view none)
	{
		if (slot >= HIST_OVERFLOW)
			out.append(none);
		else
			out.append_u64(hist_upper(slot));
	}
};
const Slots kSlots;

} // namespace

Value decimal(uint64_t ns, uint64_t unit) { return decimal_or_more(ns, unit, false); }

Value decimal_or_more(uint64_t ns, uint64_t unit, bool more)
{
	static std::array<std::array<char, 32>, 32> texts;
	static size_t next;
	auto& text = texts[next++ % texts.size()];
	const int size = std::snprintf(text.data(), text.size(), "%s%llu.%03llu", more ? ">" : "",
		static_cast<unsigned long long>(ns / unit), static_cast<unsigned long long>(ns % unit * 1000 / unit));
	return Value::word({text.data(), static_cast<size_t>(size)});
}

Value quantile(std::span<const __u64> slots, double q)
{
	const auto bucket = Histogram::from_map(slots, 0).percentile(q);
	return bucket && !bucket->overflow ? Value::number(bucket->high) : Value::none();
}

Value slots_value(std::span<const __u64> slots)
{
	for (const __u64 count : slots)
		if (count)
			return Value::composite(
				kSlots, {reinterpret_cast<const char*>(slots.data()), slots.size() * sizeof(__u64)});
	return Value::none();
}

void append_slots(Buffer& out, std::span<const __u64> slots, uint64_t sum_ns, uint64_t unit)
{
	const Histogram exact = Histogram::from_map(slots, sum_ns);
	Histogram coarse;
	for (const HistBucket& bucket : exact.buckets())
		coarse.add_slot(bucket.overflow ? hist_slot_p(bucket.low / unit, coarse.p())
										: hist_slot_p(hist_scale(bucket.high, unit), coarse.p()),
			bucket.count, 0);
	if (!coarse.empty())
		append_hist_rows(out, coarse.rows(), unit == 1000 ? "usecs" : "msecs");
}

} // namespace corescope
