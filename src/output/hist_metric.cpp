// SPDX-License-Identifier: BSD-2-Clause
// Names, labels and numbers for Prometheus. Labels hold what any process may have written into its own name, and the
// text ends in terminals and logs too: hence no control character comes through.
#include "output/hist_metric.h"

#include "base/floating.h"
#include "output/escape.h"
#include "output/hist_json.h"
#include "output/utf8.h"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace corescope {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd"; // U+FFFD
// They mean something to Prometheus, or to these metrics.
constexpr std::string_view kReserved[] = {"le", "quantile", "options", "host", "result", "instance", "job"};

bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string name_part(std::string_view text)
{
	std::string name(text);
	for (char& c : name)
		c = !is_word(c) ? '_' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	return name;
}

std::string label_name(std::string_view text)
{
	std::string name(text);
	for (char& c : name)
		if (!is_word(c))
			c = '_';
	// Names that begin with two underscores are Prometheus' own.
	if (name.empty() || (name[0] >= '0' && name[0] <= '9') || name.starts_with("__"))
		name.insert(0, "label_");
	if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved))
		name += '_';
	return name;
}

// Whether a character may stand in a label as it is; bytes is the character's own.
bool is_harmless(std::string_view bytes)
{
	Buffer escaped(16);
	escape_text(escaped, bytes);
	return escaped.view() == bytes;
}

std::string label_value(std::string_view bytes)
{
	std::string text;
	const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
	const auto* const end = p + bytes.size();
	while (p != end) {
		const Utf8 one = utf8_decode(p, end);
		const std::string_view raw(reinterpret_cast<const char*>(p), one.length);
		if (*p == '\\')
			text += "\\\\";
		else if (*p == '"')
			text += "\\\"";
		else if (*p == '\n')
			text += "\\n";
		else if ((*p >= 0x20 && *p < 0x7f) || (one.valid && is_harmless(raw)))
			text += raw;
		else
			text += kReplacement;
		p += one.length;
	}
	return text;
}

} // namespace

std::string metric_name(const HistSource& source)
{
	std::string name = "corescope_" + name_part(source.tool);
	if (!source.quantity.empty())
		name += "_" + name_part(source.quantity);
	const uint64_t usual = source.unit.base == HistBase::time_ns ? kMicroseconds.scale : 1;
	if (source.unit.scale != usual)
		name += source.unit.scale > usual ? "_coarse" : "_fine";
	return name;
}

std::string_view metric_suffix(HistBase base)
{
	switch (base) {
	case HistBase::time_ns: return "_seconds";
	case HistBase::bytes: return "_bytes";
	case HistBase::none: break;
	}
	return "";
}

uint64_t metric_scale(HistBase base) { return base == HistBase::time_ns ? 1000000000 : 1; }

std::string metric_labels(const HistSource& source, const std::vector<HistLabel>& labels, bool with_host)
{
	std::map<std::string, std::string> sorted;
	if (!source.options.empty())
		sorted.emplace("options", label_value(source.options));
	if (with_host && !source.host.empty())
		sorted.emplace("host", label_value(source.host));
	for (const HistLabel& label : labels) {
		if (label.value.empty())
			continue;
		std::string name = label_name(label.name);
		while (sorted.contains(name))
			name += '_';
		sorted.emplace(std::move(name), label_value(label.value));
	}
	std::string text;
	for (const auto& [name, value] : sorted)
		text.append(text.empty() ? "" : ",").append(name).append("=\"").append(value).append("\"");
	return text;
}

std::string metric_bound(uint64_t edge, const HistUnit& unit)
{
	Buffer decimal(64);
	append_hist_decimal(decimal, HistSum{edge} * unit.scale, metric_scale(unit.base));
	double value = 0;
	read_floating({decimal.data(), decimal.size()}, value);

	// Shortest digits and exponent from one form, the spelling from the other, as Go chooses between them.
	const std::string scientific = shortest_scientific(value);
	const long exponent = std::strtol(scientific.c_str() + scientific.find('e') + 1, nullptr, 10);
	return value == 0 || (exponent >= -4 && exponent < 6) ? shortest_plain(value) : scientific;
}

void append_metric_seconds(Buffer& out, int64_t ns)
{
	if (ns < 0)
		out.append('-');
	append_hist_decimal(out, ns < 0 ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns), 1000000000);
}

void append_label_set(Buffer& out, std::string_view labels, std::string_view more)
{
	if (!labels.empty() || !more.empty()) {
		out.append('{');
		out.append(labels);
		if (!labels.empty() && !more.empty())
			out.append(',');
		out.append(more);
		out.append('}');
	}
	out.append(' ');
}

} // namespace corescope
