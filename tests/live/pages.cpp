// SPDX-License-Identifier: BSD-2-Clause
// See pages.h.
#include "pages.h"

#include <algorithm>
#include <climits>
#include <fstream>
#include <unistd.h>

namespace corescope::test {

namespace {

size_t heading_level(const std::string& line)
{
	const size_t level = line.find_first_not_of('#');
	return level != std::string::npos && line[level] == ' ' ? level : 0;
}

bool is_fence(const std::string& line) { return line.compare(0, 3, "```") == 0; }

std::string upwards(std::string folder)
{
	while (!folder.empty()) {
		if (access((folder + "/docs/output.md").c_str(), R_OK) == 0 &&
			access((folder + "/Makefile").c_str(), R_OK) == 0)
			return folder;
		folder.resize(folder.rfind('/'));
	}
	return "";
}

} // namespace

std::string source_folder()
{
	char path[PATH_MAX];
	std::string found = getcwd(path, sizeof(path)) ? upwards(path) : "";
	if (!found.empty())
		return found;
	const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
	return size > 0 ? upwards(std::string(path, static_cast<size_t>(size))) : "";
}

Lines read_lines(const std::string& path)
{
	std::ifstream file(path);
	INFO(path);
	REQUIRE(file);
	Lines lines;
	for (std::string line; std::getline(file, line);)
		lines.push_back(line);
	return lines;
}

Lines page(const std::string& path) { return read_lines(source_folder() + "/" + path); }

Lines section(const Lines& page, const std::string& heading)
{
	Lines found;
	size_t level = 0;
	bool code = false;
	for (const std::string& line : page) {
		code = code != is_fence(line);
		const size_t here = code ? 0 : heading_level(line);
		if (level && here && here <= level)
			break;
		if (level)
			found.push_back(line);
		else if (here && line.substr(here + 1) == heading)
			level = here;
	}
	return found;
}

std::vector<std::string> headings(const Lines& page, size_t level)
{
	std::vector<std::string> found;
	bool code = false;
	for (const std::string& line : page) {
		code = code != is_fence(line);
		if (!code && heading_level(line) == level)
			found.push_back(line.substr(level + 1));
	}
	return found;
}

std::vector<std::vector<std::string>> table_rows(const Lines& lines)
{
	std::vector<std::vector<std::string>> rows;
	for (const std::string& line : lines) {
		if (line.compare(0, 3, "| `") != 0)
			continue;
		std::vector<std::string> cells;
		for (const std::string& cell : split(line.substr(1), '|'))
			cells.push_back(trimmed(cell));
		cells.pop_back(); // behind the last bar
		rows.push_back(cells);
	}
	return rows;
}

std::vector<std::string> code_spans(const std::string& text)
{
	std::vector<std::string> spans;
	const std::vector<std::string> parts = split(text, '`');
	for (size_t i = 1; i + 1 < parts.size(); i += 2)
		spans.push_back(parts[i]);
	return spans;
}

std::vector<CodeBlock> code_blocks(const Lines& page)
{
	std::vector<CodeBlock> blocks;
	std::string title;
	bool code = false;
	for (const std::string& line : page) {
		if (is_fence(line)) {
			code = !code;
			if (code)
				blocks.push_back({line.substr(3), title, {}});
		} else if (code) {
			blocks.back().lines.push_back(line);
		} else if (!line.empty()) {
			title = line;
		}
	}
	return blocks;
}

std::string no_pages() { return source_folder().empty() ? "the documentation is not here" : ""; }

Said say(const std::string& command)
{
	Process process({"/bin/sh", "-c", command});
	std::string out = process.rest();
	return {process.wait(), out};
}

Said run_tool(const std::string& arguments) { return say("exec '" + corescope_path() + "' " + arguments); }

std::vector<std::string> tool_names()
{
	std::vector<std::string> names;
	bool tracing = true; // what stands below "Commands" traces nothing
	for (const std::string& line : split(run_tool("").out, '\n'))
		if (line.compare(0, 1, " ") != 0)
			tracing = line != "Commands";
		else if (tracing && line.size() > 2 && line.compare(0, 2, "  ") == 0 && line[2] != ' ')
			names.push_back(words(line)[0]);
	REQUIRE(!names.empty());
	return names;
}

bool contains(const std::vector<std::string>& all, const std::string& one)
{
	return std::find(all.begin(), all.end(), one) != all.end();
}

std::vector<std::string> words(const std::string& text)
{
	std::vector<std::string> found;
	for (const std::string& word : split(text, ' '))
		if (!word.empty())
			found.push_back(word);
	return found;
}

std::vector<std::string> split(const std::string& text, char separator)
{
	std::vector<std::string> parts;
	size_t from = 0;
	for (size_t at; (at = text.find(separator, from)) != std::string::npos; from = at + 1)
		parts.push_back(text.substr(from, at - from));
	parts.push_back(text.substr(from));
	return parts;
}

std::string trimmed(const std::string& text)
{
	const size_t first = text.find_first_not_of(' ');
	return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

} // namespace corescope::test
