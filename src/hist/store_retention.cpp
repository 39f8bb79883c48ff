// SPDX-License-Identifier: BSD-2-Clause
// See store_retention.h. Each call asks first whether anything is due, which costs one look into an index and the
// header's page counts.
#include "hist/store_retention.h"

#include <algorithm>

namespace corescope {

namespace {

constexpr int64_t kBatch = 1000;

// Beyond the limit some more goes, or every later write would have to prune again.
constexpr uint64_t kSlackPart = 20;

uint64_t used_bytes(Database& database)
{
	const auto pages =
		database.cached_integer("PRAGMA page_count") - database.cached_integer("PRAGMA freelist_count");
	return static_cast<uint64_t>(pages) * static_cast<uint64_t>(database.cached_integer("PRAGMA page_size"));
}

uint64_t changes(Database& database) { return static_cast<uint64_t>(sqlite3_changes64(database.handle())); }

// Whole intervals: what they answer is how many histograms were in them. before_ns: those that ended before it.
uint64_t delete_oldest(Database& database, int64_t before_ns, int64_t most, int64_t newest, bool* none_left)
{
	constexpr const char* kOldest = " IN (SELECT id FROM interval WHERE start_ns + window_ns < ?1 AND id < ?2"
									" ORDER BY start_ns + window_ns LIMIT ?3)";
	static const std::string kRows = std::string("DELETE FROM hist WHERE interval") + kOldest;
	static const std::string kIntervals = std::string("DELETE FROM interval WHERE id") + kOldest;
	Transaction transaction(database);
	database.cached(kRows.c_str()).bind(1, before_ns).bind(2, newest).bind(3, most).run();
	const uint64_t removed = changes(database);
	database.cached(kIntervals.c_str()).bind(1, before_ns).bind(2, newest).bind(3, most).run();
	*none_left = changes(database) == 0;
	transaction.commit();
	return removed;
}

uint64_t delete_older(Database& database, int64_t before_ns, int64_t newest)
{
	uint64_t removed = 0;
	for (bool none_left = false; !none_left;) {
		Statement& oldest =
			database.cached("SELECT 1 FROM interval WHERE start_ns + window_ns < ?1 AND id < ?2 LIMIT 1");
		const bool due = oldest.bind(1, before_ns).bind(2, newest).step();
		oldest.reset();
		if (!due)
			break;
		removed += delete_oldest(database, before_ns, kBatch, newest, &none_left);
	}
	return removed;
}

// Keys such as process ids never come again, and their totals would pile up for ever.
uint64_t forget_totals(Database& database)
{
	Transaction transaction(database);
	database
		.cached(
			"DELETE FROM total WHERE (series, labels) IN (SELECT series, labels FROM total JOIN labels ON labels.id ="
			" total.labels WHERE length(exact) > 0 ORDER BY last_ns LIMIT ?1)")
		.bind(1, kBatch)
		.run();
	const uint64_t removed = changes(database);
	database.execute(
		"DELETE FROM labels WHERE id NOT IN (SELECT labels FROM hist UNION SELECT labels FROM total)");
	transaction.commit();
	return removed;
}

} // namespace

std::string where_of(const HistQuery& query)
{
	std::string where = " WHERE 1";
	if (!query.ids.empty()) {
		where += " AND hist.id IN (";
		for (const int64_t id : query.ids)
			where += std::to_string(id) + ",";
		where.back() = ')';
	}
	if (!query.tool.empty() || !query.quantity.empty() || !query.host.empty())
		where += " AND source IN (SELECT source.id FROM source JOIN series ON series.id = source.series WHERE"
				 " (?1 = '' OR tool = ?1) AND (?2 = '' OR quantity = ?2) AND (?3 = '' OR host = ?3))";
	if (query.from_unix_ns)
		where += " AND start_ns + window_ns > ?4";
	if (query.until_unix_ns)
		where += " AND start_ns < ?5";
	return where;
}

void bind_query(Statement& to, const HistQuery& query)
{
	// Those beyond the last that the text names do not exist; of those before, a bound one more does no harm.
	const int last = to.parameters();
	const std::string* const texts[] = {&query.tool, &query.quantity, &query.host};
	for (int at = 1; at <= std::min(last, 3); at++)
		to.bind_text(at, *texts[at - 1]);
	if (last >= 4)
		to.bind(4, query.from_unix_ns);
	if (last >= 5)
		to.bind(5, query.until_unix_ns);
}

Retention apply_retention(
	Database& database, uint64_t keep_ns, uint64_t max_bytes, int64_t newest, int64_t now_unix_ns)
{
	Retention result;
	if (keep_ns && static_cast<int64_t>(keep_ns) < now_unix_ns)
		result.removed = delete_older(database, now_unix_ns - static_cast<int64_t>(keep_ns), newest);
	if (max_bytes && used_bytes(database) > max_bytes) {
		const uint64_t goal = max_bytes - max_bytes / kSlackPart;
		while (used_bytes(database) > goal) {
			// Intervals per byte as they are on the average, so that few steps do and not too much goes.
			const auto intervals = static_cast<uint64_t>(
				std::max<int64_t>(database.cached_integer("SELECT count(*) FROM interval"), 1));
			const uint64_t used = used_bytes(database);
			const uint64_t share = (used - goal) * intervals / used + 1;
			bool none_left = false;
			result.removed += delete_oldest(database, INT64_MAX,
				static_cast<int64_t>(std::min<uint64_t>(share, kBatch)), newest, &none_left);
			if (!none_left)
				continue;
			const uint64_t forgotten = forget_totals(database);
			result.forgotten_totals += forgotten;
			if (!forgotten)
				break; // what is left is the least that a store holds
		}
	}
	if (result.removed || result.forgotten_totals)
		shrink(database);
	return result;
}

uint64_t delete_rows(Database& database, const std::vector<int64_t>& ids)
{
	uint64_t removed = 0;
	for (size_t done = 0; done < ids.size();) {
		Transaction transaction(database);
		for (int64_t n = 0; n < kBatch && done < ids.size(); n++, done++) {
			Statement& find = database.cached("SELECT interval FROM hist WHERE id = ?1");
			if (!find.bind(1, ids[done]).step())
				continue; // another was faster
			const int64_t interval = find.integer(0);
			find.reset();
			database.cached("DELETE FROM hist WHERE id = ?1").bind(1, ids[done]).run();
			removed += changes(database);
			database
				.cached(
					"DELETE FROM interval WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM hist WHERE interval = ?1)")
				.bind(1, interval)
				.run();
		}
		transaction.commit();
	}
	return removed;
}

void delete_empty_intervals(Database& database, const HistQuery& query)
{
	Transaction transaction(database);
	Statement empty = database.prepare("DELETE FROM interval" + where_of(query) +
		" AND NOT EXISTS (SELECT 1 FROM hist WHERE interval = interval.id)");
	bind_query(empty, query);
	empty.run();
	transaction.commit();
}

void shrink(Database& database)
{
	database.cached("PRAGMA incremental_vacuum").run();
	// Passive: waits for nobody. The file becomes shorter when all of the log is in it.
	sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

uint64_t database_bytes(Database& database)
{
	return static_cast<uint64_t>(
		database.integer("PRAGMA page_count") * database.integer("PRAGMA page_size"));
}

} // namespace corescope
