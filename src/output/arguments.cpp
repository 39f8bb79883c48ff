// SPDX-License-Identifier: BSD-2-Clause
// See arguments.h. The buffers are kept from call to call: one thread formats records.
#include "output/arguments.h"

#include <algorithm>
#include <string>
#include <vector>

namespace corescope {

namespace {

constexpr std::string_view kRedacted = "[redacted]";

size_t count_arguments(std::string_view bytes)
{
	size_t count = 0;
	for_each_item(bytes, [&](std::string_view) { count++; });
	return count;
}

std::string_view first_arguments(std::string_view bytes, uint64_t max_args)
{
	size_t end = 0;
	for (uint64_t i = 0; i < max_args && end < bytes.size(); i++) {
		const size_t nul = bytes.find('\0', end);
		end = nul == std::string_view::npos ? bytes.size() : nul + 1;
	}
	return bytes.substr(0, end);
}

std::string joined(std::string_view bytes)
{
	std::string line(bytes);
	if (!line.empty() && line.back() == '\0')
		line.pop_back();
	std::replace(line.begin(), line.end(), '\0', ' ');
	return line;
}

// Marks in `hidden` what matches within text[0..], whose byte 0 is byte `at` of all.
void mark(std::vector<bool>& hidden, const Regex& redact, const std::string& text, size_t at)
{
	size_t from = 0;
	while (from <= text.size()) {
		size_t next = from;
		const auto found = redact.find(text.c_str(), from, &next);
		if (!found)
			return;
		for (size_t i = found->begin; i < found->end; i++)
			hidden[at + i] = true;
		from = next;
	}
}

// Matches within each argument count, and matches in the line, so that `--password (.*)` finds its value in the next
// argument. An argument's end stays where it was. One that was cut short is hidden whole, because what is missing may
// be what the expression would have matched.
std::string redacted(std::string_view bytes, bool cut, const Regex& redact)
{
	std::vector<bool> hidden(bytes.size() + 1);
	size_t at = 0;
	for_each_item(bytes, [&](std::string_view item) {
		mark(hidden, redact, std::string(item), at);
		at += item.size() + 1;
	});
	mark(hidden, redact, joined(bytes), 0);
	for (size_t i = bytes.size(); cut && i-- > 0 && bytes[i] != '\0';)
		hidden[i] = true;
	std::string result;
	bool inside = false;
	for (size_t i = 0; i < bytes.size(); i++) {
		if (bytes[i] == '\0') {
			result += '\0';
			inside = false;
		} else if (!hidden[i]) {
			result += bytes[i];
			inside = false;
		} else if (!inside) {
			result += kRedacted;
			inside = true;
		}
	}
	return result;
}

} // namespace

bool arguments_cut(const ArgumentsView& arguments, uint64_t max_args)
{
	return arguments.cut || (max_args && count_arguments(arguments.bytes) > max_args);
}

Value show_arguments(const ArgumentsView& arguments, uint64_t max_args, const Regex& redact)
{
	static std::string text;
	std::string_view shown = arguments.bytes;
	std::string note;
	if (redact) // before it is cut: what follows may belong to a match
		text = redacted(shown, arguments.cut, redact);
	if (redact)
		shown = text;
	if (max_args && count_arguments(shown) > max_args) {
		const size_t count = count_arguments(shown);
		shown = first_arguments(shown, max_args);
		note = "[" + std::to_string(max_args) + " of " + std::to_string(count) +
			(arguments.cut ? " or more" : "") + " arguments]";
	} else if (arguments.cut && arguments.total) {
		note = "[" + std::to_string(arguments.bytes.size()) + " of " + std::to_string(arguments.total) +
			" bytes]";
	} else if (arguments.cut) {
		note = "[cut]";
	}
	if (arguments.unreadable)
		note += "[unreadable]";
	if (note.empty())
		return Value::list(shown);
	text = std::string(shown) + note;
	return Value::list(std::string_view(text).substr(0, text.size() - note.size()), note.size());
}

bool name_matches(
	const Regex& regex, std::string_view comm, std::string_view file, const ArgumentsView& arguments)
{
	const auto last_matches = [&](std::string_view path) {
		return regex.matches(std::string(path.substr(path.rfind('/') + 1)).c_str());
	};
	if (regex.matches(std::string(comm).c_str()) || last_matches(file))
		return true;
	bool found = last_matches(arguments.bytes.substr(0, arguments.bytes.find('\0')));
	for_each_item(arguments.bytes,
		[&](std::string_view item) { found = found || regex.matches(std::string(item).c_str()); });
	return found;
}

bool line_matches(const Regex& regex, const ArgumentsView& arguments)
{
	return regex.matches(joined(arguments.bytes).c_str());
}

Value show_path(std::string_view components, bool cut)
{
	static std::string path;
	std::vector<std::string_view> parts;
	if (components.empty())
		return Value::none();
	for_each_item(components, [&](std::string_view part) { parts.push_back(part); });
	path = cut ? "..." : "";
	for (size_t i = parts.size(); i-- > 0;) {
		path += '/';
		path += parts[i];
	}
	return Value::text(path);
}

Value show_path_from(std::string_view base, bool base_known, bool base_cut, std::string_view given)
{
	static std::string full;
	if (given.starts_with('/') || given.empty())
		return Value::text(given);
	full = base_known ? std::string(show_path(base, base_cut).bytes) : "?";
	(full += '/') += given;
	return Value::text(full);
}

} // namespace corescope
