// SPDX-License-Identifier: BSD-2-Clause
// A table tool: its kernel half counts into rows, its user half declares what a row looks like. At each interval the
// difference of two snapshots is told: sorted, the first few, and the rest as one row.
#pragma once

#include "bpf/object.h"
#include "bpf/table_maps.h"
#include "cli/stream.h"
#include "cli/tracing_tool.h"
#include "event.h"
#include "output/buffer.h"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

// --pin, refused.
struct NoTablePin {};
void parse_value(NoTablePin& out, const char* text);

struct RowLimit {
	uint64_t value = 0; // 0: all
	bool given = false;
};
void parse_value(RowLimit& out, const char* text);

// Options of every table tool.
struct TableOptions {
	Duration interval;
	Count intervals;
	RowLimit top;
	std::string sort;
	Count max_keys;
	HookName hook;
	NoTablePin pin;
};

// What a tool decides once its options are known.
struct TableSetup {
	const CommonOptions& common;
	std::vector<HookSet> hooks{};          // the best first
	std::string what{};                    // "system calls"
	std::vector<std::string_view> shown{}; // optional columns
	std::string_view sort{};               // key of the field that it sorts by, unless --sort says another
	uint64_t default_keys = 4096;
	size_t row_size = 0; // bytes of a row that are wanted, where its last counters are not

	void show(std::string_view key, bool yes = true)
	{
		if (yes)
			shown.push_back(key);
	}
	void show_all(std::span<const std::string_view> keys)
	{
		shown.insert(shown.end(), keys.begin(), keys.end());
	}
};

// A table run, without types.
struct TableRun {
	const char* name;
	SkeletonType skeleton;
	std::span<const Field> fields;
	const void* options;
	const TableSetup& setup;
	const TableOptions& table;
	table_layout layout;
	std::function<void(void* typed, const CgroupFilter& filter)> configure;
	event_shared* (*shared)(void* typed);
	TableMaps::Label label;
	std::function<void(void* row)> refine;
	std::function<std::string(const void* row, const FieldContext&)>
		group; // empty: rows are told as they are
	std::function<void(Buffer& out, const void* row)> below;
	std::function<std::string(const TableMaps&)> last_words;
	std::vector<std::string> arguments;
};
int run_table(const TableRun& run);
std::vector<HookTrial> try_table(const TableRun& run); // loads and attaches, no more

std::span<const OptionSpec> table_option_specs();
std::span<const PositionalSpec> table_positional_specs();
// What every row has before the tool's own fields: `ts` and `window_ns`; and behind them `rows`.
std::vector<Field> table_fields(std::span<const Field> own);

// Skel: bpftool's skeleton, whose kernel half uses bpf/lib/table.bpf.h. Row: its TABLE_ROW. Options: the tool's own.
template <class Skel, class Row, class Options>
struct TableParts {
	const char* name;
	Group group;
	const char* summary;
	const char* details = nullptr; // for --help
	std::span<const OptionSpec> options;
	std::span<const Field> fields;
	table_layout layout;
	void (*prepare)(const Options&, TableSetup&);                // hooks and columns
	void (*configure)(Skel&, const Options&, const TableSetup&); // rodata
	bool (*label)(size_t cell, Row&) = nullptr;                  // the key of a CPUs' cell; false: it is none
	void (*refine)(Row&) = nullptr;                              // labels that user space knows better
	// Rows of which it says the same are one row.
	std::string (*group_by)(const Row&, const Options&, const FieldContext&) = nullptr;
	bool (*groups)(const Options&) = nullptr;
	// What a table has under a row.
	void (*below)(Buffer&, const Row&, const Options&) = nullptr;
	std::string (*last_words)(const TableMaps&, const Options&) = nullptr; // for standard error; "" for none
	bool (*instead)(const Options&) = nullptr; // does what needs no tracing, and then says true
};

template <class Skel, class Row, class Options>
class TableTool : public TracingTool<Skel, Options, TableSetup, TableParts<Skel, Row, Options>> {
	using Base = TracingTool<Skel, Options, TableSetup, TableParts<Skel, Row, Options>>;
	using Base::parts_;

public:
	using Parts = TableParts<Skel, Row, Options>;

	explicit TableTool(const Parts& parts) : Base(parts)
	{
		static_assert(offsetof(Row, rows) == 0 && offsetof(Row, key) == TABLE_KEY_AT && sizeof(Row) % 8 == 0);
	}

	int run(int argc, char** argv) const override { return with_run(argc, argv, run_table, true); }
	std::vector<OptionSpec> options() const override { return Base::own_options_and({table_option_specs()}); }
	std::vector<Field> fields() const override { return table_fields(parts_.fields); }
	Tool::Output output() const override { return Tool::Output::rows; }

private:
	std::vector<HookTrial> trials(int argc, char** argv) const override
	{
		return with_run(argc, argv, try_table, false);
	}

	// What `go` makes of the command line.
	template <class Result>
	Result with_run(int argc, char** argv, Result (*go)(const TableRun&), bool may_do_else) const
	{
		Options options;
		CommonOptions common;
		TableOptions table;
		const OptionSet sets[] = {{nullptr, parts_.options, &options},
			{"Tables:", table_option_specs(), &table}, {"Common options:", common_option_specs(), &common}};
		parse_command_line(
			{Base::name(), Base::summary(), parts_.details, sets, table_positional_specs(), &table}, argc,
			argv);
		if (may_do_else && parts_.instead && parts_.instead(options))
			return {};
		TableSetup setup{common};
		parts_.prepare(options, setup);
		choose_hook(setup.hooks, table.hook);
		const std::vector<Field> fields = table_fields(parts_.fields);
		TableRun run{Base::name(), Base::skeleton(), fields, &options, setup, table, parts_.layout,
			[&](void* typed, const CgroupFilter& filter) {
				parts_.configure(Base::filtered(typed, filter), options, setup);
			},
			Base::shared,
			[&](size_t cell, void* row) {
				return parts_.label && parts_.label(cell, *static_cast<Row*>(row));
			},
			[&](void* row) {
				if (parts_.refine)
					parts_.refine(*static_cast<Row*>(row));
			},
			{}, {}, {}, {argv, argv + argc}};
		if (parts_.group_by && parts_.groups(options))
			run.group = [&](const void* row, const FieldContext& context) {
				return parts_.group_by(*static_cast<const Row*>(row), options, context);
			};
		if (parts_.below)
			run.below = [&](Buffer& out, const void* row) {
				parts_.below(out, *static_cast<const Row*>(row), options);
			};
		if (parts_.last_words)
			run.last_words = [&](const TableMaps& maps) { return parts_.last_words(maps, options); };
		return go(run);
	}
};

} // namespace corescope
