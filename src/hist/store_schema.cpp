// SPDX-License-Identifier: BSD-2-Clause
// The tables. A row of `hist` is small because what repeats stands elsewhere once: `series` is what is counted where,
// `source` one corescope and boot that did it, `interval` when, `labels` one set of labels. People read the view `histograms`.
//
// A change of the tables is a new step at the end of kSteps; steps that were released never change.
#include "hist/store_schema.h"

#include "base/error.h"

#include <iterator>
#include <string>

namespace corescope {

namespace {

// Numbers are SQLite's 64 bits; counts above 2^63 would show as negative, and are read back right. `sum` has no type:
// it is an integer, or decimal digits where that is too narrow. `slots` is store_codec.h's.
constexpr const char* kHistograms = R"(
CREATE TABLE series (
	id INTEGER PRIMARY KEY,
	tool TEXT NOT NULL, quantity TEXT NOT NULL, options TEXT NOT NULL, host TEXT NOT NULL,
	base TEXT NOT NULL, scale INTEGER NOT NULL, unit TEXT NOT NULL,
	UNIQUE (tool, quantity, options, host, base, scale));
CREATE TABLE source (
	id INTEGER PRIMARY KEY,
	series INTEGER NOT NULL REFERENCES series,
	what TEXT NOT NULL, version TEXT NOT NULL, hooks TEXT NOT NULL, boot_id TEXT NOT NULL,
	UNIQUE (series, boot_id, version, hooks, what));
CREATE TABLE labels (
	id INTEGER PRIMARY KEY,
	exact BLOB NOT NULL UNIQUE, json TEXT NOT NULL);
CREATE TABLE interval (
	id INTEGER PRIMARY KEY,
	source INTEGER NOT NULL REFERENCES source, start_ns INTEGER NOT NULL, window_ns INTEGER NOT NULL,
	lost INTEGER NOT NULL, dropped INTEGER NOT NULL, reset INTEGER NOT NULL);
CREATE INDEX interval_end ON interval (start_ns + window_ns);
CREATE TABLE hist (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	interval INTEGER NOT NULL REFERENCES interval, labels INTEGER NOT NULL REFERENCES labels,
	p INTEGER NOT NULL, limit_log2 INTEGER, count INTEGER NOT NULL, sum NOT NULL, others INTEGER NOT NULL,
	p50 INTEGER, p90 INTEGER, p99 INTEGER, max INTEGER,
	slots BLOB NOT NULL);
CREATE INDEX hist_interval ON hist (interval);
CREATE VIEW histograms AS SELECT
	hist.id, strftime('%Y-%m-%dT%H:%M:%SZ', start_ns / 1000000000, 'unixepoch') AS start, window_ns / 1e9 AS window_s,
	host, tool, quantity, options, json AS labels, count, p50, p90, p99, max,
	CASE WHEN count THEN sum * 1.0 / count / scale END AS mean, unit, lost, dropped, reset, others, version, boot_id
	FROM hist JOIN interval ON interval.id = hist.interval JOIN source ON source.id = interval.source JOIN series ON series.id = source.series
	JOIN labels ON labels.id = hist.labels;
)";

// What outlives the rows: monotone totals for a text file, how runs ended, and what pinned tools left for next time.
constexpr const char* kTotals = R"(
CREATE TABLE total (
	series INTEGER NOT NULL REFERENCES series, labels INTEGER NOT NULL REFERENCES labels,
	source INTEGER NOT NULL REFERENCES source, start_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, window_ns INTEGER NOT NULL,
	p INTEGER NOT NULL, limit_log2 INTEGER, count INTEGER NOT NULL, sum NOT NULL,
	lost INTEGER NOT NULL, dropped INTEGER NOT NULL, reset INTEGER NOT NULL, others INTEGER NOT NULL,
	slots BLOB NOT NULL,
	PRIMARY KEY (series, labels)) WITHOUT ROWID;
CREATE TABLE runs (
	series INTEGER PRIMARY KEY REFERENCES series, source INTEGER NOT NULL REFERENCES source,
	window_ns INTEGER NOT NULL, lost INTEGER NOT NULL, dropped INTEGER NOT NULL, reset INTEGER NOT NULL,
	succeeded INTEGER NOT NULL, failed INTEGER NOT NULL, last_ns INTEGER NOT NULL, last_success INTEGER NOT NULL);
CREATE TABLE state (key TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
)";

constexpr const char* kSteps[] = {kHistograms, kTotals};

} // namespace

int64_t store_schema_version() { return std::size(kSteps); }

StoreState store_state(Database& database)
{
	const int64_t application = database.integer("PRAGMA application_id");
	const int64_t version = database.integer("PRAGMA user_version");
	if (application == kStoreApplicationId) {
		if (version == 0)
			throw DamagedStore("it says no version");
		return version == store_schema_version() ? StoreState::current
			: version > store_schema_version()   ? StoreState::newer
												 : StoreState::older;
	}
	const bool has_tables = database.integer("SELECT count(*) FROM sqlite_schema") != 0;
	return application == 0 && version == 0 && !has_tables ? StoreState::empty : StoreState::foreign;
}

void migrate_store(Database& database)
{
	Transaction transaction(database);
	const int64_t from = database.integer("PRAGMA user_version"); // another process may have been faster
	for (int64_t version = from; version < store_schema_version(); version++)
		database.execute(kSteps[version]);
	if (from < store_schema_version()) {
		database.execute(("PRAGMA user_version = " + std::to_string(store_schema_version())).c_str());
		database.execute(("PRAGMA application_id = " + std::to_string(kStoreApplicationId)).c_str());
	}
	transaction.commit();
}

} // namespace corescope
