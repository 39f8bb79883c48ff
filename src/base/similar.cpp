// SPDX-License-Identifier: BSD-2-Clause
// See similar.h. Letters left out, put in, exchanged or swapped with their neighbour are counted; how many still count
// as a slip grows with the name.
#include "base/similar.h"

#include <algorithm>
#include <cctype>

namespace corescope {

namespace {

constexpr size_t kLongest = 128; // of longer names only the beginning is compared

// Optimal string alignment, without regard to case.
size_t distance(std::string_view a, std::string_view b)
{
	a = a.substr(0, kLongest);
	b = b.substr(0, kLongest);
	const auto same = [](char x, char y) {
		return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
	};
	std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
	for (size_t j = 0; j <= b.size(); j++)
		last[j] = j;
	for (size_t i = 1; i <= a.size(); i++) {
		row[0] = i;
		for (size_t j = 1; j <= b.size(); j++) {
			row[j] =
				std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1)});
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = std::min(row[j], before[j - 2] + 1);
		}
		before.swap(last);
		last.swap(row);
	}
	return last[b.size()];
}

} // namespace

std::string similar_names(std::string_view wanted, const std::vector<std::string_view>& names, size_t listed)
{
	std::vector<std::pair<size_t, std::string_view>> near;
	for (const std::string_view name : names) {
		const size_t slips = distance(wanted, name);
		const bool part = wanted.size() >= 3 && name.find(wanted) != std::string_view::npos;
		if (part || slips <= 1 + std::min(wanted.size(), name.size()) / 4)
			near.emplace_back(part ? 0 : slips, name);
	}
	std::stable_sort(
		near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
	std::string text;
	if (!near.empty()) {
		const size_t told = std::min<size_t>(near.size(), 3);
		for (size_t i = 0; i < told; i++)
			text += (i == 0 ? "; did you mean " : i + 1 < told ? ", " : " or ") + std::string(near[i].second);
		return text + '?';
	}
	for (size_t i = 0; i < std::min(names.size(), listed); i++)
		text += (i ? ", " : "; there is ") + std::string(names[i]);
	if (names.size() > listed)
		text += " and " + std::to_string(names.size() - listed) + " more";
	return text;
}

} // namespace corescope
