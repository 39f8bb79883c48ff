// SPDX-License-Identifier: BSD-2-Clause
// Reading our own documentation: sections, tables and code blocks of Markdown pages, as far as those pages use them.
// And asking the tools that it is about.
#pragma once

#include "harness.h"

#include <string>
#include <vector>

namespace corescope::test {

using Lines = std::vector<std::string>;

// The folder that README.md lies in, found upwards from the current folder and from the test program; "" if these
// tests run without their source.
std::string source_folder();

Lines read_lines(const std::string& path); // fails the test if it can't be read
Lines page(const std::string& path);       // below source_folder()

// What stands below the heading, up to the next one of the same level or above. Empty if there is no such heading.
Lines section(const Lines& page, const std::string& heading);
std::vector<std::string> headings(const Lines& page, size_t level);

// The cells of all table rows that begin with code: `| `key` | integer | …`.
std::vector<std::vector<std::string>> table_rows(const Lines& lines);
// What stands in backquotes.
std::vector<std::string> code_spans(const std::string& text);

struct CodeBlock {
	std::string language;
	std::string title; // the last line of text above it
	Lines lines;
};
std::vector<CodeBlock> code_blocks(const Lines& page);

// Why these tests cannot run here, or "".
std::string no_pages();

struct Said {
	int status;
	std::string out;
};
Said say(const std::string& command);        // to the shell
Said run_tool(const std::string& arguments); // corescope, with them
std::vector<std::string> tool_names();       // as it lists them

bool contains(const std::vector<std::string>& all, const std::string& one);
std::vector<std::string> words(const std::string& text);
std::vector<std::string> split(const std::string& text, char separator);
std::string trimmed(const std::string& text);

} // namespace corescope::test
