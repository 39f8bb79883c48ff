// SPDX-License-Identifier: BSD-2-Clause
// See store_rows.h.
#include "hist/store_rows.h"

#include "hist/store_codec.h"

#include <bit>
#include <limits>
#include <stdexcept>

namespace corescope {

namespace {

void bind_limit(Statement& to, int at, uint64_t limit)
{
	if (limit == Histogram::kNoLimit)
		to.bind_null(at);
	else
		to.bind(at, static_cast<int64_t>(std::bit_width(limit) - 1));
}

void bind_sum(Statement& to, int at, HistSum sum)
{
	if (sum <= HistSum{std::numeric_limits<int64_t>::max()})
		to.bind(at, static_cast<int64_t>(sum));
	else
		to.bind_text(at, sum_text(sum));
}

void bind_percentile(Statement& to, int at, const Histogram& histogram, double q)
{
	const std::optional<HistBucket> bucket = histogram.percentile(q);
	if (bucket && !bucket->overflow)
		to.bind(at, bucket->high);
	else
		to.bind_null(at);
}

// Six columns, the same in `hist` and `total`.
void bind_counts(Statement& to, int at, const HistRecord& record)
{
	const Histogram& h = record.histogram;
	to.bind(at, h.p());
	bind_limit(to, at + 1, h.limit());
	to.bind(at + 2, h.count());
	bind_sum(to, at + 3, h.sum());
	to.bind(at + 4, record.others).bind_blob(at + 5, pack_slots(h));
}

void bind_window(Statement& to, int at, const HistWindow& window)
{
	to.bind(at, window.window_ns)
		.bind(at + 1, window.lost)
		.bind(at + 2, window.dropped_keys)
		.bind(at + 3, window.reset_keys);
}

const char* unit_name(const HistSource& source)
{
	const HistUnit* unit = find_hist_unit(source.unit.base, source.unit.scale);
	if (!unit)
		throw std::invalid_argument("a unit that cannot be stored");
	return unit->name;
}

} // namespace

const RowWriter::SourceIds& RowWriter::ids_of(const HistSource& source)
{
	if (last_ == &source)
		return last_ids_;
	SourceIds ids;
	const auto bind_series = [&](Statement& to) {
		to.bind_text(1, source.tool)
			.bind_text(2, source.quantity)
			.bind_text(3, source.options)
			.bind_text(4, source.host);
		to.bind_text(5, hist_base_name(source.unit.base)).bind(6, source.unit.scale);
	};
	Statement& find_series = database_.cached(
		"SELECT id FROM series WHERE tool=?1 AND quantity=?2 AND options=?3 AND host=?4 AND base=?5 AND scale=?6");
	bind_series(find_series);
	if (find_series.step()) {
		ids.series = find_series.integer(0);
		find_series.reset();
	} else {
		Statement& add = database_.cached(
			"INSERT INTO series (tool, quantity, options, host, base, scale, unit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
		bind_series(add);
		add.bind_text(7, unit_name(source)).run();
		ids.series = sqlite3_last_insert_rowid(database_.handle());
	}

	const auto bind_source = [&](Statement& to) {
		to.bind(1, ids.series).bind_text(2, source.boot_id).bind_text(3, source.version);
		to.bind_text(4, source.hooks).bind_text(5, source.what);
	};
	Statement& find = database_.cached(
		"SELECT id FROM source WHERE series=?1 AND boot_id=?2 AND version=?3 AND hooks=?4 AND what=?5");
	bind_source(find);
	if (find.step()) {
		ids.source = find.integer(0);
		find.reset();
	} else {
		Statement& add = database_.cached(
			"INSERT INTO source (series, boot_id, version, hooks, what) VALUES (?1, ?2, ?3, ?4, ?5)");
		bind_source(add);
		add.run();
		ids.source = sqlite3_last_insert_rowid(database_.handle());
	}
	last_ = &source;
	last_ids_ = ids;
	return last_ids_;
}

int64_t RowWriter::labels_id(const std::vector<HistLabel>& labels)
{
	const std::string exact = pack_labels(labels);
	Statement& find = database_.cached("SELECT id FROM labels WHERE exact = ?1");
	if (find.bind_blob(1, exact).step()) {
		const int64_t id = find.integer(0);
		find.reset();
		return id;
	}
	database_.cached("INSERT INTO labels (exact, json) VALUES (?1, ?2)")
		.bind_blob(1, exact)
		.bind_text(2, labels_json(labels))
		.run();
	return sqlite3_last_insert_rowid(database_.handle());
}

int64_t RowWriter::interval(const HistSource& source, int64_t start_unix_ns, const HistWindow& window)
{
	const int64_t id = ids_of(source).source;
	if (interval_ && interval_source_ == id && interval_start_ == start_unix_ns && interval_window_ == window)
		return interval_;
	Statement& add = database_.cached(
		"INSERT INTO interval (source, start_ns, window_ns, lost, dropped, reset) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
	add.bind(1, id).bind(2, start_unix_ns);
	bind_window(add, 3, window);
	add.run();
	interval_ = sqlite3_last_insert_rowid(database_.handle());
	interval_source_ = id;
	interval_start_ = start_unix_ns;
	interval_window_ = window;
	return interval_;
}

void RowWriter::insert(const HistRecord& record)
{
	const Histogram& h = record.histogram;
	Statement& add = database_.cached(
		"INSERT INTO hist (interval, labels, p, limit_log2, count, sum, others, slots, p50, p90, p99, max)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
	add.bind(1, interval(*record.source, record.start_unix_ns, record.window))
		.bind(2, labels_id(record.labels));
	bind_counts(add, 3, record);
	bind_percentile(add, 9, h, 0.5);
	bind_percentile(add, 10, h, 0.9);
	bind_percentile(add, 11, h, 0.99);
	bind_percentile(add, 12, h, 1.0);
	add.run();
}

bool RowWriter::add_to_totals(const HistRecord& record)
{
	const SourceIds ids = ids_of(*record.source);
	const int64_t labels = labels_id(record.labels);
	bool readable = true;
	HistTotal total{record, record.end_unix_ns()};
	Statement& find = database_.cached(
		"SELECT source, labels, start_ns, window_ns, p, limit_log2, count, sum, lost, dropped, reset, others, slots, last_ns"
		" FROM total WHERE series = ?1 AND labels = ?2");
	if (find.bind(1, ids.series).bind(2, labels).step()) {
		try {
			total.record = RowReader(database_).record(find, 0);
			total.last_unix_ns = find.integer(kRecordColumnCount);
			add_to_total(total, record);
		} catch (const DamagedStore&) {
			readable = false;
			total = {record, record.end_unix_ns()};
		}
		find.reset();
	}
	Statement& put = database_.cached(
		"INSERT OR REPLACE INTO total (series, labels, source, start_ns, last_ns, window_ns, lost, dropped, reset, p, limit_log2,"
		" count, sum, others, slots) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)");
	put.bind(1, ids.series)
		.bind(2, labels)
		.bind(3, ids.source)
		.bind(4, total.record.start_unix_ns)
		.bind(5, total.last_unix_ns);
	bind_window(put, 6, total.record.window);
	bind_counts(put, 10, total.record);
	put.run();
	return readable;
}

void RowWriter::add_to_window(const HistSource& source, const HistWindow& window)
{
	const SourceIds ids = ids_of(source);
	Statement& add = database_.cached(
		"INSERT INTO runs (series, source, window_ns, lost, dropped, reset, succeeded, failed, last_ns, last_success)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, 0) ON CONFLICT (series) DO UPDATE SET source = excluded.source,"
		" window_ns = window_ns + excluded.window_ns, lost = lost + excluded.lost, dropped = dropped + excluded.dropped,"
		" reset = reset + excluded.reset");
	add.bind(1, ids.series).bind(2, ids.source);
	bind_window(add, 3, window);
	add.run();
}

void RowWriter::run_ended(const HistSource& source, int64_t unix_ns, bool success)
{
	add_to_window(source, {});
	Statement& end =
		database_.cached("UPDATE runs SET succeeded = succeeded + ?2, failed = failed + 1 - ?2, last_ns = ?3,"
						 " last_success = ?2 WHERE series = ?1");
	end.bind(1, ids_of(source).series).bind(2, int64_t{success}).bind(3, unix_ns).run();
}

std::shared_ptr<const HistSource> RowReader::source(int64_t id)
{
	std::shared_ptr<const HistSource>& known = sources_[id];
	if (known)
		return known;
	Statement& find =
		database_.cached("SELECT tool, quantity, what, options, version, hooks, host, boot_id, base, scale"
						 " FROM source JOIN series ON series.id = source.series WHERE source.id = ?1");
	if (!find.bind(1, id).step())
		throw DamagedStore("a stored histogram is of no source");
	auto source = std::make_shared<HistSource>();
	std::string* const texts[] = {&source->tool, &source->quantity, &source->what, &source->options,
		&source->version, &source->hooks, &source->host, &source->boot_id};
	int column = 0;
	for (std::string* text : texts)
		*text = find.text(column++);
	const std::string base = find.text(column);
	const uint64_t scale = find.number(column + 1);
	find.reset();
	try {
		const HistUnit* unit = find_hist_unit(hist_base_of(base), scale);
		if (!unit)
			throw DamagedStore("a stored histogram is in a unit that this corescope does not know");
		source->unit = *unit;
	} catch (const std::invalid_argument&) {
		throw DamagedStore("a stored histogram is in a unit that this corescope does not know");
	}
	known = source;
	return known;
}

const std::vector<HistLabel>& RowReader::labels(int64_t id)
{
	const auto found = labels_.find(id);
	if (found != labels_.end())
		return found->second;
	Statement& find = database_.cached("SELECT exact FROM labels WHERE id = ?1");
	if (!find.bind(1, id).step())
		throw DamagedStore("a stored histogram is without its labels");
	std::string exact = find.text(0);
	find.reset();
	return labels_.emplace(id, unpack_labels(exact)).first->second;
}

HistRecord RowReader::record(const Statement& row, int first)
{
	const uint64_t p = row.number(first + 4);
	const uint64_t limit_log2 = row.number(first + 5);
	if (p > kHistMaxP || limit_log2 > 63)
		throw DamagedStore("a stored histogram has no scheme");
	const uint64_t limit = row.is_null(first + 5) ? Histogram::kNoLimit : uint64_t{1} << limit_log2;
	const HistSum sum =
		row.is_text(first + 7) ? sum_of_text(row.bytes(first + 7)) : HistSum{row.number(first + 7)};
	return {source(row.integer(first)), labels(row.integer(first + 1)), row.number(first + 11),
		row.integer(first + 2),
		{row.number(first + 3), row.number(first + 8), row.number(first + 9), row.number(first + 10)},
		unpack_slots(row.bytes(first + 12), static_cast<unsigned>(p), limit, row.number(first + 6), sum)};
}

} // namespace corescope
