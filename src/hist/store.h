// SPDX-License-Identifier: BSD-2-Clause
// The store: histograms in a SQLite file, one row each, for years. Whoever writes either has all of an interval in it,
// on the disk, or knows that it has not. Any number of runs may write at once.
#pragma once

#include "hist/record.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace corescope {

inline constexpr const char* kDefaultStore = "/var/lib/corescope/history.db";

// Which of the stored histograms; what is empty or 0 does not narrow.
struct HistQuery {
	std::vector<int64_t> ids;
	std::string tool, quantity, host;
	std::vector<std::pair<std::string, std::string>> labels; // all of them
	int64_t from_unix_ns = 0;                                // that ended after it
	int64_t until_unix_ns = 0;                               // and began before it
};

class HistStore {
public:
	struct Options {
		uint64_t keep_ns = 0;     // rows that ended longer ago are pruned as it writes; 0: for ever
		uint64_t max_bytes = 0;   // the oldest go when the file would be larger; 0: no limit
		uint64_t busy_ms = 10000; // how long another writer is waited for
		std::function<void(const std::string&)> warn; // what the user should know, one line; may be empty
	};

	// Opens, and makes it (and its folder) when it is not there. A corrupt file is set aside under a dated name, which
	// `warn` tells; that, and a file that somebody removed, is seen to at every later write too. Throws Error: kTempFail
	// when others hold it too long, kIoError when it cannot be written, kDataError for what is some other file,
	// kUnavailable for the store of a newer corescope.
	static HistStore open(const std::string& path, const Options& options);
	// For readers: never changes anything, works on read-only media. Throws Error, kDataError for what is no store. While
	// it is open, the same process cannot write that store.
	static HistStore open_for_reading(const std::string& path);
	HistStore(HistStore&&) noexcept;
	HistStore& operator=(HistStore&&) noexcept;
	~HistStore();

	// All or nothing, durable when it returns; adds to the totals in the same transaction, then applies the retention.
	// state: also keeps this under the key, in the same transaction (a pinned tool's last snapshot).
	struct State {
		std::string key, bytes;
	};
	// window: of the interval, also where no key counted anything.
	void append(const std::shared_ptr<const HistSource>& source, int64_t start_unix_ns,
		const HistWindow& window, std::span<const HistRecord> records,
		const std::optional<State>& state = std::nullopt);
	std::optional<std::string> state(const std::string& key);

	// A run of this source has ended.
	void run_ended(const std::shared_ptr<const HistSource>& source, int64_t unix_ns, bool success);

	// One of each tool, quantity, options, host and unit that was ever stored.
	std::vector<HistSource> series();
	// What a text file tells: all totals of this tool, quantity, options and host, and how its runs went.
	std::vector<HistTotal> totals(const HistSource& of);
	std::optional<HistRuns> runs(const HistSource& of);

	// Stored rows, in the order in which their intervals ended. Stops when `row` returns false.
	void each(const HistQuery& query, const std::function<bool(int64_t id, const HistRecord&)>& row);

	// The intervals in which those rows lie, and those in which nothing was counted: ids and labels are not looked at.
	// labels: of one of the interval's histograms, which tell by what it was keyed; null where it has none.
	using IntervalRow = std::function<void(const HistSource& source, int64_t start_unix_ns,
		const HistWindow& window, const std::vector<HistLabel>* labels)>;
	void each_interval(const HistQuery& query, const IntervalRow& row);

	// Removes rows (not totals) and gives the room back. Returns how many.
	uint64_t prune(const HistQuery& query);
	// Applies the retention of its options now. Returns how many rows went.
	uint64_t retain();
	// Bytes of the file, once all that was written has reached it.
	uint64_t size_bytes();

private:
	struct Inner;
	explicit HistStore(std::unique_ptr<Inner> inner);
	std::unique_ptr<Inner> inner_;
};

} // namespace corescope
