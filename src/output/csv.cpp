// SPDX-License-Identifier: BSD-2-Clause
// CSV (RFC 4180, but lines end in LF alone): first column `type`, then the fields that JSON has, then `lost` and
// `reason`, which only rows of type `lost` fill.
#include "output/escape.h"
#include "output/records.h"

namespace corescope {

namespace {

class CsvWriter : public RecordWriter {
public:
	CsvWriter(std::span<const Field> fields, bool header, const FieldContext& context, WallClock& clock,
		std::string_view type)
		: RecordWriter({}, context, clock), header_(header), type_(type)
	{
		for (const Field& field : fields)
			if (field.flags & kInData)
				fields_.push_back(field);
	}

	void meta(Buffer& out, const Meta&) override
	{
		if (!header_)
			return;
		out.append("type");
		for (const Field& field : fields_) {
			out.append(',');
			out.append(field.key);
		}
		out.append(",lost,reason\n");
	}

	void event(Buffer& out, const void* event) override
	{
		out.append(type_);
		for (const Field& field : fields_) {
			out.append(',');
			cell(out, field.value(event, context_));
		}
		out.append(",,\n");
	}

	void lost(Buffer& out, const Loss& loss, int64_t unix_ns) override
	{
		out.append("lost");
		for (const Field& field : fields_) {
			out.append(',');
			if (std::string_view(field.key) == "ts")
				append_rfc3339(out, unix_ns);
		}
		out.append(',');
		out.append_u64(loss.count);
		out.append(',');
		csv_cell(out, loss.reason);
		out.append('\n');
	}

	void summary(Buffer&, const Summary&) override {}

private:
	void cell(Buffer& out, const Value& value)
	{
		switch (value.kind) {
		case Value::Kind::none: break;
		case Value::Kind::unsigned_number: out.append_u64(value.bits); break;
		case Value::Kind::signed_number: out.append_i64(static_cast<int64_t>(value.bits)); break;
		case Value::Kind::boolean: out.append(value.bits ? "true" : "false"); break;
		case Value::Kind::word: out.append(value.bytes); break;
		case Value::Kind::text: csv_cell(out, value.bytes); break;
		case Value::Kind::list: list(out, value.bytes); break;
		case Value::Kind::time: times_.rfc3339(out, clock_.to_unix_ns(value.bits)); break;
		case Value::Kind::seconds:
			out.append_u64(value.bits / 1000000000);
			out.append('.');
			out.append_digits(value.bits % 1000000000, 9);
			break;
		case Value::Kind::composite:
			quoted_.clear();
			value.writer().csv(quoted_, value.bytes);
			if (quoted_.view().find_first_of(",\"") == std::string_view::npos)
				out.append(quoted_.view());
			else
				quote(out);
			break;
		}
	}

	// One cell: each item in double quotes, as quote_text writes it, blanks between. In CSV each of those quotes is
	// doubled, and the cell is quoted as a whole.
	void list(Buffer& out, std::string_view items)
	{
		bool first = true;
		quoted_.clear();
		for_each_item(items, [&](std::string_view item) {
			if (!first)
				quoted_.append(' ');
			first = false;
			quote_text(quoted_, item);
		});
		if (!quoted_.empty())
			quote(out);
	}

	void quote(Buffer& out) const
	{
		out.append('"');
		for (const char byte : quoted_.view()) {
			out.append(byte);
			if (byte == '"')
				out.append('"');
		}
		out.append('"');
	}

	bool header_;
	std::string_view type_;
	Buffer quoted_;
};

} // namespace

std::unique_ptr<RecordWriter> csv_writer(std::span<const Field> fields, bool header,
	const FieldContext& context, WallClock& clock, std::string_view type)
{
	return std::make_unique<CsvWriter>(fields, header, context, clock, type);
}

} // namespace corescope
