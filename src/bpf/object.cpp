// SPDX-License-Identifier: BSD-2-Clause
// Open, load, attach, detach; see object.h. What libbpf's error numbers mean to a user is in explain.cpp.
#include "bpf/object.h"

#include "base/error.h"
#include "bpf/explain.h"
#include "bpf/kernel_excerpt.h"
#include "bpf/kernel_types.h"
#include "bpf/missing_part.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

namespace corescope {

namespace {

// What a program took to verify, and nothing else (BPF_LOG_STATS in the kernel's bpf_verifier.h).
constexpr __u32 kLogStatistics = 4;
constexpr bpf_map_type kLastOldMap = BPF_MAP_TYPE_INODE_STORAGE; // the newest kind that 5.10 has
constexpr std::string_view kTyped = "tp_btf", kRaw = "raw_tp";

void replace_all(std::string& text, std::string_view what, std::string_view by)
{
	for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
		text.replace(at, what.size(), by);
}

} // namespace

std::vector<HookSet> with_raw_twins(std::vector<HookSet> hooks)
{
	const size_t typed = hooks.size();
	for (size_t i = 0; i < typed; i++) {
		if (hooks[i].trampoline || hooks[i].typed_only || hooks[i].name.find(kTyped) == std::string::npos)
			continue;
		HookSet twin = hooks[i];
		replace_all(twin.name, kTyped, kRaw);
		twin.raw = true;
		twin.cost +=
			(twin.cost.empty() ? "" : "; ") + std::string("members are read by a helper, not by a load");
		hooks.push_back(std::move(twin));
	}
	return hooks;
}

Object::~Object()
{
	detach();
	if (typed_)
		destroy_(typed_);
}

bool Object::has_map(const char* name) const
{
	return bpf_object__find_map_by_name(object_, name) != nullptr;
}

bpf_map* Object::map(const char* name) const
{
	bpf_map* found = bpf_object__find_map_by_name(object_, name);
	if (!found)
		throw Error(kFailure, std::string("the BPF object has no map '") + name + "'");
	return found;
}

void Object::set_max_entries(const char* name, size_t entries) const
{
	const int error = bpf_map__set_max_entries(map(name), static_cast<__u32>(entries));
	if (error)
		throw Error(kFailure, std::string("map '") + name + "': " + std::strerror(-error));
}

uint64_t times_passed_over(int program)
{
	// From /proc, because unprivileged_bpf_disabled closes bpf() to us before 5.19.
	static constexpr char kName[] = "\nrecursion_misses:\t";
	char path[64], text[1024];
	std::snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", program);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	const ssize_t size = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[size > 0 ? size : 0] = 0;
	const char* found = std::strstr(text, kName);
	return found ? std::strtoull(found + sizeof(kName) - 1, nullptr, 10) : 0;
}

std::vector<int> Object::watched_programs() const
{
	std::vector<int> watched;
	for (size_t i = 0; i < programs_.size(); i++)
		if (sections_[i].rfind("tp_btf/sys_", 0) != 0 && sections_[i].rfind("raw_tp/sys_", 0) != 0)
			watched.push_back(programs_[i]);
	return watched;
}

uint64_t Object::passed_over() const
{
	uint64_t sum = 0;
	for (const int program : watched_programs())
		sum += times_passed_over(program);
	return sum;
}

void Object::detach()
{
	// Since 6.13 taking a program off a perf event waits for a grace period too (perf_event_detach_bpf_prog), but
	// under no lock: so they wait side by side. A raw tracepoint is gone in a millisecond.
	std::vector<std::thread> waiting;
	for (bpf_link* link : links_) {
		if (links_.size() > 1)
			waiting.emplace_back([link] { bpf_link__destroy(link); });
		else
			bpf_link__destroy(link);
	}
	for (std::thread& one : waiting)
		one.join();
	links_.clear();
}

std::vector<Object::Attached> Object::attached() const
{
	std::vector<Attached> all;
	for (size_t i = 0; i < links_.size(); i++)
		all.push_back({bpf_link__fd(links_[i]), sections_[i]});
	return all;
}

void Object::leave_attached()
{
	for (bpf_link* link : links_)
		bpf_link__disconnect(link); // its end would disable a perf event for the pin too
}

std::unique_ptr<Object> ObjectLoader::try_hooks(const HookSet& hooks, const KernelTypes& types,
	const std::function<void(Object&)>& before_attach, Manner manner)
{
	if (!hooks.raw && !types.kernels_own())
		throw explain_typed_hooks(hooks.name);
	if (hooks.trampoline && !trampolines_allowed())
		throw explain_load(-EPERM, true);
	auto object = std::make_unique<Object>();
	// The skeleton finds its maps by the name that bpftool gave it.
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = types.path());
	if (manner.statistics)
		opts.kernel_log_level = kLogStatistics;
	object->typed_ = type_.open(&opts);
	if (!object->typed_)
		throw Error(kFailure, std::string("cannot open the BPF object: ") + std::strerror(errno));
	object->destroy_ = type_.destroy;
	object->skeleton_ = type_.skeleton(object->typed_);
	std::string raw;
	if (hooks.raw) {
		// The same skeleton once more, around the other object: it has the same programs, maps and variables.
		raw = unpack_raw_object(type_.packed());
		types.require(raw);
		bpf_object__close(*object->skeleton_->obj);
		*object->skeleton_->obj = nullptr;
		object->skeleton_->data = raw.data();
		object->skeleton_->data_sz = raw.size();
		if (const int error = bpf_object__open_skeleton(object->skeleton_, &opts))
			throw Error(kFailure, std::string("cannot open the BPF object: ") + std::strerror(-error));
	}
	object->object_ = *object->skeleton_->obj;
	object->hooks_ = hooks.name;
	object->types_file_ = types.file();

	bpf_program* program;
	bpf_object__for_each_program(program, object->object_)
	{
		bool used = false;
		for (const char* name : hooks.programs)
			used = used || !std::strcmp(name, bpf_program__name(program));
		bpf_program__set_autoload(program, used);
	}
	// A kernel may lack a kind of map: a program that uses it is then refused, one that does not is not hindered.
	bpf_map* map;
	bpf_object__for_each_map(map, object->object_)
	{
		const bpf_map_type kind = bpf_map__type(map);
		if (kind > kLastOldMap && libbpf_probe_bpf_map_type(kind, nullptr) == 0)
			bpf_map__set_autocreate(map, false);
	}
	configure_(object->typed_, *object);
	std::unique_ptr<KernelExcerpt> excerpt;
	if (manner.excerpt && !types.path())
		excerpt = KernelExcerpt::of(
			object->object_, {static_cast<const char*>(object->skeleton_->data), object->skeleton_->data_sz});
	if (excerpt)
		log_line(type_.name, "loads with an excerpt of the kernel's types",
			std::to_string(excerpt->types().kernel_type.size()) + " of them");
	forget_unpacked();
	const int error = bpf_object__load_skeleton(object->skeleton_);
	const bool shortened = excerpt != nullptr;
	excerpt.reset();
	// What is tried again is gone before: before 5.11 its maps count against the limit on locked memory.
	const auto again = [&](bool excerpt_too) {
		object.reset();
		return try_hooks(hooks, types, before_attach, {false, excerpt_too, manner.told});
	};
	// Without a level libbpf asks for the verifier's whole log itself, but only of what is refused.
	if (error && manner.statistics)
		return again(manner.excerpt);
	// Something was looked for and not found. It may lie in a module, for one.
	if (shortened && (error == -ESRCH || error == -ENOENT)) {
		log_line(type_.name, "loads again, with all of the kernel's types", std::strerror(-error));
		return again(false);
	}
	if (error && !manner.told)
		throw Error(kUnavailable, "");
	if (error) {
		if (const auto missing = missing_part(object->object_, error))
			throw Refused("", *missing);
		throw explain_load(error, hooks.trampoline);
	}
	before_attach(*object);
	std::vector<std::string>& sections = object->sections_;
	const auto keep = [&](bpf_link* link, const std::string& section) {
		if (!link)
			throw explain_attach(-errno, section);
		object->links_.push_back(link);
		sections.push_back(section);
	};
	bpf_object__for_each_program(program, object->object_)
	{
		if (!bpf_program__autoload(program))
			continue;
		object->programs_.push_back(bpf_program__fd(program));
		if (bpf_program__type(program) == BPF_PROG_TYPE_PERF_EVENT) {
			for (bpf_link* link : attach_sampling(program, hooks.sampling))
				keep(link, bpf_program__section_name(program));
			continue;
		}
		keep(bpf_program__attach(program), bpf_program__section_name(program));
	}
	for (const HookSet::Tracepoint& at : hooks.also)
		keep(bpf_program__attach_tracepoint(
				 bpf_object__find_program_by_name(object->object_, at.program), at.category, at.name),
			std::string("tp/") + at.category + "/" + at.name);
	object->lease_.take({sections.begin(), sections.end()});
	return object;
}

std::unique_ptr<Object> ObjectLoader::start(const std::function<void(Object&)>& before_attach)
{
	require_bpf();
	const KernelTypes types(btf_);
	for (size_t i = 0;; i++) {
		const bool last = i + 1 == hooks_.size();
		try {
			auto object =
				try_hooks(hooks_[i], types, before_attach, {libbpf_log(), true, last || libbpf_log()});
			if (i > 0)
				log_line(type_.name, "uses hook set " + hooks_[i].name, hooks_[i].cost);
			return object;
		} catch (const Error& error) {
			if (last)
				throw;
			log_line(type_.name, "passes over hook set " + hooks_[i].name, error.message);
		}
	}
}

std::vector<HookTrial> ObjectLoader::trials()
{
	std::vector<HookTrial> all;
	for (const HookSet& hooks : hooks_) {
		all.push_back({hooks});
		HookTrial& trial = all.back();
		try {
			require_bpf();
			const KernelTypes types(btf_);
			try_hooks(hooks, types, [](Object&) {}, {libbpf_log(), true, true});
			break;
		} catch (const Refused& refused) {
			trial.code = refused.code;
			trial.problem = refused.message;
			trial.cause = refused.diagnosis.cause;
			trial.remedy = refused.diagnosis.remedy;
		} catch (const Error& error) {
			trial.code = error.code;
			trial.problem = trial.cause = error.message;
		}
	}
	return all;
}

bool trampolines_allowed()
{
	// No BTF id 1 is a function: a kernel that allows trampolines says EINVAL, one that bans them EPERM. Nothing
	// needs to be looked up for that, and a real attach decides afterwards.
	const bpf_insn exit_0[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FEXIT, .attach_btf_id = 1);
	const int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "trial", "GPL", exit_0, 2, &opts);
	return fd >= 0 || (errno != EPERM && errno != EACCES);
}

} // namespace corescope
