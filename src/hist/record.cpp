// SPDX-License-Identifier: BSD-2-Clause
// From snapshots to records, and from records to totals.
#include "hist/record.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace corescope {

namespace {

constexpr HistUnit kUnits[] = {kNanoseconds, kMicroseconds, kMilliseconds, kBytes, kKibibytes, kItems};
constexpr std::pair<HistBase, std::string_view> kBases[] = {
	{HistBase::time_ns, "time"}, {HistBase::bytes, "bytes"}, {HistBase::none, "none"}};

} // namespace

const HistUnit* find_hist_unit(HistBase base, uint64_t scale)
{
	for (const HistUnit& unit : kUnits)
		if (unit.base == base && unit.scale == scale)
			return &unit;
	return nullptr;
}

std::string_view hist_base_name(HistBase base)
{
	for (const auto& [one, name] : kBases)
		if (one == base)
			return name;
	throw std::invalid_argument("no such base");
}

HistBase hist_base_of(std::string_view name)
{
	for (const auto& [base, one] : kBases)
		if (one == name)
			return base;
	throw std::invalid_argument("no such base");
}

std::vector<HistRecord> records_of(
	const std::shared_ptr<const HistSource>& source, const Snapshot& delta, int64_t start_unix_ns)
{
	std::vector<HistRecord> records;
	records.reserve(delta.histograms.size());
	for (const KeyedHistogram& keyed : delta.histograms)
		records.push_back({source, keyed.labels, keyed.others, start_unix_ns, delta.window, keyed.histogram});
	return records;
}

void add_to_window(HistWindow& sum, const HistWindow& window)
{
	sum.window_ns += window.window_ns;
	sum.lost += window.lost;
	sum.dropped_keys += window.dropped_keys;
	sum.reset_keys += window.reset_keys;
}

void add_to_totals(std::vector<HistTotal>& totals, const HistRecord& record)
{
	const auto same = std::find_if(totals.begin(), totals.end(),
		[&](const HistTotal& total) { return total.record.labels == record.labels; });
	if (same != totals.end())
		add_to_total(*same, record);
	else
		totals.push_back({record, record.end_unix_ns()});
}

void add_to_total(HistTotal& total, const HistRecord& record)
{
	HistRecord& sum = total.record;
	sum.histogram.merge(record.histogram);
	sum.start_unix_ns = std::min(sum.start_unix_ns, record.start_unix_ns);
	add_to_window(sum.window, record.window);
	sum.others = std::max(sum.others, record.others);
	total.last_unix_ns = std::max(total.last_unix_ns, record.end_unix_ns());
}

} // namespace corescope
