// SPDX-License-Identifier: BSD-2-Clause
// `corescope progs --stats`: what programs cost, by the kernel's own counters. They count only while somebody asks for it,
// and asking costs every program some ten nanoseconds each time it runs; with our descriptor closed it ends, unless the
// administrator has it on (kernel.bpf_stats_enabled) anyway.
#include "inventory/progs.h"

#include "base/error.h"
#include "cli/signals.h"
#include "cli/tool.h"
#include "output/listing.h"
#include "system/clock.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <poll.h>

namespace corescope {

namespace {

struct Row {
	const SeenProg* prog;
	uint64_t at_boot_ns, window_ns, runs, run_ns;
	std::string type, per_second, per_run, share, processes, attached;
};

constexpr Field kFields[] = {
	computed<Row,
		[](const Row& r, const FieldContext&) -> TypedValue<FieldType::time> {
			return Value::time(r.at_boot_ns);
		}>(nullptr, "ts", 0, kInData, "end of the interval"),
	computed<Row, [](const Row& r, const FieldContext&) -> TextValue { return Value::word(r.share); }>(
		"CPU%", "cpu_percent", 7, kInTable | kRight | kFlat, "share of one CPU"),
	computed<Row, [](const Row& r, const FieldContext&) -> TextValue { return Value::word(r.per_second); }>(
		"RUNS/s", "runs_per_s", 9, kInTable | kRight | kFlat, "runs in a second"),
	computed<Row, [](const Row& r, const FieldContext&) -> TextValue { return Value::word(r.per_run); }>(
		"NS/RUN", "ns_per_run", 8, kInTable | kRight | kFlat, "nanoseconds that a run takes"),
	computed<Row,
		[](const Row& r, const FieldContext&) -> NumberValue {
			return Value::number(uint64_t{r.prog->info.id});
		}>("ID", "id", 5, kEverywhere | kRight, "the kernel's number"),
	computed<Row, [](const Row& r, const FieldContext&) -> TextValue { return Value::text(r.type); }>(
		"TYPE", "prog_type", 12, kEverywhere, "its type"),
	computed<Row,
		[](const Row& r, const FieldContext&) -> TextValue { return Value::text(r.prog->info.name); }>(
		"NAME", "name", 16, kEverywhere, "its name"),
	field<&Row::runs>(nullptr, "runs", 0, kInData, "runs in the interval"),
	field<&Row::run_ns>(nullptr, "run_ns", 0, kInData, "nanoseconds that they took"),
	field<&Row::window_ns>(nullptr, "window_ns", 0, kInData, "length of the interval"),
	computed<Row, [](const Row& r, const FieldContext&) -> ListValue { return Value::list(r.processes); }>(
		"PROCESSES", "processes", 12, kInTable | kFlat, "that hold it"),
	computed<Row, [](const Row& r, const FieldContext&) -> ListValue { return Value::list(r.attached); }>(
		"ATTACHED", "attached", 0, kInTable | kFlat, "to what"),
};

std::string decimal(double value, int places)
{
	char text[64];
	std::snprintf(text, sizeof(text), "%.*f", places, value);
	return text;
}

void nested(Buffer& out, const void* pointer)
{
	const Row& row = *static_cast<const Row*>(pointer);
	for (const auto& [key, text] : {std::pair<const char*, const std::string*>{"cpu_percent", &row.share},
			 {"runs_per_s", &row.per_second}, {"ns_per_run", &row.per_run}}) {
		out.append(",\"");
		out.append(key);
		out.append("\":");
		out.append(*text);
	}
	append_processes(out, row.prog->processes);
}

constexpr Listing kStats{"stats", kFields, nested};

struct Reading {
	uint64_t runs, run_ns, at_ns, loaded_ns;
};
using Readings = std::map<uint32_t, Reading>;

Readings read_all()
{
	Readings readings;
	for (const uint32_t id : object_ids(ObjectKind::prog))
		if (const Descriptor fd = object_by_id(ObjectKind::prog, id)) {
			bpf_prog_info info = {};
			uint32_t size = sizeof(info);
			if (!bpf_obj_get_info_by_fd(fd.get(), &info, &size))
				readings[id] = {info.run_cnt, info.run_time_ns, monotonic_ns(), info.load_time};
		}
	return readings;
}

// False when a signal says to stop.
bool wait_until(uint64_t monotonic)
{
	while (!stop_signal()) {
		const uint64_t now = monotonic_ns();
		if (now >= monotonic)
			return true;
		pollfd stop = {stop_fd(), POLLIN, 0};
		poll(&stop, 1,
			static_cast<int>(std::min<uint64_t>((monotonic - now + 999'999) / 1'000'000, 3'600'000)));
	}
	return false;
}

class Stats {
public:
	explicit Stats(const ProgsOptions& options) : options_(options) {}

	void run(const std::vector<std::string>& arguments)
	{
		catch_signals();
		inventory_ = take_inventory();
		const Descriptor counting(std::max(bpf_enable_stats(BPF_STATS_RUN_TIME), -1));
		if (!counting)
			throw Error(errno == EPERM ? kNoPermission : kUnavailable,
				std::string("--stats: the kernel does not count: ") + std::strerror(errno) +
					"; BPF_ENABLE_STATS takes Linux 5.8 and the capability CAP_SYS_ADMIN");
		if (options_.output == OutputFormat::json)
			append_progs_meta(out_, arguments);
		Readings before = read_all();
		write_out(out_);
		uint64_t due = monotonic_ns();
		for (uint64_t interval = 1;; interval++) {
			due += options_.stats.ns;
			const bool whole = wait_until(due);
			const Readings after = read_all();
			show(before, after, interval == 1);
			before = after;
			if (!whole || (options_.count && interval >= options_.count.value))
				return;
		}
	}

private:
	void show(const Readings& before, const Readings& after, bool first)
	{
		std::vector<Row> rows;
		size_t idle = 0, gone = 0;
		if (std::any_of(after.begin(), after.end(),
				[&](const auto& entry) { return !inventory_.progs.count(entry.first); }))
			inventory_ = take_inventory();
		for (const auto& [id, reading] : after) {
			const auto start = before.find(id);
			const auto prog = inventory_.progs.find(id);
			if (prog == inventory_.progs.end() || prog->second.own)
				continue;
			// What was loaded meanwhile has been counted since then.
			const Reading from =
				start != before.end() ? start->second : Reading{0, 0, reading.at_ns - since(reading), 0};
			const uint64_t runs = reading.runs - from.runs, run_ns = reading.run_ns - from.run_ns;
			const uint64_t window = std::max<uint64_t>(reading.at_ns - from.at_ns, 1);
			if (!runs) {
				idle++;
				continue;
			}
			const auto per = [](uint64_t a, uint64_t b) {
				return static_cast<double>(a) / static_cast<double>(b);
			};
			rows.push_back({&prog->second, boot_ns(), window, runs, run_ns,
				prog_type_name(prog->second.info.type), decimal(per(runs, window) * 1e9, 1),
				decimal(per(run_ns, runs), 0), decimal(per(run_ns, window) * 100, 3),
				processes_list(prog->second.processes, false), attached_list(prog->second)});
		}
		for (const auto& entry : before)
			gone += !after.count(entry.first);
		std::stable_sort(
			rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.run_ns > b.run_ns; });
		write(rows, idle, gone, first);
	}

	static uint64_t since(const Reading& reading)
	{
		const uint64_t now = boot_ns();
		return now > reading.loaded_ns ? now - reading.loaded_ns : 0;
	}

	void write(const std::vector<Row>& rows, size_t idle, size_t gone, bool first)
	{
		const std::vector<const void*> all = pointers(rows);
		if (options_.output == OutputFormat::json) {
			append_json(out_, kStats, all);
			char text[128];
			out_.append(std::string_view(text,
				static_cast<size_t>(std::snprintf(text, sizeof(text),
					"{\"type\":\"interval\",\"ran\":%zu,\"idle\":%zu,\"gone\":%zu}\n", rows.size(), idle,
					gone))));
		} else if (options_.output == OutputFormat::csv) {
			append_csv(out_, kStats, all, first && !options_.no_header);
		} else {
			if (!first)
				out_.append('\n');
			append_table(out_, kStats, all, !options_.no_header, cut_width());
			char text[128];
			out_.append(std::string_view(text,
				static_cast<size_t>(std::snprintf(
					text, sizeof(text), "# %zu ran, %zu did not, %zu are gone\n", rows.size(), idle, gone))));
		}
		write_out(out_);
	}

	const ProgsOptions& options_;
	Inventory inventory_;
	Buffer out_;
};

} // namespace

void progs_stats(const ProgsOptions& options, const std::vector<std::string>& arguments)
{
	Stats(options).run(arguments);
}

} // namespace corescope
