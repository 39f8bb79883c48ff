// SPDX-License-Identifier: BSD-2-Clause
// How a stored histogram is named and told, for people and for programs.
#include "commands/history.h"

#include "output/escape.h"
#include "output/hist_json.h"

#include <cstdio>

namespace corescope {

namespace {

std::string escaped(std::string_view text)
{
	Buffer out(256);
	escape_text(out, text);
	return std::string(out.view());
}

bool is_number(const HistLabel& label)
{
	return label.numeric && !label.value.empty() &&
		label.value.find_first_not_of("0123456789") == std::string::npos;
}

} // namespace

std::string window_text(uint64_t ns)
{
	char text[48];
	const double seconds = static_cast<double>(ns) / 1e9;
	if (seconds < 60)
		std::snprintf(text, sizeof(text), "%.1fs", seconds);
	else if (seconds < 7200)
		std::snprintf(text, sizeof(text), "%.1fm", seconds / 60);
	else if (seconds < 2 * 86400)
		std::snprintf(text, sizeof(text), "%.1fh", seconds / 3600);
	else
		std::snprintf(text, sizeof(text), "%.1fd", seconds / 86400);
	return text;
}

std::string series_text(const HistSource& source, const std::vector<HistLabel>& labels)
{
	std::string text = escaped(source.tool) + " " + escaped(source.quantity);
	if (!source.host.empty())
		text += ", " + escaped(source.host);
	if (!source.options.empty())
		text += ", " + escaped(source.options);
	for (const HistLabel& label : labels)
		text += ", " + escaped(label.name) + "=" + escaped(label.value);
	return text;
}

std::string bound_text(const std::optional<HistBucket>& bucket)
{
	if (!bucket)
		return "-";
	return bucket->overflow ? ">" + std::to_string(bucket->low - 1) : std::to_string(bucket->high);
}

void append_text_member(Buffer& out, std::string_view name, std::string_view text)
{
	json_string(out, name);
	out.append(':');
	if (json_string(out, text))
		return;
	out.append(',');
	json_string(out, std::string(name) + "_b64");
	out.append(":\"");
	base64(out, text);
	out.append('"');
}

void append_history_json(Buffer& out, const History& history, const StoredHistogram& stored)
{
	const HistRecord& record = stored.record;
	const HistSource& source = *record.source;
	out.append("\"id\":");
	out.append_i64(stored.id);
	out.append(',');
	if (history.several()) {
		append_text_member(out, "store", history.paths()[stored.store]);
		out.append(',');
	}
	out.append("\"ts\":\"");
	append_rfc3339(out, record.end_unix_ns());
	out.append("\",\"start\":\"");
	append_rfc3339(out, record.start_unix_ns);
	out.append("\",");
	for (const auto& [name, text] : {std::pair<const char*, const std::string*>{"tool", &source.tool},
			 {"quantity", &source.quantity}, {"host", &source.host}, {"options", &source.options},
			 {"version", &source.version}, {"boot_id", &source.boot_id}}) {
		append_text_member(out, name, *text);
		out.append(',');
	}
	for (const HistLabel& label : record.labels) {
		if (is_number(label)) {
			json_string(out, label.name);
			out.append(':');
			out.append(label.value);
		} else {
			append_text_member(out, label.name, label.value);
		}
		out.append(',');
	}
	if (record.others) {
		out.append("\"other\":");
		out.append_u64(record.others);
		out.append(',');
	}
	append_hist_json(out, record.histogram, source.unit, record.window);
}

} // namespace corescope
