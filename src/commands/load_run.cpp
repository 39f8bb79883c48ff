// SPDX-License-Identifier: BSD-2-Clause
// See load_run.h.
#include "commands/load_run.h"

#include "base/error.h"
#include "bpf/instructions.h"
#include "bpf/object.h"
#include "bpf/printk.h"
#include "cli/run_clock.h"
#include "cli/signals.h"
#include "cli/version.h"
#include "commands/load_events.h"
#include "commands/load_maps.h"
#include "commands/load_output.h"
#include "commands/load_pin.h"
#include "output/escape.h"
#include "system/clock.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <unistd.h>

namespace corescope {

namespace {

class LoadRun {
public:
	LoadRun(const LoadOptions& options, const CommonOptions& common, const Job& job,
		const std::vector<std::string>& arguments)
		: options_(options), common_(common), job_(job), arguments_(arguments), object_(options),
		  output_(common)
	{
		if (const btf* btf = bpf_object__btf(object_.get()))
			types_.emplace(btf);
		if (options.pin.empty())
			events_.emplace(object_, types());
	}

	int go()
	{
		object_.load();
		if (!options_.pin.empty())
			return pin();
		maps_.emplace(object_, types());
		events_->open(output_);
		open_printk();
		// A reader of the trace must be there before the first line is said.
		object_.attach();
		begin();
		open_iterators();
		if (iterators_.empty() && !object_.detaches_by_netlink())
			settle_down(false);
		write_iterators();
		while (!ended())
			turn();
		finish();
		return kOk;
	}

private:
	BtfTypes* types() { return types_ ? &*types_ : nullptr; }

	int pin()
	{
		object_.attach();
		pin_object(object_, options_.pin);
		return kOk;
	}

	void open_printk()
	{
		bool prints = false;
		size_t sites = 0;
		for (const bpf_program* program : object_.programs()) {
			const Instructions code{bpf_program__insns(program), bpf_program__insn_cnt(program)};
			prints = prints || prints_to_trace(code);
			for (const bpf_insn& insn : code)
				sites += insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == 0 &&
					(insn.imm == BPF_FUNC_trace_printk || insn.imm == BPF_FUNC_trace_vprintk);
		}
		if (!prints)
			return;
		try {
			printk_.emplace();
		} catch (const Error& error) {
			std::fprintf(stderr, "load: what the programs say by bpf_printk is not shown: %s\n",
				error.message.c_str());
			return;
		}
		printk_source_ = output_.add_source("printk", printk_fields());
		// Formats are constants of the name that the macro gives them. Where there are fewer than calls, some lie
		// elsewhere, and then no line can be told not to be ours.
		if (!types_)
			return;
		const BtfVariables variables(object_.get(), *types_);
		for (const BtfVariable& variable : variables.all())
			if (variable.name.find("___fmt") != std::string::npos && variable.type->is_string()) {
				const std::string_view bytes = variables.bytes(variable);
				formats_.add(bytes.substr(0, bytes.find('\0')));
			}
		if (formats_.size() < sites)
			formats_ = {};
	}

	void open_iterators()
	{
		for (const auto& one : object_.attachments())
			if (one->program && bpf_program__expected_attach_type(one->program) == BPF_TRACE_ITER &&
				bpf_program__type(one->program) == BPF_PROG_TYPE_TRACING)
				iterators_.push_back(one.get());
	}

	void begin()
	{
		start_ns_ = boot_ns();
		run_clock_ = RunClock({.interval_ns = options_.interval.ns,
								  .duration_ns = common_.duration.ns,
								  .job_end_ns = job_.deadline_ns()},
			monotonic_ns());
		due_ns_ = run_clock_.next_due(run_clock_.start_ns());
		output_.begin(
			{"load", version(), object_.hooks(), arguments_, output_.clock().to_unix_ns(start_ns_)});
		output_.flush();
		// Iterators alone have said all when they have been read, unless they are to be read again.
		only_iterators_ =
			std::all_of(object_.attachments().begin(), object_.attachments().end(), [](const auto& one) {
				return one->program && bpf_program__expected_attach_type(one->program) == BPF_TRACE_ITER;
			});
	}

	bool ended()
	{
		if (only_iterators_ && !options_.interval && !stop_signal())
			run_clock_.end_by("iterated");
		return run_clock_.look(monotonic_ns(), stop_signal());
	}

	bool enough()
	{
		if (common_.count && output_.records() >= common_.count.value)
			run_clock_.enough();
		return run_clock_.ended();
	}

	void write_iterators()
	{
		for (const LoadedHook* one : iterators_) {
			const int fd = bpf_iter_create(bpf_link__fd(one->link));
			if (fd < 0)
				throw Error(kUnavailable, one->where + ": cannot be read: " + std::strerror(errno));
			std::string text;
			char piece[16384];
			ssize_t n;
			while ((n = read(fd, piece, sizeof(piece))) > 0 || (n < 0 && errno == EAGAIN))
				if (n > 0)
					take_text(one->where, text.append(piece, static_cast<size_t>(n)), false);
			const int error = n < 0 ? errno : 0;
			close(fd);
			if (error)
				throw Error(kFailure, one->where + ": " + std::strerror(error));
			take_text(one->where, text, true);
			output_.flush();
		}
	}

	// Whole lines are told and taken from `text`; at the end also what is left.
	void take_text(const std::string& where, std::string& text, bool end)
	{
		size_t begin = 0;
		while (begin < text.size()) {
			size_t stop = text.find('\n', begin);
			if (stop == text.npos && !end)
				break;
			stop = std::min(stop, text.size());
			const std::string_view line = std::string_view(text).substr(begin, stop - begin);
			begin = stop + 1;
			if (output_.format() == OutputFormat::csv) {
				output_.csv_row("text", where, "", line);
				continue;
			}
			Buffer& out = output_.lines();
			if (output_.format() == OutputFormat::json) {
				out.append("{\"type\":\"text\",\"source\":");
				json_string(out, where);
				out.append(",\"text\":");
				json_string(out, line);
				out.append("}\n");
			} else {
				// Columns set by tabs stay columns.
				for (size_t at = 0; at <= line.size();) {
					const size_t tab = std::min(line.find('\t', at), line.size());
					escape_text(out, line.substr(at, tab - at));
					if (tab < line.size())
						out.append('\t');
					at = tab + 1;
				}
				out.append('\n');
			}
		}
		text.erase(0, std::min(begin, text.size()));
	}

	void drain_printk()
	{
		if (!printk_)
			return;
		printk_->read_all([&](const PrintkLine& line) {
			if (!formats_.empty() && !formats_.could_be(line.text))
				others_++;
			else if (!common_.count || output_.records() < common_.count.value)
				output_.event(printk_source_, &line);
		});
		if (printk_->lost() > printk_lost_) {
			output_.lost("trace buffer full", printk_->lost() - printk_lost_);
			printk_lost_ = printk_->lost();
		}
	}

	void drain()
	{
		size_t taken;
		do {
			output_.clock().refresh();
			taken = events_->drain(output_, [this] { return enough(); });
			drain_printk();
			output_.flush();
		} while (taken && !run_clock_.ended() && !stop_signal());
		enough();
	}

	void turn()
	{
		drain();
		const uint64_t now = monotonic_ns();
		if (run_clock_.look(now, stop_signal()))
			return;
		if (options_.interval && due_ns_ <= now) {
			write_iterators();
			if (!options_.no_maps)
				maps_->write(output_);
			output_.flush();
			due_ns_ = run_clock_.next_due(now);
		}
		wait();
	}

	void wait()
	{
		std::vector<int> to_read = events_->fds();
		if (printk_)
			to_read.push_back(printk_->fd());
		sleep_until(due_ns_, to_read);
	}

	void finish()
	{
		const uint64_t stop_ns = boot_ns();
		uint64_t passed_over = 0;
		for (const bpf_program* program : object_.programs())
			passed_over += times_passed_over(bpf_program__fd(program));
		object_.detach();
		if (run_clock_.end() != "count") {
			while (events_->drain(output_, [] { return false; }))
				output_.flush();
			drain_printk();
		}
		if (passed_over)
			output_.lost("program passed over", passed_over);
		if (!options_.no_maps)
			maps_->write(output_);
		output_.summary({output_.records(), stop_ns - start_ns_, process_cpu_ns(), output_.losses(),
			run_clock_.end(), output_.clock().to_unix_ns(stop_ns)});
		output_.flush();
		for (const Loss& loss : output_.losses())
			std::fprintf(stderr, "load: lost %llu: %s\n", static_cast<unsigned long long>(loss.count),
				std::string(loss.reason).c_str());
		if (const std::string full = events_->full_rings(); !full.empty())
			std::fprintf(stderr,
				"load: ring buffer %s was found full: records may be missing (the kernel does not count them); --entries "
				"NAME=BYTES makes it larger\n",
				full.c_str());
		if (others_)
			std::fprintf(stderr,
				"load: %llu lines in the trace were left out: none of this object's formats makes them\n",
				static_cast<unsigned long long>(others_));
		tell_auto_pins(object_);
	}

	const LoadOptions& options_;
	const CommonOptions& common_;
	const Job& job_;
	const std::vector<std::string>& arguments_;
	LoadedObject object_;
	LoadOutput output_;
	std::optional<BtfTypes> types_;
	std::optional<LoadEvents> events_;
	std::optional<LoadMaps> maps_;
	std::optional<PrintkReader> printk_;
	PrintkFormats formats_;
	std::vector<const LoadedHook*> iterators_;
	RunClock run_clock_;
	size_t printk_source_ = 0;
	uint64_t printk_lost_ = 0, others_ = 0;
	uint64_t start_ns_ = 0, due_ns_ = kForever;
	bool only_iterators_ = false;
};

} // namespace

int run_load(const LoadOptions& options, const CommonOptions& common, const Job& job,
	const std::vector<std::string>& arguments)
{
	return LoadRun(options, common, job, arguments).go();
}

} // namespace corescope
