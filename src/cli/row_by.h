// SPDX-License-Identifier: BSD-2-Clause
// What the rows of a table are for, where a tool can tell by process, thread, name, cgroup, unit, container or pod, besides
// what it knows itself. The user half of bpf/lib/row_key.bpf.h: the words of --by, the fields, and rows that are added up.
//
// Row: has `rows`, `row_key key` and `row_task task`. Options: the tool's, with `RowBy row_by() const`.
#pragma once

#include "cli/option.h"
#include "output/field.h"
#include "row_key.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace corescope {

// own: the tool's, see own_rows().
enum class RowBy : unsigned { pid, tid, comm, cgroup, unit, container, pod, own };
// kernel_by: as the tool's kernel half sees it, ROW_BY_OWN + n.
constexpr RowBy own_rows(unsigned kernel_by)
{
	return static_cast<RowBy>(
		static_cast<unsigned>(RowBy::own) + kernel_by - static_cast<unsigned>(ROW_BY_OWN));
}

// The words of --by, between the tool's own.
#define ROW_BY_WORDS                                                                            \
	{"pid", RowBy::pid}, {"tid", RowBy::tid}, {"comm", RowBy::comm}, {"cgroup", RowBy::cgroup}, \
		{"unit", RowBy::unit}, {"container", RowBy::container},                                 \
	{                                                                                           \
		"pod", RowBy::pod                                                                       \
	}
// An option's member that takes them; without it the first counts. Words: a constant array of Word<RowBy>.
template <const auto& Words>
struct RowByWord {
	RowBy value = Words[0].value;
};
template <const auto& Words>
void parse_value(RowByWord<Words>& out, const char* text)
{
	out.value = parse_word(Words, text);
}
template <const auto& Words>
ArgumentShape argument_shape(const RowByWord<Words>*)
{
	return {ArgumentShape::Kind::words, names_of(Words)};
}

// What the kernel half is told: units, containers and pods are cgroups there, and added up when they are told.
uint32_t kernel_row_by(RowBy by);
constexpr bool adds_up_cgroups(RowBy by) { return by >= RowBy::unit && by <= RowBy::pod; }
// The columns that say what a row is for; none for the tool's own.
std::span<const std::string_view> row_columns(RowBy by);
// The unit, container or pod of a cgroup, as `by` says; "" where it has none. Holds until the next call.
std::string_view cgroup_group(uint64_t cgroup_id, RowBy by, const FieldContext& context);
// Gives the name that a process or thread has now, if it still lives: the kernel half knows the one that it had when its
// row was made.
void refine_task(const row_key& key, row_task& task);

// For TableTool::Parts.
template <class Row>
void refine_row(Row& row)
{
	refine_task(row.key, row.task);
}
template <class Row, class Options>
std::string group_row(const Row& row, const Options& o, const FieldContext& context)
{
	return std::string(cgroup_group(row.key.a, o.row_by(), context));
}
template <class Options>
bool groups_rows(const Options& o)
{
	return adds_up_cgroups(o.row_by());
}

// Whether it is a row for one of these, and not the rest of several.
template <class Row, class Options>
bool row_is_by(const Row& row, const FieldContext& context, std::initializer_list<RowBy> kinds)
{
	const RowBy by = context.opts<Options>().row_by();
	return row.rows == 1 && std::find(kinds.begin(), kinds.end(), by) != kinds.end();
}
template <class Row, class Options, RowBy kind>
NumberValue row_id(const Row& row, const FieldContext& context)
{
	return row_is_by<Row, Options>(row, context, {kind}) ? Value::number(uint64_t{row.key.a}) : Value::none();
}
template <class Row, class Options>
TextValue row_comm(const Row& row, const FieldContext& context)
{
	if (row_is_by<Row, Options>(row, context, {RowBy::comm})) {
		const auto* name = reinterpret_cast<const char*>(&row.key);
		return Value::text({name, strnlen(name, TASK_COMM_BYTES)});
	}
	return row_is_by<Row, Options>(row, context, {RowBy::pid, RowBy::tid}) ? to_value(row.task.comm)
																		   : Value::none();
}
template <class Row, class Options>
NumberValue row_nspid(const Row& row, const FieldContext& context)
{
	return row_is_by<Row, Options>(row, context, {RowBy::pid, RowBy::tid}) ? to_value(row.task.nspid)
																		   : Value::none();
}
// kind: what is told of the cgroup besides where rows are for cgroups themselves.
template <class Row, class Options, CgroupPart part, RowBy kind>
TextValue row_place(const Row& row, const FieldContext& context)
{
	return row_is_by<Row, Options>(row, context, {RowBy::cgroup, kind})
		? cgroup_part(row.key.a, context, part)
		: Value::none();
}

// NOLINTBEGIN(bugprone-macro-parentheses): arguments of templates
#define ROW_TASK_FIELDS(Row, Options)                                                                    \
	computed<Row, row_id<Row, Options, RowBy::pid>>("PID", "pid", 8, kInData | kOptional, "process"),    \
		computed<Row, row_id<Row, Options, RowBy::tid>>("TID", "tid", 8, kInData | kOptional, "thread"), \
		computed<Row, row_comm<Row, Options>>(                                                           \
			"COMM", "comm", 16, kInData | kOptional, "its name, the last that it had"),                  \
		computed<Row, row_nspid<Row, Options>>(                                                          \
			nullptr, "nspid", 0, kInData, "its number in its own PID namespace"),                        \
		computed<Row, row_id<Row, Options, RowBy::cgroup>>(                                              \
			nullptr, "cgroup_id", 0, kInData, "cgroup v2 id"),                                           \
		computed<Row, row_place<Row, Options, CgroupPart::path, RowBy::cgroup>>(                         \
			"CGROUP", "cgroup", 40, kInData | kOptional, "cgroup v2 path"),                              \
		computed<Row, row_place<Row, Options, CgroupPart::unit, RowBy::unit>>(                           \
			"UNIT", "unit", 40, kInData | kOptional, "systemd unit, from the cgroup path"),              \
		computed<Row, row_place<Row, Options, CgroupPart::container, RowBy::container>>(                 \
			"CONTAINER", "container", 64, kInData | kOptional, "container id, from the cgroup path"),    \
		computed<Row, row_place<Row, Options, CgroupPart::pod, RowBy::pod>>(                             \
			"POD", "pod", 40, kInData | kOptional, "Kubernetes pod uid, from the cgroup path")
// NOLINTEND(bugprone-macro-parentheses)

} // namespace corescope
