// SPDX-License-Identifier: BSD-2-Clause
// A manual page in man(7)'s macros, with tbl for tables of figures. Text comes in as it is meant; what roff would take
// for a request, an escape or a hyphen is written so that it comes out as it came in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace corescope::docs {

// Pieces of a line, ready for the functions below.
std::string roff_text(std::string_view text);
std::string roff_literal(std::string_view text); // to be typed or copied as it stands
std::string roff_bold(std::string_view text);    // the same
std::string roff_italic(std::string_view text);
// "corescope-output", 7: the page, as others name it.
std::string roff_page(std::string_view name, int section);

class RoffPage {
public:
	// date: YYYY-MM-DD. source: what stands at the foot, such as "corescope 1.0".
	RoffPage(std::string_view name, int section, std::string_view date, std::string_view source);

	void section(std::string_view heading); // in capitals, whatever it comes in
	void subsection(std::string_view heading);
	// Pieces from here on.
	void paragraph(const std::string& pieces);
	void line(const std::string& pieces); // within a paragraph, on a line of its own in the source
	void tagged(const std::string& tag, const std::string& pieces);
	void bullet(const std::string& pieces);
	void synopsis(const std::vector<std::string>& words);          // pieces, of which none is broken in two
	void table(const std::vector<std::vector<std::string>>& rows); // the first one is the heading
	void code(const std::vector<std::string>& lines);              // as they are, not pieces

	const std::string& text() const { return text_; }

private:
	void begin_paragraph();

	std::string text_;
	bool after_heading_ = false; // which has begun a paragraph already
};

} // namespace corescope::docs
