// SPDX-License-Identifier: BSD-2-Clause
// See columns.h. Where a member lies and how it is told is decided once; a record costs a look at its length and a
// load for each column.
#include "btf/columns.h"

#include "base/error.h"
#include "btf/load.h"
#include "btf/print.h"
#include "output/escape.h"

#include <algorithm>
#include <cctype>

namespace corescope {

namespace {

using Kind = BtfType::Kind;

constexpr unsigned kWidestName = 24;
constexpr size_t kMostColumns = 1024;

bool is_leaf(const BtfType& type) { return !type.has_members(); }

// Of a column, in characters.
unsigned width_of(const BtfType& type)
{
	switch (type.kind) {
	case Kind::boolean: return 5;
	case Kind::integer: return type.size == 1 ? 4 : type.size == 2 ? 6 : type.size == 4 ? 10 : 16;
	case Kind::pointer: return 18;
	case Kind::enumeration: {
		size_t longest = 4;
		for (const BtfEnumerator& e : type.enumerators)
			longest = std::max(longest, e.name.size());
		return std::min(static_cast<unsigned>(longest), kWidestName);
	}
	case Kind::array: return type.is_string() ? std::clamp(type.size, 4U, 16U) : 16;
	default: return 12;
	}
}

uint64_t end_bit(const BtfRecord& record) { return uint64_t{record.bytes.size()} * 8; }

} // namespace

struct BtfColumns::Column final : Composite {
	Column(const BtfType& t, uint32_t bit_offset_, uint32_t bits_)
		: type(&t), bit_offset(bit_offset_), bits(bits_)
	{}

	const BtfType* type;
	uint64_t bit_offset;
	unsigned bits;      // of a bitfield; else 0
	bool tail = false;  // takes what bytes there are
	size_t padding = 0; // of the last two columns
	std::string key;
	std::string heading;
	std::string doc;

	std::string_view own_bytes(std::string_view record) const
	{
		const std::string_view rest = record.substr(std::min<size_t>(bit_offset / 8, record.size()));
		return tail ? rest : rest.substr(0, type->size);
	}

	void table(Buffer& out, std::string_view bytes) const override { append_btf_text(out, *type, bytes); }
	void csv(Buffer& out, std::string_view bytes) const override
	{
		// JSON, which programs read; where that cannot tell the exact bytes of a string, text, which can.
		const size_t start = out.size();
		if (type->kind == Kind::array && append_btf_json(out, *type, bytes))
			return;
		out.truncate(start);
		append_btf_text(out, *type, bytes);
	}
	void json(Buffer& out, std::string_view bytes) const override { append_btf_json(out, *type, bytes); }
	bool json_b64(Buffer& out, std::string_view bytes) const override
	{
		if (type->kind != Kind::array)
			return false;
		const size_t start = out.size();
		const bool exact = append_btf_json(out, *type, bytes);
		out.truncate(start);
		if (!exact)
			append_btf_json_b64(out, *type, bytes);
		return !exact;
	}

	Value scalar(std::string_view bytes) const
	{
		const BtfBits value = btf_load(*type, bytes, bit_offset, bits);
		const auto low = static_cast<uint64_t>(value);
		if (type->kind == Kind::boolean && value <= 1)
			return Value::boolean(low != 0);
		if (const BtfEnumerator* e = type->kind == Kind::enumeration ? type->enumerator(low) : nullptr)
			return Value::word(e->name);
		return type->is_signed ? Value::number(static_cast<int64_t>(low)) : Value::number(low);
	}
};

namespace {

using Column = BtfColumns::Column;

const BtfRecord& record_of(const void* event) { return *static_cast<const BtfRecord*>(event); }

Value get_scalar(const void* event, const FieldContext&, const void* self)
{
	const auto& column = *static_cast<const Column*>(self);
	const unsigned bits = column.bits ? column.bits : column.type->size * 8;
	if (column.bit_offset + bits > end_bit(record_of(event)))
		return Value::none();
	return column.scalar(record_of(event).bytes);
}

Value get_string(const void* event, const FieldContext&, const void* self)
{
	const auto& column = *static_cast<const Column*>(self);
	const std::string_view bytes = column.own_bytes(record_of(event).bytes);
	if (bytes.size() < column.type->size)
		return Value::none();
	const std::string_view text = bytes.substr(0, bytes.find('\0'));
	return Value::text(text.empty() ? std::string_view("") : text); // that of no bytes points nowhere
}

Value get_composite(const void* event, const FieldContext&, const void* self)
{
	const auto& column = *static_cast<const Column*>(self);
	const std::string_view bytes = column.own_bytes(record_of(event).bytes);
	return bytes.size() < column.type->size ? Value::none() : Value::composite(column, bytes);
}

// What is behind the record and no padding.
std::string_view extra(const BtfType& type, std::string_view bytes, size_t padding)
{
	const size_t size = type.size_in(bytes.size());
	return bytes.size() > size + padding ? bytes.substr(size) : std::string_view{};
}

Value get_missing(const void* event, const FieldContext&, const void* self)
{
	const auto& column = *static_cast<const Column*>(self);
	const size_t there = record_of(event).bytes.size();
	return there < column.type->size ? Value::number(uint64_t{column.type->size - there}) : Value::none();
}

// Bytes in hexadecimal.
struct Hex final : Composite {
	void table(Buffer& out, std::string_view bytes) const override
	{
		for (const char byte : bytes)
			out.append_hex_digits(static_cast<unsigned char>(byte), 2);
	}
	void csv(Buffer& out, std::string_view bytes) const override { table(out, bytes); }
	void json(Buffer& out, std::string_view bytes) const override
	{
		out.append('"');
		table(out, bytes);
		out.append('"');
	}
	bool json_b64(Buffer&, std::string_view) const override { return false; }
};
const Hex kHex{};

Value get_extra(const void* event, const FieldContext&, const void* self)
{
	const auto& column = *static_cast<const Column*>(self);
	const std::string_view more = extra(*column.type, record_of(event).bytes, column.padding);
	return more.empty() ? Value::none() : Value::composite(kHex, more);
}

} // namespace

BtfColumns::BtfColumns(const BtfType& type, const Options& options)
	: type_(type), padding_(options.padding), taken_{"type", "lost", "reason"}
{
	taken_.insert(taken_.end(), options.taken.begin(), options.taken.end());
	if (type.has_members())
		add_members(type, 0, "", true);
	// A record must not vanish because there is nothing in it.
	if (fields_.empty())
		add(type, 0, 0, "value", true);
	for (const bool is_missing : {true, false}) {
		Column& column = named(type, 0, 0, is_missing ? "missing_bytes" : "extra_bytes");
		column.padding = padding_;
		fields_.push_back({nullptr, column.key.c_str(), 0, kInData, is_missing ? get_missing : get_extra,
			is_missing ? "how many bytes the record is short of its type; null if it is not"
					   : "bytes behind it, in hexadecimal; null if there are none",
			is_missing ? FieldType::number : FieldType::text, false, &column});
	}
}

BtfColumns::~BtfColumns() = default;

// tail: the type may take all bytes that follow.
void BtfColumns::add_members(const BtfType& type, uint32_t bit_offset, const std::string& path, bool tail)
{
	for (const BtfMember& member : type.members) {
		const uint32_t at = bit_offset + member.bit_offset;
		const bool last = tail && type.is_tail(member);
		const std::string name = member.name.empty() ? path
			: path.empty()                           ? std::string(member.name)
													 : path + '.' + std::string(member.name);
		if (is_leaf(*member.type))
			add(*member.type, at, member.bits, name, last);
		else
			add_members(*member.type, at, name, last);
	}
}

BtfColumns::Column& BtfColumns::named(
	const BtfType& type, uint32_t bit_offset, uint32_t bits, const std::string& path)
{
	if (columns_.size() == kMostColumns)
		throw Error(kDataError,
			type_.name + ": more than " + std::to_string(kMostColumns) +
				" members; an event is not so large");
	Column& column = columns_.emplace_back(type, bit_offset, bits);
	column.key = path;
	while (std::find(taken_.begin(), taken_.end(), column.key) != taken_.end())
		column.key += '_';
	taken_.push_back(column.key);
	return column;
}

void BtfColumns::add(
	const BtfType& type, uint32_t bit_offset, uint32_t bits, const std::string& path, bool tail)
{
	Column& column = named(type, bit_offset, bits, path);
	column.tail = tail && type.flexible;
	column.heading = column.key;
	for (char& c : column.heading)
		c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
	column.doc = bits ? type.name + ", " + std::to_string(bits) + " bits" : type.name;
	const bool scalar =
		(type.kind == Kind::integer || type.kind == Kind::boolean || type.kind == Kind::enumeration) &&
		type.size <= 8;
	const bool right = type.kind == Kind::integer && type.size <= 8;
	const unsigned width = std::max(width_of(type), static_cast<unsigned>(column.heading.size()));
	fields_.push_back(
		{column.heading.c_str(), column.key.c_str(), width, kEverywhere | (right ? unsigned{kRight} : 0),
			scalar                 ? get_scalar
				: type.is_string() ? get_string
								   : get_composite,
			column.doc.c_str(),
			right                  ? FieldType::number
				: type.is_string() ? FieldType::text
								   : FieldType::any,
			false, &column});
}

std::string BtfColumns::mismatch(std::string_view bytes) const
{
	const std::string has = "record of " + std::to_string(bytes.size()) + " bytes: " + type_.name + " has " +
		std::to_string(type_.size) + ", the last ";
	if (bytes.size() < type_.size)
		return has + std::to_string(type_.size - bytes.size()) + " are missing";
	const size_t more = extra(type_, bytes, padding_).size();
	return more ? has + std::to_string(more) + " are not told" : std::string();
}

} // namespace corescope
