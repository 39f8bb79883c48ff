// SPDX-License-Identifier: BSD-2-Clause
// A BPF object from its skeleton to its detached end. Which of its programs are used is a hook set: a tool may have
// several, the best first, and the first that this kernel loads *and* attaches is taken. Asking BTF or the version
// instead gives wrong answers on real kernels.
#pragma once

#include "bpf/lease.h"
#include "bpf/packed_object.h"
#include "bpf/sampling.h"

#include <bpf/libbpf.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

class KernelTypes;

// One way to hook a tool in.
struct HookSet {
	std::string name;                  // as `meta` tells it: "tracepoint"
	std::vector<const char*> programs; // all that are loaded and attached
	bool trampoline = false;           // some are fentry, fexit or LSM
	// Programs of `programs` that hang at further tracepoints, besides the one of their section. One program at six
	// of them is loaded and verified once.
	struct Tracepoint {
		const char* program;
		const char* category;
		const char* name;
	};
	std::vector<Tracepoint> also{};
	std::string
		cost{}; // what it costs those who are not traced, or lacks beside the best one; "" for nothing
	bool typed_only = false; // needs typed pointers for more than to read through them: task storage, kfuncs
	bool raw = false;        // of the object that needs no BTF of the kernel's own: see with_raw_twins()
	Sampling sampling{};     // of programs at perf events
};

// What came of a hook set when it was tried.
struct HookTrial {
	HookSet hooks;
	int code = 0; // 0: it was loaded and attached; else the exit code of a tool that has no other
	std::string problem, cause, remedy; // one line; its parts
};

// The sets, and behind them for each that hooks by tp_btf its twin by raw_tp, unless there can be none. The twin's
// programs have the same names, and lie in the object that is compiled WITHOUT_BTF (bpf/lib/hook.bpf.h).
std::vector<HookSet> with_raw_twins(std::vector<HookSet> hooks);

// An opened object. The skeleton behind it stays the tool's.
class Object {
public:
	Object() = default;
	~Object();
	Object(const Object&) = delete;
	Object& operator=(const Object&) = delete;

	bpf_map* map(const char* name) const; // throws Error if there is none
	int map_fd(const char* name) const { return bpf_map__fd(map(name)); }
	bool has_map(const char* name) const;
	size_t max_entries(const char* name) const { return bpf_map__max_entries(map(name)); }
	void set_max_entries(const char* name, size_t entries) const;

	// Returns when no program runs any more.
	void detach();

	// How often the kernel came to a hook and did not run its program, since the load. It never runs a program on a
	// CPU where that one already runs, and a task may be preempted meanwhile: in fexit programs, and since 7.0 in
	// tracepoints. 0 before 5.12, which does not count it. Programs at every system call are left out: what they are
	// passed over for is nearly always a call that is none of theirs, and the number would say nothing.
	uint64_t passed_over() const;

	// The programs of which it tells that.
	std::vector<int> watched_programs() const;

	// What is attached: each link's descriptor, and where to.
	struct Attached {
		int fd;
		std::string section;
	};
	std::vector<Attached> attached() const;
	// The programs stay attached when this goes, as long as somebody else (a pin) holds their links.
	void leave_attached();

	const std::string& hooks() const { return hooks_; }
	// The file that the kernel's types came from; "" for the kernel itself.
	const std::string& types_file() const { return types_file_; }

private:
	friend class ObjectLoader;

	bpf_object_skeleton* skeleton_ = nullptr;
	bpf_object* object_ = nullptr;
	void (*destroy_)(void*) = nullptr;
	void* typed_ = nullptr;
	std::vector<bpf_link*> links_;
	std::vector<std::string> sections_; // of each link; the first are those of programs_
	std::vector<int> programs_;         // those that are loaded
	std::string hooks_, types_file_;
	TracepointLease lease_;
};

// How a skeleton type is opened; made by skeleton_type<X_bpf>().
struct SkeletonType {
	void* (*open)(const bpf_object_open_opts*);
	bpf_object_skeleton* (*skeleton)(void*);
	void (*destroy)(void*);
	const char* name;
	const PackedObject& (*packed)();
};
template <class S>
constexpr SkeletonType skeleton_type(const char* name)
{
	return {[](const bpf_object_open_opts* opts) -> void* { return S::open(opts); },
		[](void* s) { return static_cast<S*>(s)->skeleton; }, [](void* s) { S::destroy(static_cast<S*>(s)); },
		name, []() -> const PackedObject& { return packed_object(static_cast<const S*>(nullptr)); }};
}

// Opens, lets `configure` set rodata and map sizes, loads and attaches. `configure(typed, object)` is called for each
// hook set that is tried. Throws Error with one line: what failed, why, what to do.
class ObjectLoader {
public:
	// btf: the file that --btf names; "": none.
	ObjectLoader(const SkeletonType& type, std::vector<HookSet> hooks, std::string btf,
		std::function<void(void*, Object&)> configure)
		: type_(type), hooks_(std::move(hooks)), btf_(std::move(btf)), configure_(std::move(configure))
	{}

	// Opens and loads with the first hook set that can be loaded and attached. `before_attach` runs in between, when
	// maps exist and no program runs yet.
	std::unique_ptr<Object> start(const std::function<void(Object&)>& before_attach);

	// The hook sets in their order, up to the first that can be loaded and attached, which is taken off again.
	std::vector<HookTrial> trials();

	// The typed skeleton of what start() returned.
	static void* typed(const Object& object) { return object.typed_; }

private:
	// How an attempt goes about it; what is refused is tried once more without.
	struct Manner {
		bool statistics; // of the verifier, for libbpf's log
		bool excerpt;    // of the kernel's types, in place of all
		bool told;       // why it is refused, so it is looked for
	};
	std::unique_ptr<Object> try_hooks(const HookSet& hooks, const KernelTypes& types,
		const std::function<void(Object&)>& before_attach, Manner manner);

	SkeletonType type_;
	std::vector<HookSet> hooks_;
	std::string btf_;
	std::function<void(void*, Object&)> configure_;
};

// Object::passed_over() for one program, whoever has loaded it; its descriptor.
uint64_t times_passed_over(int program);

// libbpf's own words go nowhere, or to stderr when asked for (--verbose); then also how many instructions the verifier
// walked for each program.
void set_libbpf_log(bool to_stderr);
bool libbpf_log();

// Throws Error(kNoPermission) where it is plain beforehand that nothing will load.
void require_bpf();

// False where this kernel refuses fentry, fexit and LSM programs whatever they are (by trial).
bool trampolines_allowed();

} // namespace corescope
