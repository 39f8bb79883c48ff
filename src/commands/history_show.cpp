// SPDX-License-Identifier: BSD-2-Clause
// `corescope history show` and `merge`: one histogram as it was printed when it was counted, or many made one.
#include "commands/history.h"

#include "base/error.h"
#include "output/hist_json.h"
#include "output/hist_text.h"
#include "system/clock.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

namespace corescope {

namespace {

struct ShowOptions {
	OutputFormat output = OutputFormat::table;
};
constexpr OptionSpec kShowSpecs[] = {
	option<&ShowOptions::output>(0, "output", "FORMAT", "table (default) or json", kTableOrJson),
};

enum class Into { nothing, host, labels, hour, day };
struct MergeBy {
	std::vector<Into> parts;
};
constexpr Word<Into> kParts[] = {
	{"host", Into::host}, {"labels", Into::labels}, {"hour", Into::hour}, {"day", Into::day}};
ArgumentShape argument_shape(const MergeBy*) { return {ArgumentShape::Kind::list, names_of(kParts)}; }
void parse_value(MergeBy& out, const char* text)
{
	for (std::string_view rest = text;;) {
		const size_t comma = rest.find(',');
		const auto* found = std::find_if(std::begin(kParts), std::end(kParts),
			[&](const auto& part) { return part.name == rest.substr(0, comma); });
		if (found == std::end(kParts))
			throw BadValue{"is no list of " + joined_words(names_of(kParts))};
		out.parts.push_back(found->value);
		if (comma == std::string_view::npos)
			return;
		rest.remove_prefix(comma + 1);
	}
}

struct MergeOptions {
	OutputFormat output = OutputFormat::table;
	MergeBy by;
	std::string into;
};
constexpr OptionSpec kMergeSpecs[] = {
	option<&MergeOptions::by>(
		0, "by", "LIST", "one for each of these instead of one for all: host, labels, hour, day (UTC)"),
	option<&MergeOptions::into>(0, "into", "FILE", "put them into this store, and print nothing"),
	option<&MergeOptions::output>(0, "output", "FORMAT", "table (default) or json", kTableOrJson),
};

std::string heading(const HistRecord& record)
{
	std::string text = series_text(*record.source, record.labels);
	if (!record.source->what.empty())
		text += ": " + record.source->what;
	return text;
}

std::string merge_key(const MergeBy& by, const HistRecord& record)
{
	std::string key;
	for (const Into part : by.parts) {
		if (part == Into::host)
			key += record.source->host;
		if (part == Into::labels)
			for (const HistLabel& label : record.labels)
				key += label.name + '=' + label.value + '\0';
		const int64_t hours = record.start_unix_ns / 1000000000 / 3600;
		if (part == Into::hour || part == Into::day) {
			char text[32];
			std::snprintf(text, sizeof(text), "%012lld",
				static_cast<long long>(part == Into::hour ? hours : hours / 24));
			key += text;
		}
		key += '\0';
	}
	return key;
}

bool same_file(const std::string& a, const std::string& b)
{
	const std::unique_ptr<char, void (*)(void*)> real_a(realpath(a.c_str(), nullptr), std::free),
		real_b(realpath(b.c_str(), nullptr), std::free);
	return real_a && real_b && std::string_view(real_a.get()) == real_b.get();
}

void put_into(const std::string& path, const History& history, const std::vector<HistRecord>& records)
{
	for (const std::string& from : history.paths())
		if (same_file(from, path))
			throw Error(kUsage, "--into: " + path + " is read too; what it holds would be counted twice");
	HistStore::Options options;
	options.warn = [](const std::string& text) { std::fprintf(stderr, "history: %s\n", text.c_str()); };
	HistStore store = HistStore::open(path, options);
	store.append(records[0].source, records[0].start_unix_ns, records[0].window, records);
}

// Each histogram counts once in its group; a group's time is that of all its intervals, also of the empty ones, which are
// told apart by host and time alone.
std::map<std::string, HistPool> merged(History& history, const MergeBy& by)
{
	std::map<std::string, HistPool> pools;
	if (by.parts.empty()) {
		pools[""] = history.pool();
		return pools;
	}
	history.each([&](const StoredHistogram& stored) {
		pools[merge_key(by, stored.record)].add(stored.record);
		return true;
	});
	if (std::find(by.parts.begin(), by.parts.end(), Into::labels) != by.parts.end())
		return pools;
	history.each_interval([&](const HistSource& source, int64_t start_ns, const HistWindow& window,
							  const std::vector<HistLabel>* labels) {
		const HistRecord interval{std::make_shared<HistSource>(source), {}, 0, start_ns, window, Histogram()};
		const auto found = pools.find(merge_key(by, interval));
		if (found != pools.end())
			found->second.add_window(source, start_ns, window, labels);
	});
	return pools;
}

} // namespace

int history_show(int argc, char** argv)
{
	HistorySelection selection;
	ShowOptions options;
	const OptionSet sets[] = {
		{nullptr, kShowSpecs, &options}, {"Which histograms:", history_selection_specs(), &selection}};
	parse_command_line(
		{"corescope history show",
			"Histograms as they were printed when they were counted; the newest, if none is chosen.", nullptr,
			sets, history_word_specs(), &selection},
		argc, argv);
	if (!selection.narrows())
		selection.last.value = 1;
	History history(selection);
	Buffer buffer;
	bool first = true;
	history.each([&](const StoredHistogram& stored) {
		const HistRecord& record = stored.record;
		if (options.output == OutputFormat::json) {
			buffer.append("{\"type\":\"hist\",");
			append_history_json(buffer, history, stored);
			buffer.append("}\n");
		} else {
			if (!first)
				buffer.append('\n');
			buffer.append("#" + std::to_string(stored.id) +
				(history.several() ? "@" + std::to_string(stored.store + 1) : "") + " " + heading(record) +
				"\n" + local_time(record.start_unix_ns) + " .. " + local_time(record.end_unix_ns()) + "\n");
			append_hist_text(buffer, record.histogram, record.source->unit, record.window);
		}
		first = false;
		if (buffer.size() > 60000)
			write_out(buffer);
		return true;
	});
	if (first)
		history.nothing();
	write_out(buffer);
	return kOk;
}

int history_merge(int argc, char** argv)
{
	HistorySelection selection;
	MergeOptions options;
	const OptionSet sets[] = {
		{nullptr, kMergeSpecs, &options}, {"Which histograms:", history_selection_specs(), &selection}};
	parse_command_line(
		{"corescope history merge",
			"Many histograms as one. Exact: counts are added bucket by bucket, in the coarser scheme where schemes differ. What cannot be "
			"added (several tools, units, options or kinds of keys) is refused.",
			"EXAMPLE: all of last week, of a fleet whose stores were copied together:\n"
			"  corescope history merge --tool cpudist --keys none --since 7d /srv/stores/*.db",
			sets, history_word_specs(), &selection},
		argc, argv);
	History history(selection);
	const std::map<std::string, HistPool> pools = merged(history, options.by);
	if (pools.empty() || pools.begin()->second.empty())
		history.nothing();
	std::vector<HistRecord> records;
	records.reserve(pools.size());
	for (const auto& [key, pool] : pools)
		records.push_back(pool.total());
	if (!options.into.empty()) {
		put_into(options.into, history, records);
		return kOk;
	}
	Buffer buffer;
	bool first = true;
	for (const auto& [key, pool] : pools) {
		const HistRecord total = pool.total();
		if (options.output == OutputFormat::json) {
			buffer.append("{\"type\":\"hist\",\"histograms\":" + std::to_string(pool.records()) +
				",\"intervals\":" + std::to_string(pool.intervals()) + ",\"ts\":\"");
			append_rfc3339(buffer, pool.last_unix_ns());
			buffer.append("\",\"start\":\"");
			append_rfc3339(buffer, total.start_unix_ns);
			buffer.append("\",");
			append_text_member(buffer, "tool", total.source->tool);
			buffer.append(',');
			append_text_member(buffer, "quantity", total.source->quantity);
			for (const auto& [name, text] :
				{std::pair<const char*, const std::string*>{"host", &total.source->host},
					{"options", &total.source->options}}) {
				buffer.append(',');
				append_text_member(buffer, name, *text);
			}
			for (const HistLabel& label : total.labels) {
				buffer.append(',');
				append_text_member(buffer, label.name, label.value);
			}
			buffer.append(',');
			append_hist_json(buffer, total.histogram, total.source->unit, total.window);
			buffer.append("}\n");
		} else {
			if (!first)
				buffer.append('\n');
			buffer.append(heading(total) + "\n" + local_time(total.start_unix_ns) + " .. " +
				local_time(pool.last_unix_ns()) + ", " + std::to_string(pool.records()) + " histograms of " +
				std::to_string(pool.intervals()) + " intervals\n");
			append_hist_text(buffer, total.histogram, total.source->unit, total.window);
		}
		first = false;
	}
	write_out(buffer);
	return kOk;
}

} // namespace corescope
