// SPDX-License-Identifier: BSD-2-Clause
// Fields of rows that hold a latency: `counts.ns`, the sum, and `counts.slots` of nanoseconds (include/hist.h). Data have
// nanoseconds; tables have columns in microseconds or milliseconds, of which a tool shows the one or the other.
#pragma once

#include "hist.h"
#include "output/field.h"

#include <span>

namespace corescope {

// ns in units of `unit` ns with three decimals, as a word that holds until some more were made.
Value decimal(uint64_t ns, uint64_t unit);
// The same behind a ">" where it may have been more.
Value decimal_or_more(uint64_t ns, uint64_t unit, bool more);
// A member in such units.
template <auto Member, uint64_t unit>
TextValue decimal_of(const typename EventOf<Member>::Event& e, const FieldContext&)
{
	return decimal(e.*Member, unit);
}
// The upper bound of the bucket that holds this quantile, in ns; none where nothing was counted or it has no bound.
Value quantile(std::span<const __u64> slots, double q);
// [[upper, count], …] of the buckets that are not empty; none where all are.
Value slots_value(std::span<const __u64> slots);
// The histogram under a row of a table, unit: 1000 or 1000000 ns.
void append_slots(Buffer& out, std::span<const __u64> slots, uint64_t sum_ns, uint64_t unit);

enum class LatencyPart { total, average, p50, p99, max };

template <class Row, LatencyPart part>
NumberValue latency_ns(const Row& row, const FieldContext&)
{
	uint64_t count = 0;
	switch (part) {
	case LatencyPart::total:
		return quantile(row.counts.slots, 1).kind == Value::Kind::none && !row.counts.ns
			? Value::none()
			: Value::number(uint64_t{row.counts.ns});
	case LatencyPart::average:
		for (const __u64 slot : row.counts.slots)
			count += slot;
		return count ? Value::number(uint64_t{row.counts.ns} / count) : Value::none();
	case LatencyPart::p50: return quantile(row.counts.slots, 0.5);
	case LatencyPart::p99: return quantile(row.counts.slots, 0.99);
	case LatencyPart::max: return quantile(row.counts.slots, 1);
	}
	return Value::none();
}

template <class Row, LatencyPart part, uint64_t unit>
TextValue latency_in(const Row& row, const FieldContext& context)
{
	const Value ns = latency_ns<Row, part>(row, context);
	return ns.kind == Value::Kind::none ? Value::word(">68s") : decimal(ns.bits, unit);
}

template <class Row>
Value latency_slots(const void* row, const FieldContext&, const void*)
{
	return slots_value(static_cast<const Row*>(row)->counts.slots);
}

// The five fields as data, their columns in both units (keys "total_us", "p50_ms" and so on), and `slots`.
#define LATENCY_FIELD(Row, part, name, heading, what)                                                \
	computed<Row, latency_ns<Row, LatencyPart::part>>(nullptr, name "_ns", 0, kInData, what ", ns"), \
		computed<Row, latency_in<Row, LatencyPart::part, 1000>>(                                     \
			heading "(us)", name "_us", 12, kOptional | kRight, what ", microseconds"),              \
		computed<Row, latency_in<Row, LatencyPart::part, 1000000>>(                                  \
			heading "(ms)", name "_ms", 12, kOptional | kRight, what ", milliseconds")
#define LATENCY_FIELDS(Row)                                                                                 \
	LATENCY_FIELD(Row, total, "total", "TIME", "how long they took together"),                              \
		LATENCY_FIELD(Row, average, "avg", "AVG", "the same for one of them"),                              \
		LATENCY_FIELD(Row, p50, "p50", "P50", "half of them took no longer (the upper bound of a bucket)"), \
		LATENCY_FIELD(Row, p99, "p99", "P99", "99 % of them took no longer"),                               \
		LATENCY_FIELD(Row, max, "max", "MAX", "none of them took longer"), Field                            \
	{                                                                                                       \
		nullptr, "slots", 0, kInData, latency_slots<Row>,                                                   \
			"[upper, count] for each bucket that is not empty, upper in ns and inclusive, null above 2^36", \
			FieldType::any, false                                                                           \
	}
inline constexpr std::string_view kLatencyColumns[2][5] = {
	{"total_us", "avg_us", "p50_us", "p99_us", "max_us"},
	{"total_ms", "avg_ms", "p50_ms", "p99_ms", "max_ms"}};

} // namespace corescope
