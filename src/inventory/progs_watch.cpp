// SPDX-License-Identifier: BSD-2-Clause
// `corescope progs --watch`: a record for each program that is loaded or unloaded, with what is known of it. What is there
// already is remembered, so that its end has a name.
#include "inventory/progs.h"

#include "bpf/prog_watch.h"
#include "cli/signals.h"
#include "cli/tool.h"
#include "output/records.h"
#include "system/signals.h"

#include <cstdio>
#include <cstring>
#include <map>

namespace corescope {

namespace {

struct Row {
	uint64_t ts;
	const char* event;
	uint32_t id;
	std::string type, name, tag;
	int pid; // 0: not known
	std::string comm;
	int64_t uid; // -1: gone before it could be asked
	std::string made_for;
	uint64_t insns;
};

TextValue known(const std::string& text) { return text.empty() ? Value::none() : Value::text(text); }

TextValue row_event(const Row& r, const FieldContext&) { return Value::word(r.event); }
TextValue row_type(const Row& r, const FieldContext&) { return known(r.type); }
TextValue row_name(const Row& r, const FieldContext&) { return known(r.name); }
TextValue row_tag(const Row& r, const FieldContext&) { return Value::word(r.tag); }
NumberValue row_uid(const Row& r, const FieldContext&)
{
	return r.uid < 0 ? Value::none() : Value::number(r.uid);
}
NumberValue row_insns(const Row& r, const FieldContext&)
{
	return r.uid < 0 ? Value::none() : Value::number(r.insns);
}
TextValue row_made_for(const Row& r, const FieldContext&) { return known(r.made_for); }
NumberValue row_pid(const Row& r, const FieldContext&)
{
	return r.pid ? Value::number(int64_t{r.pid}) : Value::none();
}
TextValue row_comm(const Row& r, const FieldContext&) { return known(r.comm); }

constexpr Field kFields[] = {
	time_field<&Row::ts>(kEverywhere),
	computed<Row, row_event>("EVENT", "event", 6, kEverywhere, "load or unload"),
	field<&Row::id>("ID", "id", 6, kEverywhere | kRight, "of the program"),
	computed<Row, row_type>("TYPE", "prog_type", 14, kEverywhere, "its type"),
	computed<Row, row_name>("NAME", "name", 20, kEverywhere, "its name"),
	computed<Row, row_tag>(nullptr, "tag", 0, kInData, "a hash over its instructions"),
	computed<Row, row_uid>("UID", "uid", 6, kEverywhere | kRight, "who loaded it"),
	computed<Row, row_insns>("INSNS", "insns", 6, kEverywhere | kRight, "instructions"),
	computed<Row, row_made_for>(nullptr, "made_for", 0, kInData, "the hook or function it is for"),
	computed<Row, row_pid>("PID", "pid", 7, kEverywhere | kRight, "process that loaded it"),
	computed<Row, row_comm>("COMM", "comm", 0, kEverywhere, "its name"),
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
		ProgWatch watch;
		for (const uint32_t id : object_ids(ObjectKind::prog))
			learn(id);
		writer_->meta(out_, {"progs", "", "perf", arguments, clock_.now_unix_ns()});
		write_out(out_);
		const uint64_t start = monotonic_ns();
		while (!stop_signal() && !enough()) {
			watch.wait(stop_fd(), -1, [&](const ProgEvent& event) {
				if (!enough())
					tell(event);
			});
			clock_.refresh();
			if (watch.lost() > lost_)
				writer_->lost(out_, {"buffer full", watch.lost() - lost_}, clock_.now_unix_ns());
			lost_ = watch.lost();
			write_out(out_);
		}
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
		Row row{event.boot_ns, event.loaded ? "load" : "unload", event.id, "", "", "", 0, "", -1, "", 0};
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
		const KernelProg* prog = event.loaded ? learn(event.id)
			: remembered == progs_.end()      ? nullptr
											  : &remembered->second;
		if (prog) {
			row.type = prog_type_name(prog->type);
			row.name = prog->name;
			row.uid = prog->uid;
			row.insns = prog->xlated_bytes / 8;
			row.made_for = target_name(*prog);
		}
		writer_->event(out_, &row);
		told_++;
		if (!event.loaded)
			progs_.erase(event.id);
	}

	const ProgsOptions& options_;
	const FieldContext context_;
	WallClock clock_;
	std::unique_ptr<RecordWriter> writer_;
	std::map<uint32_t, KernelProg> progs_;
	Buffer out_;
	uint64_t told_ = 0, lost_ = 0;
};

} // namespace

void progs_watch(const ProgsOptions& options, const std::vector<std::string>& arguments)
{
	Watcher(options).run(arguments);
}

} // namespace corescope
