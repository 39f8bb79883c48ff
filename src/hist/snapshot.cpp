// SPDX-License-Identifier: BSD-2-Clause
// Differences of snapshots, and the ways in which their histograms are brought together for a reader.
#include "hist/snapshot.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace corescope {

namespace {

struct KeyHash {
	size_t operator()(const HistKey& key) const
	{
		// Multiplication spreads pids and cgroup ids, which are small and close to each other, over all bits.
		const uint64_t mixed = key.id[0] * 0x9e3779b97f4a7c15ULL ^ (key.id[1] + 1) * 0xc2b2ae3d27d4eb4fULL;
		return static_cast<size_t>(mixed ^ (mixed >> 32));
	}
};

uint64_t growth(uint64_t later, uint64_t earlier) { return later > earlier ? later - earlier : 0; }

// A string that is the same for two histograms exactly where their labels are. Lengths keep the parts apart.
std::string identity(const KeyedHistogram& keyed)
{
	std::string result;
	const auto part = [&result](std::string_view text) {
		result += std::to_string(text.size());
		result += ':';
		result += text;
	};
	if (keyed.labels.empty()) {
		result = "n";
		part(keyed.name);
	}
	for (const HistLabel& label : keyed.labels) {
		part(label.name);
		part(label.value);
	}
	return result;
}

} // namespace

Snapshot difference(const Snapshot& later, const Snapshot& earlier)
{
	Snapshot result;
	result.at_ns = later.at_ns;
	result.window.window_ns = growth(later.at_ns, earlier.at_ns);
	result.window.lost = growth(later.window.lost, earlier.window.lost);
	result.window.dropped_keys = growth(later.window.dropped_keys, earlier.window.dropped_keys);
	result.window.reset_keys = growth(later.window.reset_keys, earlier.window.reset_keys);

	std::unordered_map<HistKey, const Histogram*, KeyHash> before;
	before.reserve(earlier.histograms.size());
	for (const KeyedHistogram& keyed : earlier.histograms)
		before.emplace(keyed.key, &keyed.histogram);

	for (const KeyedHistogram& keyed : later.histograms) {
		const auto found = before.find(keyed.key);
		if (found == before.end()) {
			if (!keyed.histogram.empty())
				result.histograms.push_back(keyed);
			continue;
		}
		std::optional<Histogram> grown = subtract(keyed.histogram, *found->second);
		before.erase(found);
		if (!grown) {
			result.window.reset_keys++;
			grown = keyed.histogram;
		}
		if (!grown->empty())
			result.histograms.push_back(
				{keyed.key, keyed.name, keyed.labels, *std::move(grown), keyed.others});
	}
	// What is left was there before and is no more: what it counted in between, nobody knows.
	for (const auto& [key, histogram] : before)
		result.window.reset_keys += !histogram->empty();
	return result;
}

Snapshot merged_by_labels(const Snapshot& snapshot)
{
	Snapshot result{snapshot.at_ns, snapshot.window, {}};
	std::unordered_map<std::string, size_t> places;
	for (const KeyedHistogram& keyed : snapshot.histograms) {
		const auto [place, is_new] = places.emplace(identity(keyed), result.histograms.size());
		if (is_new) {
			result.histograms.push_back(keyed);
			continue;
		}
		KeyedHistogram& same = result.histograms[place->second];
		same.histogram.merge(keyed.histogram);
		same.others += keyed.others;
	}
	return result;
}

Snapshot top(const Snapshot& snapshot, size_t n)
{
	std::vector<const KeyedHistogram*> order;
	order.reserve(snapshot.histograms.size());
	for (const KeyedHistogram& keyed : snapshot.histograms)
		order.push_back(&keyed);
	std::sort(order.begin(), order.end(), [](const KeyedHistogram* a, const KeyedHistogram* b) {
		if (a->histogram.sum() != b->histogram.sum())
			return a->histogram.sum() > b->histogram.sum();
		return a->key < b->key;
	});

	Snapshot result{snapshot.at_ns, snapshot.window, {}};
	const size_t shown = n == 0 ? order.size() : std::min(n, order.size());
	for (size_t i = 0; i < shown; i++)
		result.histograms.push_back(*order[i]);
	if (shown == order.size())
		return result;

	KeyedHistogram other = *order[shown];
	other.key = {};
	other.name = "other";
	other.others = std::max<uint64_t>(other.others, 1);
	for (HistLabel& label : other.labels) {
		label.value = "other";
		label.numeric = false;
	}
	for (size_t i = shown + 1; i < order.size(); i++) {
		other.histogram.merge(order[i]->histogram);
		other.others += std::max<uint64_t>(order[i]->others, 1);
	}
	result.histograms.push_back(std::move(other));
	return result;
}

} // namespace corescope
