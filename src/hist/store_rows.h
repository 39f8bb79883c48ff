// SPDX-License-Identifier: BSD-2-Clause
// Records into rows and back, within a transaction that is another's.
#pragma once

#include "hist/record.h"
#include "hist/sqlite.h"

#include <map>
#include <memory>
#include <vector>

namespace corescope {

// Ids of sources and labels, found or made. For one transaction: afterwards others may have removed them.
class RowWriter {
public:
	explicit RowWriter(Database& database) : database_(database) {}

	// The row's id. Consecutive calls with the same arguments answer the same.
	int64_t interval(const HistSource& source, int64_t start_unix_ns, const HistWindow& window);
	void insert(const HistRecord& record);
	// False where the total that was there could not be read, and began anew.
	bool add_to_totals(const HistRecord& record);
	void add_to_window(const HistSource& source, const HistWindow& window);
	void run_ended(const HistSource& source, int64_t unix_ns, bool success);

private:
	struct SourceIds {
		int64_t series = 0, source = 0;
	};
	const SourceIds& ids_of(const HistSource& source);
	int64_t labels_id(const std::vector<HistLabel>& labels);

	Database& database_;
	const HistSource* last_ = nullptr;
	SourceIds last_ids_;
	int64_t interval_ = 0;
	int64_t interval_source_ = 0, interval_start_ = 0;
	HistWindow interval_window_;
};

// Reads what statements select as kSourceColumns, kHistColumns; equal sources and labels become one object each.
class RowReader {
public:
	explicit RowReader(Database& database) : database_(database) {}

	std::shared_ptr<const HistSource> source(int64_t id);
	const std::vector<HistLabel>& labels(int64_t id);
	// Columns from `first` on: kRecordColumns. Throws DamagedStore.
	HistRecord record(const Statement& row, int first);

private:
	Database& database_;
	std::map<int64_t, std::shared_ptr<const HistSource>> sources_;
	std::map<int64_t, std::vector<HistLabel>> labels_;
};

inline constexpr const char* kRecordColumns =
	"source, labels, start_ns, window_ns, p, limit_log2, count, sum, lost, dropped, reset, others, slots";
inline constexpr int kRecordColumnCount = 13;

} // namespace corescope
