// SPDX-License-Identifier: BSD-2-Clause
// What was counted for one stack, and how it is told: as a table, JSON Lines, CSV, folded lines for flame graphs, or a
// file for speedscope. Writers append to a buffer and never write anywhere.
#pragma once

#include "output/buffer.h"
#include "output/records.h"
#include "symbols/frame.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

struct StackSide {
	bool asked = true;
	bool missing = false;               // there was one that could not be kept
	bool truncated = false;             // outer frames are missing
	std::vector<const Frame*> frames{}; // outermost first
};

struct StackRecord {
	std::optional<uint32_t> pid, tid, nspid, pidns;
	std::optional<std::string> comm;
	std::optional<uint64_t> cgroup_id;
	std::optional<std::string> cgroup, unit, container, pod; // none: not known, or not asked for
	std::string state;                                       // "" for none
	bool partial = false;
	uint64_t count = 0;
	uint64_t value_ns = 0;
	StackSide kernel, user;

	uint64_t unnamed() const;
};

struct StackStyle {
	std::string tool;
	bool header = true;
	bool values = false;    // their sum is what is told; else how many there are
	bool delimited = false; // a mark between kernel and user
	bool offsets = false;   // in tables: where in a function, and in which file
};

class StackWriter {
public:
	explicit StackWriter(StackStyle style) : style_(std::move(style)) {}
	virtual ~StackWriter() = default;

	virtual void begin(Buffer&, const Meta&) {}
	// The records of one interval.
	virtual void interval(
		Buffer& out, const std::vector<StackRecord>& records, uint64_t window_ns, int64_t end_unix_ns) = 0;
	virtual void lost(Buffer&, const Loss&, int64_t) {}
	virtual void end(Buffer&, const Summary&) {}
	// Whether stacks of the same functions are one to it, wherever in the functions they were.
	virtual bool by_name() const { return true; }

protected:
	// What weighs: microseconds where values are told, else the number.
	uint64_t weight(const StackRecord& record) const
	{
		return style_.values ? record.value_ns / 1000 : record.count;
	}

	StackStyle style_;
};

std::unique_ptr<StackWriter> stack_table_writer(const StackStyle& style);
std::unique_ptr<StackWriter> stack_json_writer(const StackStyle& style);
std::unique_ptr<StackWriter> stack_csv_writer(const StackStyle& style);
// "name;outer;…;leaf;kernel_[k];… weight", one line for each that differs.
std::unique_ptr<StackWriter> stack_folded_writer(const StackStyle& style);
// One file in the end: https://www.speedscope.app/file-format-schema.json, all intervals together.
std::unique_ptr<StackWriter> stack_speedscope_writer(const StackStyle& style);

// What a record is called at the root of a graph: the name that it bears, or what else it is told by.
std::string stack_root(const StackRecord& record);

} // namespace corescope
