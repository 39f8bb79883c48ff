// SPDX-License-Identifier: BSD-2-Clause
// Histograms of a run as tables, JSON Lines and CSV.
#include "output/hist_writer.h"

#include "output/escape.h"
#include "output/hist_json.h"
#include "output/hist_text.h"

#include <cstdio>
#include <string>

namespace corescope {

namespace {

class Table : public HistWriter {
public:
	Table(const HistSource& source, const HistStyle& style) : unit_(source.unit), style_(style) {}

	void interval(Buffer& out, const HistInterval& interval) override
	{
		if (told_)
			out.append('\n');
		told_ = true;
		if (style_.timestamp) {
			times_.hms(out, interval.end_unix_ns);
			out.append('\n');
		}
		bool first = true;
		for (const KeyedHistogram& one : interval.counted.histograms) {
			if (!first)
				out.append('\n');
			first = false;
			if (!style_.labels.empty()) {
				escape_text(out, one.name);
				if (one.others > 1)
					out.append(" (" + std::to_string(one.others) + " of them)");
				out.append('\n');
			}
			if (style_.extension)
				extension(out, one.histogram);
			append_hist_text(out, one.histogram, unit_, interval.counted.window);
		}
		if (first)
			append_hist_text(out, Histogram(), unit_, interval.counted.window);
	}

private:
	void extension(Buffer& out, const Histogram& h)
	{
		char line[160];
		const double scale = static_cast<double>(unit_.scale);
		const int size = std::snprintf(line, sizeof(line), "avg = %.0f %s, total: %.0f %s, count: %llu\n",
			h.mean() / scale, unit_.heading, static_cast<double>(h.sum()) / scale, unit_.heading,
			static_cast<unsigned long long>(h.count()));
		out.append(std::string_view(line, static_cast<size_t>(size)));
	}

	HistUnit unit_;
	HistStyle style_;
	TimeFormatter times_;
	bool told_ = false;
};

class Json : public HistWriter {
public:
	explicit Json(const HistSource& source) : unit_(source.unit) {}

	void begin(Buffer& out, const Meta& meta) override { append_json_meta(out, meta); }
	void interval(Buffer& out, const HistInterval& interval) override
	{
		for (const KeyedHistogram& one : interval.counted.histograms) {
			out.append("{\"type\":\"hist\",\"ts\":\"");
			append_rfc3339(out, interval.end_unix_ns);
			out.append("\",");
			for (const HistLabel& label : one.labels) {
				if (hist_label_is_number(label.name))
					out.append("\"" + label.name + "\":" + (one.others ? "null" : label.value));
				else
					append_json_member(out, label.name, Value::text(label.value), clock_, times_);
				out.append(',');
			}
			if (one.others) {
				out.append("\"other\":");
				out.append_u64(one.others);
				out.append(',');
			}
			append_hist_json(out, one.histogram, unit_, interval.counted.window);
			out.append("}\n");
		}
	}
	void end(Buffer& out, const Summary& summary) override { append_json_summary(out, summary); }

private:
	HistUnit unit_;
	WallClock clock_;
	TimeFormatter times_;
};

class Csv : public HistWriter {
public:
	Csv(const HistSource& source, const HistStyle& style) : unit_(source.unit), style_(style) {}

	void begin(Buffer& out, const Meta&) override
	{
		if (!style_.header)
			return;
		out.append("type,ts,");
		for (const std::string_view label : style_.labels) {
			out.append(label);
			out.append(',');
		}
		out.append(kHistCsvColumns);
		out.append('\n');
	}
	void interval(Buffer& out, const HistInterval& interval) override
	{
		for (const KeyedHistogram& one : interval.counted.histograms) {
			Buffer prefix(256);
			prefix.append("hist,");
			append_rfc3339(prefix, interval.end_unix_ns);
			prefix.append(',');
			for (const std::string_view name : style_.labels) {
				for (const HistLabel& label : one.labels)
					if (label.name == name && !(one.others && hist_label_is_number(name)))
						csv_cell(prefix, label.value);
				prefix.append(',');
			}
			append_hist_csv(out, prefix.view(), one.histogram, unit_, interval.counted.window);
		}
	}

private:
	HistUnit unit_;
	HistStyle style_;
};

} // namespace

void HistWriter::begin(Buffer&, const Meta&) {}
void HistWriter::end(Buffer&, const Summary&) {}

bool hist_label_is_number(std::string_view label)
{
	return label == "pid" || label == "tid" || label == "nspid" || label == "cgroup_id" || label == "pidns";
}

std::unique_ptr<HistWriter> hist_table_writer(const HistSource& source, const HistStyle& style)
{
	return std::make_unique<Table>(source, style);
}
std::unique_ptr<HistWriter> hist_json_writer(const HistSource& source, const HistStyle&)
{
	return std::make_unique<Json>(source);
}
std::unique_ptr<HistWriter> hist_csv_writer(const HistSource& source, const HistStyle& style)
{
	return std::make_unique<Csv>(source, style);
}

} // namespace corescope
