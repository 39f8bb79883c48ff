// SPDX-License-Identifier: BSD-2-Clause
// The classic layout of a histogram. Columns take their width from the largest number that stands in them, so
// no count or bound, however large, pushes a row out of line.
#include "output/hist_text.h"

#include <algorithm>
#include <span>

#include "output/hist_json.h"

namespace corescope {

namespace {

constexpr uint64_t kBarWidth = 40;

struct Magnitude {
	uint64_t scale;
	const char* name;
};
constexpr Magnitude kTimes[] = {{1, "ns"}, {1000, "us"}, {1000000, "ms"}, {1000000000, "s"}};
constexpr Magnitude kSizes[] = {
	{1, "B"}, {1ULL << 10, "KiB"}, {1ULL << 20, "MiB"}, {1ULL << 30, "GiB"}, {1ULL << 40, "TiB"}};

void append_bound(Buffer& out, std::string_view what, const HistBucket& bucket, const HistUnit& unit)
{
	out.append(", ");
	out.append(what);
	out.append(bucket.overflow ? " > " : " <= ");
	out.append_u64(bucket.overflow ? bucket.low - 1 : bucket.high);
	if (*unit.name) {
		out.append(' ');
		out.append(unit.name);
	}
}

// `, name n` or, where the line is still empty, `name n`; nothing for 0.
void append_loss(Buffer& out, size_t line, std::string_view name, uint64_t n)
{
	if (n == 0)
		return;
	if (out.size() != line)
		out.append(", ");
	out.append(name);
	out.append(' ');
	out.append_u64(n);
}

} // namespace

void append_hist_rows(Buffer& out, std::span<const HistBucket> rows, std::string_view heading)
{
	HistSum total = 0;
	uint64_t largest = 1;
	size_t bound_width = 10;
	size_t count_width = 8;
	for (const HistBucket& row : rows) {
		total += row.count;
		largest = std::max(largest, row.count);
		const uint64_t widest = row.overflow ? row.low : row.high;
		bound_width = std::max<size_t>(bound_width, detail::decimal_digits(widest));
		count_width = std::max<size_t>(count_width, detail::decimal_digits(row.count) + 1);
	}

	size_t start = out.size();
	out.append_fill(' ', bound_width - 5);
	out.append(heading);
	out.pad_to(start, 2 * bound_width + 4);
	out.append(" : ");
	out.append_padded("count", count_width);
	out.append(" share  distribution\n");

	for (const HistBucket& row : rows) {
		out.append_u64_right(row.low, bound_width);
		out.append(" -> ");
		if (row.overflow)
			out.append_padded("inf", bound_width);
		else
			out.append_u64_padded(row.high, bound_width);
		out.append(" : ");
		out.append_u64_padded(row.count, count_width);
		const auto tenths = static_cast<uint64_t>((HistSum{row.count} * 2000 / total + 1) / 2);
		out.append_u64_right(tenths / 10, 3);
		out.append('.');
		out.append_u64(tenths % 10);
		out.append("% |");
		start = out.size();
		out.append_fill('*', static_cast<size_t>(HistSum{row.count} * kBarWidth / largest));
		out.pad_to(start, kBarWidth);
		out.append("|\n");
	}
}

void append_hist_sum(Buffer& out, HistSum sum, HistBase base)
{
	std::span<const Magnitude> magnitudes;
	if (base == HistBase::time_ns)
		magnitudes = kTimes;
	else if (base == HistBase::bytes)
		magnitudes = kSizes;
	Magnitude chosen{1, ""};
	for (const Magnitude& magnitude : magnitudes) {
		if (magnitude.scale == 1 || sum >= magnitude.scale)
			chosen = magnitude;
	}
	// Cut to thousandths, not rounded: 999.9999 ms is not "1000 ms". The exact sum is in JSON.
	const HistSum whole = sum / chosen.scale;
	const HistSum thousandths = (sum % chosen.scale) * 1000 / chosen.scale;
	append_hist_decimal(out, whole * 1000 + thousandths, 1000);
	if (*chosen.name) {
		out.append(' ');
		out.append(chosen.name);
	}
}

void append_hist_text(Buffer& out, const Histogram& histogram, const HistUnit& unit, const HistWindow& window)
{
	if (!histogram.empty())
		append_hist_rows(out, histogram.rows(), unit.heading);

	out.append("count ");
	out.append_u64(histogram.count());
	out.append(", sum ");
	append_hist_sum(out, histogram.sum(), unit.base);
	out.append(", window ");
	out.append_u64(window.window_ns / 1000000000);
	out.append('.');
	out.append_digits(window.window_ns / 1000000 % 1000, 3);
	out.append(" s");
	constexpr struct {
		const char* name;
		double q;
	} kPercentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1.0}};
	for (const auto& [name, q] : kPercentiles) {
		if (const std::optional<HistBucket> bucket = histogram.percentile(q))
			append_bound(out, name, *bucket, unit);
	}
	out.append('\n');

	const size_t line = out.size();
	append_loss(out, line, "lost", window.lost);
	append_loss(out, line, "dropped keys", window.dropped_keys);
	append_loss(out, line, "reset keys", window.reset_keys);
	if (out.size() != line)
		out.append('\n');
}

} // namespace corescope
