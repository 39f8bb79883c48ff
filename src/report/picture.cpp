// SPDX-License-Identifier: BSD-2-Clause
// See picture.h.
#include "report/picture.h"

#include "base/error.h"

#include <algorithm>

namespace corescope::report {

namespace {

constexpr int64_t kMs = 1000000, kSecond = 1000 * kMs, kMinute = 60 * kSecond, kHour = 60 * kMinute,
				  kDay = 24 * kHour;
// Lengths that people read easily, each a multiple of the one before, so that columns fall together whole; beyond the
// last, twice as long each time.
constexpr int64_t kSteps[] = {kMs, 5 * kMs, 10 * kMs, 50 * kMs, 100 * kMs, 500 * kMs, kSecond, 5 * kSecond,
	10 * kSecond, 30 * kSecond, kMinute, 5 * kMinute, 10 * kMinute, 30 * kMinute, kHour, 2 * kHour, 6 * kHour,
	12 * kHour, kDay, 7 * kDay, 28 * kDay};
constexpr size_t kMaxHosts = 1000;

int64_t floor_to(int64_t ns, int64_t step)
{
	const int64_t rest = ns % step;
	return ns - (rest < 0 ? rest + step : rest);
}

void append_part(std::string& key, std::string_view part)
{
	key += std::to_string(part.size());
	key += ':';
	key += part;
}

} // namespace

std::string Picture::subject(const HistRecord& record)
{
	const HistSource& source = *record.source;
	std::string key;
	for (const std::string_view part : {std::string_view(source.tool), std::string_view(source.quantity),
			 std::string_view(source.options), std::string_view(source.unit.heading)})
		append_part(key, part);
	for (const HistLabel& label : record.labels)
		append_part(key, label.name);
	return key;
}

void Picture::add(const HistRecord& record)
{
	if (__builtin_add_overflow(counted_, record.histogram.count(), &counted_))
		throw Error(kDataError, "there are more values than 64 bits count; report a shorter time");
	const size_t before = pool_.intervals();
	pool_.add(record);
	TimeColumn& column = column_at(record.start_unix_ns, record.window.window_ns);
	if (pool_.intervals() != before)
		add_to_window(column.window, record.window);
	if (column.any)
		column.counted.merge(record.histogram);
	else
		column.counted = record.histogram;
	column.any = true;
	if (hosts_.size() < kMaxHosts)
		hosts_.insert(record.source->host);

	if (!record.labels.empty()) {
		std::string name;
		for (const HistLabel& label : record.labels)
			append_part(name, label.value);
		const auto found = keys_.find(name);
		if (found != keys_.end()) {
			found->second.counted.merge(record.histogram);
			found->second.records++;
		} else if (keys_.size() < kMaxKeys) {
			keys_.emplace(std::move(name), KeyTotal{record.labels, record.histogram, 1});
		} else {
			keys_beyond_++;
		}
	}
	if (columns_.size() > kMaxColumns)
		lengthen();
}

void Picture::add_window(const HistSource& source, int64_t start_ns, const HistWindow& window,
	const std::vector<HistLabel>* labels)
{
	const size_t before = pool_.intervals();
	pool_.add_window(source, start_ns, window, labels);
	if (pool_.intervals() == before)
		return;
	add_to_window(column_at(start_ns, window.window_ns).window, window);
	if (columns_.size() > kMaxColumns)
		lengthen();
}

TimeColumn& Picture::column_at(int64_t start_ns, uint64_t window_ns)
{
	int64_t end_ns = 0;
	if (__builtin_add_overflow(start_ns, window_ns, &end_ns))
		end_ns = INT64_MAX;
	start_ns = std::max<int64_t>(start_ns, 0);
	const auto [place, is_new] = columns_.try_emplace(step_ns_ ? floor_to(start_ns, step_ns_) : start_ns);
	TimeColumn& column = place->second;
	column.start_ns = is_new ? start_ns : std::min(column.start_ns, start_ns);
	column.end_ns = is_new ? end_ns : std::max(column.end_ns, end_ns);
	return column;
}

void Picture::lengthen()
{
	size_t at = 0;
	int64_t step = 0;
	const auto columns_of = [&](int64_t length) {
		size_t count = 0;
		int64_t last = INT64_MIN;
		for (const auto& [start, column] : columns_) {
			const int64_t floor = floor_to(start, length);
			count += floor != last || count == 0;
			last = floor;
		}
		return count;
	};
	// Well below what there may be, so that it is not done at every turn.
	do {
		step = at < std::size(kSteps) ? kSteps[at++] : step * 2;
	} while (step <= step_ns_ || columns_of(step) > kMaxColumns * 2 / 3);
	step_ns_ = step;
	std::map<int64_t, TimeColumn> longer;
	for (auto& [start, column] : columns_) {
		const auto [place, is_new] = longer.try_emplace(floor_to(start, step));
		TimeColumn& to = place->second;
		if (is_new) {
			to = std::move(column);
			continue;
		}
		to.start_ns = std::min(to.start_ns, column.start_ns);
		to.end_ns = std::max(to.end_ns, column.end_ns);
		add_to_window(to.window, column.window);
		if (to.any && column.any)
			to.counted.merge(column.counted);
		else if (column.any)
			to.counted = std::move(column.counted);
		to.any |= column.any;
	}
	columns_ = std::move(longer);
}

std::vector<TimeColumn> Picture::columns() const
{
	std::vector<TimeColumn> all;
	all.reserve(columns_.size());
	for (const auto& [start, column] : columns_)
		all.push_back(column);
	return all;
}

std::vector<const KeyTotal*> Picture::keys() const
{
	std::vector<const KeyTotal*> all;
	for (const auto& [name, key] : keys_)
		all.push_back(&key);
	std::stable_sort(all.begin(), all.end(),
		[](const KeyTotal* a, const KeyTotal* b) { return a->counted.sum() > b->counted.sum(); });
	return all;
}

} // namespace corescope::report
