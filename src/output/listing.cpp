// SPDX-License-Identifier: BSD-2-Clause
// Tables are laid out once all cells are known; times in them are UTC, to the second.
#include "output/listing.h"

#include "output/escape.h"
#include "output/records.h"
#include "output/terminal.h"

#include <algorithm>
#include <string>
#include <unistd.h>

namespace corescope {

namespace {

constexpr std::string_view kCut = "...";
constexpr size_t kLeastOfLast = 24; // columns, before others are left out for it

struct Column {
	const Field* field;
	std::vector<std::string> cells;
	size_t width;
};

void leave_out(std::vector<Column>& columns, size_t width)
{
	for (;;) {
		size_t needed = 0;
		for (const Column& column : columns)
			needed += &column == &columns.back() ? std::min(column.width, kLeastOfLast) : column.width + 1;
		const auto last = std::find_if(columns.rbegin(), columns.rend(),
			[](const Column& column) { return column.field->flags & kIfRoom; });
		if (needed <= width || last == columns.rend())
			return;
		columns.erase(std::next(last).base());
	}
}

std::string cell_text(const Value& value, const WallClock& clock)
{
	Buffer text(256);
	switch (value.kind) {
	case Value::Kind::none: break;
	case Value::Kind::unsigned_number: text.append_u64(value.bits); break;
	case Value::Kind::signed_number: text.append_i64(static_cast<int64_t>(value.bits)); break;
	case Value::Kind::boolean: text.append(value.bits ? "yes" : "no"); break;
	case Value::Kind::text:
	case Value::Kind::word: escape_text(text, value.bytes); break;
	case Value::Kind::list:
		for_each_item(value.bytes, [&](std::string_view item) {
			if (!text.empty())
				text.append(", ");
			escape_text(text, item);
		});
		break;
	case Value::Kind::composite: value.writer().table(text, value.bytes); break;
	case Value::Kind::time:
		append_rfc3339(text, clock.to_unix_ns(value.bits));
		text.truncate(19);
		text.append('Z');
		break;
	case Value::Kind::seconds:
		text.append_u64(value.bits / 1000000000);
		text.append('.');
		text.append_digits(value.bits % 1000000000 / 1000000, 3);
		break;
	}
	return std::string(text.view());
}

// As much of escaped text as fits; never half of a character.
std::string_view fitting(std::string_view text, size_t width)
{
	while (!text.empty() && display_width(text) > width) {
		text.remove_suffix(1);
		while (!text.empty() && (text.back() & 0xc0) == 0x80)
			text.remove_suffix(1);
	}
	if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0)
		text.remove_suffix(1); // a lead byte without what follows
	return text;
}

} // namespace

void append_table(
	Buffer& out, const Listing& listing, std::span<const void* const> rows, bool header, unsigned width)
{
	const WallClock clock;
	const FieldContext context;
	std::vector<Column> columns;
	for (const Field& field : listing.fields) {
		if (!field.heading || !(field.flags & kInTable))
			continue;
		Column column{&field, {}, header ? std::string_view(field.heading).size() : 0};
		for (const void* row : rows) {
			std::string text = cell_text(field.value(row, context), clock);
			column.cells.push_back(text.empty() ? "-" : std::move(text));
			column.width = std::max(column.width, display_width(column.cells.back()));
		}
		columns.push_back(std::move(column));
	}
	if (width)
		leave_out(columns, width);
	const auto line = [&](const auto& cell) {
		size_t used = 0;
		for (const Column& column : columns) {
			const std::string_view text = cell(column);
			const size_t space = column.width - display_width(text);
			const bool right = column.field->flags & kRight;
			if (right)
				out.append_fill(' ', space);
			if (&column != &columns.back()) {
				out.append(text);
				out.append_fill(' ', right ? 1 : space + 1);
				used += column.width + 1;
			} else if (width > used + kCut.size() && display_width(text) > width - used) {
				out.append(fitting(text, width - used - kCut.size()));
				out.append(kCut);
			} else {
				out.append(text);
			}
		}
		out.append('\n');
	};
	if (header)
		line([](const Column& column) { return std::string_view(column.field->heading); });
	for (size_t row = 0; row < rows.size(); row++)
		line([&](const Column& column) { return std::string_view(column.cells[row]); });
}

void append_json(Buffer& out, const Listing& listing, std::span<const void* const> rows)
{
	const WallClock clock;
	const FieldContext context;
	TimeFormatter times;
	for (const void* row : rows) {
		out.append("{\"type\":\"");
		out.append(listing.type);
		out.append('"');
		for (const Field& field : listing.fields)
			if (field.flags & kInData && !(field.flags & kFlat)) {
				out.append(',');
				append_json_member(out, field.key, field.value(row, context), clock, times);
			}
		if (listing.nested)
			listing.nested(out, row);
		out.append("}\n");
	}
}

void append_csv(Buffer& out, const Listing& listing, std::span<const void* const> rows, bool header)
{
	const WallClock clock;
	const FieldContext context;
	std::vector<const Field*> fields;
	for (const Field& field : listing.fields)
		if (field.flags & (kInData | kFlat))
			fields.push_back(&field);
	if (header) {
		out.append("type");
		for (const Field* field : fields) {
			out.append(',');
			out.append(field->key);
		}
		out.append('\n');
	}
	for (const void* row : rows) {
		out.append(listing.type);
		for (const Field* field : fields) {
			const Value value = field->value(row, context);
			out.append(',');
			if (value.kind == Value::Kind::text || value.kind == Value::Kind::word) {
				csv_cell(out, value.bytes);
			} else if (value.kind == Value::Kind::boolean) {
				out.append(value.bits ? "true" : "false");
			} else if (value.kind == Value::Kind::time) {
				append_rfc3339(out, clock.to_unix_ns(value.bits));
			} else if (value.kind == Value::Kind::list) {
				std::string items;
				for_each_item(value.bytes, [&](std::string_view item) {
					items += items.empty() ? "" : ", ";
					items += item;
				});
				csv_cell(out, items);
			} else {
				out.append(cell_text(value, clock));
			}
		}
		out.append('\n');
	}
}

unsigned cut_width() { return isatty(STDOUT_FILENO) ? stdout_terminal().width : 0; }

} // namespace corescope
