// SPDX-License-Identifier: BSD-2-Clause
// How bytes from the kernel (comm, arguments, paths: any bytes at all) become text that is safe on a
// terminal, in a log, in JSON and in CSV. Nothing here allocates, throws (but for Buffer's memory) or depends
// on the locale.
#pragma once

#include "output/buffer.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace corescope {

// Well-formed UTF-8 by Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
bool valid_utf8(std::string_view bytes);

// For tables and CSV. Valid printable UTF-8 stays as it is. \n \t \r and \\ are written so; every byte of any
// other C0 control, DEL, C1 control, bidi control (U+061C, U+200E/F, U+202A–E, U+2066–9), line or paragraph
// separator, U+FEFF and of what is not UTF-8 becomes \xHH. So a record stays one line, and unescape_text()
// gives the bytes back.
void escape_text(Buffer& out, std::string_view bytes);

// As escape_text, within double quotes, and a quote inside becomes \".
void quote_text(Buffer& out, std::string_view bytes);

// The inverse of escape_text, and of what quote_text puts between its quotes. False if a backslash does not
// begin one of the sequences above; `out` is then unspecified.
bool unescape_text(std::string_view text, std::string& out);

// A JSON string with its quotes (RFC 8259). Controls, DEL, C1, U+2028/9, bidi controls and U+FEFF are
// \u-escaped; each maximal ill-formed run becomes one U+FFFD. False if that happened: the text then is not
// the exact bytes, and the caller adds KEY_b64.
bool json_string(Buffer& out, std::string_view bytes);

// RFC 4648 section 4, with padding, without quotes.
void base64(Buffer& out, std::string_view bytes);

// escape_text, in double quotes where RFC 4180 asks for them, and also where it begins with = + - @ (active
// in a spreadsheet) or with a space, or ends in one.
void csv_cell(Buffer& out, std::string_view bytes);

// Terminal columns of text that escape_text has been over: 2 for wide East Asian characters and emoji, 0 for
// combining marks and format characters, 1 for all else.
size_t display_width(std::string_view text);

} // namespace corescope
