// SPDX-License-Identifier: BSD-2-Clause
// What the commands of `corescope history` have in common: which stores, which histograms in them, and how one is told.
#pragma once

#include "cli/option.h"
#include "cli/time_span.h"
#include "cli/tool.h"
#include "hist/pool.h"
#include "hist/store.h"
#include "system/clock.h"

#include <functional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace corescope {

// What most commands can be asked for.
inline constexpr std::string_view kTableOrJson[] = {"table", "json"};

// Text to be met exactly; "none" for the empty one.
struct ExactText {
	bool given = false;
	std::string value;
};
void parse_value(ExactText& out, const char* text);

// "A,B" or "A..B".
struct TimeBetween {
	TimeSpan span;
};
void parse_value(TimeBetween& out, const char* text);

// What the user asks for. Times choose histograms by when their interval began, but for `at`: those whose interval it lies
// in, or touches when it is a span.
struct HistorySelection {
	std::vector<std::string> stores;
	std::vector<std::string> words; // ids (17, or 17@2 in the second store) and stores
	ToolName tool;
	std::string quantity, host, value_unit;
	std::vector<std::string> labels;
	ExactText options, keys;
	TimeSpan since, until, at;
	TimeBetween between;
	Count last;

	// Whether anything but the stores narrows it.
	bool narrows() const;
};
std::span<const OptionSpec> history_selection_specs();
// The same question for a record that is in no store; ids and `last` are not looked at.
bool selects(const HistorySelection& selection, const HistRecord& record);
std::span<const PositionalSpec> history_word_specs(); // words, for a HistorySelection

// Those that are named, or the usual one.
std::vector<std::string> history_paths(const HistorySelection& selection);

struct StoredHistogram {
	size_t store; // which of the stores, from 0
	int64_t id;
	const HistRecord& record;
};

// The stores, open for reading, and the selection ready to be asked. Throws Error.
class History {
public:
	explicit History(const HistorySelection& selection);

	const std::vector<std::string>& paths() const { return paths_; }
	bool several() const { return paths_.size() > 1; }
	HistStore& store(size_t index) { return stores_[index]; }
	const HistorySelection& selection() const { return selection_; }
	// Each store's in the order in which intervals ended. Stops when `row` returns false.
	void each(const std::function<bool(const StoredHistogram&)>& row);
	// The intervals in which they lie, or lay: also those that counted nothing. None where single ones are selected.
	void each_interval(const HistStore::IntervalRow& row);
	// All of it made one. Throws Error(kDataError) where that is senseless.
	HistPool pool();
	// The ids in one store of what is selected.
	std::vector<int64_t> ids(size_t store);
	// Throws Error(kUnavailable) for a selection in which there is nothing.
	[[noreturn]] void nothing() const;

private:
	bool matches(const HistRecord& record) const;
	bool matches(const HistSource& source, int64_t start_ns, uint64_t window_ns) const;
	void choose_last();

	HistorySelection selection_;
	HistQuery query_;
	std::vector<std::string> paths_;
	std::vector<HistStore> stores_;
	std::set<std::pair<size_t, int64_t>> only_; // where ids or `last` are given
	bool has_only_ = false;
};

// "10.0 s", "5m", for a window.
std::string window_text(uint64_t ns);
// "cpudist oncpu, web1, pid=12", escaped: what tells one series from another.
std::string series_text(const HistSource& source, const std::vector<HistLabel>& labels);
// "<= 1152", "> 68719476736", "-" without bucket.
std::string bound_text(const std::optional<HistBucket>& bucket);
// Members `"id":…,…`, no brace around, up to and with those of append_hist_json.
void append_history_json(Buffer& out, const History& history, const StoredHistogram& stored);
// `"name":"text"`, and "name_b64" where the text is not UTF-8.
void append_text_member(Buffer& out, std::string_view name, std::string_view text);

// argv[0] is the command's name.
int history_list(int argc, char** argv);
int history_show(int argc, char** argv);
int history_merge(int argc, char** argv);
int history_diff(int argc, char** argv);
int history_export(int argc, char** argv);
int history_prune(int argc, char** argv);

} // namespace corescope
