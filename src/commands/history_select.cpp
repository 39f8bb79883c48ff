// SPDX-License-Identifier: BSD-2-Clause
// Which histograms a command is about. A span of time has those that began in it, so that two spans side by side share
// none.
#include "commands/history.h"

#include "base/error.h"
#include "base/parse.h"

#include <algorithm>
#include <sys/stat.h>

namespace corescope {

namespace {

constexpr OptionSpec kSpecs[] = {
	option<&HistorySelection::stores>(0, "store", "FILE",
		"read this store, and more of them when given again (default /var/lib/corescope/history.db)"),
	option<&HistorySelection::tool>(0, "tool", "NAME", "of this tool"),
	option<&HistorySelection::quantity>(0, "quantity", "NAME", "of this quantity, such as oncpu"),
	option<&HistorySelection::labels>(0, "label", "NAME=VALUE",
		"with this label, such as unit=nginx.service; all of them when given again"),
	option<&HistorySelection::keys>(0, "keys", "NAMES",
		"one for each of these labels, such as comm or pid,comm; none: for everything together"),
	option<&HistorySelection::host>(0, "host", "NAME", "of this host"),
	option<&HistorySelection::options>(
		0, "options", "TEXT", "counted with exactly these options, as list tells them; none: without any"),
	option<&HistorySelection::value_unit>(
		0, "value-unit", "UNIT", "counted in this unit: ns, us, ms, B, KiB"),
	option<&HistorySelection::since>(0, "since", "TIME",
		"that began at this time or later: 7d (ago), 14:05, 2026-11-20, '2026-11-20 14:05'"),
	option<&HistorySelection::until>(
		0, "until", "TIME", "that began before this time; of a day, before its end"),
	option<&HistorySelection::between>(0, "between", "A,B", "since A and until B"),
	option<&HistorySelection::at>(0, "at", "TIME", "whose interval this time lies in"),
	option<&HistorySelection::last>(0, "last", "N", "the newest N of them"),
};

constexpr PositionalSpec kWords[] = {positional<&HistorySelection::words>("ID|STORE", true)};

bool is_id(std::string_view word)
{
	return !word.empty() && word.front() >= '0' && word.front() <= '9' &&
		word.find_first_not_of("0123456789@") == std::string_view::npos;
}

std::pair<std::string, std::string> label_of(const std::string& text)
{
	const size_t equals = text.find('=');
	if (equals == 0 || equals == std::string::npos)
		throw Error(kUsage, "--label: '" + text + "' is not NAME=VALUE");
	return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string without_spaces(std::string text)
{
	text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
	return text;
}

} // namespace

void parse_value(ExactText& out, const char* text)
{
	out.given = true;
	out.value = std::string_view(text) == "none" ? "" : text;
}

void parse_value(TimeBetween& out, const char* text)
{
	std::string both = text;
	const size_t comma = both.find(',');
	if (comma != std::string::npos)
		both.replace(comma, 1, "..");
	if (both.find("..") == std::string::npos)
		throw BadValue{"is not two times (such as 2026-11-01,2026-11-07 or 3d,2d)"};
	parse_value(out.span, both.c_str());
}

std::span<const OptionSpec> history_selection_specs() { return kSpecs; }
std::span<const PositionalSpec> history_word_specs() { return kWords; }

bool HistorySelection::narrows() const
{
	return !tool.empty() || !quantity.empty() || !host.empty() || !value_unit.empty() || !labels.empty() ||
		options.given || keys.given || since.given || until.given || at.given || between.span.given || last ||
		std::any_of(words.begin(), words.end(), is_id);
}

std::vector<std::string> history_paths(const HistorySelection& selection)
{
	std::vector<std::string> paths = selection.stores;
	for (const std::string& word : selection.words)
		if (!is_id(word))
			paths.push_back(word);
	if (paths.empty())
		paths.push_back(kDefaultStore);
	return paths;
}

bool selects(const HistorySelection& s, const HistRecord& record)
{
	const HistSource& source = *record.source;
	const int64_t start = record.start_unix_ns;
	const auto given = [](const std::string& wanted, const std::string& is) {
		return wanted.empty() || wanted == is;
	};
	if (!given(s.tool, source.tool) || !given(s.quantity, source.quantity) || !given(s.host, source.host) ||
		!given(s.value_unit, source.unit.name) || (s.options.given && source.options != s.options.value))
		return false;
	for (const std::string& label : s.labels) {
		const auto [name, value] = label_of(label);
		if (std::none_of(record.labels.begin(), record.labels.end(),
				[&, &n = name, &v = value](const HistLabel& l) { return l.name == n && l.value == v; }))
			return false;
	}
	if (s.keys.given &&
		without_spaces(record.labels.empty() ? "" : label_names(record.labels)) !=
			without_spaces(s.keys.value))
		return false;
	const TimeSpan& since = s.between.span.given ? s.between.span : s.since;
	const TimeSpan& until = s.between.span.given ? s.between.span : s.until;
	if ((since.given && start < since.from_ns) || (until.given && start >= until.until_ns))
		return false;
	return !s.at.given ||
		(record.end_unix_ns() > s.at.from_ns && start < s.at.until_ns + static_cast<int64_t>(s.at.instant()));
}

History::History(const HistorySelection& selection) : selection_(selection), paths_(history_paths(selection))
{
	std::vector<std::string> ids;
	for (const std::string& word : selection.words)
		if (is_id(word))
			ids.push_back(word);
	stores_.reserve(paths_.size());
	for (const std::string& path : paths_)
		stores_.push_back(HistStore::open_for_reading(path));

	query_.tool = selection.tool;
	query_.quantity = selection.quantity;
	query_.host = selection.host;
	for (const std::string& label : selection.labels)
		query_.labels.push_back(label_of(label));
	if (selection_.between.span.given) {
		if (selection_.since.given || selection_.until.given)
			throw Error(kUsage, "--between: is --since and --until in one; give it or them");
		selection_.since = selection_.until = selection_.between.span;
	}
	// Overlapping is what the store asks for; matches() is exact.
	if (selection_.since.given)
		query_.from_unix_ns = selection_.since.from_ns;
	if (selection_.until.given)
		query_.until_unix_ns = selection_.until.until_ns;
	if (selection_.at.given) {
		query_.from_unix_ns = std::max(query_.from_unix_ns, selection_.at.from_ns);
		const int64_t until = selection_.at.until_ns + selection_.at.instant();
		query_.until_unix_ns = query_.until_unix_ns ? std::min(query_.until_unix_ns, until) : until;
	}
	for (const std::string& id : ids) {
		const size_t at = id.find('@');
		try {
			const uint64_t number = parse_number(std::string_view(id).substr(0, at), 1, INT64_MAX);
			uint64_t store = 1;
			if (at != std::string::npos)
				store = parse_number(std::string_view(id).substr(at + 1), 1, paths_.size());
			else if (several())
				throw BadValue{"could be in any of the stores: say which, as " + id + "@1 for the first"};
			only_.emplace(store - 1, static_cast<int64_t>(number));
			query_.ids.push_back(static_cast<int64_t>(number));
		} catch (const BadValue& bad) {
			throw Error(kUsage, "ID: '" + id + "' " + bad.why);
		}
	}
	has_only_ = !only_.empty();
	if (selection.last)
		choose_last();
}

void History::choose_last()
{
	std::vector<std::pair<int64_t, std::pair<size_t, int64_t>>> all;
	each([&](const StoredHistogram& stored) {
		all.push_back({stored.record.end_unix_ns(), {stored.store, stored.id}});
		return true;
	});
	const size_t wanted = std::min<uint64_t>(selection_.last.value, all.size());
	std::partial_sort(
		all.begin(), all.begin() + static_cast<std::ptrdiff_t>(wanted), all.end(), std::greater<>());
	only_.clear();
	query_.ids.clear();
	for (size_t i = 0; i < wanted; i++) {
		only_.insert(all[i].second);
		query_.ids.push_back(all[i].second.second);
	}
	has_only_ = true;
}

bool History::matches(const HistSource& source, int64_t start_ns, uint64_t window_ns) const
{
	const HistorySelection& s = selection_;
	if (s.options.given && source.options != s.options.value)
		return false;
	if (!s.value_unit.empty() && s.value_unit != source.unit.name)
		return false;
	if (s.since.given && start_ns < s.since.from_ns)
		return false;
	if (s.until.given && start_ns >= s.until.until_ns)
		return false;
	return !s.at.given || !s.at.instant() ||
		(start_ns <= s.at.from_ns && start_ns + static_cast<int64_t>(window_ns) > s.at.from_ns);
}

bool History::matches(const HistRecord& record) const
{
	if (selection_.keys.given) {
		const std::string names = record.labels.empty() ? "" : label_names(record.labels);
		if (without_spaces(names) != without_spaces(selection_.keys.value))
			return false;
	}
	return matches(*record.source, record.start_unix_ns, record.window.window_ns);
}

void History::each(const std::function<bool(const StoredHistogram&)>& row)
{
	bool more = true;
	for (size_t store = 0; store < stores_.size() && more; store++) {
		if (has_only_ && query_.ids.empty())
			return;
		stores_[store].each(query_, [&](int64_t id, const HistRecord& record) {
			if ((!has_only_ || only_.count({store, id})) && matches(record))
				more = row({store, id, record});
			return more;
		});
	}
}

void History::each_interval(const HistStore::IntervalRow& row)
{
	if (has_only_)
		return;
	for (HistStore& store : stores_)
		store.each_interval(query_,
			[&](const HistSource& source, int64_t start_ns, const HistWindow& window,
				const std::vector<HistLabel>* labels) {
				if (matches(source, start_ns, window.window_ns))
					row(source, start_ns, window, labels);
			});
}

HistPool History::pool()
{
	HistPool pool;
	each([&](const StoredHistogram& stored) {
		pool.add(stored.record);
		return true;
	});
	each_interval(
		[&](const HistSource& source, int64_t start_ns, const HistWindow& window,
			const std::vector<HistLabel>* labels) { pool.add_window(source, start_ns, window, labels); });
	return pool;
}

std::vector<int64_t> History::ids(size_t store)
{
	std::vector<int64_t> ids;
	each([&](const StoredHistogram& stored) {
		if (stored.store == store)
			ids.push_back(stored.id);
		return true;
	});
	return ids;
}

void History::nothing() const
{
	throw Error(kUnavailable,
		(several() ? "none of the stores holds" : paths_[0] + " holds no") +
			std::string(" such histogram; `corescope history list` tells what there is"));
}

} // namespace corescope
