// SPDX-License-Identifier: BSD-2-Clause
// The two sides of `corescope history diff`: what the user's words, or a moment, make of one selection.
#include "commands/history_sides.h"

#include "base/error.h"
#include "base/parse.h"

#include <algorithm>
#include <sys/stat.h>

namespace corescope {

namespace {

bool is_file(const std::string& word)
{
	struct stat status;
	return word.find('/') != std::string::npos ||
		(stat(word.c_str(), &status) == 0 && S_ISREG(status.st_mode));
}

bool is_ids(const std::string& word)
{
	return word.find_first_not_of("0123456789,@") == std::string::npos && word.front() != '@';
}

} // namespace

HistorySelection selection_of_side(const HistorySelection& both, const std::string& word)
{
	HistorySelection selection = both;
	if (is_ids(word)) {
		for (size_t at = 0; at <= word.size();) {
			const size_t comma = std::min(word.find(',', at), word.size());
			selection.words.push_back(word.substr(at, comma - at));
			at = comma + 1;
		}
	} else if (is_file(word)) {
		selection.stores = {word};
	} else {
		TimeSpan span;
		try {
			parse_value(span, word.c_str());
		} catch (const BadValue& bad) {
			throw Error(kUsage, "'" + word + "' is neither an id, a store nor a time: it " + bad.why);
		}
		if (span.instant()) {
			selection.at = span;
		} else {
			selection.since = selection.until = span;
		}
	}
	return selection;
}

Side side_of(const HistorySelection& both, const std::string& word)
{
	History history(selection_of_side(both, word));
	Side side{word, history.pool()};
	if (side.pool.empty())
		throw Error(kUnavailable,
			"there is no such histogram for '" + word + "'; `corescope history list` tells what there is");
	return side;
}

SideMoments side_moments(const TimeSpan& split, const TimeSpan& before, const TimeSpan& after)
{
	if (split.given && (before.given || after.given))
		throw Error(kUsage, "--split: is --before and --after in one; give it or them");
	if (before.given != after.given)
		throw Error(kUsage,
			before.given ? "--before: needs --after, for the other side"
						 : "--after: needs --before, for the other side");
	if (split.given)
		return {true, split.from_ns, split.from_ns};
	if (before.given && before.from_ns > after.from_ns)
		throw Error(kUsage, "--before: is later than --after, and what lies between would be on both sides");
	return {before.given, before.from_ns, after.from_ns};
}

// An interval that such a moment lies in belongs to neither side.
std::pair<Side, Side> sides_of_moments(const HistorySelection& selection, int64_t before_ns, int64_t after_ns)
{
	Side a{"before " + local_time(before_ns), {}}, b{"after " + local_time(after_ns), {}};
	History history(selection);
	const auto side_at = [&](int64_t start_ns, uint64_t window_ns) -> Side* {
		if (start_ns >= after_ns)
			return &b;
		return start_ns + static_cast<int64_t>(window_ns) <= before_ns ? &a : nullptr;
	};
	history.each([&](const StoredHistogram& stored) {
		if (Side* side = side_at(stored.record.start_unix_ns, stored.record.window.window_ns))
			side->pool.add(stored.record);
		return true;
	});
	for (const Side* side : {&a, &b})
		if (side->pool.empty())
			throw Error(kUnavailable,
				"there is no such histogram " + side->text +
					"; `corescope history list` tells what there is");
	history.each_interval([&](const HistSource& source, int64_t start_ns, const HistWindow& window,
							  const std::vector<HistLabel>* labels) {
		if (Side* side = side_at(start_ns, window.window_ns))
			side->pool.add_window(source, start_ns, window, labels);
	});
	return {std::move(a), std::move(b)};
}

} // namespace corescope
