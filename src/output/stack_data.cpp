// SPDX-License-Identifier: BSD-2-Clause
// Stacks for programs: JSON Lines and CSV, with the same keys.
#include "output/escape.h"
#include "output/stack_record.h"

#include <functional>

namespace corescope {

namespace {

class JsonWriter : public StackWriter {
public:
	using StackWriter::StackWriter;
	bool by_name() const override { return false; }

	void begin(Buffer& out, const Meta& meta) override { append_json_meta(out, meta); }
	void lost(Buffer& out, const Loss& loss, int64_t unix_ns) override
	{
		append_json_lost(out, loss, unix_ns);
	}
	void end(Buffer& out, const Summary& summary) override { append_json_summary(out, summary); }

	void interval(
		Buffer& out, const std::vector<StackRecord>& records, uint64_t, int64_t end_unix_ns) override
	{
		for (const StackRecord& r : records) {
			out.append("{\"type\":\"stack\",\"ts\":\"");
			append_rfc3339(out, end_unix_ns);
			out.append('"');
			number(out, "pid", r.pid);
			number(out, "tid", r.tid);
			text(out, "comm", r.comm);
			number(out, "nspid", r.nspid);
			number(out, "pidns", r.pidns);
			number(out, "cgroup_id", r.cgroup_id);
			text(out, "cgroup", r.cgroup);
			text(out, "unit", r.unit);
			text(out, "container", r.container);
			text(out, "pod", r.pod);
			text(out, "state", r.state.empty() ? std::nullopt : std::optional(r.state));
			key(out, "partial");
			out.append(r.partial ? "true" : "false");
			number(out, "count", std::optional(r.count));
			number(out, "value_ns", style_.values ? std::optional(r.value_ns) : std::nullopt);
			side(out, "kernel", r.kernel);
			side(out, "user", r.user);
			sides(out, "truncated", r, &StackSide::truncated);
			sides(out, "missing", r, &StackSide::missing);
			number(out, "unnamed", std::optional(r.unnamed()));
			out.append("}\n");
		}
	}

private:
	static void key(Buffer& out, std::string_view name, std::string_view behind = "")
	{
		out.append(",\"");
		out.append(name);
		out.append(behind);
		out.append("\":");
	}
	template <class Number>
	static void number(Buffer& out, std::string_view name, const std::optional<Number>& value)
	{
		key(out, name);
		if (value)
			out.append_u64(*value);
		else
			out.append("null");
	}
	static void text(Buffer& out, std::string_view name, const std::optional<std::string>& value)
	{
		key(out, name);
		if (!value) {
			out.append("null");
		} else if (!json_string(out, *value)) {
			key(out, name, "_b64");
			out.append('"');
			base64(out, *value);
			out.append('"');
		}
	}
	static void list(Buffer& out, std::string_view name, std::string_view behind, const StackSide& side,
		const std::function<void(const Frame&)>& item)
	{
		key(out, name, behind);
		if (!side.asked) {
			out.append("null");
			return;
		}
		for (size_t i = 0; i < side.frames.size(); i++) {
			out.append(i ? ',' : '[');
			item(*side.frames[i]);
		}
		out.append(side.frames.empty() ? "[]" : "]");
	}
	static void side(Buffer& out, std::string_view name, const StackSide& side)
	{
		bool exact = true;
		list(out, name, "", side, [&](const Frame& frame) { exact = json_string(out, frame.name) && exact; });
		if (!exact)
			list(out, name, "_b64", side, [&](const Frame& frame) {
				out.append('"');
				base64(out, frame.name);
				out.append('"');
			});
		list(out, name, "_modules", side, [&](const Frame& frame) {
			if (frame.module.empty())
				out.append("null");
			else
				json_string(out, frame.module);
		});
		list(out, name, "_offsets", side, [&](const Frame& frame) { out.append_u64(frame.offset); });
	}
	static void sides(Buffer& out, std::string_view name, const StackRecord& r, bool StackSide::*which)
	{
		key(out, name);
		out.append('[');
		if (r.kernel.*which)
			out.append("\"kernel\"");
		if (r.user.*which)
			out.append(r.kernel.*which ? ",\"user\"" : "\"user\"");
		out.append(']');
	}
};

constexpr std::string_view kHeading =
	"type,ts,pid,tid,comm,nspid,pidns,cgroup_id,cgroup,unit,container,pod,state,partial,count,value_ns,kernel,user,"
	"truncated,missing,unnamed,lost,reason\n";
constexpr size_t kCellsOfStack = 21; // with type and ts

class CsvWriter : public StackWriter {
public:
	using StackWriter::StackWriter;

	void begin(Buffer& out, const Meta&) override
	{
		if (style_.header)
			out.append(kHeading);
	}

	void lost(Buffer& out, const Loss& loss, int64_t unix_ns) override
	{
		out.append("lost,");
		append_rfc3339(out, unix_ns);
		out.append_fill(',', kCellsOfStack - 1);
		out.append_u64(loss.count);
		out.append(',');
		csv_cell(out, loss.reason);
		out.append('\n');
	}

	void interval(
		Buffer& out, const std::vector<StackRecord>& records, uint64_t, int64_t end_unix_ns) override
	{
		for (const StackRecord& r : records) {
			out.append("stack,");
			append_rfc3339(out, end_unix_ns);
			number(out, r.pid);
			number(out, r.tid);
			text(out, r.comm);
			number(out, r.nspid);
			number(out, r.pidns);
			number(out, r.cgroup_id);
			text(out, r.cgroup);
			text(out, r.unit);
			text(out, r.container);
			text(out, r.pod);
			out.append(',');
			out.append(r.state);
			out.append(r.partial ? ",true" : ",false");
			number(out, std::optional(r.count));
			number(out, style_.values ? std::optional(r.value_ns) : std::nullopt);
			side(out, r.kernel);
			side(out, r.user);
			sides(out, r, &StackSide::truncated);
			sides(out, r, &StackSide::missing);
			number(out, std::optional(r.unnamed()));
			out.append(",,\n");
		}
	}

private:
	template <class Number>
	static void number(Buffer& out, const std::optional<Number>& value)
	{
		out.append(',');
		if (value)
			out.append_u64(*value);
	}
	static void text(Buffer& out, const std::optional<std::string>& value)
	{
		out.append(',');
		if (value)
			csv_cell(out, *value);
	}
	static void side(Buffer& out, const StackSide& side)
	{
		std::string all;
		for (const Frame* frame : side.frames)
			all += (all.empty() ? "" : ";") + frame->name;
		text(out, all);
	}
	static void sides(Buffer& out, const StackRecord& r, bool StackSide::*which)
	{
		out.append(',');
		if (r.kernel.*which)
			out.append("kernel");
		if (r.user.*which)
			out.append(r.kernel.*which ? " user" : "user");
	}
};

} // namespace

std::unique_ptr<StackWriter> stack_json_writer(const StackStyle& style)
{
	return std::make_unique<JsonWriter>(style);
}

std::unique_ptr<StackWriter> stack_csv_writer(const StackStyle& style)
{
	return std::make_unique<CsvWriter>(style);
}

} // namespace corescope
