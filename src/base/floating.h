// SPDX-License-Identifier: BSD-2-Clause
// Floating numbers as text and back, by the C library's printf and strtod, which are linked in any case: the tables of
// std::to_chars and std::from_chars are 190 KB.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace corescope {

// The shortest text that reads back as the same number, 1.5 or 1e+300: without exponent unless it is shorter with one.
// "inf", "-inf" and "nan" for what is no number. T: float, double, long double.
template <class T>
std::string shortest_text(T value);

// The same, always with an exponent of at least two digits: 1.5e+00; or never with one.
std::string shortest_scientific(double value);
std::string shortest_plain(double value);

enum class FloatingRead { ok, no_number, out_of_range };

// Reads the whole of `text`: digits, point and exponent, "inf", "nan", a minus before them; nothing else that strtod takes
// (spaces, a plus, hexadecimal). T: float, double.
template <class T>
FloatingRead read_floating(std::string_view text, T& value);

} // namespace corescope
