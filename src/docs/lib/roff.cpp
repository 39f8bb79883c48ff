// SPDX-License-Identifier: BSD-2-Clause
// What roff would take for something else is escaped here and nowhere else; see roff.h. groff_char(7) says why quotes,
// hats and tildes need names: as they are they become the typographer's.
#include "docs/lib/roff.h"

#include <cctype>

namespace corescope::docs {

namespace {

// hyphens: '-' as in a word; else as in an option, which a reader may copy.
std::string escaped(std::string_view text, bool hyphens)
{
	std::string out;
	for (const char c : text) {
		switch (c) {
		case '\\': out += "\\(rs"; break;
		case '-': out += hyphens ? "-" : "\\-"; break;
		case '\'': out += "\\(aq"; break;
		case '`': out += "\\(ga"; break;
		case '^': out += "\\(ha"; break;
		case '~': out += "\\(ti"; break;
		case '"': out += "\\(dq"; break;
		case '\n': out += ' '; break;
		default: out += c;
		}
	}
	return out;
}

// A request begins with a dot or a quote at the beginning of a line.
std::string at_line_start(const std::string& pieces)
{
	return !pieces.empty() && (pieces[0] == '.' || pieces[0] == '\'') ? "\\&" + pieces : pieces;
}

std::string capitals(std::string_view text)
{
	std::string out;
	for (const char c : text)
		out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
	return out;
}

} // namespace

std::string roff_text(std::string_view text) { return escaped(text, true); }
std::string roff_literal(std::string_view text) { return escaped(text, false); }
std::string roff_bold(std::string_view text) { return "\\fB" + escaped(text, false) + "\\fR"; }
std::string roff_italic(std::string_view text) { return "\\fI" + escaped(text, false) + "\\fR"; }
std::string roff_page(std::string_view name, int section)
{
	return roff_bold(name) + "(" + std::to_string(section) + ")";
}

RoffPage::RoffPage(std::string_view name, int section, std::string_view date, std::string_view source)
	: text_("'\\\" t\n" // tbl is wanted
			".\\\" Made from the programs' own declarations and from docs/: change it there.\n"
			".\\\" SPDX-License-Identifier: BSD-2-Clause\n")
{
	text_ += ".TH " + capitals(escaped(name, false)) + " " + std::to_string(section) + " \"" +
		std::string(date) + "\" \"" + escaped(source, true) + "\" \"corescope\"\n";
	text_ += ".nh\n.ad l\n"; // words of a command line are not for hyphenation, nor to be spread over a line
}

void RoffPage::section(std::string_view heading)
{
	text_ += ".SH \"" + escaped(capitals(heading), true) + "\"\n";
	after_heading_ = true;
}

void RoffPage::subsection(std::string_view heading)
{
	text_ += ".SS \"" + escaped(heading, true) + "\"\n";
	after_heading_ = true;
}

void RoffPage::begin_paragraph()
{
	if (!after_heading_)
		text_ += ".PP\n";
	after_heading_ = false;
}

void RoffPage::paragraph(const std::string& pieces)
{
	begin_paragraph();
	line(pieces);
}

void RoffPage::line(const std::string& pieces)
{
	text_ += at_line_start(pieces) + "\n";
	after_heading_ = false;
}

void RoffPage::tagged(const std::string& tag, const std::string& pieces)
{
	text_ += ".TP 4\n" + at_line_start(tag) + "\n" + at_line_start(pieces) + "\n";
	after_heading_ = false;
}

void RoffPage::bullet(const std::string& pieces)
{
	text_ += ".IP \\(bu 2\n" + at_line_start(pieces) + "\n";
	after_heading_ = false;
}

void RoffPage::synopsis(const std::vector<std::string>& words)
{
	std::string line;
	for (const std::string& word : words) {
		line += line.empty() ? "" : " ";
		for (const char c : word)
			line += c == ' ' ? std::string("\\ ") : std::string(1, c);
	}
	if (!after_heading_)
		text_ += ".br\n";
	text_ += at_line_start(line) + "\n";
	after_heading_ = false;
}

void RoffPage::table(const std::vector<std::vector<std::string>>& rows)
{
	begin_paragraph();
	text_ += ".TS\nnokeep;\n"; // it may be longer than a page
	const size_t columns = rows.empty() ? 0 : rows.front().size();
	const auto format = [&](const char* one) {
		std::string line;
		for (size_t i = 0; i < columns; i++)
			line += std::string(i ? " " : "") + one;
		return line;
	};
	text_ += format("lB") + "\n" + format("l") + ".\n";
	for (const std::vector<std::string>& row : rows) {
		std::string line;
		for (size_t i = 0; i < columns; i++)
			line += (i ? "\t" : "") + (i < row.size() ? row[i] : "");
		text_ += at_line_start(line) + "\n";
	}
	text_ += ".TE\n";
}

void RoffPage::code(const std::vector<std::string>& lines)
{
	begin_paragraph();
	text_ += ".RS 4\n.EX\n";
	for (const std::string& line : lines)
		text_ += at_line_start(escaped(line, false)) + "\n";
	text_ += ".EE\n.RE\n";
}

} // namespace corescope::docs
