// SPDX-License-Identifier: BSD-2-Clause
// The store's public face. What is written goes through StoreFile::use(), one transaction each; what is read from a store
// that is open for writing does too, from one opened for reading comes straight from it.
#include "hist/store.h"

#include "base/error.h"
#include "hist/store_file.h"
#include "hist/store_retention.h"
#include "hist/store_rows.h"

#include <algorithm>
#include <time.h>

namespace corescope {

struct HistStore::Inner {
	std::string path;
	std::unique_ptr<StoreFile> file;    // for writing, or
	std::unique_ptr<Database> database; // for reading

	void use(const std::function<void(Database&)>& work)
	{
		if (file) {
			file->use(work);
			return;
		}
		try {
			work(*database);
		} catch (const DamagedStore& damaged) {
			throw Error(kDataError, store_message(path, "is damaged: " + damaged.why));
		} catch (const Error& error) {
			throw Error(error.code, store_message(path, error.message));
		}
	}
	StoreFile& writable()
	{
		if (!file)
			throw Error(kFailure, store_message(path, "is open for reading only"));
		return *file;
	}
};

namespace {

int64_t now_unix_ns()
{
	timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}

bool has_labels(const HistRecord& record, const HistQuery& query)
{
	return std::all_of(query.labels.begin(), query.labels.end(), [&](const auto& wanted) {
		return std::any_of(record.labels.begin(), record.labels.end(), [&](const HistLabel& label) {
			return label.name == wanted.first && label.value == wanted.second;
		});
	});
}

void bind_series(Statement& to, const HistSource& of)
{
	to.bind_text(1, of.tool).bind_text(2, of.quantity).bind_text(3, of.options).bind_text(4, of.host);
	to.bind_text(5, hist_base_name(of.unit.base)).bind(6, of.unit.scale);
}

// Retention is not what was asked for: what it meets is told, and tried again at the next write.
void retain_quietly(StoreFile& file, int64_t newest)
{
	const HistStore::Options& options = file.options();
	if (!options.keep_ns && !options.max_bytes)
		return;
	try {
		Retention done;
		file.use([&](Database& database) {
			done = apply_retention(database, options.keep_ns, options.max_bytes, newest, now_unix_ns());
		});
		if (done.forgotten_totals)
			file.warn("is at its greatest size; the totals of " + std::to_string(done.forgotten_totals) +
				" labels that were not counted for the longest time begin anew");
	} catch (const Error& error) {
		if (options.warn)
			options.warn(error.message + "; what is due to be removed stays for now");
	}
}

} // namespace

HistStore::HistStore(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
HistStore::HistStore(HistStore&&) noexcept = default;
HistStore& HistStore::operator=(HistStore&&) noexcept = default;
HistStore::~HistStore() = default;

HistStore HistStore::open(const std::string& path, const Options& options)
{
	auto inner = std::make_unique<Inner>();
	inner->file = std::make_unique<StoreFile>(path, options);
	inner->path = path;
	return HistStore(std::move(inner));
}

HistStore HistStore::open_for_reading(const std::string& path)
{
	auto inner = std::make_unique<Inner>();
	inner->database = open_store_for_reading(path);
	inner->path = path;
	return HistStore(std::move(inner));
}

void HistStore::append(const std::shared_ptr<const HistSource>& source, int64_t start_unix_ns,
	const HistWindow& window, std::span<const HistRecord> records, const std::optional<State>& state)
{
	StoreFile& file = inner_->writable();
	int64_t first = 0;
	bool totals_whole = true;
	file.use([&](Database& database) {
		first = 0;
		totals_whole = true;
		Transaction transaction(database);
		RowWriter writer(database);
		if (records.empty() && window.window_ns)
			first = writer.interval(*source, start_unix_ns, window);
		for (const HistRecord& record : records) {
			writer.insert(record);
			if (!first)
				first = writer.interval(*record.source, record.start_unix_ns, record.window);
			totals_whole &= writer.add_to_totals(record);
		}
		writer.add_to_window(*source, window);
		if (state)
			database.cached("INSERT OR REPLACE INTO state (key, bytes) VALUES (?1, ?2)")
				.bind_text(1, state->key)
				.bind_blob(2, state->bytes)
				.run();
		transaction.commit();
	});
	if (!totals_whole)
		file.warn("held totals that could not be read; they begin anew");
	if (first)
		retain_quietly(file, first);
}

std::optional<std::string> HistStore::state(const std::string& key)
{
	std::optional<std::string> bytes;
	inner_->use([&](Database& database) {
		Statement find = database.prepare("SELECT bytes FROM state WHERE key = ?1");
		bytes.reset();
		if (find.bind_text(1, key).step())
			bytes = find.text(0);
	});
	return bytes;
}

void HistStore::run_ended(const std::shared_ptr<const HistSource>& source, int64_t unix_ns, bool success)
{
	inner_->writable().use([&](Database& database) {
		Transaction transaction(database);
		RowWriter(database).run_ended(*source, unix_ns, success);
		transaction.commit();
	});
}

std::vector<HistTotal> HistStore::totals(const HistSource& of)
{
	std::vector<HistTotal> totals;
	inner_->use([&](Database& database) {
		totals.clear();
		RowReader reader(database);
		Statement rows = database.prepare("SELECT " + std::string(kRecordColumns) +
			", last_ns FROM total WHERE series = (SELECT id FROM series WHERE tool=?1 AND quantity=?2 AND options=?3 AND host=?4"
			" AND base=?5 AND scale=?6) ORDER BY labels");
		bind_series(rows, of);
		while (rows.step())
			totals.push_back({reader.record(rows, 0), rows.integer(kRecordColumnCount)});
	});
	return totals;
}

std::vector<HistSource> HistStore::series()
{
	std::vector<HistSource> all;
	inner_->use([&](Database& database) {
		all.clear();
		RowReader reader(database);
		Statement rows = database.prepare("SELECT max(id) FROM source GROUP BY series ORDER BY series");
		while (rows.step())
			all.push_back(*reader.source(rows.integer(0)));
	});
	return all;
}

std::optional<HistRuns> HistStore::runs(const HistSource& of)
{
	std::optional<HistRuns> runs;
	inner_->use([&](Database& database) {
		runs.reset();
		Statement find = database.prepare(
			"SELECT runs.source, window_ns, lost, dropped, reset, succeeded, failed, last_ns, last_success FROM runs JOIN series ON"
			" series.id = runs.series WHERE tool=?1 AND quantity=?2 AND options=?3 AND host=?4"
			" AND base=?5 AND scale=?6");
		bind_series(find, of);
		if (find.step())
			runs = HistRuns{RowReader(database).source(find.integer(0)),
				{find.number(1), find.number(2), find.number(3), find.number(4)}, find.number(5),
				find.number(6), find.integer(7), find.integer(8) != 0};
	});
	return runs;
}

void HistStore::each(const HistQuery& query, const std::function<bool(int64_t id, const HistRecord&)>& row)
{
	int64_t told = 0; // so that what was told is not told again, should the file be read anew
	inner_->use([&](Database& database) {
		if (told)
			throw Error(kIoError, "became damaged while it was read");
		RowReader reader(database);
		Statement rows = database.prepare("SELECT " + std::string(kRecordColumns) +
			", hist.id FROM interval JOIN hist ON hist.interval = interval.id" + where_of(query) +
			" ORDER BY start_ns + window_ns, interval.id, hist.id");
		bind_query(rows, query);
		while (rows.step()) {
			const HistRecord record = reader.record(rows, 0);
			if (!has_labels(record, query))
				continue;
			told++;
			if (!row(rows.integer(kRecordColumnCount), record))
				break;
		}
	});
}

void HistStore::each_interval(const HistQuery& query, const IntervalRow& row)
{
	HistQuery times = query;
	times.ids.clear();
	inner_->use([&](Database& database) {
		RowReader reader(database);
		Statement rows = database.prepare(
			"SELECT source, start_ns, window_ns, lost, dropped, reset,"
			" (SELECT labels FROM hist WHERE hist.interval = interval.id LIMIT 1) FROM interval" +
			where_of(times) + " ORDER BY start_ns + window_ns, interval.id");
		bind_query(rows, times);
		while (rows.step())
			row(*reader.source(rows.integer(0)), rows.integer(1),
				{rows.number(2), rows.number(3), rows.number(4), rows.number(5)},
				rows.is_null(6) ? nullptr : &reader.labels(rows.integer(6)));
	});
}

uint64_t HistStore::prune(const HistQuery& query)
{
	std::vector<int64_t> ids;
	each(query, [&](int64_t id, const HistRecord&) {
		ids.push_back(id);
		return true;
	});
	uint64_t removed = 0;
	inner_->writable().use([&](Database& database) {
		removed = delete_rows(database, ids);
		if (query.ids.empty() && query.labels.empty())
			delete_empty_intervals(database, query);
		shrink(database);
	});
	return removed;
}

uint64_t HistStore::retain()
{
	StoreFile& file = inner_->writable();
	Retention done;
	file.use([&](Database& database) {
		done = apply_retention(
			database, file.options().keep_ns, file.options().max_bytes, INT64_MAX, now_unix_ns());
	});
	return done.removed;
}

uint64_t HistStore::size_bytes()
{
	uint64_t bytes = 0;
	inner_->use([&](Database& database) { bytes = database_bytes(database); });
	return bytes;
}

} // namespace corescope
