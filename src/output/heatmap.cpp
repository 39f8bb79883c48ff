// SPDX-License-Identifier: BSD-2-Clause
// A window of the past: time to the right, values upwards.
#include "output/heatmap.h"

#include "output/hist_text.h"
#include "system/clock.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>

namespace corescope {

namespace {

constexpr std::string_view kAscii = " .:-=+*#%@";
constexpr const char* kBlocks[] = {" ", "\u2591", "\u2592", "\u2593", "\u2588"};
// From the dark end to the bright one of the 6x6x6 cube: blue, violet, red, orange, yellow, white.
constexpr int kColours[] = {0, 17, 19, 55, 91, 127, 161, 196, 202, 208, 214, 220, 227, 231};
constexpr size_t kLabel = 11; // columns for a bound and the bar behind it

struct Slot {
	Histogram counted;
	uint64_t window_ns = 0;
};

struct Picture {
	int64_t start_ns = 0;
	int64_t slot_ns = 1;
	std::vector<Slot> slots;
	unsigned p = 0;
	uint32_t lowest = 0, highest = 0; // slots of the scheme p; highest may be the overflow's
	bool overflow = false;
};

std::string bound_text(const HistUnit& unit, uint64_t bound)
{
	Buffer text;
	append_hist_sum(text, HistSum{bound} * unit.scale, unit.base);
	return std::string(text.view());
}

// Slots are as long as the usual distance between two records, or longer where the width is too small for that.
Picture arrange(std::span<const HistRecord> records, size_t width)
{
	Picture picture;
	int64_t end = 0, shortest = INT64_MAX;
	picture.start_ns = records[0].start_unix_ns;
	for (const HistRecord& record : records) {
		picture.start_ns = std::min(picture.start_ns, record.start_unix_ns);
		end = std::max(end, record.end_unix_ns());
	}
	std::vector<int64_t> starts;
	for (const HistRecord& record : records)
		starts.push_back(record.start_unix_ns);
	std::sort(starts.begin(), starts.end());
	for (size_t i = 1; i < starts.size(); i++)
		if (starts[i] > starts[i - 1])
			shortest = std::min(shortest, starts[i] - starts[i - 1]);
	const int64_t span = std::max<int64_t>(end - picture.start_ns, 1);
	if (shortest == INT64_MAX)
		shortest = span;
	const auto columns = static_cast<int64_t>(width);
	picture.slot_ns = std::max(shortest, (span + columns - 1) / columns);
	const int64_t used = (starts.back() - picture.start_ns) / picture.slot_ns + 1;
	picture.slots.resize(static_cast<size_t>(std::clamp<int64_t>(used, 1, columns)));
	std::map<std::pair<size_t, int64_t>, uint64_t> windows; // of a start, several keys share one window
	for (const HistRecord& record : records) {
		const size_t at =
			std::min(static_cast<size_t>((record.start_unix_ns - picture.start_ns) / picture.slot_ns),
				picture.slots.size() - 1);
		picture.slots[at].counted.merge(record.histogram);
		uint64_t& window = windows[{at, record.start_unix_ns}];
		window = std::max(window, record.window.window_ns);
	}
	for (const auto& [key, window_ns] : windows)
		picture.slots[key.first].window_ns += window_ns;
	return picture;
}

// As fine as the lines allow, but no finer than what is there.
void choose_rows(Picture& picture, unsigned height)
{
	Histogram all = picture.slots[0].counted;
	for (const Slot& slot : picture.slots)
		all.merge(slot.counted);
	picture.overflow = all.overflow() > 0;
	for (picture.p = all.p();; picture.p--) {
		const std::vector<HistBucket> buckets = all.folded(picture.p).buckets();
		picture.lowest = UINT32_MAX;
		for (const HistBucket& bucket : buckets) {
			if (bucket.overflow)
				continue;
			const uint32_t slot = hist_slot_p(bucket.high, picture.p);
			picture.lowest = std::min(picture.lowest, slot);
			picture.highest = std::max(picture.highest, slot);
		}
		if (picture.lowest > picture.highest)
			picture.lowest = picture.highest;
		if (picture.p == 0 || picture.highest - picture.lowest < height)
			return;
		picture.highest = 0;
	}
}

double rate(uint64_t count, uint64_t window_ns)
{
	return window_ns ? static_cast<double>(count) * 1e9 / static_cast<double>(window_ns) : 0;
}

std::string rate_text(double rate)
{
	char text[32];
	std::snprintf(text, sizeof(text), rate >= 100 || rate == std::floor(rate) ? "%.0f" : "%.2g", rate);
	return text;
}

// One row of cells, top down: rates[row][column]; a negative one where nothing was traced.
using Rates = std::vector<std::vector<double>>;

void append_times(Buffer& out, const Picture& picture)
{
	const int64_t end = picture.start_ns + picture.slot_ns * static_cast<int64_t>(picture.slots.size());
	const bool days = end - picture.start_ns >= 86400LL * 1000000000;
	const char* const format = days ? "%Y-%m-%d %H:%M" : "%H:%M:%S";
	const std::string first = local_time(picture.start_ns, format), last = local_time(end, format);
	out.append_fill(' ', kLabel);
	out.append(first);
	if (picture.slots.size() > first.size() + last.size() + 1)
		out.append_fill(' ', picture.slots.size() - first.size() - last.size());
	else
		out.append(" .. ");
	out.append(last);
	out.append("\n");
}

void append_legend(Buffer& out, const Shades& shades, double least, double greatest, const Picture& picture)
{
	out.append_fill(' ', kLabel);
	out.append("per second:");
	const auto steps = static_cast<double>(shades.count() - 1);
	for (size_t i = 1; i < shades.count(); i++) {
		if (shades.count() > 6 && i % 2 == 0 && i + 1 != shades.count())
			continue;
		out.append(i == 1 ? " " : "  ");
		shades.append(out, i);
		shades.end(out);
		// The upper bound of what this shade stands for.
		const double upper = least * std::pow(greatest / least, static_cast<double>(i) / steps);
		out.append(" <= " + rate_text(upper));
	}
	out.append("\n");
	out.append_fill(' ', kLabel);
	const bool gaps = std::any_of(
		picture.slots.begin(), picture.slots.end(), [](const Slot& slot) { return slot.window_ns == 0; });
	out.append("a column is " + rate_text(static_cast<double>(picture.slot_ns) / 1e9) + " s");
	out.append(gaps ? "; '.' at the foot: nothing was traced\n" : "\n");
}

} // namespace

Shades::Shades(const Terminal& terminal)
	: unicode_(terminal.unicode), colours_(terminal.colours), count_(colours_    ? std::size(kColours)
																	  : unicode_ ? std::size(kBlocks)
																				 : kAscii.size())
{}

void Shades::append(Buffer& out, size_t shade) const
{
	shade = std::min(shade, count_ - 1);
	if (colours_) {
		if (shade)
			out.append("\033[48;5;" + std::to_string(kColours[shade]) + "m \033[0m");
		else
			out.append(' ');
	} else if (unicode_) {
		out.append(kBlocks[shade]);
	} else {
		out.append(kAscii[shade]);
	}
}

void Shades::end(Buffer& out) const
{
	if (colours_)
		out.append("\033[0m");
}

void append_heatmap(
	Buffer& out, std::span<const HistRecord> records, const Terminal& terminal, unsigned height)
{
	if (records.empty()) {
		out.append("nothing to draw: no histogram in this window\n");
		return;
	}
	const HistUnit& unit = records[0].source->unit;
	Picture picture = arrange(records, std::max<size_t>(terminal.width, kLabel + 8) - kLabel - 1);
	choose_rows(picture, std::max(height, 1U));

	Rates rates(picture.highest - picture.lowest + 1 + (picture.overflow ? 1 : 0),
		std::vector<double>(picture.slots.size(), 0));
	double least = 0, greatest = 0;
	for (size_t column = 0; column < picture.slots.size(); column++) {
		const Slot& slot = picture.slots[column];
		for (const HistBucket& bucket :
			slot.counted.folded(std::min(picture.p, slot.counted.p())).buckets()) {
			const size_t row = bucket.overflow
				? 0
				: rates.size() - 1 - (hist_slot_p(bucket.high, picture.p) - picture.lowest);
			const double here = rates[row][column] += rate(bucket.count, slot.window_ns);
			least = least > 0 ? std::min(least, here) : here;
			greatest = std::max(greatest, here);
		}
	}
	if (least <= 0 || greatest <= least)
		least = greatest > 0 ? greatest / 2 : 1;

	const Shades shades(terminal);
	for (size_t row = 0; row < rates.size(); row++) {
		const bool infinite = picture.overflow && row == 0;
		const uint32_t slot = picture.lowest + static_cast<uint32_t>(rates.size() - 1 - row);
		const std::string label = infinite ? "greater" : bound_text(unit, hist_upper_p(slot, picture.p));
		out.append_fill(' ', kLabel - 2 - std::min(label.size(), kLabel - 2));
		out.append(label + " |");
		for (size_t column = 0; column < picture.slots.size(); column++) {
			const double here = rates[row][column];
			size_t shade = 0;
			if (here > 0) {
				const double part = std::log(here / least) / std::log(std::max(greatest / least, 1.0000001));
				const auto most = static_cast<double>(shades.count() - 2);
				shade = 1 + static_cast<size_t>(std::lround(std::clamp(part, 0.0, 1.0) * most));
			}
			const bool foot = row + 1 == rates.size() && picture.slots[column].window_ns == 0;
			if (foot)
				out.append('.');
			else
				shades.append(out, shade);
		}
		shades.end(out);
		out.append("\n");
	}
	append_times(out, picture);
	append_legend(out, shades, least, std::max(greatest, least), picture);
}

} // namespace corescope
