// SPDX-License-Identifier: BSD-2-Clause
// See content.h. Files are read in pieces, and nothing of them is kept but what a report shows.
#include "report/content.h"

#include "base/error.h"
#include "output/escape.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

namespace corescope::report {

namespace {

using Kind = JsonLine::Kind;

std::string quoted(std::string_view text)
{
	Buffer out(128);
	quote_text(out, text.substr(0, 60));
	return std::string(out.view());
}

std::string member(const JsonLine& line, std::string_view name)
{
	const uint32_t at = line.find(0, name);
	return at && line.is(at, Kind::string) ? line.string(at) : "";
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r") == std::string_view::npos; }

} // namespace

void Content::room() const
{
	if (pictures_.size() + stacks_.size() + rows_.size() >= kMaxGroups)
		throw Error(kDataError,
			"more than " + std::to_string(kMaxGroups) +
				" different tools, quantities or keys for one report; choose with --tool, --quantity, --options or --keys");
}

Picture& Content::picture(const HistRecord& record)
{
	std::string subject = Picture::subject(record);
	const auto found = picture_index_.find(subject);
	if (found != picture_index_.end())
		return *found->second;
	room();
	pictures_.emplace_back();
	return *(picture_index_[std::move(subject)] = &pictures_.back());
}

void Content::add_window(const HistSource& source, int64_t start_ns, const HistWindow& window,
	const std::vector<HistLabel>* labels)
{
	for (Picture& picture : pictures_)
		picture.add_window(source, start_ns, window, labels);
}

StackGroup& Content::stacks(const std::string& tool, const std::string& unit)
{
	for (StackGroup& group : stacks_)
		if (group.tool == tool && group.unit == unit)
			return group;
	room();
	return stacks_.emplace_back(StackGroup{tool, unit, {}});
}

Rows& Content::rows(const std::string& tool, const std::string& type)
{
	for (RowGroup& group : rows_)
		if (group.tool == tool && group.type == type)
			return group.rows;
	room();
	return rows_.emplace_back(RowGroup{tool, type, Rows(most_rows_)}).rows;
}

void Content::note(std::string text)
{
	if (notes_.size() < kMaxNotes)
		notes_.push_back(std::move(text));
}

void Content::lost(const std::string& reason, uint64_t count)
{
	if (losses_.size() >= kMaxNotes && !losses_.count(reason))
		return;
	uint64_t& sum = losses_[reason];
	if (__builtin_add_overflow(sum, count, &sum))
		sum = UINT64_MAX;
}

Reader::Reader(Content& content, Wanted wanted, unsigned side)
	: content_(content), stacks_(&content), wanted_(std::move(wanted)), side_(side)
{}

void Reader::refuse(const std::string& why) const
{
	throw Error(kDataError, name_ + ": line " + std::to_string(line_number_) + ": " + why);
}

void Reader::read(const std::string& path)
{
	const bool standard = path == "-";
	const int fd = standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
	const auto fail = [&] {
		const int error = errno;
		throw Error(error == EACCES || error == EPERM ? kNoPermission : kIoError,
			"cannot read " + quoted(path) + ": " + std::strerror(error));
	};
	if (fd < 0)
		fail();
	begin(standard ? "standard input" : quoted(path));
	struct Closer {
		int fd;
		~Closer()
		{
			if (fd > 0)
				close(fd);
		}
	} closer{standard ? -1 : fd};
	std::vector<char> piece(256 << 10);
	for (;;) {
		const ssize_t n = ::read(fd, piece.data(), piece.size());
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail();
		if (n == 0)
			break;
		feed({piece.data(), static_cast<size_t>(n)});
	}
	end();
}

void Reader::read_bytes(const std::string& name, std::string_view bytes)
{
	begin(name);
	feed(bytes);
	end();
}

void Reader::begin(const std::string& name)
{
	name_ = name;
	rest_.clear();
	line_number_ = 0;
	format_ = Format::unknown;
	run_ = {};
	in_run_ = false;
	folded_ = nullptr;
}

void Reader::feed(std::string_view bytes)
{
	for (;;) {
		const size_t end = bytes.find('\n');
		if (end == std::string_view::npos) {
			rest_.append(bytes);
			if (rest_.size() > kMaxLine) {
				line_number_++;
				refuse("longer than " + std::to_string(kMaxLine >> 20) + " MiB");
			}
			return;
		}
		if (rest_.empty()) {
			line(bytes.substr(0, end));
		} else {
			rest_.append(bytes.substr(0, end));
			line(rest_);
			rest_.clear();
		}
		bytes.remove_prefix(end + 1);
	}
}

void Reader::end()
{
	if (!rest_.empty())
		line(rest_);
	rest_.clear();
	if (in_run_)
		content_.note(name_ + ": a run of " + (run_.tool.empty() ? "a tool" : run_.tool) +
			" has no summary at its end: it still went on, or was killed");
	if (format_ == Format::unknown)
		throw Error(kDataError, name_ + ": it is empty");
}

void Reader::line(std::string_view text)
{
	line_number_++;
	if (text.ends_with('\r'))
		text.remove_suffix(1);
	if (blank(text))
		return;
	if (format_ == Format::unknown)
		format_ = text[text.find_first_not_of(" \t")] == '{' ? Format::json : Format::folded;
	if (format_ == Format::folded) {
		if (text.front() == '#') {
			content_.note(name_ + ": " + std::string(text.substr(0, 200)));
			return;
		}
		if (!folded_)
			folded_ = &stacks_->stacks("", "");
		if (!folded_->stacks.add_folded(text, side_))
			refuse("neither a JSON object nor a folded stack (such as 'main;read 12'): " + quoted(text));
		return;
	}
	if (!json_.parse(text))
		refuse("no JSON, byte " + std::to_string(json_.at() + 1) + ": " + json_.why() +
			"; a whole object on each line is expected");
	if (!json_.is(0, Kind::object))
		refuse("no JSON object");
	try {
		record(json_);
	} catch (const std::runtime_error& error) {
		refuse(error.what());
	}
}

void Reader::record(const JsonLine& line)
{
	const std::string type = member(line, "type");
	if (type.empty())
		refuse("a record without `type`; what corescope's tools write with --output json is expected");
	if (type == "meta")
		meta(line);
	else if (type == "hist")
		histogram(line);
	else if (type == "stack")
		stack(line);
	else if (type == "lost")
		lost(line);
	else if (type == "summary")
		in_run_ = false;
	else
		content_.rows(run_.tool, type).add(line);
}

void Reader::meta(const JsonLine& line)
{
	run_ = {};
	run_.tool = member(line, "tool");
	run_.version = member(line, "version");
	run_.hooks = member(line, "hooks");
	run_.host = member(line, "host");
	run_.boot_id = member(line, "boot_id");
	in_run_ = true;
}

void Reader::histogram(const JsonLine& line)
{
	const HistRecord record = hist_record(line, run_, source_);
	if (wanted_ && !wanted_(record)) {
		skipped_++;
		return;
	}
	content_.picture(record).add(record);
}

void Reader::stack(const JsonLine& line)
{
	const uint32_t value_at = line.find(0, "value_ns"), count_at = line.find(0, "count");
	const bool timed = value_at && !line.is(value_at, Kind::null);
	const uint32_t weight_at = timed ? value_at : count_at;
	const auto weight = weight_at ? line.u64(weight_at) : std::nullopt;
	if (!weight)
		throw std::runtime_error("a stack without a whole `count` or `value_ns`");
	std::vector<std::string> names;
	std::vector<Stacks::FrameKind> kinds;
	const auto push = [&](std::string name, Stacks::FrameKind kind) {
		names.push_back(std::move(name));
		kinds.push_back(kind);
	};
	push(member(line, "comm"), Stacks::FrameKind::other);
	if (names[0].empty())
		names[0] = "[unknown]";
	const auto listed = [&](std::string_view list, std::string_view name) {
		bool found = false;
		const uint32_t at = line.find(0, list);
		if (at && line.is(at, Kind::array))
			line.items(at, [&](uint32_t item) { found |= line.node(item).text == name; });
		return found;
	};
	for (const auto& [part, kind] :
		{std::pair<std::string_view, Stacks::FrameKind>{"user", Stacks::FrameKind::user},
			{"kernel", Stacks::FrameKind::kernel}}) {
		if (listed("missing", part))
			push("[" + std::string(part) + " stack not kept]", Stacks::FrameKind::other);
		if (listed("truncated", part))
			push("[cut: outer " + std::string(part) + " frames not kept]", Stacks::FrameKind::other);
		const uint32_t frames = line.find(0, part);
		if (!frames || line.is(frames, Kind::null))
			continue;
		if (!line.is(frames, Kind::array))
			throw std::runtime_error("a stack's `" + std::string(part) + "` is no list");
		line.items(frames, [&, kind = kind](uint32_t frame) {
			if (names.size() > Stacks::kMaxDepth)
				throw std::runtime_error(
					"a stack of more than " + std::to_string(Stacks::kMaxDepth) + " frames");
			push(line.string(frame), kind);
		});
	}
	std::vector<Stacks::Frame> frames;
	frames.reserve(names.size());
	for (size_t i = 0; i < names.size(); i++)
		frames.push_back({names[i], kinds[i]});
	stacks_->stacks(run_.tool, timed ? "ns" : "samples").stacks.add(frames, *weight, side_);
}

void Reader::lost(const JsonLine& line)
{
	const uint32_t at = line.find(0, "count");
	const auto count = at ? line.u64(at) : std::nullopt;
	if (!count)
		throw std::runtime_error("a `lost` record without a count");
	content_.lost((run_.tool.empty() ? "" : run_.tool + ": ") + member(line, "reason"), *count);
}

} // namespace corescope::report
