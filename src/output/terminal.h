// SPDX-License-Identifier: BSD-2-Clause
// What may be drawn where the output goes: decided by what it is and by what the environment says, never assumed.
#pragma once

namespace corescope {

struct Terminal {
	bool unicode = false; // block characters; else ASCII
	bool colours = false; // 256 of them
	unsigned width = 80;  // columns
};

// Of standard output. Unicode where the locale (LC_ALL, LC_CTYPE, LANG) is UTF-8 and TERM is not dumb or missing, which it
// is for cron; colours where it is a terminal whose TERM has 256 of them, and NO_COLOR is not set (no-color.org).
// Width: COLUMNS, else the terminal's own, else 80.
Terminal stdout_terminal();

// The same from what it depends on; null: not set. window: the terminal's own width, 0 where there is none.
Terminal terminal_of(const char* locale, const char* term, const char* colorterm, const char* no_color,
	const char* columns, bool is_terminal, unsigned window);

} // namespace corescope
