// SPDX-License-Identifier: BSD-2-Clause
// The table for people: aligned columns, escaped bytes, one line a record. What is wider than its column pushes the
// rest of its line, and is never cut.
#include "output/escape.h"
#include "output/records.h"

#include <algorithm>

namespace corescope {

namespace {

class TableWriter : public RecordWriter {
public:
	TableWriter(std::span<const Field> fields, std::span<const std::string_view> shown,
		std::span<const std::string_view> hidden, bool header, const FieldContext& context, WallClock& clock)
		: RecordWriter({}, context, clock), header_(header)
	{
		for (const Field& field : fields) {
			const auto named = [&](auto keys) { return std::find(keys.begin(), keys.end(), field.key) != keys.end(); };
			if ((field.flags & kInTable && !named(hidden)) || (field.flags & kOptional && named(shown)))
				fields_.push_back(field);
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
		for (size_t i = 0; i < fields_.size(); i++) {
			const Field& field = fields_[i];
			const bool last = i + 1 == fields_.size();
			cell(out, field, field.get(event, context_), last);
			out.append(last ? '\n' : ' ');
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
	void cell(Buffer& out, const Field& field, const Value& value, bool last)
	{
		const size_t width = last && !(field.flags & kRight) ? 0 : field.width;
		const size_t start = out.size();
		switch (value.kind) {
		case Value::Kind::none:
			out.append(field.flags & kRight ? std::string_view{} : std::string_view{"-"});
			if (field.flags & kRight)
				return out.append_padded_right("-", width);
			break;
		case Value::Kind::unsigned_number:
			if (field.flags & kRight)
				return out.append_u64_right(value.bits, width);
			out.append_u64(value.bits);
			break;
		case Value::Kind::signed_number:
			if (field.flags & kRight)
				return out.append_i64_right(static_cast<int64_t>(value.bits), width);
			out.append_i64(static_cast<int64_t>(value.bits));
			break;
		case Value::Kind::boolean:
			out.append(value.bits ? "yes" : "no");
			break;
		case Value::Kind::word:
			out.append(value.bytes);
			break;
		case Value::Kind::text:
			escape_text(out, value.bytes);
			if (width && out.size() - start < 4 * width) { // else there is nothing to pad
				const size_t columns = display_width(out.view_from(start));
				if (columns < width)
					out.append_fill(' ', width - columns);
				return;
			}
			break;
		case Value::Kind::list:
			list(out, value);
			break;
		case Value::Kind::time:
			times_.hms(out, clock_.to_unix_ns(value.bits));
			break;
		case Value::Kind::seconds:
			out.append_u64(value.bits / 1000000000);
			out.append('.');
			out.append_digits(value.bits % 1000000000 / 1000000, 3);
			break;
		}
		out.pad_to(start, width);
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
		if (!value.note.empty()) {
			out.append(" ...");
			out.append(value.note);
		}
	}

	bool header_;
};

} // namespace

std::unique_ptr<RecordWriter> table_writer(std::span<const Field> fields, std::span<const std::string_view> shown,
	std::span<const std::string_view> hidden, bool header, const FieldContext& context, WallClock& clock)
{
	return std::make_unique<TableWriter>(fields, shown, hidden, header, context, clock);
}

} // namespace corescope
