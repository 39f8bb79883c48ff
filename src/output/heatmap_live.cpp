// SPDX-License-Identifier: BSD-2-Clause
// A run as a heat map: a line for each interval, values to the right in powers of two, two columns each.
#include "output/heatmap.h"

#include "output/escape.h"
#include "output/hist_text.h"
#include "system/clock.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace corescope {

namespace {

constexpr size_t kHeadingEvery = 20;     // lines
constexpr unsigned kFine = 1;            // sub-buckets of an octave as a power of two: two columns
constexpr size_t kFront = 9, kBack = 24; // the time; count and p99

class Waterfall : public HistWriter {
public:
	Waterfall(const HistSource& source, const HistStyle& style, const Terminal& terminal)
		: unit_(source.unit), style_(style), shades_(terminal)
	{
		const size_t room = std::max<size_t>(terminal.width, kFront + kBack + 16) - kFront - kBack - 2;
		columns_ = std::min<size_t>(room & ~size_t{1}, hist_slots_p(kFine));
	}

	void interval(Buffer& out, const HistInterval& interval) override
	{
		for (const KeyedHistogram& one : interval.counted.histograms) {
			if (style_.header && lines_++ % kHeadingEvery == 0)
				heading(out);
			line(out, one, interval);
		}
	}
	void end(Buffer& out, const Summary&) override
	{
		out.append("shades: share of a line's values, up to");
		for (size_t i = 1; i < shades_.count(); i++) {
			if (shades_.count() > 6 && i % 3 != 1 && i + 1 != shades_.count())
				continue;
			out.append(' ');
			shades_.append(out, i);
			shades_.end(out);
			const double upper =
				std::pow(static_cast<double>(i) / static_cast<double>(shades_.count() - 1), 2) * 100;
			char text[16];
			out.append(std::string_view(
				text, static_cast<size_t>(std::snprintf(text, sizeof(text), " %.3g%%", upper))));
		}
		out.append("; the last column has all that is greater\n");
	}

private:
	// Where an octave begins stands its upper bound, as often as there is room.
	void heading(Buffer& out) const
	{
		std::string bounds(columns_ + 1, ' ');
		size_t free = 0;
		for (size_t column = 1; column < columns_; column += 2) {
			Buffer text;
			append_hist_sum(
				text, HistSum{hist_upper_p(static_cast<uint32_t>(column), kFine)} * unit_.scale, unit_.base);
			const std::string bound = "<" + std::string(text.view());
			if (column < free || column + bound.size() > columns_)
				continue;
			bounds.replace(column, bound.size(), bound);
			free = column + bound.size() + 1;
		}
		out.append("TIME     ");
		out.append(bounds);
		out.append(" COUNT      P99\n");
	}

	void line(Buffer& out, const KeyedHistogram& one, const HistInterval& interval)
	{
		std::vector<uint64_t> counts(columns_, 0);
		for (const HistBucket& bucket : one.histogram.folded(std::min(kFine, one.histogram.p())).buckets()) {
			const size_t column = bucket.overflow ? columns_ - 1 : hist_slot_p(bucket.high, kFine);
			counts[std::min(column, columns_ - 1)] += bucket.count;
		}
		times_.hms(out, interval.end_unix_ns);
		out.append('|');
		for (const uint64_t count : counts) {
			size_t shade = 0;
			if (count) { // by the square root: tails are faint, but seen
				const double share = static_cast<double>(count) / static_cast<double>(one.histogram.count());
				const auto steps = static_cast<double>(shades_.count() - 1);
				shade = std::max<size_t>(1, static_cast<size_t>(std::ceil(std::sqrt(share) * steps - 1e-9)));
			}
			shades_.append(out, shade);
		}
		shades_.end(out);
		out.append("| ");
		out.append_u64_padded(one.histogram.count(), 10);
		out.append(' ');
		if (const std::optional<HistBucket> p99 = one.histogram.percentile(0.99); !p99)
			out.append('-');
		else if (p99->overflow)
			out.append("inf");
		else
			append_hist_sum(out, HistSum{p99->high} * unit_.scale, unit_.base);
		if (!style_.labels.empty()) {
			out.append(' ');
			escape_text(out, one.name);
		}
		out.append('\n');
	}

	HistUnit unit_;
	HistStyle style_;
	Shades shades_;
	TimeFormatter times_;
	size_t columns_;
	size_t lines_ = 0;
};

} // namespace

std::unique_ptr<HistWriter> heatmap_writer(
	const HistSource& source, const HistStyle& style, const Terminal& terminal)
{
	return std::make_unique<Waterfall>(source, style, terminal);
}

} // namespace corescope
