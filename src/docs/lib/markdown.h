// SPDX-License-Identifier: BSD-2-Clause
// The pages under docs/, as far as they use Markdown: headings, paragraphs, lists of one level, tables, fenced code,
// and within a line `code`, **bold** and [links](output.md). What a page says is said in manuals too, from here.
#pragma once

#include "docs/lib/roff.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace corescope::docs {

struct Block {
	enum class Kind { paragraph, bullet, code, table } kind;
	std::string text;                           // of a paragraph or a bullet, in one line
	std::vector<std::string> lines;             // of code
	std::vector<std::vector<std::string>> rows; // of a table, its heading first
};

struct Section {
	unsigned level = 0; // 1: the page itself
	std::string heading;
	std::vector<Block> blocks; // up to the next heading
};

// Sections in their order. Throws Error(kDataError) for a page without a heading, kIoError if it cannot be read.
std::vector<Section> read_markdown(const std::string& path);
std::vector<Section> parse_markdown(const std::string& text, const std::string& path);

// What a link leads to, as a piece; "" where its text is enough.
using LinkTarget = std::function<std::string(std::string_view target)>;

// A line of text in pieces.
std::string roff_inline(std::string_view text, const LinkTarget& links);
void write_blocks(RoffPage& page, const std::vector<Block>& blocks, const LinkTarget& links);
void write_table(RoffPage& page, const std::vector<std::vector<std::string>>& rows, const LinkTarget& links);

} // namespace corescope::docs
