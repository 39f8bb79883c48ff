// SPDX-License-Identifier: BSD-2-Clause
// See report_sides.h. What a file is, its first bytes tell.
#include "commands/report_sides.h"

#include "base/error.h"

#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope {

namespace {

using namespace report;

constexpr OptionSpec kSpecs[] = {
	option<&SideOptions::split>(0, "split", "TIME",
		"compare what was before this time with what was after it, such as that of a deployment"),
	option<&SideOptions::before>(0, "before", "TIME", "A is what had ended by this time, such as 2d (ago)"),
	option<&SideOptions::after>(0, "after", "TIME", "B is what began at this time or later"),
	option<&SideOptions::sides>(0, "side", "SIDE",
		"given twice: compare A with B, each an id (or several: 17,18), a time (2026-11-19, yesterday), a store, or a file of JSON Lines or "
		"folded stacks"),
};

// A file to be read record by record: not an id, and no SQLite file; a file that is not there is reported as such.
bool is_record_file(const std::string& word)
{
	if (word == "-")
		return true;
	struct stat status = {};
	if (stat(word.c_str(), &status) != 0)
		return false;
	if (!S_ISREG(status.st_mode))
		return true; // a pipe must not be looked into
	const int fd = open(word.c_str(), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	constexpr std::string_view kSqlite = "SQLite format 3";
	char head[kSqlite.size()] = {};
	const ssize_t n = read(fd, head, sizeof(head));
	close(fd);
	// An empty file is an empty store to SQLite, and nothing to a reader: which says so.
	return n != static_cast<ssize_t>(sizeof(head)) || std::memcmp(head, kSqlite.data(), sizeof(head)) != 0;
}

void read_stores(Content& content, History& history)
{
	history.each([&](const StoredHistogram& stored) {
		content.picture(stored.record).add(stored.record);
		return true;
	});
	history.each_interval(
		[&](const HistSource& source, int64_t start_ns, const HistWindow& window,
			const std::vector<HistLabel>* labels) { content.add_window(source, start_ns, window, labels); });
}

ReportSide told(const std::string& text, const HistPool& pool)
{
	return {text, pool.total(), pool.records(), pool.last_unix_ns()};
}

// The one picture of a side. Throws as adding what cannot be added does.
const Picture& only_picture(const Content& content, const std::string& text)
{
	if (content.pictures().size() > 1)
		throw Error(kDataError,
			"'" + text + "' has " + std::to_string(content.pictures().size()) +
				" kinds of histograms; choose with --tool, --quantity, --options or --keys");
	return content.pictures().front();
}

std::string shown(const std::string& path) { return path == "-" ? "standard input" : path; }

void read_side(ReportInput& input, const HistorySelection& selection, const std::string& word, unsigned side)
{
	Content& content = side ? input.other : input.content;
	if (is_record_file(word)) {
		// Stacks of both sides grow one tree.
		Content& stacks = input.content;
		Reader reader(
			content, [&](const HistRecord& record) { return selects(selection, record); }, side);
		if (side)
			reader.share_stacks(stacks);
		reader.read(word);
	} else {
		History history(selection_of_side(selection, word));
		read_stores(content, history);
		if (content.pictures().empty())
			throw Error(kUnavailable,
				"there is no such histogram for '" + word +
					"'; `corescope history list` tells what there is");
	}
	input.sources.push_back(std::string(side ? "B: " : "A: ") + shown(word));
}

void compare_sides(ReportInput& input, const HistorySelection& selection, const SideOptions& options)
{
	for (const unsigned side : {0U, 1U})
		read_side(input, selection, options.sides[side], side);
	input.two_contents = true;
	input.side_a.text = shown(options.sides[0]);
	input.side_b.text = shown(options.sides[1]);
	const bool a = !input.content.pictures().empty(), b = !input.other.pictures().empty();
	if (a != b)
		throw Error(kDataError,
			"'" + options.sides[a ? 1 : 0] + "' has no histograms to compare with those of '" +
				options.sides[a ? 0 : 1] + "'");
	if (a) {
		input.compared = true;
		input.side_a = told(input.side_a.text, only_picture(input.content, options.sides[0]).pool());
		input.side_b = told(input.side_b.text, only_picture(input.other, options.sides[1]).pool());
	}
	for (const StackGroup& group : input.content.stacks())
		if (!group.stacks.stacks(0) || !group.stacks.stacks(1))
			throw Error(kDataError,
				"only " + std::string(group.stacks.stacks(0) ? "A" : "B") + " has stacks" +
					(group.unit.empty() ? "" : " in " + group.unit) +
					", and there is nothing to compare them with");
}

} // namespace

std::span<const OptionSpec> report_side_specs() { return kSpecs; }

ReportInput read_report_input(const HistorySelection& selection, const SideOptions& options, size_t rows)
{
	const SideMoments moments = side_moments(options.split, options.before, options.after);
	if (!options.sides.empty() && (options.sides.size() != 2 || moments.given))
		throw Error(kUsage,
			moments.given ? "--side: --before, --after and --split make both sides"
						  : "--side: give it twice, for A and for B");

	ReportInput input(rows);
	HistorySelection of_stores = selection;
	std::vector<std::string> files;
	of_stores.words.clear();
	for (const std::string& word : selection.words)
		(is_record_file(word) ? files : of_stores.words).push_back(word);
	if (!options.sides.empty()) {
		if (!files.empty())
			throw Error(kUsage, "--side: names what is read; '" + files[0] + "' cannot be given too");
		compare_sides(input, selection, options);
		return input;
	}
	if (!files.empty() && selection.last)
		throw Error(kUsage, "--last: is for stores; '" + files[0] + "' is none");

	// Files that are no stores, of which the moments choose as of a store.
	HistPool a, b;
	for (const std::string& file : files) {
		Reader reader(input.content, [&](const HistRecord& record) {
			if (!selects(selection, record))
				return false;
			if (moments.given && record.start_unix_ns >= moments.after_ns)
				b.add(record);
			else if (moments.given && record.end_unix_ns() <= moments.before_ns)
				a.add(record);
			return true;
		});
		reader.read(file);
		input.sources.push_back(shown(file));
	}
	const bool stores = files.empty() || !of_stores.words.empty() || !of_stores.stores.empty();
	if (stores) {
		if (!files.empty() && moments.given)
			throw Error(
				kUsage, "--split, --before and --after: choose from stores or from files, not both at once");
		History history(of_stores);
		read_stores(input.content, history);
		if (input.content.pictures().empty())
			history.nothing();
		for (const std::string& path : history.paths())
			input.sources.push_back(path);
		if (moments.given) {
			auto [side_a, side_b] = sides_of_moments(of_stores, moments.before_ns, moments.after_ns);
			a = std::move(side_a.pool);
			b = std::move(side_b.pool);
		}
	}
	if (moments.given) {
		for (const auto& [pool, text] : {std::pair{&a, "before"}, {&b, "after"}})
			if (pool->empty())
				throw Error(kUnavailable,
					"there is no such histogram " + std::string(text) + " " +
						local_time(text[0] == 'b' ? moments.before_ns : moments.after_ns));
		input.compared = true;
		input.side_a = told("before " + local_time(moments.before_ns), a);
		input.side_b = told("after " + local_time(moments.after_ns), b);
	}
	return input;
}

} // namespace corescope
