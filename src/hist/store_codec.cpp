// SPDX-License-Identifier: BSD-2-Clause
// See store_codec.h. A bucket of 12.5 % holds any count, but small counts are most of them: hence varints.
#include "hist/store_codec.h"

#include "hist/sqlite.h"
#include "output/escape.h"

#include <stdexcept>

namespace corescope {

namespace {

[[noreturn]] void damaged() { throw DamagedStore("a stored histogram is not what it was"); }

std::string_view take_bytes(std::string_view& bytes, uint64_t size)
{
	if (size > bytes.size())
		damaged();
	const std::string_view taken = bytes.substr(0, size);
	bytes.remove_prefix(size);
	return taken;
}

} // namespace

void append_varint(std::string& out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		out += static_cast<char>(value | 0x80);
	out += static_cast<char>(value);
}

uint64_t take_varint(std::string_view& bytes)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (bytes.empty())
			damaged();
		const auto byte = static_cast<unsigned char>(bytes.front());
		bytes.remove_prefix(1);
		if (shift == 63 && byte > 1)
			damaged();
		value |= uint64_t{byte & 0x7fU} << shift;
		if (byte < 0x80)
			return value;
	}
	damaged();
}

std::string pack_slots(const Histogram& histogram)
{
	std::string out;
	append_varint(out, histogram.overflow());
	uint32_t next = 0;
	for (const HistBucket& bucket : histogram.buckets()) {
		if (bucket.overflow)
			continue;
		const uint32_t slot = hist_slot_p(bucket.low, histogram.p());
		append_varint(out, slot - next);
		append_varint(out, bucket.count);
		next = slot + 1;
	}
	return out;
}

Histogram unpack_slots(std::string_view bytes, unsigned p, uint64_t limit, uint64_t count, HistSum sum)
{
	try {
		Histogram histogram(p, limit);
		const uint64_t overflow = take_varint(bytes);
		uint64_t slot = 0;
		while (!bytes.empty()) {
			slot += take_varint(bytes);
			const uint64_t n = take_varint(bytes);
			if (slot >= hist_slots_p(p) || n == 0)
				damaged();
			histogram.add_slot(static_cast<uint32_t>(slot), n, 0);
			slot++;
		}
		histogram.add_overflow(overflow, sum);
		if (histogram.count() != count || histogram.overflow() != overflow)
			damaged();
		return histogram;
	} catch (const std::invalid_argument&) {
		damaged();
	}
}

std::string pack_labels(const std::vector<HistLabel>& labels)
{
	std::string out;
	for (const HistLabel& label : labels) {
		append_varint(out, label.name.size());
		append_varint(out, label.value.size() * 2 + (label.numeric ? 1 : 0));
		out += label.name;
		out += label.value;
	}
	return out;
}

std::vector<HistLabel> unpack_labels(std::string_view bytes)
{
	std::vector<HistLabel> labels;
	while (!bytes.empty()) {
		const uint64_t name_size = take_varint(bytes);
		const uint64_t value_size = take_varint(bytes);
		HistLabel label;
		label.name = take_bytes(bytes, name_size);
		label.value = take_bytes(bytes, value_size / 2);
		label.numeric = value_size % 2 != 0;
		labels.push_back(std::move(label));
	}
	return labels;
}

std::string labels_json(const std::vector<HistLabel>& labels)
{
	Buffer out(256);
	char before = '{';
	for (const HistLabel& label : labels) {
		out.append(before);
		json_string(out, label.name);
		out.append(':');
		if (label.numeric && !label.value.empty() &&
			label.value.find_first_not_of("0123456789") == std::string::npos)
			out.append(label.value);
		else
			json_string(out, label.value);
		before = ',';
	}
	if (before == '{')
		out.append('{');
	out.append('}');
	return std::string(out.view());
}

std::string sum_text(HistSum sum)
{
	std::string digits;
	do {
		digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(sum % 10)));
		sum /= 10;
	} while (sum);
	return digits;
}

HistSum sum_of_text(std::string_view text)
{
	constexpr HistSum kMost = ~HistSum{0};
	if (text.empty())
		damaged();
	HistSum sum = 0;
	for (const char digit : text) {
		if (digit < '0' || digit > '9')
			damaged();
		const auto value = static_cast<unsigned>(digit - '0');
		if (sum > (kMost - value) / 10)
			damaged();
		sum = sum * 10 + value;
	}
	return sum;
}

} // namespace corescope
