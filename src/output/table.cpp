// SPDX-License-Identifier: BSD-2-Clause
// The table for people: aligned columns, escaped bytes, one line a record. What is wider than its column pushes the
// rest of its line, and is never cut.
#include "output/escape.h"
#include "output/records.h"

#include <algorithm>
#include <cstring>

namespace corescope {

namespace {

class TableWriter : public RecordWriter {
public:
	TableWriter(std::span<const Field> fields, std::span<const std::string_view> shown,
		std::span<const std::string_view> hidden, bool header, const FieldContext& context, WallClock& clock)
		: RecordWriter({}, context, clock), header_(header)
	{
		for (const Field& field : fields) {
			const auto named = [&](auto keys) {
				return std::find(keys.begin(), keys.end(), field.key) != keys.end();
			};
			if ((field.flags & kInTable && !named(hidden)) || (field.flags & kOptional && named(shown)))
				fields_.push_back(field);
		}
		columns_.resize(fields_.size());
		for (size_t i = 0; i < fields_.size(); i++) {
			const bool last = i + 1 == fields_.size();
			const bool right = fields_[i].flags & kRight;
			columns_[i] = {fields_[i].get, fields_[i].self, last && !right ? 0 : fields_[i].width, right,
				last ? '\n' : ' '};
		}
	}

	void meta(Buffer& out, const Meta&) override
	{
		if (!header_)
			return;
		for (size_t i = 0; i < fields_.size(); i++) {
			const Field& field = fields_[i];
			const bool last = i + 1 == fields_.size();
			if (field.flags & kRight)
				out.append_padded_right(field.heading, field.width);
			else
				out.append_padded(field.heading, last ? 0 : field.width);
			out.append(last ? '\n' : ' ');
		}
	}

	void event(Buffer& out, const void* event) override
	{
		for (Column& column : columns_) {
			const Value value = column.get(event, context_, column.self);
			if (value.kind > Value::Kind::word || value.bytes.size() > sizeof(column.raw)) {
				cell(out, column, value);
				continue;
			}
			// In a storm most columns say again what they said last.
			if (column.size && value.kind == column.kind && value.bits == column.bits &&
				value.bytes.size() == column.raw_size &&
				value.bytes == std::string_view(column.raw, column.raw_size)) {
				std::memcpy(out.reserve(sizeof(column.text)), column.text, sizeof(column.text));
				out.grow(column.size);
				continue;
			}
			const size_t start = out.size();
			cell(out, column, value);
			const size_t size = out.size() - start;
			column.size = size <= sizeof(column.text) ? size : 0;
			column.kind = value.kind;
			column.bits = value.bits;
			column.raw_size = value.bytes.size();
			value.bytes.copy(column.raw, sizeof(column.raw));
			std::memcpy(column.text, out.data() + start, column.size);
		}
	}

	void lost(Buffer& out, const Loss& loss, int64_t) override
	{
		out.append("# lost ");
		out.append_u64(loss.count);
		out.append(": ");
		out.append(loss.reason);
		out.append('\n');
	}

	void summary(Buffer&, const Summary&) override {}

private:
	static constexpr size_t kMostDigits = 21;
	static constexpr char kSpaces[16] = {
		' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};

	struct Column {
		Value (*get)(const void* event, const FieldContext& context, const void* self);
		const void* self;
		size_t width;
		bool right;
		char end; // what follows the cell
		// The last value, if it was a number or short, and how it was written.
		Value::Kind kind = Value::Kind::none;
		uint64_t bits = 0;
		char raw[16] = {};
		size_t raw_size = 0;
		char text[32] = {};
		size_t size = 0; // of text; 0: nothing is kept
	};

	// Formats a cell and what ends it. Room for all of it is taken once, spaces are stored by the block.
	void cell(Buffer& out, const Column& column, const Value& value)
	{
		const bool right = column.right;
		const size_t width = column.width;
		const char end = column.end;
		switch (value.kind) {
		case Value::Kind::unsigned_number: return number(out, value.bits, false, right, width, end);
		case Value::Kind::signed_number: {
			const auto n = static_cast<int64_t>(value.bits);
			return number(out, n < 0 ? 0 - value.bits : value.bits, n < 0, right, width, end);
		}
		case Value::Kind::none: return ascii(out, "-", right, width, end);
		case Value::Kind::word: return ascii(out, value.bytes, right, width, end);
		case Value::Kind::boolean: return ascii(out, value.bits ? "yes" : "no", right, width, end);
		case Value::Kind::text:
			if (is_plain(value.bytes))
				return ascii(out, value.bytes, right, width, end);
			break;
		case Value::Kind::list:
		case Value::Kind::time:
		case Value::Kind::seconds:
		case Value::Kind::composite: break;
		}
		const size_t start = out.size();
		if (value.kind == Value::Kind::text) {
			escape_text(out, value.bytes);
		} else if (value.kind == Value::Kind::list) {
			list(out, value);
		} else if (value.kind == Value::Kind::time) {
			times_.hms(out, clock_.to_unix_ns(value.bits));
		} else if (value.kind == Value::Kind::composite) {
			value.writer().table(out, value.bytes);
		} else {
			out.append_u64(value.bits / 1000000000);
			out.append('.');
			out.append_digits(value.bits % 1000000000 / 1000000, 3);
		}
		const bool exotic = value.kind == Value::Kind::text || value.kind == Value::Kind::list ||
			value.kind == Value::Kind::composite;
		const size_t columns = !width ? 0 : exotic ? display_width(out.view_from(start)) : out.size() - start;
		if (columns < width)
			out.append_fill(' ', width - columns);
		out.append(end);
	}

	// Spaces from `at` on; some 16 more than asked for may be written, in room that is there.
	static void spaces(char* at, size_t count)
	{
		for (size_t done = 0; done < count; done += 16)
			std::memcpy(at + done, kSpaces, sizeof(kSpaces));
	}

	static void number(Buffer& out, uint64_t magnitude, bool negative, bool right, size_t width, char end)
	{
		const unsigned digits = detail::decimal_digits(magnitude);
		const size_t length = digits + (negative ? 1U : 0U);
		const size_t size = std::max(length, width);
		char* at = out.reserve(width + kMostDigits + 32);
		spaces(at, size);
		char* start = right ? at + size - length : at;
		*start = '-';
		detail::write_digits(start + length, magnitude, digits);
		at[size] = end;
		out.grow(size + 1);
	}

	// Printable ASCII without a backslash, so that a byte is a column.
	static void ascii(Buffer& out, std::string_view text, bool right, size_t width, char end)
	{
		const size_t size = std::max(text.size(), width);
		char* at = out.reserve(size + 32);
		if (text.size() < width)
			spaces(right ? at : at + text.size(), width - text.size());
		std::memcpy(right ? at + size - text.size() : at, text.data(), text.size());
		at[size] = end;
		out.grow(size + 1);
	}

	static bool is_plain(std::string_view text)
	{
		bool plain = true;
		for (const char byte : text)
			plain = plain && byte >= ' ' && byte != 0x7f && byte != '\\';
		return plain;
	}

	void list(Buffer& out, const Value& value)
	{
		bool first = true;
		for_each_item(value.bytes, [&](std::string_view item) {
			if (!first)
				out.append(' ');
			first = false;
			if (context_.quote)
				quote_text(out, item);
			else
				escape_text(out, item);
		});
		if (!value.note().empty()) {
			out.append(" ...");
			out.append(value.note());
		}
	}

	bool header_;
	std::vector<Column> columns_;
};

} // namespace

std::unique_ptr<RecordWriter> table_writer(std::span<const Field> fields,
	std::span<const std::string_view> shown, std::span<const std::string_view> hidden, bool header,
	const FieldContext& context, WallClock& clock)
{
	return std::make_unique<TableWriter>(fields, shown, hidden, header, context, clock);
}

} // namespace corescope
