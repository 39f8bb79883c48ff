// SPDX-License-Identifier: BSD-2-Clause
// What a report is about, whatever it was read from, and the reader of files: JSON Lines as tools write them, or folded
// stacks as any tool does.
#pragma once

#include "report/picture.h"
#include "report/rows.h"
#include "report/stacks.h"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace corescope::report {

// Stacks of one tool and one kind of weight.
struct StackGroup {
	std::string tool;
	std::string unit; // "ns", "samples"; "" for folded stacks, which do not say
	Stacks stacks;
};

struct RowGroup {
	std::string tool, type;
	Rows rows;
};

class Content {
public:
	static constexpr size_t kMaxGroups = 100;
	static constexpr size_t kMaxNotes = 50;

	explicit Content(size_t most_rows) : most_rows_(most_rows) {}

	Picture& picture(const HistRecord& record);
	// An interval, for whichever picture it belongs to.
	void add_window(const HistSource& source, int64_t start_ns, const HistWindow& window,
		const std::vector<HistLabel>* labels);
	StackGroup& stacks(const std::string& tool, const std::string& unit);
	Rows& rows(const std::string& tool, const std::string& type);
	void note(std::string text);
	// In words, for what was not told: of a reason, over all runs.
	void lost(const std::string& reason, uint64_t count);

	bool empty() const { return pictures_.empty() && stacks_.empty() && rows_.empty(); }
	const std::list<Picture>& pictures() const { return pictures_; }
	const std::list<StackGroup>& stacks() const { return stacks_; }
	const std::list<RowGroup>& rows() const { return rows_; }
	const std::vector<std::string>& notes() const { return notes_; }
	const std::map<std::string, uint64_t>& losses() const { return losses_; }

private:
	void room() const;

	size_t most_rows_;
	std::list<Picture> pictures_;
	std::map<std::string, Picture*> picture_index_;
	std::list<StackGroup> stacks_;
	std::list<RowGroup> rows_;
	std::vector<std::string> notes_;
	std::map<std::string, uint64_t> losses_;
};

class Reader {
public:
	static constexpr size_t kMaxLine = size_t{16} << 20;
	using Wanted = std::function<bool(const HistRecord&)>;

	// side: of two that are compared, for stacks.
	Reader(Content& content, Wanted wanted, unsigned side = 0);

	// Stacks go there, beside those of another side.
	void share_stacks(Content& content) { stacks_ = &content; }
	// "-" is standard input. Throws Error: kIoError where it cannot be read, kDataError for what is something else.
	void read(const std::string& path);
	// The same of bytes that are there already.
	void read_bytes(const std::string& name, std::string_view bytes);
	uint64_t skipped() const { return skipped_; } // histograms that were not wanted

private:
	void begin(const std::string& name);
	void feed(std::string_view bytes);
	void end();
	void line(std::string_view text);
	void record(const JsonLine& line);
	void meta(const JsonLine& line);
	void histogram(const JsonLine& line);
	void stack(const JsonLine& line);
	void lost(const JsonLine& line);
	[[noreturn]] void refuse(const std::string& why) const;

	Content& content_;
	Content* stacks_;
	Wanted wanted_;
	unsigned side_;
	JsonLine json_;
	enum class Format { unknown, json, folded } format_ = Format::unknown;
	std::string name_, rest_;
	uint64_t line_number_ = 0, skipped_ = 0;
	HistSource run_; // what `meta` said
	bool in_run_ = false;
	std::shared_ptr<const HistSource> source_;
	StackGroup* folded_ = nullptr;
};

// A `hist` record, with what `run` says where it does not. Throws std::runtime_error with what is wrong with it.
HistRecord hist_record(
	const JsonLine& line, const HistSource& run, std::shared_ptr<const HistSource>& last_source);
// "2026-11-20T14:07:20.123456789Z" in nanoseconds since 1970. Throws std::runtime_error.
int64_t parse_rfc3339(std::string_view text);

} // namespace corescope::report
