// SPDX-License-Identifier: BSD-2-Clause
// Histograms as JSON members and CSV rows. Every number is written digit by digit: a double would round sums
// above 2^53 and could come out as 1e+17, which some readers refuse.
#include "output/hist_json.h"

#include <string>

namespace corescope {

namespace {

void append_member(Buffer& out, std::string_view name)
{
	out.append(",\"");
	out.append(name);
	out.append("\":");
}

void append_member(Buffer& out, std::string_view name, uint64_t value)
{
	append_member(out, name);
	out.append_u64(value);
}

void append_bound(Buffer& out, const HistBucket& bucket)
{
	if (bucket.overflow)
		out.append("null");
	else
		out.append_u64(bucket.high);
}

void append_percentile(Buffer& out, std::string_view name, const Histogram& histogram, double q)
{
	append_member(out, name);
	append_bound(out, histogram.percentile(q).value_or(HistBucket{.overflow = true}));
}

} // namespace

void append_hist_decimal(Buffer& out, HistSum sum, uint64_t scale)
{
	constexpr uint64_t kBillions = 1000000000000000000; // 10^18: three such parts hold any 128-bit number
	const HistSum whole = sum / scale;
	const auto low = static_cast<uint64_t>(whole % kBillions);
	const HistSum above = whole / kBillions;
	const auto middle = static_cast<uint64_t>(above % kBillions);
	const auto high = static_cast<uint64_t>(above / kBillions);
	if (high) {
		out.append_u64(high);
		out.append_digits(middle, 18);
		out.append_digits(low, 18);
	} else if (middle) {
		out.append_u64(middle);
		out.append_digits(low, 18);
	} else {
		out.append_u64(low);
	}

	HistSum rest = sum % scale;
	if (rest)
		out.append('.');
	while (rest) {
		rest *= 10;
		out.append(static_cast<char>('0' + static_cast<int>(rest / scale)));
		rest %= scale;
	}
}

void append_hist_json(Buffer& out, const Histogram& histogram, const HistUnit& unit, const HistWindow& window)
{
	out.append("\"value_unit\":\"");
	out.append(unit.name);
	out.append("\",\"scheme\":\"log-linear\"");
	append_member(out, "p", histogram.p());
	append_member(out, "limit");
	if (histogram.limit() == Histogram::kNoLimit)
		out.append("null");
	else
		out.append_u64(histogram.limit());
	append_member(out, "count", histogram.count());
	append_member(out, "sum");
	append_hist_decimal(out, histogram.sum(), unit.scale);
	append_member(out, "window_ns", window.window_ns);
	append_member(out, "lost", window.lost);
	append_member(out, "dropped_keys", window.dropped_keys);
	if (window.reset_keys)
		append_member(out, "reset_keys", window.reset_keys);
	append_percentile(out, "p50", histogram, 0.5);
	append_percentile(out, "p90", histogram, 0.9);
	append_percentile(out, "p99", histogram, 0.99);
	append_percentile(out, "p99_9", histogram, 0.999);
	append_percentile(out, "max", histogram, 1.0);
	append_member(out, "slots");
	char before = '[';
	for (const HistBucket& bucket : histogram.buckets()) {
		out.append(before);
		out.append('[');
		append_bound(out, bucket);
		out.append(',');
		out.append_u64(bucket.count);
		out.append(']');
		before = ',';
	}
	if (before == '[')
		out.append(before);
	out.append(']');
}

void append_hist_csv(Buffer& out, std::string_view prefix, const Histogram& histogram, const HistUnit& unit,
	const HistWindow& window)
{
	// What is the same in every row stands before and behind the bucket: made once.
	Buffer tail(256);
	tail.append(',');
	tail.append_u64(histogram.count());
	tail.append(',');
	append_hist_decimal(tail, histogram.sum(), unit.scale);
	for (const uint64_t value : {window.window_ns, window.lost, window.dropped_keys, window.reset_keys}) {
		tail.append(',');
		tail.append_u64(value);
	}
	tail.append('\n');

	std::vector<HistBucket> rows = histogram.buckets();
	if (rows.empty()) {
		out.append(prefix);
		out.append(unit.name);
		out.append(",,,0");
		out.append(tail.view());
	}
	for (const HistBucket& row : rows) {
		out.append(prefix);
		out.append(unit.name);
		out.append(',');
		out.append_u64(row.low);
		out.append(',');
		if (row.overflow)
			out.append("+Inf");
		else
			out.append_u64(row.high);
		out.append(',');
		out.append_u64(row.count);
		out.append(tail.view());
	}
}

} // namespace corescope
