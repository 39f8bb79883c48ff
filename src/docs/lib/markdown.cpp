// SPDX-License-Identifier: BSD-2-Clause
// Markdown in, man out; see markdown.h. A table of words becomes a list with tags, because 80 columns are too few for
// sentences side by side; only one of short cells stays a table.
#include "docs/lib/markdown.h"

#include "base/error.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace corescope::docs {

namespace {

constexpr size_t kTableWidth = 72;
constexpr size_t kShortCell = 24;

std::string trimmed(std::string_view text)
{
	const size_t from = text.find_first_not_of(" \t");
	if (from == std::string_view::npos)
		return "";
	return std::string(text.substr(from, text.find_last_not_of(" \t") - from + 1));
}

bool begins(std::string_view line, std::string_view with) { return line.substr(0, with.size()) == with; }

// "| a | `b|c` |": a bar within code does not end a cell, and neither does one behind a backslash.
std::vector<std::string> cells_of(std::string_view line)
{
	std::vector<std::string> cells;
	std::string cell;
	bool code = false;
	for (size_t i = 1; i < line.size(); i++) {
		if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
			cell += line[++i];
		} else if (line[i] == '|' && !code) {
			cells.push_back(trimmed(cell));
			cell.clear();
		} else {
			code ^= line[i] == '`';
			cell += line[i];
		}
	}
	return cells;
}

bool is_rule(std::string_view line) { return line.find_first_not_of("|-: ") == std::string_view::npos; }

class Parser {
public:
	Parser(std::istream& in, const std::string& path) : in_(in), path_(path) {}

	std::vector<Section> parse()
	{
		std::string line;
		while (std::getline(in_, line))
			take(line);
		if (sections_.empty())
			throw Error(kDataError, path_ + ": has no heading");
		return std::move(sections_);
	}

private:
	void take(const std::string& line)
	{
		if (in_code_) {
			if (begins(line, "```"))
				in_code_ = false;
			else
				blocks().back().lines.push_back(line);
			return;
		}
		if (line[0] == '#') {
			const size_t level = line.find_first_not_of('#');
			sections_.push_back({static_cast<unsigned>(level), trimmed(line.substr(level)), {}});
			open_ = false;
		} else if (begins(line, "```")) {
			add(Block::Kind::code);
			in_code_ = true;
			open_ = false;
		} else if (trimmed(line).empty()) {
			open_ = false;
		} else if (begins(line, "|")) {
			if (!open_ || blocks().back().kind != Block::Kind::table)
				add(Block::Kind::table);
			if (!is_rule(line))
				blocks().back().rows.push_back(cells_of(line));
		} else if (begins(line, "- ") || is_numbered(line)) {
			add(Block::Kind::bullet);
			blocks().back().text = trimmed(line.substr(line.find(' ')));
		} else if (open_ && blocks().back().kind != Block::Kind::table) {
			blocks().back().text += " " + trimmed(line);
		} else {
			add(Block::Kind::paragraph);
			blocks().back().text = trimmed(line);
		}
	}

	static bool is_numbered(std::string_view line)
	{
		return line.size() > 3 && line[0] >= '1' && line[0] <= '9' && line.substr(1, 2) == ". ";
	}

	std::vector<Block>& blocks()
	{
		if (sections_.empty())
			throw Error(kDataError, path_ + ": begins without a heading");
		return sections_.back().blocks;
	}
	void add(Block::Kind kind)
	{
		blocks().push_back({kind, {}, {}, {}});
		open_ = true;
	}

	std::istream& in_;
	const std::string& path_;
	std::vector<Section> sections_;
	bool in_code_ = false;
	bool open_ = false; // the next line may belong to the last block
};

std::string capitalized(std::string text)
{
	text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
	return text;
}

// Columns that a cell takes once its marks are gone; near enough for a choice.
size_t width_of(std::string_view cell)
{
	return static_cast<size_t>(std::count_if(
		cell.begin(), cell.end(), [](unsigned char c) { return c != '`' && (c & 0xc0) != 0x80; }));
}

bool fits_table(const std::vector<std::vector<std::string>>& rows)
{
	std::vector<size_t> widths(rows.front().size());
	for (const auto& row : rows)
		for (size_t i = 0; i < std::min(row.size(), widths.size()); i++)
			widths[i] = std::max(widths[i], width_of(row[i]) + 3);
	size_t all = 0;
	for (const size_t width : widths)
		all += width;
	return all <= kTableWidth;
}

} // namespace

std::vector<Section> parse_markdown(const std::string& text, const std::string& path)
{
	std::istringstream in(text);
	return Parser(in, path).parse();
}

std::vector<Section> read_markdown(const std::string& path)
{
	std::ifstream in(path);
	if (!in)
		throw Error(kIoError, "cannot read " + path + ": " + std::strerror(errno));
	return Parser(in, path).parse();
}

std::string roff_inline(std::string_view text, const LinkTarget& links)
{
	std::string out;
	size_t plain = 0;
	const auto flush = [&](size_t until) { out += roff_text(text.substr(plain, until - plain)); };
	for (size_t i = 0; i < text.size();) {
		size_t end;
		if (text[i] == '`' && (end = text.find('`', i + 1)) != std::string_view::npos) {
			flush(i);
			out += roff_bold(text.substr(i + 1, end - i - 1));
			plain = i = end + 1;
		} else if (text.substr(i, 2) == "**" && (end = text.find("**", i + 2)) != std::string_view::npos) {
			flush(i);
			out += "\\fB" + roff_text(text.substr(i + 2, end - i - 2)) + "\\fR";
			plain = i = end + 2;
		} else if (text[i] == '[' && (end = text.find("](", i)) != std::string_view::npos &&
			text.substr(i + 1, end - i).find('[') == std::string_view::npos) {
			const size_t close = text.find(')', end);
			if (close == std::string_view::npos)
				break;
			flush(i);
			const std::string_view words = text.substr(i + 1, end - i - 1);
			const std::string target = links(text.substr(end + 2, close - end - 2));
			const bool names_file = words.size() > 3 && words.substr(words.size() - 3) == ".md";
			if (target.empty())
				out += roff_inline(words, links);
			else
				out += names_file ? target : roff_inline(words, links) + " (" + target + ")";
			plain = i = close + 1;
		} else {
			i++;
		}
	}
	flush(text.size());
	return out;
}

void write_table(RoffPage& page, const std::vector<std::vector<std::string>>& rows, const LinkTarget& links)
{
	if (rows.size() < 2)
		return;
	if (fits_table(rows)) {
		std::vector<std::vector<std::string>> cells;
		for (const auto& row : rows)
			for (cells.emplace_back(); cells.back().size() < row.size();)
				cells.back().push_back(roff_inline(row[cells.back().size()], links));
		page.table(cells);
		return;
	}
	const std::vector<std::string>& heading = rows.front();
	const auto is_short = [&](size_t cell) {
		return std::all_of(rows.begin() + 1, rows.end(),
			[&](const auto& row) { return cell >= row.size() || width_of(row[cell]) <= kShortCell; });
	};
	size_t told_below = 1;
	for (size_t cell = 1; cell + 1 < heading.size(); cell++)
		told_below += !is_short(cell);
	for (size_t i = 1; i < rows.size(); i++) {
		const std::vector<std::string>& row = rows[i];
		std::string aside, body;
		for (size_t cell = 1; cell < row.size(); cell++) {
			const std::string pieces = roff_inline(row[cell], links);
			if (pieces.empty())
				continue;
			if (cell + 1 < row.size() && is_short(cell))
				aside += (aside.empty() ? "" : ", ") + pieces;
			else if (told_below == 1)
				body = pieces;
			else
				body += (body.empty() ? "" : ". ") + roff_text(capitalized(heading[cell])) + ": " + pieces;
		}
		page.tagged(roff_inline(row[0], links) + (aside.empty() ? "" : " (" + aside + ")"), body);
	}
}

void write_blocks(RoffPage& page, const std::vector<Block>& blocks, const LinkTarget& links)
{
	for (const Block& block : blocks) {
		switch (block.kind) {
		case Block::Kind::paragraph: page.paragraph(roff_inline(block.text, links)); break;
		case Block::Kind::bullet: page.bullet(roff_inline(block.text, links)); break;
		case Block::Kind::code: page.code(block.lines); break;
		case Block::Kind::table: write_table(page, block.rows, links); break;
		}
	}
}

} // namespace corescope::docs
