// SPDX-License-Identifier: BSD-2-Clause
// See pool.h.
#include "hist/pool.h"

#include "base/error.h"

#include <algorithm>

namespace corescope {

namespace {

// Equal for equal parts only: lengths keep them apart.
void add_part(std::string& key, std::string_view part)
{
	key += std::to_string(part.size());
	key += ':';
	key += part;
}

[[noreturn]] void cannot(
	const std::string& what, const std::string& a, const std::string& b, const char* option)
{
	throw Error(kDataError,
		"histograms of " + what + " cannot be added (" + (a.empty() ? "none" : a) + ", " +
			(b.empty() ? "none" : b) + "); choose with " + option);
}

void keep_same(std::string& common, const std::string& one)
{
	if (common != one)
		common.clear();
}

} // namespace

std::string label_names(const std::vector<HistLabel>& labels)
{
	std::string names;
	for (const HistLabel& label : labels)
		names += (names.empty() ? "" : ", ") + label.name;
	return names.empty() ? "nothing" : names;
}

void WindowSum::add(const HistSource& source, int64_t start_unix_ns, const HistWindow& window)
{
	std::string key;
	for (const std::string* part :
		{&source.host, &source.boot_id, &source.tool, &source.quantity, &source.options})
		add_part(key, *part);
	add_part(key, std::to_string(start_unix_ns));
	add_part(key, std::to_string(window.window_ns));
	if (!seen_.insert(std::move(key)).second)
		return;
	total_.window_ns += window.window_ns;
	total_.lost += window.lost;
	total_.dropped_keys += window.dropped_keys;
	total_.reset_keys += window.reset_keys;
}

void HistPool::add(const HistRecord& record)
{
	const HistSource& source = *record.source;
	if (!record_) {
		record_ = record;
		source_ = source;
		for (const HistLabel& label : record.labels)
			keys_.push_back(label.name);
		count(record);
		return;
	}
	if (source.tool != source_.tool)
		cannot("several tools", source_.tool, source.tool, "--tool");
	if (source.quantity != source_.quantity)
		cannot("several quantities", source_.quantity, source.quantity, "--quantity");
	// A bucket of one unit lies across those of another: 1000 is no power of two.
	if (!(source.unit == source_.unit))
		cannot("several units", source_.unit.name, source.unit.name, "--value-unit");
	if (source.options != record_->source->options)
		cannot("several options, which may have counted the same values twice,", record_->source->options,
			source.options, "--options");
	if (!same_keys(record.labels))
		cannot("several kinds of keys, which may have counted the same values twice,",
			label_names(record_->labels), label_names(record.labels), "--keys");

	for (HistLabel& label : record_->labels) {
		const auto other = std::find_if(record.labels.begin(), record.labels.end(),
			[&](const HistLabel& l) { return l.name == label.name; });
		if (other == record.labels.end() || other->value != label.value) {
			label.value.clear();
			label.numeric = false;
		}
	}
	for (auto part : {&HistSource::what, &HistSource::version, &HistSource::hooks, &HistSource::host,
			 &HistSource::boot_id})
		keep_same(source_.*part, source.*part);
	count(record);
	record_->histogram.merge(record.histogram);
	record_->others = std::max(record_->others, record.others);
	record_->start_unix_ns = std::min(record_->start_unix_ns, record.start_unix_ns);
}

void HistPool::count(const HistRecord& record)
{
	windows_.add(*record.source, record.start_unix_ns, record.window);
	records_++;
	last_unix_ns_ = std::max(last_unix_ns_, record.end_unix_ns());
}

bool HistPool::same_keys(const std::vector<HistLabel>& labels) const
{
	return std::equal(keys_.begin(), keys_.end(), labels.begin(), labels.end(),
		[](const std::string& key, const HistLabel& label) { return key == label.name; });
}

void HistPool::add_window(const HistSource& source, int64_t start_unix_ns, const HistWindow& window,
	const std::vector<HistLabel>* labels)
{
	if (!record_ || source.tool != source_.tool || source.quantity != source_.quantity ||
		!(source.unit == source_.unit) || source.options != record_->source->options)
		return;
	if (labels ? same_keys(*labels) : !keys_.empty())
		windows_.add(source, start_unix_ns, window);
}

HistRecord HistPool::total() const
{
	HistRecord total = *record_;
	total.source = std::make_shared<HistSource>(source_);
	total.window = windows_.total();
	// A label that they don't share says nothing of the whole.
	std::vector<HistLabel>& labels = total.labels;
	labels.erase(
		std::remove_if(labels.begin(), labels.end(), [](const HistLabel& l) { return l.value.empty(); }),
		labels.end());
	return total;
}

} // namespace corescope
