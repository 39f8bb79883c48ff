// SPDX-License-Identifier: BSD-2-Clause
// `corescope progs --watch`: a record for each program, map and link that comes or goes, with what is known of it. What is
// there already is remembered, so that its end has a name.
#include "inventory/progs.h"

#include "bpf/prog_watch.h"
#include "cli/signals.h"
#include "cli/tool.h"
#include "cli/version.h"
#include "inventory/object_watch.h"
#include "output/records.h"
#include "system/signals.h"

#include <cstdio>
#include <cstring>
#include <map>

namespace corescope {

namespace {

constexpr uint64_t kBetweenLooksNs = 100'000'000; // at the lists of maps and links
constexpr uint64_t kSoonestLookNs = 20'000'000;   // after the one before, where a program came or went

struct Row {
	uint64_t ts;
	const char* event;
	const char* object; // prog, map or link
	uint32_t id;
	std::string type{}, name{}, tag{};
	int pid = 0; // 0: not known
	std::string comm{};
	int64_t uid = -1; // -1: not known
	uint64_t insns = 0;
	uint32_t prog_id = 0;         // behind a link
	std::string kind{}, target{}; // of a link; of a program the second is what it was loaded for
	std::string hook{};           // both, for people
};

TextValue known(const std::string& text) { return text.empty() ? Value::none() : Value::text(text); }

TextValue row_event(const Row& r, const FieldContext&) { return Value::word(r.event); }
TextValue row_object(const Row& r, const FieldContext&) { return Value::word(r.object); }
TextValue row_type(const Row& r, const FieldContext&) { return known(r.type); }
template <char Initial>
TextValue type_of(const Row& r, const FieldContext&)
{
	return r.object[0] == Initial ? known(r.type) : Value::none();
}
template <std::string Row::*Member>
TextValue row_text(const Row& r, const FieldContext&)
{
	return known(r.*Member);
}
NumberValue row_prog_id(const Row& r, const FieldContext&)
{
	return r.prog_id ? Value::number(uint64_t{r.prog_id}) : Value::none();
}
NumberValue row_uid(const Row& r, const FieldContext&)
{
	return r.uid < 0 ? Value::none() : Value::number(r.uid);
}
NumberValue row_insns(const Row& r, const FieldContext&)
{
	return r.uid < 0 ? Value::none() : Value::number(r.insns);
}
NumberValue row_pid(const Row& r, const FieldContext&)
{
	return r.pid ? Value::number(int64_t{r.pid}) : Value::none();
}
TextValue row_made_for(const Row& r, const FieldContext&)
{
	return r.object[0] == 'p' ? known(r.target) : Value::none();
}
TextValue row_target(const Row& r, const FieldContext&)
{
	return r.object[0] == 'l' ? known(r.target) : Value::none();
}
constexpr Field kFields[] = {
	time_field<&Row::ts>(kEverywhere),
	computed<Row, row_event>("EVENT", "event", 7, kEverywhere,
		"load or unload of a program, create or destroy of a map, attach or detach of a link"),
	computed<Row, row_object>("WHAT", "object", 4, kEverywhere, "prog, map or link"),
	field<&Row::id>("ID", "id", 6, kEverywhere | kRight, "the kernel's number of it"),
	computed<Row, row_type>("TYPE", "kind_of_object", 14, kInTable, "its type"),
	computed<Row, type_of<'p'>>(nullptr, "prog_type", 0, kInData, "a program's type"),
	computed<Row, type_of<'m'>>(nullptr, "map_type", 0, kInData, "a map's type"),
	computed<Row, type_of<'l'>>(nullptr, "link_type", 0, kInData, "a link's type"),
	computed<Row, row_text<&Row::name>>("NAME", "name", 16, kEverywhere, "its name; of a link its program's"),
	computed<Row, row_text<&Row::tag>>(nullptr, "tag", 0, kInData, "a hash over a program's instructions"),
	computed<Row, row_uid>("UID", "uid", 5, kEverywhere | kRight, "who loaded the program"),
	computed<Row, row_insns>(nullptr, "insns", 0, kInData, "a program's instructions"),
	computed<Row, row_made_for>(nullptr, "made_for", 0, kInData, "the hook or function a program is for"),
	computed<Row, row_prog_id>(nullptr, "prog_id", 0, kInData, "the program behind a link"),
	computed<Row, row_text<&Row::kind>>(nullptr, "kind", 0, kInData, "of a link, as a section begins"),
	computed<Row, row_target>(nullptr, "target", 0, kInData, "what a link is attached to"),
	computed<Row, row_pid>("PID", "pid", 7, kEverywhere | kRight,
		"process that loaded the program, or that holds the map or link"),
	computed<Row, row_text<&Row::comm>>("COMM", "comm", 16, kEverywhere, "its name"),
	computed<Row, row_text<&Row::hook>>(
		"HOOK", "hook", 0, kInTable, "what a program is for, or a link attached to"),
};

std::string comm_of(int pid)
{
	FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/comm").c_str(), "re");
	if (!file)
		return "";
	char text[32] = {};
	const size_t size = std::fread(text, 1, sizeof(text) - 1, file);
	std::fclose(file);
	return {text, strcspn(text, "\n") < size ? strcspn(text, "\n") : size};
}

class Watcher {
public:
	explicit Watcher(const ProgsOptions& options) : options_(options)
	{
		const bool header = !options.no_header;
		writer_ = options.output == OutputFormat::json ? json_writer(kFields, context_, clock_)
			: options.output == OutputFormat::csv      ? csv_writer(kFields, header, context_, clock_)
												  : table_writer(kFields, {}, {}, header, context_, clock_);
	}

	void run(const std::vector<std::string>& arguments)
	{
		catch_signals();
		object_ids(ObjectKind::prog); // says at once what is missing
		ObjectWatch objects;          // before what would tell of its iterator
		ProgWatch watch;
		for (const uint32_t id : object_ids(ObjectKind::prog)) {
			learn(id);
			newest_at_start_ = id;
		}
		writer_->meta(out_, {"progs", version(), "perf", arguments, clock_.now_unix_ns()});
		write_out(out_);
		const uint64_t start = monotonic_ns();
		uint64_t looked = start, next_look = start + kBetweenLooksNs;
		bool active = false; // a program came or went since the last look
		const auto look = [&](bool to_the_end) {
			objects.look(to_the_end, [&](const WatchedObject& object, bool came) { tell(object, came); });
		};
		while (!stop_signal() && !enough()) {
			const uint64_t now = monotonic_ns();
			watch.wait(stop_fd(), now < next_look ? static_cast<int>((next_look - now) / 1'000'000 + 1) : 0,
				[&](const ProgEvent& event) {
					tell(event);
					active = true;
				});
			if (active)
				next_look = std::min(next_look, looked + kSoonestLookNs);
			if (const uint64_t then = monotonic_ns(); then >= next_look && !stop_signal()) {
				look(active);
				active = false;
				looked = then;
				next_look = then + kBetweenLooksNs;
			}
			clock_.refresh();
			if (watch.lost() > lost_)
				writer_->lost(out_, {"buffer full", watch.lost() - lost_}, clock_.now_unix_ns());
			lost_ = watch.lost();
			write_out(out_);
		}
		look(true);
		Summary summary;
		summary.records = told_;
		summary.window_ns = monotonic_ns() - start;
		summary.cpu_ns = process_cpu_ns();
		if (lost_)
			summary.lost.push_back({"buffer full", lost_});
		const std::string signal(signal_name(static_cast<unsigned>(stop_signal())));
		summary.end = enough() ? std::string_view("count") : signal;
		summary.unix_ns = clock_.now_unix_ns();
		writer_->summary(out_, summary);
		write_out(out_);
	}

private:
	bool enough() const { return options_.count && told_ >= options_.count.value; }

	const KernelProg* learn(uint32_t id)
	{
		if (const Descriptor fd = object_by_id(ObjectKind::prog, id))
			if (auto info = prog_info(fd.get()))
				return &(progs_[id] = std::move(*info));
		return nullptr;
	}

	void tell(const ProgEvent& event)
	{
		Row row{event.boot_ns, event.loaded ? "load" : "unload", "prog", event.id};
		if (event.loaded) { // an unload may come late, in whatever process just runs
			row.pid = event.pid;
			row.comm = comm_of(event.pid);
		}
		for (const unsigned char byte : event.tag) {
			char hex[3];
			std::snprintf(hex, sizeof(hex), "%02x", byte);
			row.tag += hex;
		}
		const auto remembered = progs_.find(event.id);
		if (!event.loaded && remembered == progs_.end() && event.id <= newest_at_start_)
			return; // it went before the start, and only its end was late
		const KernelProg* prog = event.loaded ? learn(event.id)
			: remembered == progs_.end()      ? nullptr
											  : &remembered->second;
		if (prog) {
			row.type = prog_type_name(prog->type);
			row.name = prog->name;
			row.uid = prog->uid;
			row.insns = prog->xlated_bytes / 8;
			row.target = target_name(*prog);
		}
		tell(row);
		if (!event.loaded)
			progs_.erase(event.id);
	}

	void tell(const WatchedObject& object, bool came)
	{
		const bool is_map = object.kind == ObjectKind::map;
		const char* const words[] = {is_map ? "destroy" : "detach", is_map ? "create" : "attach"};
		Row row{boot_ns(), words[came], is_map ? "map" : "link", object.id};
		if (object.known) {
			row.type = is_map ? map_type_name(object.map.type) : link_type_name(object.link.type);
			row.name = is_map ? object.map.name : object.prog_name;
			row.prog_id = object.link.prog_id;
			row.kind = object.link.kind;
			row.target = object.link.target;
		}
		if (came) {
			row.pid = object.pid;
			row.comm = object.comm;
		}
		tell(row);
	}

	void tell(Row& row)
	{
		if (enough())
			return;
		row.hook = row.kind + (row.kind.empty() || row.target.empty() ? "" : " ") + row.target;
		writer_->event(out_, &row);
		told_++;
	}

	const ProgsOptions& options_;
	const FieldContext context_;
	WallClock clock_;
	std::unique_ptr<RecordWriter> writer_;
	std::map<uint32_t, KernelProg> progs_;
	Buffer out_;
	uint64_t told_ = 0, lost_ = 0;
	uint32_t newest_at_start_ = 0;
};

} // namespace

void progs_watch(const ProgsOptions& options, const std::vector<std::string>& arguments)
{
	Watcher(options).run(arguments);
}

} // namespace corescope
