// SPDX-License-Identifier: BSD-2-Clause
// Strict parsing of option arguments; see values.h.
#include "cli/values.h"

#include "system/errors.h"
#include "system/host.h"
#include "system/users.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <string_view>

namespace corescope {

namespace {

constexpr pid_t kLargestPid = 4194304; // PID_MAX_LIMIT, include/linux/threads.h
constexpr uint64_t kSecond = 1000000000;

constexpr Word<OutputFormat> kOutputFormats[] = {{"table", OutputFormat::table}, {"json", OutputFormat::json},
	{"csv", OutputFormat::csv}, {"heatmap", OutputFormat::heatmap}, {"prom", OutputFormat::prom},
	{"openmetrics", OutputFormat::openmetrics}, {"otlp", OutputFormat::otlp},
	{"folded", OutputFormat::folded}, {"speedscope", OutputFormat::speedscope}};

struct Suffix {
	std::string_view name;
	uint64_t factor;
};

// The number before a suffix of `suffixes`, and the suffix' factor; `plain` where there is none.
uint64_t split_suffix(std::string_view& text, const Suffix* suffixes, size_t count, uint64_t plain)
{
	size_t digits = text.find_first_not_of("0123456789.");
	if (digits == std::string_view::npos)
		return plain;
	const std::string_view suffix = text.substr(digits);
	for (size_t i = 0; i < count; i++) {
		if (suffix == suffixes[i].name) {
			text = text.substr(0, digits);
			return suffixes[i].factor;
		}
	}
	return 0;
}

} // namespace

void parse_value(bool& out, const char*) { out = true; }

void parse_value(Pid& out, const char* text)
{
	out.value = static_cast<pid_t>(parse_number(text, 1, kLargestPid));
}

void parse_value(Count& out, const char* text) { out.value = parse_number(text, 1, UINT64_MAX); }

void parse_value(Duration& out, const char* text)
{
	static constexpr Suffix kSuffixes[] = {{"ms", kSecond / 1000}, {"s", kSecond}, {"m", 60 * kSecond},
		{"h", 3600 * kSecond}, {"d", 86400 * kSecond}};
	constexpr uint64_t kLongest = 3650 * 86400 * kSecond;
	std::string_view number = text;
	const uint64_t unit = split_suffix(number, kSuffixes, std::size(kSuffixes), kSecond);
	const size_t point = number.find('.');
	const std::string_view whole = number.substr(0, point);
	const std::string_view part = point == std::string_view::npos ? "" : number.substr(point + 1);
	if (!unit || number.empty() || (point != std::string_view::npos && part.empty()) ||
		(whole.empty() && part.empty()) || part.find('.') != std::string_view::npos || part.size() > 9)
		throw BadValue{"is not a time (such as 10, 0.5, 100ms, 30s, 5m, 2h, 1d)"};
	uint64_t units = 0;
	if (!whole.empty())
		units = parse_number(whole, 0, kLongest / unit);
	uint64_t ns = units * unit;
	uint64_t scale = unit;
	for (const char digit : part) {
		scale /= 10;
		ns += static_cast<uint64_t>(digit - '0') * scale;
	}
	if (ns < kSecond / 1000)
		throw BadValue{"is too short (1ms is the least)"};
	out.ns = ns;
}

void parse_value(Bytes& out, const char* text)
{
	static constexpr Suffix kSuffixes[] = {{"K", 1 << 10}, {"k", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};
	std::string_view number = text;
	const uint64_t unit = split_suffix(number, kSuffixes, std::size(kSuffixes), 1);
	if (!unit)
		throw BadValue{"is not a size (such as 65536, 64K, 4M)"};
	out.value = parse_number(number, 0, (1ULL << 40) / unit) * unit;
	out.given = true;
}

void parse_value(Cpus& out, const char* text)
{
	out.numbers = parse_cpu_list(text);
	std::sort(out.numbers.begin(), out.numbers.end());
	out.numbers.erase(std::unique(out.numbers.begin(), out.numbers.end()), out.numbers.end());
	if (out.numbers.empty())
		throw BadValue{"is no list of CPUs (such as 0, 0-3,8)"};
	const std::vector<unsigned> online = online_cpus();
	for (const unsigned cpu : out.numbers)
		if (std::find(online.begin(), online.end(), cpu) == online.end())
			throw BadValue{"has CPU " + std::to_string(cpu) + ", which is not online"};
}

void parse_value(UserId& out, const char* text)
{
	const std::string_view name = text;
	out.given = true;
	if (!name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos) {
		out.value = static_cast<uid_t>(parse_number(name, 0, UINT32_MAX - 1));
		return;
	}
	const std::optional<uid_t> found = name.empty() ? std::nullopt : find_user(name);
	if (!found)
		throw BadValue{"is neither a user in /etc/passwd nor a number"};
	out.value = *found;
}

void parse_value(ErrorNumber& out, const char* text)
{
	constexpr int kMost = 4095;
	if (*text >= '0' && *text <= '9') {
		out.value = static_cast<int>(parse_number(text, 1, kMost));
		return;
	}
	// An error's other names are told as the first (EWOULDBLOCK: EAGAIN).
	constexpr Word<int> kOther[] = {
		{"EWOULDBLOCK", EAGAIN}, {"EDEADLOCK", EDEADLK}, {"EOPNOTSUPP", EOPNOTSUPP}, {"ENOTSUP", EOPNOTSUPP}};
	for (const Word<int>& word : kOther)
		if (word.name == text)
			out.value = word.value;
	for (int number = 1; number <= kMost && !out.value; number++)
		if (error_name(number) == text)
			out.value = number;
	if (!out.value)
		throw BadValue{"names no error (write ENOENT, or a number from 1 to 4095)"};
}

void parse_value(OptionalFile& out, const char* text)
{
	if (text && !*text)
		throw BadValue{"is empty"};
	out.given = true;
	out.path = text ? text : "";
}

void parse_value(OutputFormat& out, const char* text) { out = parse_word(kOutputFormats, text); }
ArgumentShape argument_shape(const OutputFormat*)
{
	return {ArgumentShape::Kind::words, names_of(kOutputFormats)};
}

void parse_value(std::vector<std::string>& out, const char* text) { parse_value(out.emplace_back(), text); }

void parse_value(std::string& out, const char* text)
{
	if (!*text)
		throw BadValue{"is empty"};
	out = text;
}

} // namespace corescope
