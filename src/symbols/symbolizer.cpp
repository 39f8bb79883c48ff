// SPDX-License-Identifier: BSD-2-Clause
// See symbolizer.h.
#include "symbols/symbolizer.h"

#include "base/error.h"
#include "symbols/demangle.h"
#include "system/clock.h"
#include "system/process.h"

#include <algorithm>
#include <elf.h>
#include <sys/auxv.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr uint64_t kLookAgainNs = 10000000; // a stack of nonsense must not make us read maps all the time
constexpr size_t kMostFrames = 16384;       // some 300 bytes each; those of an interval are named again
constexpr std::string_view kVdso = "[vdso]";

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

} // namespace

struct Symbolizer::Process {
	struct Part {
		Mapping mapping;
		std::optional<size_t> file; // of Binaries
	};
	std::vector<Part> parts; // by address, the last that was seen for each
	PerfMap perf_map;
	std::unordered_map<uint64_t, uint32_t> numbers; // of frames, by address * 2 + whether it is a call's
	uint64_t looked_ns = 0, wait_ns = 0;
	bool seen = false;  // its maps were read
	bool ended = false; // or became another program

	const Part* at(uint64_t ip) const
	{
		auto part = std::upper_bound(parts.begin(), parts.end(), ip,
			[](uint64_t wanted, const Part& one) { return wanted < one.mapping.start; });
		if (part == parts.begin() || ip >= (--part)->mapping.end)
			return nullptr;
		return &*part;
	}
};

Symbolizer::Symbolizer()
{
	const auto base = getauxval(AT_SYSINFO_EHDR);
	if (!base)
		return;
	for (const Mapping& mapping : executable_mappings(getpid())) {
		if (mapping.path != kVdso || mapping.start != base)
			continue;
		vdso_bytes_.assign(reinterpret_cast<const char*>(base), mapping.end - mapping.start);
		try {
			vdso_ = std::make_unique<ElfFile>(vdso_bytes_);
			vdso_->add_functions(SHT_DYNSYM, vdso_functions_);
			vdso_functions_.sort();
		} catch (const Error&) { // then it has no names
		}
	}
}

Symbolizer::~Symbolizer() = default;

Symbolizer::Process& Symbolizer::process_of(const AddressSpace& space)
{
	std::unique_ptr<Process>& process = processes_[space];
	if (process)
		return *process;
	process = std::make_unique<Process>();
	// What it was before its last exec can be looked at no more.
	const auto self = processes_.find(space);
	if (self != processes_.begin()) {
		const auto before = std::prev(self);
		if (before->first.pid == space.pid)
			before->second->ended = true;
	}
	const auto behind = std::next(self);
	process->ended = behind != processes_.end() && behind->first.pid == space.pid;
	return *process;
}

void Symbolizer::look(const AddressSpace& space, Process& process)
{
	const uint64_t now = monotonic_ns();
	if (process.ended || (process.seen && now - process.looked_ns < process.wait_ns))
		return;
	process.looked_ns = now;
	process.wait_ns = process.wait_ns ? std::min<uint64_t>(2 * process.wait_ns, 1000000000) : kLookAgainNs;
	const auto pid = static_cast<pid_t>(space.pid);
	std::vector<Mapping> mappings = executable_mappings(pid);
	// Only now, so that it was the same process all the time.
	if (mappings.empty() || !process_name(pid, space.start_ns)) {
		process.ended = !process_name(pid, space.start_ns);
		return;
	}
	bool generated = false;
	for (Mapping& mapping : mappings) {
		const Process::Part* known = process.at(mapping.start);
		if (known && known->mapping.start == mapping.start && known->mapping.end == mapping.end &&
			known->mapping.inode == mapping.inode && known->mapping.offset == mapping.offset)
			continue;
		Process::Part part{mapping, std::nullopt};
		if (mapping.inode && !mapping.path.empty())
			part.file = binaries_.open(pid, mapping);
		generated = generated || !part.file;
		// What was there before has gone.
		std::erase_if(process.parts, [&](const Process::Part& old) {
			const bool gone = old.mapping.start < mapping.end && mapping.start < old.mapping.end;
			if (gone && old.file)
				binaries_.release(*old.file);
			return gone;
		});
		process.parts.insert(std::upper_bound(process.parts.begin(), process.parts.end(), part,
								 [](const Process::Part& a, const Process::Part& b) {
									 return a.mapping.start < b.mapping.start;
								 }),
			std::move(part));
		process.numbers.clear();
	}
	if (generated)
		process.perf_map.look(pid, space.nspid);
	process.seen = true;
}

void Symbolizer::notice(const AddressSpace& space, std::span<const uint64_t> ips)
{
	Process& process = process_of(space);
	if (!process.seen ||
		std::any_of(ips.begin(), ips.end(), [&](uint64_t ip) { return ip && !process.at(ip); }))
		look(space, process);
}

uint32_t Symbolizer::number_of(Frame&& frame)
{
	std::string all = frame.name + '\0' + frame.module + '\0' + std::to_string(frame.offset) + '\0' +
		std::to_string(static_cast<int>(frame.named));
	const auto [known, fresh] = numbers_.try_emplace(std::move(all), static_cast<uint32_t>(frames_.size()));
	if (fresh)
		frames_.push_back(std::move(frame));
	return known->second;
}

std::vector<uint32_t> Symbolizer::kernel(std::span<const uint64_t> ips, bool leaf_is_exact)
{
	std::vector<uint32_t> all;
	for (size_t i = 0; i < ips.size(); i++) {
		const bool call = i || !leaf_is_exact;
		const auto [known, fresh] = kernel_numbers_.try_emplace(ips[i] * 2 + call, 0);
		if (fresh) {
			Frame frame{"[unknown]", "", ips[i], Frame::Named::hidden};
			if (const auto found = kernel_.find(ips[i] - call))
				frame = {demangled(std::string(found->name)), std::string(found->module),
					found->offset + call, Frame::Named::yes};
			known->second = number_of(std::move(frame));
		}
		all.push_back(known->second);
	}
	return all;
}

Frame Symbolizer::name_vdso(const Mapping& mapping, uint64_t ip, bool call)
{
	const uint64_t offset = ip - mapping.start;
	Frame frame{std::string(kVdso), std::string(kVdso), offset, Frame::Named::bare};
	// A 32-bit process has another one.
	if (!vdso_ || mapping.end - mapping.start != vdso_bytes_.size())
		return frame;
	if (const auto address = vdso_->address_of(offset))
		if (const auto found = vdso_functions_.find(*address - call))
			frame = {std::string(found->name), std::string(kVdso), found->offset + call, Frame::Named::yes};
	return frame;
}

Frame Symbolizer::name_user(const AddressSpace& space, Process& process, uint64_t ip, bool call)
{
	const Process::Part* part = process.at(ip - call);
	if (!part) {
		look(space, process);
		part = process.at(ip - call);
	}
	if (!part)
		return {"[unknown]", "", ip, process.seen ? Frame::Named::nowhere : Frame::Named::gone};
	const Mapping& mapping = part->mapping;
	if (mapping.path == kVdso)
		return name_vdso(mapping, ip, call);
	if (!mapping.inode && mapping.path.size() > 2 && mapping.path[0] == '[' && mapping.path[1] == 'v')
		return {mapping.path, mapping.path, ip - mapping.start, Frame::Named::bare}; // [vsyscall]
	if (part->file) {
		const auto place = binaries_.find(*part->file, ip - mapping.start + mapping.offset, call);
		if (place.function)
			return {demangled(std::string(place.function->name)), mapping.path, place.function->offset,
				Frame::Named::yes};
		if (place.address)
			return {"[" + base_name(mapping.path) + "]", mapping.path, *place.address, Frame::Named::bare};
	}
	if (!process.ended)
		process.perf_map.look(static_cast<pid_t>(space.pid), space.nspid);
	if (const auto found = process.perf_map.find(ip - call))
		return {demangled(std::string(found->name)), mapping.path, found->offset + call, Frame::Named::yes};
	if (mapping.inode)
		return {"[" + base_name(mapping.path) + "]", mapping.path, ip - mapping.start + mapping.offset,
			Frame::Named::bare};
	return {"[unknown]", "", ip, Frame::Named::nowhere};
}

std::vector<uint32_t> Symbolizer::user(const AddressSpace& space, std::span<const uint64_t> ips)
{
	Process& process = process_of(space);
	std::vector<uint32_t> all;
	for (size_t i = 0; i < ips.size(); i++) {
		const bool call = i > 0 && ips[i];
		const uint64_t key = ips[i] * 2 + call;
		if (const auto known = process.numbers.find(key); known != process.numbers.end()) {
			all.push_back(known->second);
			continue;
		}
		Frame frame = name_user(space, process, ips[i], call); // may forget the numbers
		// What has no name yet may have one when it is asked for again.
		const bool stays = frame.named == Frame::Named::yes || frame.named == Frame::Named::bare;
		all.push_back(number_of(std::move(frame)));
		if (stays)
			process.numbers[key] = all.back();
	}
	return all;
}

void Symbolizer::forget(const AddressSpace& space)
{
	const auto process = processes_.find(space);
	if (process == processes_.end())
		return;
	for (const Process::Part& part : process->second->parts)
		if (part.file)
			binaries_.release(*part.file);
	processes_.erase(process);
}

void Symbolizer::make_room()
{
	if (frames_.size() <= kMostFrames)
		return;
	for (auto& [space, process] : processes_)
		process->numbers = {};
	kernel_numbers_ = {};
	numbers_ = {};
	frames_ = {};
}

} // namespace corescope
