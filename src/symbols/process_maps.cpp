// SPDX-License-Identifier: BSD-2-Clause
// proc(5): "start-end flags offset major:minor inode path", numbers in hex but for the inode.
#include "symbols/process_maps.h"

#include "base/files.h"

#include <charconv>

namespace corescope {

namespace {

constexpr std::string_view kDeleted = " (deleted)";

// The number that the text begins with, which is taken away together with one byte behind it, which must be `end`.
bool take(std::string_view& text, uint64_t& number, int base, char end)
{
	const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
	const auto used = static_cast<size_t>(at - text.data());
	if (error != std::errc() || used >= text.size() || text[used] != end)
		return false;
	text.remove_prefix(used + 1);
	return true;
}

// The kernel writes a newline in a path, and nothing else, as an escape (seq_path with "\n").
std::string unescaped(std::string_view path)
{
	std::string out;
	for (size_t at = 0; at < path.size(); at++) {
		if (path.substr(at, 4) == "\\012") {
			out += '\n';
			at += 3;
		} else {
			out += path[at];
		}
	}
	return out;
}

} // namespace

std::optional<Mapping> parse_mapping(std::string_view line)
{
	Mapping m = {};
	uint64_t major = 0, minor = 0;
	if (!take(line, m.start, 16, '-') || !take(line, m.end, 16, ' ') || line.size() < 5 || line[2] != 'x')
		return std::nullopt;
	line.remove_prefix(5);
	if (!take(line, m.offset, 16, ' ') || !take(line, major, 16, ':') || !take(line, minor, 16, ' '))
		return std::nullopt;
	m.device = major << 32 | minor;
	const auto [at, error] = std::from_chars(line.data(), line.data() + line.size(), m.inode);
	if (error != std::errc())
		return std::nullopt;
	line.remove_prefix(static_cast<size_t>(at - line.data()));
	const size_t path = line.find_first_not_of(' ');
	if (path == std::string_view::npos)
		return m;
	line.remove_prefix(path);
	if (line.size() > kDeleted.size() && line.substr(line.size() - kDeleted.size()) == kDeleted) {
		line.remove_suffix(kDeleted.size());
		m.deleted = true;
	}
	m.path = unescaped(line);
	return m;
}

std::vector<Mapping> executable_mappings(pid_t pid)
{
	std::vector<Mapping> all;
	for_each_line("/proc/" + std::to_string(pid) + "/maps", [&](std::string_view line) {
		if (auto mapping = parse_mapping(line))
			all.push_back(std::move(*mapping));
		return true;
	});
	join_remapped(all);
	return all;
}

void join_remapped(std::vector<Mapping>& mappings)
{
	const auto is_file = [](const Mapping& m) { return m.inode && !m.path.empty(); };
	for (size_t i = 1; i + 1 < mappings.size(); i++) {
		const Mapping &before = mappings[i - 1], &behind = mappings[i + 1];
		Mapping& middle = mappings[i];
		if (!middle.path.empty() || !is_file(before) || !is_file(behind) || before.inode != behind.inode ||
			before.device != behind.device || before.end != middle.start || middle.end != behind.start ||
			behind.offset - before.offset != behind.start - before.start)
			continue;
		const uint64_t start = middle.start, end = middle.end;
		middle = before;
		middle.offset = before.offset + (start - before.start);
		middle.start = start;
		middle.end = end;
	}
}

} // namespace corescope
