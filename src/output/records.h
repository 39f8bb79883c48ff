// SPDX-License-Identifier: BSD-2-Clause
// Records as a table, JSON Lines or CSV. Each writer appends whole lines to a buffer and never writes anywhere.
#pragma once

#include "output/buffer.h"
#include "output/field.h"
#include "system/clock.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

// What a run says of itself before its first record.
struct Meta {
	std::string tool;
	std::string version;
	std::string hooks; // which of the tool's hook variants this kernel took
	std::vector<std::string> arguments;
	int64_t start_unix_ns = 0;
	std::string btf{}; // the file that the kernel's types came from; "" for the kernel itself
};

struct Loss {
	std::string_view reason;
	uint64_t count = 0;
};

// And after its last.
struct Summary {
	uint64_t records = 0;
	uint64_t window_ns = 0;
	uint64_t cpu_ns = 0; // of this process, user and system
	std::vector<Loss> lost;
	std::string_view end; // why it ended: "duration", "count", "SIGINT" …
	int64_t unix_ns = 0;
};

class RecordWriter {
public:
	explicit RecordWriter(std::span<const Field> fields, const FieldContext& context, WallClock& clock)
		: fields_(fields.begin(), fields.end()), context_(context), clock_(clock)
	{}
	virtual ~RecordWriter() = default;

	virtual void meta(Buffer& out, const Meta& meta) = 0;
	virtual void event(Buffer& out, const void* event) = 0;
	virtual void lost(Buffer& out, const Loss& loss, int64_t unix_ns) = 0;
	virtual void summary(Buffer& out, const Summary& summary) = 0;

protected:
	std::vector<Field> fields_; // those that this writer shows
	const FieldContext& context_;
	WallClock& clock_;
	TimeFormatter times_;
};

// header: the table's and CSV's first line. shown: keys of optional columns that a table has as well; hidden: of those
// that it goes without.
std::unique_ptr<RecordWriter> table_writer(std::span<const Field> fields,
	std::span<const std::string_view> shown, std::span<const std::string_view> hidden, bool header,
	const FieldContext& context, WallClock& clock);
// type: of the records, "row" where they are not events.
std::unique_ptr<RecordWriter> json_writer(std::span<const Field> fields, const FieldContext& context,
	WallClock& clock, std::string_view type = "event");
std::unique_ptr<RecordWriter> csv_writer(std::span<const Field> fields, bool header,
	const FieldContext& context, WallClock& clock, std::string_view type = "event");

// The JSON records that every tool has, whatever lies between them. One line each.
void append_json_meta(Buffer& out, const Meta& meta);
void append_json_lost(Buffer& out, const Loss& loss, int64_t unix_ns);
void append_json_summary(Buffer& out, const Summary& summary);

// Appends `"key":value`, and `,"key_b64":…` behind it where bytes had to be replaced.
void append_json_member(
	Buffer& out, std::string_view key, const Value& value, const WallClock& clock, TimeFormatter& times);

} // namespace corescope
