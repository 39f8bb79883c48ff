// SPDX-License-Identifier: BSD-2-Clause
// See sparkline.h.
#include "output/sparkline.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

namespace corescope {

namespace {

constexpr std::string_view kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::string_view kAscii[] = {"_", ".", "-", ":", "=", "+", "*", "#"};
constexpr double kLevels = 8;

} // namespace

void append_sparkline(Buffer& out, std::span<const std::optional<uint64_t>> values, bool unicode)
{
	double least = std::numeric_limits<double>::infinity(), greatest = 0;
	const auto height = [](uint64_t value) { return std::log2(static_cast<double>(value) + 1); };
	for (const std::optional<uint64_t>& value : values)
		if (value) {
			least = std::min(least, height(*value));
			greatest = std::max(greatest, height(*value));
		}
	// Less than a power of two from one end to the other must not look like a mountain.
	const double range = std::max(greatest - least, 2.0);
	for (const std::optional<uint64_t>& value : values) {
		if (!value) {
			out.append(' ');
			continue;
		}
		const auto level =
			static_cast<size_t>(std::min((height(*value) - least) / range * kLevels, kLevels - 1));
		out.append(unicode ? kBlocks[level] : kAscii[level]);
	}
}

} // namespace corescope
