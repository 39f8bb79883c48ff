// SPDX-License-Identifier: BSD-2-Clause
// See slots.h.
#include "btf/slots.h"

#include "btf/load.h"
#include "output/hist_text.h"

#include <algorithm>

namespace corescope {

namespace {

using Kind = BtfType::Kind;

constexpr uint32_t kFewestAlone = 16;

std::optional<BtfSlots> as_slots(const BtfType& type, uint32_t offset, uint32_t fewest)
{
	if (type.kind != Kind::array || type.count < fewest || type.count > 64 ||
		type.element->kind != Kind::integer || (type.element->size != 4 && type.element->size != 8))
		return std::nullopt;
	return BtfSlots{offset, type.count, type.element->size, false};
}

std::optional<BtfSlots> in_members(const BtfType& type, uint32_t offset)
{
	if (type.kind != Kind::record)
		return std::nullopt;
	for (const BtfMember& m : type.members) {
		const auto found = m.name == "slots" ? as_slots(*m.type, offset + m.offset(), 2)
											 : in_members(*m.type, offset + m.offset());
		if (found)
			return found;
	}
	return std::nullopt;
}

} // namespace

std::optional<BtfSlots> btf_slots(const BtfType& value)
{
	auto slots = value.kind == Kind::array ? as_slots(value, 0, kFewestAlone) : in_members(value, 0);
	if (slots)
		slots->whole_value = slots->offset == 0 && slots->count * slots->size == value.size;
	return slots;
}

void btf_add_slots(std::vector<uint64_t>& sum, const BtfSlots& slots, std::string_view bytes)
{
	sum.resize(std::max<size_t>(sum.size(), slots.count));
	for (uint32_t i = 0; i < slots.count; i++) {
		const size_t at = slots.offset + size_t{i} * slots.size;
		if (at + slots.size <= bytes.size())
			sum[i] += static_cast<uint64_t>(btf_load_bits(bytes, at * 8, slots.size * 8));
	}
}

std::vector<HistBucket> log2_rows(std::span<const uint64_t> slots)
{
	size_t used = slots.size();
	while (used && slots[used - 1] == 0)
		used--;
	std::vector<HistBucket> rows;
	for (size_t i = 0; i < used; i++) {
		const uint64_t low = i ? uint64_t{1} << i : 0;
		const bool last = i + 1 == slots.size() && i < 63;
		rows.push_back({low, last || i == 63 ? ~uint64_t{0} : (uint64_t{2} << i) - 1, slots[i], last});
	}
	return rows;
}

void append_log2_text(Buffer& out, std::span<const uint64_t> slots, std::string_view heading)
{
	const std::vector<HistBucket> rows = log2_rows(slots);
	if (!rows.empty())
		append_hist_rows(out, rows, heading);
}

} // namespace corescope
