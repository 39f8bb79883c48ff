// SPDX-License-Identifier: BSD-2-Clause
// OTLP/JSON written field by field (opentelemetry/proto/metrics/v1/metrics.proto, in ProtoJSON): the schema is small,
// and nothing here needs protobuf.
#include "output/hist_otlp.h"

#include "output/escape.h"
#include "output/hist_json.h"

#include <bit>
#include <string>
#include <string_view>

namespace corescope {

namespace {

constexpr std::string_view kDelta = "1"; // AGGREGATION_TEMPORALITY_DELTA

// UCUM, as OpenTelemetry asks for.
std::string_view ucum(const HistUnit& unit)
{
	if (unit.base == HistBase::bytes)
		return unit.scale == 1 ? "By" : "KiBy";
	return unit.base == HistBase::none ? "{item}" : std::string_view(unit.name);
}

class Writer {
public:
	explicit Writer(Buffer& out) : out_(out) {}

	// All records of one interval.
	void interval(std::span<const HistRecord> records)
	{
		const HistSource& source = *records.front().source;
		out_.append(R"({"resourceMetrics":[{"resource":{"attributes":[)");
		attribute("service.name", "corescope");
		attribute("service.version", source.version);
		attribute("host.name", source.host);
		attribute("corescope.boot_id", source.boot_id);
		attribute("corescope.hooks", source.hooks);
		close_list();
		out_.append(R"(},"scopeMetrics":[{"scope":{"name":"corescope/)");
		append_name(source.tool);
		out_.append(R"(","version":)");
		json_string(out_, source.version);
		out_.append(R"(},"metrics":[)");
		histograms(records, false);
		histograms(records, true);
		const HistRecord& any = records.front();
		sum(any, ".window", "s", "time really traced", true, any.window.window_ns);
		sum(any, ".lost", "{value}", "values that were not counted at all", false, any.window.lost);
		sum(any, ".dropped", "{value}", "values whose key found no room", false, any.window.dropped_keys);
		close_list();
		out_.append("}]}]}\n");
	}

private:
	// Those that an exponential histogram can tell, or those that it cannot: they are different kinds of metric.
	void histograms(std::span<const HistRecord> records, bool overflow)
	{
		bool any = false;
		for (const HistRecord& record : records) {
			if ((record.histogram.overflow() != 0) != overflow)
				continue;
			if (!any)
				begin_metric(*record.source, "", ucum(record.source->unit), record.source->what,
					overflow ? "histogram" : "exponentialHistogram");
			any = true;
			data_point(record);
		}
		if (any)
			end_metric();
	}

	void data_point(const HistRecord& record)
	{
		const Histogram powers = record.histogram.folded(0);
		begin_point(record, record.labels);
		out_.append(",\"count\":\"");
		out_.append_u64(powers.count());
		out_.append("\",\"sum\":");
		append_hist_decimal(out_, powers.sum(), record.source->unit.scale);
		if (powers.overflow())
			explicit_buckets(powers);
		else
			exponential_buckets(powers);
		out_.append("},");
	}

	void exponential_buckets(const Histogram& powers)
	{
		std::vector<HistBucket> rows = powers.rows();
		const uint64_t zeros = rows.empty() ? 0 : rows.front().count;
		out_.append(R"(,"scale":0,"zeroCount":")");
		out_.append_u64(zeros);
		out_.append(R"(","zeroThreshold":1,"positive":{"offset":)");
		size_t first = 1; // row r ends at 2^r: bucket r - 1
		while (first < rows.size() && rows[first].count == 0)
			first++;
		out_.append_u64(first < rows.size() ? first - 1 : 0);
		out_.append(R"(,"bucketCounts":[)");
		for (; first < rows.size(); first++)
			quoted_count(rows[first].count);
		close_list();
		out_.append('}');
	}

	void explicit_buckets(const Histogram& powers)
	{
		const std::vector<HistBucket> rows = powers.rows();
		const auto edges = static_cast<size_t>(std::countr_zero(powers.limit())) + 1;
		out_.append(R"(,"bucketCounts":[)");
		for (size_t i = 0; i < edges; i++)
			quoted_count(i < rows.size() && !rows[i].overflow ? rows[i].count : 0);
		quoted_count(powers.overflow());
		close_list();
		out_.append(R"(,"explicitBounds":[)");
		for (size_t i = 0; i < edges; i++) {
			out_.append_u64(uint64_t{1} << i);
			out_.append(',');
		}
		close_list();
	}

	void sum(const HistRecord& record, std::string_view suffix, std::string_view unit, std::string_view what,
		bool seconds, uint64_t value)
	{
		begin_metric(*record.source, suffix, unit, what, "sum");
		begin_point(record, {});
		out_.append(seconds ? ",\"asDouble\":" : ",\"asInt\":\"");
		append_hist_decimal(out_, value, seconds ? 1000000000 : 1);
		out_.append(seconds ? "}," : "\"},");
		end_metric(R"(,"isMonotonic":true)");
	}

	void begin_metric(const HistSource& source, std::string_view suffix, std::string_view unit,
		std::string_view what, std::string_view kind)
	{
		out_.append(R"({"name":"corescope.)");
		append_name(source.tool);
		out_.append('.');
		append_name(source.quantity);
		out_.append(suffix);
		out_.append(R"(","description":)");
		json_string(out_, what);
		out_.append(R"(,"unit":)");
		json_string(out_, unit);
		out_.append(",\"");
		out_.append(kind);
		out_.append(R"(":{"dataPoints":[)");
	}

	void end_metric(std::string_view more = {})
	{
		close_list();
		out_.append(R"(,"aggregationTemporality":)");
		out_.append(kDelta);
		out_.append(more);
		out_.append("}},");
	}

	void begin_point(const HistRecord& record, const std::vector<HistLabel>& labels)
	{
		out_.append(R"({"attributes":[)");
		if (!record.source->options.empty())
			attribute("options", record.source->options);
		for (const HistLabel& label : labels)
			attribute(label.name, label.value);
		close_list();
		out_.append(R"(,"startTimeUnixNano":")");
		out_.append_i64(record.start_unix_ns);
		out_.append(R"(","timeUnixNano":")");
		out_.append_i64(record.end_unix_ns());
		out_.append('"');
	}

	// Always a string: `other` stands among numbers.
	void attribute(std::string_view key, std::string_view value)
	{
		out_.append("{\"key\":");
		json_string(out_, key);
		out_.append(R"(,"value":{"stringValue":)");
		json_string(out_, value);
		out_.append("}},");
	}

	void quoted_count(uint64_t value)
	{
		out_.append('"');
		out_.append_u64(value);
		out_.append("\",");
	}

	// Within quotes; a tool's own words, but a store may hold anything.
	void append_name(std::string_view name)
	{
		for (const char c : name)
			out_.append((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_');
	}

	// Each element is followed by a comma; the last one goes.
	void close_list()
	{
		if (out_.view().back() == ',')
			out_.truncate(out_.size() - 1);
		out_.append(']');
	}

	Buffer& out_;
};

bool same_interval(const HistRecord& a, const HistRecord& b)
{
	return a.source == b.source && a.start_unix_ns == b.start_unix_ns &&
		a.window.window_ns == b.window.window_ns;
}

} // namespace

void append_otlp(Buffer& out, std::span<const HistRecord> records)
{
	Writer writer(out);
	while (!records.empty()) {
		size_t n = 1;
		while (n < records.size() && same_interval(records[0], records[n]))
			n++;
		writer.interval(records.first(n));
		records = records.subspan(n);
	}
}

} // namespace corescope
