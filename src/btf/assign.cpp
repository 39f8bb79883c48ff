// SPDX-License-Identifier: BSD-2-Clause
// See assign.h. A value is made in bytes of its own and copied when it is whole, so that a refusal changes nothing.
#include "btf/assign.h"

#include "base/floating.h"
#include "base/similar.h"
#include "btf/load.h"
#include "btf/number.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

namespace corescope {

namespace {

using Kind = BtfType::Kind;

std::string decimal(BtfBits value, bool is_signed)
{
	Buffer text(64);
	append_btf_integer(text, value, is_signed);
	return std::string(text.view());
}

// What the user wrote, in a message of one line.
std::string quoted(std::string_view text)
{
	std::string safe = "'";
	for (const char c : text.substr(0, 40))
		safe += c >= ' ' && c <= '~' ? c : '?';
	return safe + (text.size() > 40 ? "...'" : "'");
}

// --- places ----------------------------------------------------------------------------------------------------------

void collect_names(const BtfType& type, std::vector<std::string_view>& names)
{
	for (const BtfMember& member : type.members) {
		if (member.name.empty())
			collect_names(*member.type, names);
		else
			names.push_back(member.name);
	}
}

// Also within anonymous members, as C looks them up.
std::optional<BtfPlace> find_member(const BtfType& type, std::string_view name, uint32_t bit_offset)
{
	for (const BtfMember& member : type.members) {
		const uint32_t at = bit_offset + member.bit_offset;
		if (member.name == name)
			return BtfPlace{member.type, at, member.bits};
		if (!member.name.empty())
			continue;
		if (const auto found = find_member(*member.type, name, at))
			return found;
	}
	return std::nullopt;
}

BtfPlace member_at(const BtfPlace& place, std::string_view name)
{
	const BtfType& type = *place.type;
	if (!type.has_members())
		throw BadValue{"has no member " + quoted(name) + ": it is " + type.name};
	if (const auto found = name.empty() ? std::nullopt : find_member(type, name, place.bit_offset))
		return *found;
	std::vector<std::string_view> names;
	collect_names(type, names);
	throw BadValue{type.name + " has no member " + quoted(name) + similar_names(name, names)};
}

BtfPlace element_at(const BtfPlace& place, std::string_view index)
{
	const BtfType& type = *place.type;
	if (type.kind != Kind::array)
		throw BadValue{"has no elements: it is " + type.name};
	if (type.count == 0)
		throw BadValue{type.name + " has no elements"};
	uint64_t i;
	try {
		i = parse_number(index, 0, type.count - 1);
	} catch (const BadValue&) {
		throw BadValue{type.name + " has no element " + quoted(index) + "; there are [0] to [" +
			std::to_string(type.count - 1) + "]"};
	}
	return {type.element, place.bit_offset + static_cast<uint32_t>(i) * type.element->size * 8, 0};
}

// --- numbers ---------------------------------------------------------------------------------------------------------

struct Magnitude {
	BtfBits value = 0;
	bool negative = false;
	bool too_large = false;
};

// None: it is no number.
std::optional<Magnitude> parse_magnitude(std::string_view text)
{
	Magnitude number;
	if (!text.empty() && text.front() == '-') {
		number.negative = true;
		text.remove_prefix(1);
	}
	unsigned base = 10;
	if (text.size() > 1 && text[0] == '0') {
		const char mark = text[1];
		base = mark == 'x' || mark == 'X' ? 16
			: mark == 'o' || mark == 'O'  ? 8
			: mark == 'b' || mark == 'B'  ? 2
										  : 10;
		if (base != 10)
			text.remove_prefix(2);
		else if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
			throw BadValue{"begins with 0: write " + quoted("0o" + std::string(text.substr(1))) +
				" if it is octal, else leave the 0 out"};
	}
	if (text.empty())
		return std::nullopt;
	for (const char c : text) {
		unsigned digit = 16;
		if (c >= '0' && c <= '9')
			digit = static_cast<unsigned>(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = static_cast<unsigned>((c | 0x20) - 'a') + 10;
		if (digit >= base)
			return std::nullopt;
		number.too_large = number.too_large || number.value > (~BtfBits{0} - digit) / base;
		number.value = number.value * base + digit;
	}
	return number;
}

// In the range of so many bits, or refused.
BtfBits in_range(const Magnitude& number, const BtfType& type, unsigned bits)
{
	const BtfBits all = bits >= 128 ? ~BtfBits{0} : (BtfBits{1} << bits) - 1;
	const BtfBits most = type.is_signed ? all >> 1 : all;
	const BtfBits least_magnitude = type.is_signed ? most + 1 : 0; // of negative ones
	if (number.too_large || number.value > (number.negative ? least_magnitude : most))
		throw BadValue{"must lie between " + (type.is_signed ? "-" + decimal(least_magnitude, false) : "0") +
			" and " + decimal(most, false) + " (" + type.name +
			(bits != type.size * 8 ? ", " + std::to_string(bits) + " bits" : "") + ")"};
	return number.negative ? 0 - number.value : number.value;
}

BtfBits parse_integer(const BtfType& type, unsigned bits, std::string_view text)
{
	if (type.is_char && text.size() == 3 && text.front() == '\'' && text.back() == '\'')
		return static_cast<unsigned char>(text[1]);
	if (type.is_char && text.size() == 1 && !(text[0] >= '0' && text[0] <= '9'))
		return static_cast<unsigned char>(text[0]);
	const auto number = parse_magnitude(text);
	if (!number)
		throw BadValue{"is not a whole number (" + type.name + ")"};
	return in_range(*number, type, bits);
}

BtfBits parse_boolean(std::string_view text)
{
	if (text == "true" || text == "1")
		return 1;
	if (text == "false" || text == "0")
		return 0;
	throw BadValue{"must be true or false (or 1 or 0)"};
}

BtfBits parse_enumeration(const BtfType& type, unsigned bits, std::string_view text)
{
	std::vector<std::string_view> names;
	for (const BtfEnumerator& e : type.enumerators) {
		if (e.name != text) {
			names.push_back(e.name);
			continue;
		}
		const bool negative = type.is_signed && static_cast<int64_t>(e.value) < 0;
		return in_range({negative ? 0 - e.value : e.value, negative, false}, type, bits);
	}
	if (const auto number = parse_magnitude(text))
		return in_range(*number, type, bits);
	throw BadValue{"is none of " + type.name + similar_names(text, names)};
}

template <class T>
void parse_floating(std::span<char> bytes, std::string_view text)
{
	T value{};
	const FloatingRead read = read_floating(text, value);
	if (read == FloatingRead::no_number)
		throw BadValue{"is not a number"};
	if (read == FloatingRead::out_of_range)
		throw BadValue{"is too large or too small for " + std::to_string(sizeof(T)) + " bytes"};
	std::memcpy(bytes.data(), &value, sizeof(value));
}

// --- values ----------------------------------------------------------------------------------------------------------

void assign(const BtfPlace& place, std::span<char> bytes, std::string_view text);

void assign_string(const BtfType& type, std::span<char> bytes, std::string_view text)
{
	if (text.size() >= type.size)
		throw BadValue{"has " + std::to_string(text.size()) + " bytes; " + type.name + " takes " +
			std::to_string(type.size ? type.size - 1 : 0) + " and a closing NUL"};
	if (text.find('\0') != std::string_view::npos)
		throw BadValue{"has a NUL within"};
	std::fill(bytes.begin(), bytes.end(), '\0');
	text.copy(bytes.data(), text.size());
}

// `7*20`: how often an item is meant; 1 without that.
uint64_t take_repeats(std::string_view& item)
{
	const size_t star = item.rfind('*');
	if (star == std::string_view::npos)
		return 1;
	const uint64_t times = parse_number(item.substr(star + 1), 1, UINT32_MAX);
	item = item.substr(0, star);
	return times;
}

void assign_array(const BtfType& type, std::span<char> bytes, std::string_view text)
{
	const BtfType& element = *type.element;
	if (element.has_members() || (element.kind == Kind::array && !element.is_string()))
		throw BadValue{"cannot be set as a whole: it is " + type.name + "; set its elements, as [0]" +
			(element.has_members() ? ".MEMBER" : "")};
	if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
		text = text.substr(1, text.size() - 2);
	std::fill(bytes.begin(), bytes.end(), '\0');
	uint64_t given = 0;
	while (given == 0 || !text.empty()) {
		const size_t comma = text.find(',');
		std::string_view item = text.substr(0, comma);
		if (comma != std::string_view::npos && comma + 1 == text.size())
			throw BadValue{"ends in a comma"};
		text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
		while (!item.empty() && item.front() == ' ')
			item.remove_prefix(1);
		const uint64_t times = element.is_string() ? 1 : take_repeats(item);
		if (given + times > type.count)
			throw BadValue{"has more elements than " + type.name};
		std::span<char> first = bytes.subspan(given * element.size, element.size);
		try {
			assign({&element, 0, 0}, first, item);
		} catch (const BadValue& bad) {
			throw BadValue{"element [" + std::to_string(given) + "] " + quoted(item) + ' ' + bad.why};
		}
		for (uint64_t i = 1; i < times; i++)
			std::memcpy(first.data() + i * element.size, first.data(), element.size);
		given += times;
	}
}

void assign(const BtfPlace& place, std::span<char> bytes, std::string_view text)
{
	const BtfType& type = *place.type;
	const unsigned bits = place.bits ? place.bits : type.size * 8;
	const auto store = [&](BtfBits value) { btf_store_bits(bytes, place.bit_offset, bits, value); };
	const auto own = [&] { return bytes.subspan(place.bit_offset / 8, type.size); };
	switch (type.kind) {
	case Kind::integer: return store(parse_integer(type, bits, text));
	case Kind::boolean: return store(parse_boolean(text));
	case Kind::enumeration: return store(parse_enumeration(type, bits, text));
	case Kind::floating:
		if (type.size == sizeof(float))
			return parse_floating<float>(own(), text);
		if (type.size == sizeof(double))
			return parse_floating<double>(own(), text);
		throw BadValue{"cannot be set: it is a " + type.name + " of " + std::to_string(type.size) + " bytes"};
	case Kind::array:
		return type.is_string() ? assign_string(type, own(), text) : assign_array(type, own(), text);
	case Kind::pointer: throw BadValue{"cannot be set: it is a pointer (" + type.name + ")"};
	case Kind::record:
	case Kind::choice: {
		std::vector<std::string_view> names;
		collect_names(type, names);
		throw BadValue{"cannot be set as a whole: it is " + type.name +
			(names.empty() ? ", which has no members"
						   : "; set its members, as ." + std::string(names.front()))};
	}
	case Kind::opaque: break;
	}
	throw BadValue{"cannot be set: it is " + type.name};
}

} // namespace

BtfPlace btf_resolve(const BtfType& type, std::string_view path)
{
	BtfPlace place{&type, 0, 0};
	while (!path.empty()) {
		const bool index = path.front() == '[';
		if (!index && path.front() != '.')
			throw BadValue{quoted(path) + " is not .MEMBER or [INDEX]"};
		path.remove_prefix(1);
		const size_t end = index ? path.find(']') : std::min(path.find_first_of(".["), path.size());
		if (end == std::string_view::npos)
			throw BadValue{"a ] is missing"};
		const std::string_view step = path.substr(0, end);
		place = index ? element_at(place, step) : member_at(place, step);
		path.remove_prefix(index ? end + 1 : end);
	}
	return place;
}

void btf_assign(const BtfPlace& place, std::span<char> bytes, std::string_view value)
{
	const uint64_t bits = place.bits ? place.bits : uint64_t{place.type->size} * 8;
	if (place.bit_offset + bits > uint64_t{bytes.size()} * 8)
		throw BadValue{"cannot be set: the object has no bytes for it"};
	// A bitfield shares its bytes; all others are made aside.
	if (place.bits)
		return assign(place, bytes, value);
	const std::span<char> target = bytes.subspan(place.bit_offset / 8, place.type->size);
	std::vector<char> made(target.size());
	assign({place.type, 0, 0}, made, value);
	std::copy(made.begin(), made.end(), target.begin());
}

void btf_assign(const BtfType& type, std::span<char> bytes, std::string_view path, std::string_view value)
{
	btf_assign(btf_resolve(type, path), bytes, value);
}

} // namespace corescope
