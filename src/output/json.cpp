// SPDX-License-Identifier: BSD-2-Clause
// JSON Lines: flat objects, the same keys in every record of a kind, `type` first. Written for bytes, not for text:
// whatever is in an event, the line is valid JSON.
#include "output/escape.h"
#include "output/records.h"
#include "system/host.h"

namespace corescope {

namespace {

constexpr int kSchema = 1;

void append_json_list(Buffer& out, std::string_view key, std::string_view list)
{
	bool exact = true;
	bool first = true;
	out.append('[');
	for_each_item(list, [&](std::string_view item) {
		if (!first)
			out.append(',');
		first = false;
		exact = json_string(out, item) && exact;
	});
	out.append(']');
	if (exact)
		return;
	out.append(",\"");
	out.append(key);
	out.append("_b64\":[");
	first = true;
	for_each_item(list, [&](std::string_view item) {
		out.append(first ? "\"" : ",\"");
		first = false;
		base64(out, item);
		out.append('"');
	});
	out.append(']');
}

void append_json_composite(Buffer& out, std::string_view key, const Value& value)
{
	value.writer().json(out, value.bytes);
	const size_t end = out.size();
	out.append(",\"");
	out.append(key);
	out.append("_b64\":");
	if (!value.writer().json_b64(out, value.bytes))
		out.truncate(end);
}

void append_time(Buffer& out, std::string_view key, int64_t unix_ns)
{
	out.append('"');
	out.append(key);
	out.append("\":\"");
	append_rfc3339(out, unix_ns);
	out.append('"');
}

class JsonWriter : public RecordWriter {
public:
	JsonWriter(
		std::span<const Field> fields, const FieldContext& context, WallClock& clock, std::string_view type)
		: RecordWriter({}, context, clock), type_(type)
	{
		for (const Field& field : fields)
			if (field.flags & kInData)
				fields_.push_back(field);
	}

	void meta(Buffer& out, const Meta& meta) override { append_json_meta(out, meta); }
	void event(Buffer& out, const void* event) override
	{
		out.append("{\"type\":\"");
		out.append(type_);
		out.append('"');
		for (const Field& field : fields_) {
			out.append(',');
			append_json_member(out, field.key, field.value(event, context_), clock_, times_);
		}
		out.append("}\n");
	}
	void lost(Buffer& out, const Loss& loss, int64_t unix_ns) override
	{
		append_json_lost(out, loss, unix_ns);
	}
	void summary(Buffer& out, const Summary& summary) override { append_json_summary(out, summary); }

private:
	std::string_view type_;
};

} // namespace

void append_json_member(
	Buffer& out, std::string_view key, const Value& value, const WallClock& clock, TimeFormatter& times)
{
	out.append('"');
	out.append(key);
	out.append("\":");
	switch (value.kind) {
	case Value::Kind::none: out.append("null"); break;
	case Value::Kind::unsigned_number: out.append_u64(value.bits); break;
	case Value::Kind::signed_number: out.append_i64(static_cast<int64_t>(value.bits)); break;
	case Value::Kind::boolean: out.append(value.bits ? "true" : "false"); break;
	case Value::Kind::word:
		out.append('"');
		out.append(value.bytes);
		out.append('"');
		break;
	case Value::Kind::text:
		if (!json_string(out, value.bytes)) {
			out.append(",\"");
			out.append(key);
			out.append("_b64\":\"");
			base64(out, value.bytes);
			out.append('"');
		}
		break;
	case Value::Kind::list: append_json_list(out, key, value.bytes); break;
	case Value::Kind::time:
		out.append('"');
		times.rfc3339(out, clock.to_unix_ns(value.bits));
		out.append('"');
		break;
	case Value::Kind::seconds:
		out.append_u64(value.bits / 1000000000);
		out.append('.');
		out.append_digits(value.bits % 1000000000, 9);
		break;
	case Value::Kind::composite: append_json_composite(out, key, value); break;
	}
}

void append_json_meta(Buffer& out, const Meta& meta)
{
	out.append("{\"type\":\"meta\",\"schema\":");
	out.append_i64(kSchema);
	out.append(',');
	append_time(out, "ts", meta.start_unix_ns);
	const std::pair<std::string_view, std::string> words[] = {{"tool", meta.tool}, {"version", meta.version},
		{"hooks", meta.hooks}, {"kernel", kernel_release()}, {"host", host_name()}, {"boot_id", boot_id()}};
	for (const auto& [key, text] : words) {
		out.append(",\"");
		out.append(key);
		out.append("\":");
		json_string(out, text);
	}
	out.append(",\"btf\":");
	if (meta.btf.empty())
		out.append("null");
	else
		json_string(out, meta.btf);
	out.append(",\"argv\":[");
	for (size_t i = 0; i < meta.arguments.size(); i++) {
		if (i)
			out.append(',');
		json_string(out, meta.arguments[i]);
	}
	out.append("]}\n");
}

void append_json_lost(Buffer& out, const Loss& loss, int64_t unix_ns)
{
	out.append("{\"type\":\"lost\",");
	append_time(out, "ts", unix_ns);
	out.append(",\"count\":");
	out.append_u64(loss.count);
	out.append(",\"reason\":");
	json_string(out, loss.reason);
	out.append("}\n");
}

void append_json_summary(Buffer& out, const Summary& summary)
{
	uint64_t lost = 0;
	out.append("{\"type\":\"summary\",");
	append_time(out, "ts", summary.unix_ns);
	out.append(",\"records\":");
	out.append_u64(summary.records);
	out.append(",\"window_ns\":");
	out.append_u64(summary.window_ns);
	out.append(",\"cpu_ns\":");
	out.append_u64(summary.cpu_ns);
	out.append(",\"lost_by_reason\":{");
	for (const Loss& loss : summary.lost) {
		if (lost)
			out.append(',');
		json_string(out, loss.reason);
		out.append(':');
		out.append_u64(loss.count);
		lost += loss.count;
	}
	out.append("},\"lost\":");
	out.append_u64(lost);
	out.append(",\"end\":");
	json_string(out, summary.end);
	out.append("}\n");
}

std::unique_ptr<RecordWriter> json_writer(
	std::span<const Field> fields, const FieldContext& context, WallClock& clock, std::string_view type)
{
	return std::make_unique<JsonWriter>(fields, context, clock, type);
}

} // namespace corescope
