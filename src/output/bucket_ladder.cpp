// SPDX-License-Identifier: BSD-2-Clause
// Ladders from a user's words, and counts along them. A bound is kept exactly, as an integer of base units, until the
// unit is known.
#include "output/bucket_ladder.h"

#include "base/error.h"
#include "base/parse.h"
#include "output/hist_json.h"

#include <algorithm>
#include <string_view>

namespace corescope {

namespace {

constexpr uint64_t kGreatest = uint64_t{1}
	<< HIST_LIMIT_LOG2; // in units: greater values are counted together

struct Suffix {
	std::string_view name;
	uint64_t scale;
	HistBase base;
};
constexpr Suffix kSuffixes[] = {
	{"ns", 1, HistBase::time_ns},
	{"us", 1000, HistBase::time_ns},
	{"ms", 1000000, HistBase::time_ns},
	{"s", 1000000000, HistBase::time_ns},
	{"B", 1, HistBase::bytes},
	{"K", 1 << 10, HistBase::bytes},
	{"KiB", 1 << 10, HistBase::bytes},
	{"M", 1 << 20, HistBase::bytes},
	{"MiB", 1 << 20, HistBase::bytes},
	{"G", 1 << 30, HistBase::bytes},
	{"GiB", 1 << 30, HistBase::bytes},
};

// log2 of the first and the last edge of the range that is usual for a unit.
struct Usual {
	HistUnit unit;
	unsigned low, high;
};
constexpr Usual kUsual[] = {
	{kNanoseconds, 5, 31},  // 32 ns .. 2.1 s
	{kMicroseconds, 0, 26}, // 1 us .. 67 s
	{kMilliseconds, 0, 21}, // 1 ms .. 35 min
	{kBytes, 4, 30},        // 16 B .. 1 GiB
	{kKibibytes, 0, 20},    // 1 KiB .. 1 GiB
	{kItems, 0, 20},
};

// `12`, `0.5`: digits, and after a point at most nine more.
struct Decimal {
	uint64_t digits = 0;
	uint64_t divisor = 1;
};

Decimal parse_decimal(std::string_view text)
{
	const size_t point = text.find('.');
	const std::string_view whole = text.substr(0, point);
	const std::string_view rest = point == text.npos ? std::string_view{} : text.substr(point + 1);
	if (rest.size() > 9 || (point != text.npos && rest.empty()))
		throw BadValue{"has a bound that is no number"};
	Decimal result;
	for (size_t i = 0; i < rest.size(); i++)
		result.divisor *= 10;
	result.digits = parse_number(std::string(whole).append(rest), 0, ~uint64_t{0});
	return result;
}

BucketLadder::Bound parse_bound(std::string_view text)
{
	if (text.starts_with("2^"))
		return {uint64_t{1} << parse_number(text.substr(2), 0, HIST_LIMIT_LOG2), std::nullopt, "", 1};
	const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
	const std::string_view suffix = text.substr(digits);
	if (suffix.empty())
		return {parse_number(text, 1, kGreatest), std::nullopt, "", 1};
	const Suffix* known = std::find_if(
		std::begin(kSuffixes), std::end(kSuffixes), [&](const Suffix& one) { return one.name == suffix; });
	if (known == std::end(kSuffixes))
		throw BadValue{"has a bound with an unknown unit: ns, us, ms, s, B, K, M and G are known"};
	const Decimal number = parse_decimal(text.substr(0, digits));
	const HistSum scaled = HistSum{number.digits} * known->scale;
	if (scaled % number.divisor || scaled / number.divisor > uint64_t{1} << 62)
		throw BadValue{"has a bound that is too fine or too large"};
	return {static_cast<uint64_t>(scaled / number.divisor), known->base, std::string(suffix), known->scale};
}

std::string in_words(const BucketLadder::Bound& bound, HistSum base_value)
{
	Buffer text(64);
	append_hist_decimal(text, base_value, bound.suffix_scale);
	return std::string(text.view()) + bound.suffix;
}

// The bound in units; throws where it is not an edge of the scheme p.
uint64_t edge_of(const BucketLadder::Bound& bound, unsigned p, const HistUnit& unit)
{
	if (bound.base && *bound.base != unit.base)
		throw Error(kUsage,
			"--buckets: " + in_words(bound, bound.value) + " is not what is counted here: " +
				(unit.base == HistBase::none ? "numbers without a unit" : unit.heading));
	const uint64_t scale = bound.base ? unit.scale : 1;
	const uint64_t value = std::min(bound.value / scale, kGreatest);
	const bool whole = bound.value % scale == 0;
	const uint32_t slot = hist_slot_p(value, p);
	const bool at_upper = hist_upper_p(slot, p) == value;
	if (whole && at_upper && bound.value / scale <= kGreatest)
		return value;

	const uint64_t above = at_upper ? hist_upper_p(slot + 1, p) : hist_upper_p(slot, p);
	std::string nearest;
	if (value) // below the first edge there is none
		nearest = in_words(bound, HistSum{at_upper ? value : hist_lower_p(slot, p) - 1} * scale);
	if (above <= kGreatest)
		nearest += (nearest.empty() ? "" : " and ") + in_words(bound, HistSum{above} * scale);
	throw Error(kUsage,
		"--buckets: " + in_words(bound, bound.value) + " is no edge of the buckets (p=" + std::to_string(p) +
			", in " + unit.heading + "): the nearest are " + nearest);
}

} // namespace

void parse_value(BucketLadder& out, const char* text)
{
	BucketLadder ladder;
	std::string_view rest = text;
	for (bool more = true; more;) {
		const size_t comma = rest.find(',');
		const std::string_view part = rest.substr(0, comma);
		more = comma != rest.npos;
		rest.remove_prefix(more ? comma + 1 : rest.size());
		const size_t dots = part.find("..");
		if (dots != part.npos)
			ladder.range = {parse_bound(part.substr(0, dots)), parse_bound(part.substr(dots + 2))};
		else
			ladder.p = static_cast<unsigned>(
				parse_number(part.starts_with("p=") ? part.substr(2) : part, 0, HIST_P));
	}
	out = std::move(ladder);
}

std::vector<uint64_t> bucket_edges(const BucketLadder& ladder, const HistUnit& unit)
{
	uint64_t low = 1, high = uint64_t{1} << 26;
	for (const Usual& usual : kUsual)
		if (usual.unit == unit) {
			low = uint64_t{1} << usual.low;
			high = uint64_t{1} << usual.high;
		}
	if (ladder.range) {
		low = edge_of(ladder.range->low, ladder.p, unit);
		high = edge_of(ladder.range->high, ladder.p, unit);
		if (low >= high)
			throw Error(kUsage, "--buckets: the first bound must be less than the last");
	}
	std::vector<uint64_t> edges;
	for (uint32_t slot = hist_slot_p(low, ladder.p); edges.empty() || edges.back() < high; slot++)
		edges.push_back(hist_upper_p(slot, ladder.p));
	return edges;
}

std::vector<uint64_t> counts_up_to(const Histogram& histogram, std::span<const uint64_t> edges, unsigned p)
{
	if (histogram.p() < p)
		throw Error(kDataError,
			"--buckets: p=" + std::to_string(p) +
				" is finer than what was stored (p=" + std::to_string(histogram.p()) + ")");
	std::vector<uint64_t> counts;
	counts.reserve(edges.size());
	const std::vector<HistBucket> buckets = histogram.buckets();
	auto bucket = buckets.begin();
	uint64_t below = 0;
	for (const uint64_t edge : edges) {
		if (edge > histogram.limit())
			break;
		for (; bucket != buckets.end() && !bucket->overflow && bucket->high <= edge; ++bucket)
			below += bucket->count;
		counts.push_back(below);
	}
	return counts;
}

} // namespace corescope
