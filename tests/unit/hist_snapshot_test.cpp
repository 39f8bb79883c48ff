// SPDX-License-Identifier: BSD-2-Clause
// Snapshots: intervals as differences, keys that come and go, the top and the rest, keys that read the same.
#include <algorithm>

#include <catch2/catch.hpp>

#include "hist/snapshot.h"

using namespace corescope;

namespace {

Histogram of(const std::vector<uint64_t>& values)
{
	Histogram h;
	for (const uint64_t v : values)
		h.add(v, v);
	return h;
}

HistLabel label(std::string name, std::string value, bool numeric = false)
{
	return {std::move(name), std::move(value), numeric};
}

Snapshot at(uint64_t at_ns, const HistWindow& window, std::vector<KeyedHistogram> histograms)
{
	return {at_ns, window, std::move(histograms)};
}

KeyedHistogram keyed(uint64_t id, const std::vector<uint64_t>& values, std::string name = {})
{
	KeyedHistogram result;
	result.key.id = {id, 0};
	result.name = name.empty() ? std::to_string(id) : std::move(name);
	result.labels = {label("comm", result.name)};
	result.histogram = of(values);
	return result;
}

} // namespace

TEST_CASE("an interval is the difference of two snapshots")
{
	const Snapshot earlier = at(1000, {.window_ns = 1000, .lost = 2, .dropped_keys = 1},
		{keyed(1, {5, 6}), keyed(2, {7}), keyed(3, {9})});
	const Snapshot later = at(4500, {.window_ns = 4500, .lost = 7, .dropped_keys = 1},
		{keyed(4, {1}), keyed(2, {7}), keyed(1, {5, 6, 100, 200}, "renamed"), keyed(3, {9, 9}),
			keyed(5, {})});

	const Snapshot d = difference(later, earlier);
	CHECK(d.at_ns == 4500);
	CHECK(d.window.window_ns == 3500);
	CHECK(d.window.lost == 5);
	CHECK(d.window.dropped_keys == 0);
	CHECK(d.window.reset_keys == 0);
	REQUIRE(d.histograms.size() == 3); // 2 has nothing new, 5 has nothing at all
	CHECK(d.histograms[0].key.id[0] == 4);
	CHECK(d.histograms[0].histogram == of({1}));
	CHECK(d.histograms[1].name == "renamed");
	CHECK(d.histograms[1].histogram == of({100, 200}));
	CHECK(d.histograms[2].histogram == of({9}));

	SECTION("two intervals are the whole")
	{
		const Snapshot begin = at(500, {}, {});
		Snapshot first = difference(earlier, begin);
		CHECK(first.window.window_ns == 500);
		first.histograms.insert(first.histograms.end(), d.histograms.begin(), d.histograms.end());
		Histogram sum_of_parts;
		for (const KeyedHistogram& k : first.histograms)
			sum_of_parts.merge(k.histogram);
		Histogram whole;
		for (const KeyedHistogram& k : difference(later, begin).histograms)
			whole.merge(k.histogram);
		CHECK(sum_of_parts == whole);
	}
	SECTION("a key that began anew, and one that has gone, are told")
	{
		Snapshot after = later;
		after.histograms = {keyed(1, {5}), keyed(2, {7, 8})};
		const Snapshot r = difference(after, earlier);
		CHECK(r.window.reset_keys == 2); // 1 fell, 3 has gone
		REQUIRE(r.histograms.size() == 2);
		CHECK(r.histograms[0].histogram == of({5}));
		CHECK(r.histograms[1].histogram == of({8}));
	}
	SECTION("time that goes back is no window")
	{
		CHECK(difference(earlier, later).window.window_ns == 0);
		CHECK(difference(earlier, later).window.lost == 0);
	}
}

TEST_CASE("the top is by sum, and the rest is one")
{
	Snapshot s = at(77, {.window_ns = 5, .lost = 3},
		{keyed(1, {10}), keyed(2, {500, 500}), keyed(3, {10}), keyed(4, {2000}), keyed(5, {1, 1, 1})});

	const Snapshot two = top(s, 2);
	REQUIRE(two.histograms.size() == 3);
	CHECK(two.at_ns == 77);
	CHECK(two.window.lost == 3);
	CHECK(two.histograms[0].key.id[0] == 4);
	CHECK(two.histograms[1].key.id[0] == 2);
	CHECK(two.histograms[1].others == 0);
	const KeyedHistogram& other = two.histograms[2];
	CHECK(other.name == "other");
	CHECK(other.others == 3);
	CHECK(other.histogram == of({10, 10, 1, 1, 1}));
	CHECK(other.labels == std::vector<HistLabel>({label("comm", "other")}));

	// Equal sums stand in the order of their keys, whatever order they came in.
	std::reverse(s.histograms.begin(), s.histograms.end());
	const Snapshot all = top(s, 0);
	REQUIRE(all.histograms.size() == 5);
	const uint64_t expected[] = {4, 2, 1, 3, 5};
	for (size_t i = 0; i < 5; i++)
		CHECK(all.histograms[i].key.id[0] == expected[i]);
	CHECK(top(s, 5).histograms.size() == 5);
	CHECK(top(s, 99).histograms.size() == 5);
	CHECK(top(Snapshot{}, 3).histograms.empty());

	// "other" is not a number, whatever the label's values are else.
	Snapshot pids = s;
	for (KeyedHistogram& k : pids.histograms)
		k.labels = {label("pid", k.name, true)};
	CHECK(top(pids, 1).histograms[0].labels == std::vector<HistLabel>({label("pid", "4", true)}));
	CHECK(top(pids, 1).histograms[1].labels == std::vector<HistLabel>({label("pid", "other")}));

	// The top of what already has an "other" counts its keys once.
	const Snapshot one = top(two, 1);
	CHECK(one.histograms[1].others == 4);
}

TEST_CASE("keys that read the same become one")
{
	Snapshot s;
	s.histograms = {keyed(1, {1, 2}, "nginx"), keyed(2, {3}, "sshd"), keyed(3, {4}, "nginx")};
	const Snapshot m = merged_by_labels(s);
	REQUIRE(m.histograms.size() == 2);
	CHECK(m.histograms[0].key.id[0] == 1);
	CHECK(m.histograms[0].histogram == of({1, 2, 4}));
	CHECK(m.histograms[1].histogram == of({3}));

	// Without labels the name decides; labels are not confused by where one ends.
	for (KeyedHistogram& k : s.histograms)
		k.labels.clear();
	CHECK(merged_by_labels(s).histograms.size() == 2);
	s.histograms[0].labels = {label("a", "b"), label("c", "d")};
	s.histograms[1].labels = {label("a", "b1:c"), label("", "d")};
	s.histograms[2].labels = {label("a", "bc"), label("", "d")};
	CHECK(merged_by_labels(s).histograms.size() == 3);
}
