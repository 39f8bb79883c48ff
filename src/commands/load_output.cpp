// SPDX-License-Identifier: BSD-2-Clause
// See load_output.h.
#include "commands/load_output.h"

#include "output/escape.h"

#include <algorithm>

namespace corescope {

namespace {

// What CSV has of a map, an iterator or a variable.
struct Row {
	std::string_view source, key, value;
};
constexpr Field kRowFields[] = {
	{nullptr, "key", 0, kInData,
		[](const void* row, const FieldContext&, const void*) {
			return Value::text(static_cast<const Row*>(row)->key);
		},
		"a map's key", FieldType::text, false},
	{nullptr, "value", 0, kInData,
		[](const void* row, const FieldContext&, const void*) {
			return Value::text(static_cast<const Row*>(row)->value);
		},
		"and its value", FieldType::text, false},
};

} // namespace

size_t LoadOutput::add_source(const std::string& name, std::span<const Field> fields)
{
	Source& source = sources_.emplace_back();
	source.name = name;
	source.fields.push_back({nullptr, "source", 0, kInData,
		[](const void*, const FieldContext&, const void* self) {
			return Value::text(static_cast<const Source*>(self)->name);
		},
		"which of the object's maps said it, or printk", FieldType::text, true, &source});
	source.fields.insert(source.fields.end(), fields.begin(), fields.end());
	return sources_.size() - 1;
}

// One heading for all: the columns of all sources side by side, of which a record fills those of its own.
void LoadOutput::make_csv_writer()
{
	rows_ = add_source("", kRowFields);
	sources_.back().fields[0].get = [](const void* row, const FieldContext&, const void*) {
		return Value::text(static_cast<const Row*>(row)->source);
	};
	std::vector<Field> fields;
	for (size_t i = 0; i < sources_.size(); i++)
		for (const Field& field : sources_[i].fields) {
			if (!(field.flags & kInData))
				continue;
			size_t at = 0;
			while (at < fields.size() && std::string_view(fields[at].key) != field.key)
				at++;
			if (at == fields.size()) {
				fields.push_back(field);
				fields[at].self = &columns_.emplace_back(Column{this, {}});
				fields[at].get = [](const void* event, const FieldContext& context, const void* self) {
					const auto* column = static_cast<const Column*>(self);
					for (const auto& [source, part] : column->parts)
						if (source == column->output->current_)
							return part.value(event, context);
					return Value::none();
				};
			}
			columns_[at].parts.emplace_back(i, field);
		}
	csv_ = csv_writer(fields, !common_.no_header, context_, clock_);
}

void LoadOutput::begin(const Meta& meta)
{
	const bool header = !common_.no_header;
	for (Source& source : sources_) {
		if (common_.output == OutputFormat::json)
			source.writer = json_writer(source.fields, context_, clock_);
		else if (common_.output == OutputFormat::table)
			source.writer = table_writer(source.fields, {}, {}, header, context_, clock_);
	}
	if (common_.output == OutputFormat::json)
		append_json_meta(buffer_, meta);
	else if (common_.output == OutputFormat::csv) {
		make_csv_writer();
		csv_->meta(buffer_, meta);
	} else if (sources_.size() == 1) {
		sources_[0].writer->meta(buffer_, meta);
		last_ = 0;
	}
}

void LoadOutput::event(size_t source, const void* record)
{
	current_ = source;
	records_++;
	if (csv_)
		return csv_->event(buffer_, record);
	Source& of = sources_[source];
	if (common_.output == OutputFormat::table && last_ != source) {
		if (!common_.no_header) {
			buffer_.append("# ");
			escape_text(buffer_, of.name);
			buffer_.append('\n');
		}
		of.writer->meta(buffer_, {});
	}
	last_ = source;
	of.writer->event(buffer_, record);
}

void LoadOutput::lost(const std::string& reason, uint64_t count)
{
	const auto known =
		std::find_if(losses_.begin(), losses_.end(), [&](const Loss& loss) { return loss.reason == reason; });
	if (known == losses_.end())
		losses_.push_back({reasons_.emplace_back(reason), count});
	else
		known->count += count;
	const Loss loss{reason, count};
	current_ = kNone;
	if (csv_)
		csv_->lost(buffer_, loss, clock_.now_unix_ns());
	else if (common_.output == OutputFormat::json)
		append_json_lost(buffer_, loss, clock_.now_unix_ns());
	else if (!sources_.empty())
		sources_[0].writer->lost(buffer_, loss, clock_.now_unix_ns());
}

void LoadOutput::csv_row(
	std::string_view type, std::string_view source, std::string_view key, std::string_view value)
{
	static constexpr std::string_view kWritten = "event";
	const Row row{source, key, value};
	const size_t start = buffer_.size();
	current_ = rows_;
	csv_->event(buffer_, &row);
	const std::string line(buffer_.view_from(start + kWritten.size()));
	buffer_.truncate(start);
	buffer_.append(type);
	buffer_.append(line);
}

void LoadOutput::summary(const Summary& summary)
{
	if (common_.output == OutputFormat::json)
		append_json_summary(buffer_, summary);
}

} // namespace corescope
