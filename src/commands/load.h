// SPDX-License-Identifier: BSD-2-Clause
// `corescope load`: an object that somebody else has written, from its file to its detached end. What stands here is
// what the parts of the command share: the options, and the object with what hangs in the kernel.
#pragma once

#include "bpf/kernel_types.h"
#include "bpf/lease.h"
#include "bpf/libbpf_log.h"
#include "bpf/object_file.h"
#include "cli/tool.h"

#include <bpf/libbpf.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace corescope {

struct LoadOptions {
	std::string file;
	std::vector<std::string> attach, only, skip, set, entries, event;
	std::string pin, pin_root, btf;
	Count frequency;
	Duration interval;
	bool per_cpu = false, no_maps = false, verbose = false;
};

struct CloseObject {
	void operator()(bpf_object* object) const { bpf_object__close(object); }
};
struct CloseBtf {
	void operator()(struct btf* btf) const;
};

// The verifier's words about one program. malloc() takes so much straight from the kernel, which gives a page only when it
// is written to.
struct FreeLog {
	void operator()(char* text) const { std::free(text); }
};
using VerifierLog = std::unique_ptr<char, FreeLog>;

// One hook of one program: a link, or a tc filter, which has none.
class LoadedHook {
public:
	LoadedHook(const bpf_program* of, std::string at, bpf_link* by)
		: program(of), where(std::move(at)), link(by)
	{}
	~LoadedHook();
	LoadedHook(const LoadedHook&) = delete;
	LoadedHook& operator=(const LoadedHook&) = delete;

	const bpf_program* program;
	std::string where; // "tp/sched/sched_switch", "xdp on eth0"
	bpf_link* link;    // null: the filter below
	int interface = 0;
	bpf_tc_attach_point point{};
	uint32_t handle = 0, priority = 0;
	bool made_qdisc = false;
};

class LoadedObject {
public:
	// Opens, selects, sets and checks; nothing is in the kernel yet. Throws Error.
	explicit LoadedObject(const LoadOptions& options);
	~LoadedObject();
	LoadedObject(const LoadedObject&) = delete;
	LoadedObject& operator=(const LoadedObject&) = delete;

	void load();
	void attach();
	void detach(); // returns when no program runs any more

	bpf_object* get() const { return object_.get(); }
	const ObjectFile& file() const { return file_; }
	const LoadOptions& options() const { return options_; }
	const std::vector<std::unique_ptr<LoadedHook>>& attachments() const { return attachments_; }
	const std::vector<bpf_program*>& programs() const { return programs_; } // those that are loaded
	bool has_iterators() const;
	// Whether taking it away again needs privileges and system calls that tracing does not.
	bool detaches_by_netlink() const;
	std::string hooks() const; // for `meta`

private:
	bpf_program* program(const std::string& option, const std::string& name) const;
	void select();
	void check_targets() const;
	void set_entries();
	void prepare_rings();
	void request_logs();
	void explain_map() const; // returns if no map was refused
	[[noreturn]] void explain_refusal(int error) const;
	[[noreturn]] void explain_open(int error) const;
	void tell_relocations() const;
	void tell_programs() const;

	const LoadOptions& options_;
	ObjectFile file_;
	LibbpfLog log_;
	std::unique_ptr<KernelTypes> types_; // null: libbpf finds them, or finds none
	std::unique_ptr<bpf_object, CloseObject> object_;
	std::vector<bpf_program*> programs_;
	std::vector<VerifierLog> logs_; // of programs_, while they are loaded
	std::vector<std::unique_ptr<LoadedHook>> attachments_;
	TracepointLease lease_;
	std::vector<std::pair<std::string, std::string>> targets_; // program, target
};

// Which kinds of program ask for a target, and what that is: "an interface"; null where the section tells or none is
// needed.
const char* target_wanted(const bpf_program* program);
// What an attached program's kind is called: "tracing", "perf_event".
std::string program_kind(const bpf_program* program);
// One step for --verbose, a line on standard error; printf's format.
[[gnu::format(printf, 1, 2)]] void tell_step(const char* format, ...);
void tell_opened(const LoadedObject& object);
void tell_attached(const LoadedObject& object);

// NAME=VALUE, split at the first '='. Throws Error(kUsage).
std::pair<std::string, std::string> split_pair(const char* option, const std::string& text);
// "; there are a, b and c" for a refusal; "" if there is none.
std::string there_are(const std::vector<std::string>& names);

} // namespace corescope
