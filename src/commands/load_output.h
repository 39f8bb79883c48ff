// SPDX-License-Identifier: BSD-2-Clause
// What a loaded object says, in one stream: each of its rings, its trace lines and its iterators are a source with
// fields of its own, and maps are rows. In JSON and CSV each record names its source; in a table a change of source is
// told by a line and a heading.
#pragma once

#include "bpf/printk.h"
#include "btf/columns.h"
#include "cli/tool.h"
#include "output/records.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace corescope {

class LoadOutput {
public:
	explicit LoadOutput(const CommonOptions& common) : common_(common) {}

	OutputFormat format() const { return common_.output; }
	// Before begin(). fields: must live as long as this. Returns the source's number.
	size_t add_source(const std::string& name, std::span<const Field> fields);
	void begin(const Meta& meta);

	void event(size_t source, const void* record);
	void lost(const std::string& reason, uint64_t count);
	// Whole lines that are data themselves: a map, an iterator's text. In CSV a row of that type.
	Buffer& lines()
	{
		last_ = kNone;
		return buffer_;
	}
	// For CSV, where rows of maps have two columns of their own: key and value.
	void csv_row(
		std::string_view type, std::string_view source, std::string_view key, std::string_view value);
	void summary(const Summary& summary);

	// Writes what has gathered. Throws as write_out() does.
	void flush() { write_out(buffer_); }
	bool is_full() const { return buffer_.size() > kWriteAt; }

	uint64_t records() const { return records_; }
	const std::vector<Loss>& losses() const { return losses_; }
	WallClock& clock() { return clock_; }

private:
	static constexpr size_t kNone = ~size_t{0};
	static constexpr size_t kWriteAt = 256 * 1024;

	struct Source {
		std::string name;
		std::vector<Field> fields;
		std::unique_ptr<RecordWriter> writer; // not for CSV
	};
	// A column of CSV: what each source that has such a key puts into it.
	struct Column {
		const LoadOutput* output;
		std::vector<std::pair<size_t, Field>> parts;
	};

	void make_csv_writer();

	const CommonOptions& common_;
	FieldContext context_;
	WallClock clock_;
	std::deque<Source> sources_;
	std::deque<Column> columns_;
	size_t rows_ = kNone; // the source of csv_row()
	std::deque<std::string> reasons_;
	std::vector<Loss> losses_;
	std::unique_ptr<RecordWriter> csv_;
	size_t current_ = kNone, last_ = kNone;
	uint64_t records_ = 0;
	Buffer buffer_;
};

} // namespace corescope
