// SPDX-License-Identifier: BSD-2-Clause
// Stacks for people, leaf first and the heaviest last, next to the prompt; and folded lines, which flame graphs are
// made of.
#include "output/escape.h"
#include "output/stack_record.h"

#include <map>

namespace corescope {

namespace {

constexpr size_t kNameWidth = 16;

class TableWriter : public StackWriter {
public:
	using StackWriter::StackWriter;
	bool by_name() const override { return !style_.offsets; }

	void interval(Buffer& out, const std::vector<StackRecord>& records, uint64_t window_ns, int64_t) override
	{
		for (const StackRecord& record : records) {
			side(out, record.kernel, "kernel");
			if (style_.delimited && record.kernel.asked && record.user.asked)
				out.append("    --\n");
			side(out, record.user, "user");
			who(out, record);
			out.append("        ");
			out.append_u64(weight(record));
			out.append("\n\n");
		}
		figures(out, records, window_ns);
	}

	void lost(Buffer& out, const Loss& loss, int64_t) override
	{
		out.append("# lost ");
		out.append_u64(loss.count);
		out.append(": ");
		out.append(loss.reason);
		out.append('\n');
	}

private:
	void figures(Buffer& out, const std::vector<StackRecord>& records, uint64_t window_ns) const
	{
		uint64_t count = 0, sum_ns = 0;
		for (const StackRecord& record : records) {
			count += record.count;
			sum_ns += record.value_ns;
		}
		const auto seconds = [&](uint64_t ns) {
			out.append_u64(ns / 1000000000);
			out.append('.');
			out.append_digits(ns / 1000000 % 1000, 3);
			out.append(" s");
		};
		out.append("# stacks ");
		out.append_u64(records.size());
		out.append(", count ");
		out.append_u64(count);
		if (style_.values) {
			out.append(", sum ");
			seconds(sum_ns);
		}
		out.append(", window ");
		seconds(window_ns);
		out.append('\n');
	}

	void side(Buffer& out, const StackSide& side, std::string_view what) const
	{
		for (size_t i = side.frames.size(); i-- > 0;) {
			out.append("    ");
			append_frame(out, *side.frames[i]);
			out.append('\n');
		}
		if (side.truncated || side.missing) {
			out.append("    [");
			out.append(what);
			out.append(side.missing ? " stack lost]\n" : " stack goes on]\n");
		}
	}

	void append_frame(Buffer& out, const Frame& frame) const
	{
		if (frame.named == Frame::Named::hidden || frame.named == Frame::Named::gone ||
			frame.named == Frame::Named::nowhere) {
			out.append("0x");
			out.append_hex(frame.offset);
			return;
		}
		escape_text(out, frame.name);
		if (!style_.offsets && frame.named == Frame::Named::yes)
			return;
		out.append("+0x");
		out.append_hex(frame.offset);
		if (!style_.offsets || frame.module.empty())
			return;
		out.append(" (");
		escape_text(out, frame.module);
		out.append(')');
	}

	static void who(Buffer& out, const StackRecord& record)
	{
		out.append("    ");
		out.append_padded("-", kNameWidth);
		out.append(' ');
		escape_text(out, stack_root(record));
		if (record.tid || record.pid) {
			out.append(" (");
			out.append_u64(record.tid ? *record.tid : *record.pid);
			out.append(')');
		}
		if (!record.state.empty()) {
			out.append(' ');
			out.append(record.state);
		}
		if (record.partial)
			out.append(", still off");
		out.append('\n');
	}
};

void append_folded_name(Buffer& out, std::string_view name)
{
	const size_t from = out.size();
	escape_text(out, name);
	char* text = const_cast<char*>(out.data());
	for (size_t i = from; i < out.size(); i++)
		if (text[i] == ';') // would end the frame
			text[i] = ':';
}

class FoldedWriter : public StackWriter {
public:
	using StackWriter::StackWriter;

	void interval(Buffer& out, const std::vector<StackRecord>& records, uint64_t, int64_t) override
	{
		std::map<std::string, uint64_t> lines;
		Buffer line(4096);
		for (const StackRecord& record : records) {
			line.clear();
			append_folded_name(line, stack_root(record));
			side(line, record.user, "user", "");
			if (style_.delimited && !record.user.frames.empty() && !record.kernel.frames.empty())
				line.append(";-");
			side(line, record.kernel, "kernel", "_[k]");
			lines[std::string(line.view())] += style_.values ? record.value_ns : record.count;
		}
		for (const auto& [text, sum] : lines) {
			out.append(text);
			out.append(' ');
			out.append_u64(style_.values ? sum / 1000 : sum);
			out.append('\n');
		}
	}

private:
	static void side(Buffer& out, const StackSide& side, std::string_view what, std::string_view mark)
	{
		if (side.truncated || side.missing) {
			out.append(";[");
			out.append(what);
			out.append(side.missing ? " stack lost]" : " stack goes on]");
			out.append(mark);
		}
		for (const Frame* frame : side.frames) {
			out.append(';');
			append_folded_name(out, frame->name);
			out.append(mark);
		}
	}
};

} // namespace

uint64_t StackRecord::unnamed() const
{
	uint64_t sum = 0;
	for (const StackSide* side : {&kernel, &user})
		for (const Frame* frame : side->frames)
			sum += frame->named != Frame::Named::yes;
	return sum;
}

std::string stack_root(const StackRecord& record)
{
	if (record.comm)
		return *record.comm;
	for (const auto& name : {record.cgroup, record.unit, record.container, record.pod})
		if (name)
			return *name;
	return record.pidns ? "pidns " + std::to_string(*record.pidns) : "-";
}

std::unique_ptr<StackWriter> stack_table_writer(const StackStyle& style)
{
	return std::make_unique<TableWriter>(style);
}

std::unique_ptr<StackWriter> stack_folded_writer(const StackStyle& style)
{
	return std::make_unique<FoldedWriter>(style);
}

} // namespace corescope
