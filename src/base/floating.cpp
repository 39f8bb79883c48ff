// SPDX-License-Identifier: BSD-2-Clause
// See floating.h.
#include "base/floating.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace corescope {

namespace {

float read(const char* text, char** end, float) { return std::strtof(text, end); }
double read(const char* text, char** end, double) { return std::strtod(text, end); }
long double read(const char* text, char** end, long double) { return std::strtold(text, end); }

// A finite number is 0.DIGITS times ten to the power of `point`, without a zero at the end.
struct Decimal {
	std::string sign, digits;
	int point = 1;
	std::string whole; // all digits before the point, where they are more than `digits`
};

template <class T>
Decimal shortest_digits(T value)
{
	using Limits = std::numeric_limits<T>;
	Decimal decimal;
	if (std::signbit(value))
		decimal.sign = "-";
	value = std::fabs(value);
	// Up to digits10 digits survive the way to T and back, so that a shorter text shows as zeros at the end. Subnormal
	// numbers have fewer.
	char text[64] = "0e+00";
	for (int digits = value < Limits::min() ? 1 : Limits::digits10; digits <= Limits::max_digits10;
		 digits++) {
		std::snprintf(text, sizeof(text), "%.*Le", digits - 1, static_cast<long double>(value));
		if (read(text, nullptr, T{}) == value)
			break;
	}
	const std::string_view all(text);
	const size_t e = all.find('e');
	decimal.digits = std::string(all.substr(0, 1)).append(e > 2 ? all.substr(2, e - 2) : "");
	decimal.digits.erase(std::max<size_t>(decimal.digits.find_last_not_of('0') + 1, 1));
	decimal.point = static_cast<int>(std::strtol(text + e + 1, nullptr, 10)) + 1;
	if (decimal.point > static_cast<int>(decimal.digits.size())) {
		const int size = std::snprintf(nullptr, 0, "%.0Lf", static_cast<long double>(value));
		decimal.whole.resize(static_cast<size_t>(size) + 1);
		std::snprintf(decimal.whole.data(), decimal.whole.size(), "%.0Lf", static_cast<long double>(value));
		decimal.whole.pop_back();
	}
	return decimal;
}

std::string plain(const Decimal& n)
{
	if (!n.whole.empty())
		return n.sign + n.whole;
	if (n.point <= 0)
		return n.sign + "0." + std::string(static_cast<size_t>(-n.point), '0') + n.digits;
	const auto before = static_cast<size_t>(n.point);
	return n.sign + n.digits.substr(0, before) +
		(n.digits.size() > before ? "." + n.digits.substr(before) : "");
}

std::string scientific(const Decimal& n)
{
	char exponent[16];
	std::snprintf(exponent, sizeof(exponent), "e%+03d", n.point - 1);
	return n.sign + n.digits.substr(0, 1) + (n.digits.size() > 1 ? "." + n.digits.substr(1) : "") + exponent;
}

template <class T>
std::string no_number(T value)
{
	return std::string(std::signbit(value) ? "-" : "") + (std::isnan(value) ? "nan" : "inf");
}

} // namespace

template <class T>
std::string shortest_text(T value)
{
	if (!std::isfinite(value))
		return no_number(value);
	const Decimal digits = shortest_digits(value);
	const std::string one = plain(digits), other = scientific(digits);
	return one.size() <= other.size() ? one : other;
}
template std::string shortest_text(float);
template std::string shortest_text(double);
template std::string shortest_text(long double);

std::string shortest_scientific(double value)
{
	return std::isfinite(value) ? scientific(shortest_digits(value)) : no_number(value);
}

std::string shortest_plain(double value)
{
	return std::isfinite(value) ? plain(shortest_digits(value)) : no_number(value);
}

template <class T>
FloatingRead read_floating(std::string_view text, T& value)
{
	const size_t first = !text.empty() && text[0] == '-';
	const bool word = text.substr(first) == "inf" || text.substr(first) == "nan";
	if (text.size() == first || (!word && text.find_first_not_of("0123456789.eE+-") != text.npos) ||
		(!word && text[first] != '.' && (text[first] < '0' || text[first] > '9')))
		return FloatingRead::no_number;
	const std::string copy(text);
	char* end;
	errno = 0;
	const T got = read(copy.c_str(), &end, T{});
	if (end != copy.c_str() + copy.size())
		return FloatingRead::no_number;
	if (errno == ERANGE && (got == 0 || std::isinf(got))) // a subnormal number is one
		return FloatingRead::out_of_range;
	value = got;
	return FloatingRead::ok;
}
template FloatingRead read_floating(std::string_view, float&);
template FloatingRead read_floating(std::string_view, double&);

} // namespace corescope
