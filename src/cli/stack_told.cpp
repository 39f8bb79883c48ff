// SPDX-License-Identifier: BSD-2-Clause
// See stack_told.h.
#include "cli/stack_told.h"

#include "system/process.h"

#include <algorithm>
#include <cstring>

namespace corescope {

namespace {

// The way from a tracepoint into a BPF program, which is ours and not the task's.
bool is_our_own(const std::string& name)
{
	for (const std::string_view begin : {"bpf_prog_", "bpf_trace_run", "__bpf_trace_", "__traceiter_",
			 "bpf_get_stack", "bpf_trampoline_", "trace_call_bpf", "__bpf_prog_"})
		if (name.compare(0, begin.size(), begin) == 0)
			return true;
	return false;
}

std::string bytes_of(const stack_key& key) { return {reinterpret_cast<const char*>(&key), sizeof(key)}; }

AddressSpace space_of(const stack_key& key, uint32_t nspid)
{
	return {key.pid, key.exec, key.start_ns, nspid};
}

} // namespace

StackTeller::StackTeller(const StackRun& run, const Object& object, StackBy by, bool kernel, bool user)
	: run_(run), by_(by), kernel_(kernel), user_(user), maps_(object)
{}

void StackTeller::notice(const stack_seen& seen)
{
	if (const KeptStack* stack = maps_.stack(seen.key.user))
		symbols_.notice(space_of(seen.key, 0), stack->ips);
	cgroups_.lookup(seen.key.cgroup); // it may be removed soon
}

StackSide StackTeller::side_of(uint64_t id, bool asked, const AddressSpace* space)
{
	StackSide side{asked};
	side.missing = id == STACK_LOST;
	const KeptStack* stack = maps_.stack(id);
	if (!stack)
		return side;
	side.truncated = stack->truncated;
	const auto numbers =
		space ? symbols_.user(*space, stack->ips) : symbols_.kernel(stack->ips, run_.setup.leaf_is_exact);
	for (const uint32_t number : numbers)
		side.frames.push_back(&symbols_.frame(number));
	if (!space) {
		size_t own = 0; // up to the last of ours
		for (size_t i = 0; i < side.frames.size() && i < 8; i++)
			if (is_our_own(side.frames[i]->name))
				own = i + 1;
		side.frames.erase(side.frames.begin(), side.frames.begin() + static_cast<ptrdiff_t>(own));
	}
	std::reverse(side.frames.begin(), side.frames.end());
	for (const Frame* frame : side.frames) {
		unnamed_[static_cast<size_t>(frame->named)]++;
	}
	return side;
}

void StackTeller::label(StackRecord& record, const stack_key& key, uint32_t nspid)
{
	const bool each = by_ == StackBy::pid || by_ == StackBy::tid;
	if (each) {
		record.pid = key.pid;
		record.nspid = nspid;
	}
	if (by_ == StackBy::tid)
		record.tid = key.tid;
	if (each || by_ == StackBy::comm)
		record.comm = std::string(key.comm, strnlen(key.comm, sizeof(key.comm)));
	if (by_ == StackBy::comm)
		return;
	const Attribution* found = cgroups_.lookup(key.cgroup);
	if (by_ != StackBy::unit) {
		record.cgroup_id = key.cgroup;
		if (found || by_ == StackBy::cgroup)
			record.cgroup = found ? found->path : "(gone)";
		if (found && !found->container.empty())
			record.container = found->container;
		if (found && !found->pod.empty())
			record.pod = found->pod;
	}
	if (found && !found->unit.empty())
		record.unit = found->unit;
	else if (by_ == StackBy::unit)
		record.unit = found ? "(none)" : "(gone)";
}

StackRecord StackTeller::record_of(const stack_key& key, uint64_t count, uint64_t sum_ns, uint32_t nspid)
{
	StackRecord record;
	label(record, key, nspid);
	if (run_.setup.state)
		record.state = run_.setup.state(key.detail & ~STACK_PARTIAL);
	record.partial = key.detail & STACK_PARTIAL;
	record.count = count;
	record.value_ns = sum_ns;
	record.kernel = side_of(key.kernel, kernel_, nullptr);
	const AddressSpace space = space_of(key, nspid);
	record.user = side_of(key.user, user_, &space);
	return record;
}

std::string StackTeller::identity(const StackRecord& r, const stack_key& key, bool by_name) const
{
	std::string all;
	const auto add = [&](std::string_view text) {
		all += text;
		all += '\0';
	};
	add(std::to_string(r.pid.value_or(0)) + " " + std::to_string(r.tid.value_or(0)));
	if (r.pid) // two processes may bear one number, one after the other
		add(std::to_string(key.start_ns));
	add(r.comm.value_or(""));
	add(std::to_string(r.cgroup_id.value_or(0)));
	add(by_ == StackBy::unit ? r.unit.value_or("") : "");
	add(r.state);
	add(r.partial ? "p" : "");
	for (const StackSide* side : {&r.kernel, &r.user}) {
		add(side->missing ? "m" : side->truncated ? "t" : "");
		for (const Frame* frame : side->frames) {
			add(frame->name);
			add(frame->module);
			if (!by_name)
				add(std::to_string(frame->offset));
		}
		add("|");
	}
	return all;
}

std::vector<StackRecord> StackTeller::take(bool by_name, bool goes_on)
{
	std::vector<StackRecord> records;
	std::map<std::string, size_t> places;
	const auto rows = maps_.read();
	for (const auto& [key, value] : rows) {
		Told& told = told_[bytes_of(key)];
		const uint64_t count = value.count - told.count, sum_ns = value.sum_ns - told.sum_ns;
		told = {value.count, value.sum_ns};
		if (!count)
			continue;
		StackRecord record = record_of(key, count, sum_ns, value.nspid);
		const auto [place, fresh] = places.try_emplace(identity(record, key, by_name), records.size());
		if (fresh) {
			records.push_back(std::move(record));
		} else {
			records[place->second].count += count;
			records[place->second].value_ns += sum_ns;
		}
	}
	const bool values = run_.setup.values;
	std::stable_sort(records.begin(), records.end(), [&](const StackRecord& a, const StackRecord& b) {
		return values ? a.value_ns < b.value_ns : a.count < b.count;
	});
	if (goes_on)
		make_room(rows);
	return records;
}

// Nothing is counted any more for a process that had ended before the rows were read, so none of it is lost; it is
// known to have ended then when it had at the last look. A stack that nobody counts under may go: if somebody is just
// about to, its frames are still known here for another interval.
void StackTeller::make_room(const std::vector<std::pair<stack_key, stack_value>>& rows)
{
	std::set<AddressSpace> ended, living;
	std::set<uint64_t> used;
	for (const auto& [key, value] : rows) {
		const AddressSpace space = space_of(key, value.nspid);
		if (ended_.count(space)) {
			maps_.drop(key);
			told_.erase(bytes_of(key));
			continue;
		}
		used.insert({key.kernel, key.user});
		if (!living.count(space) && !ended.count(space)) {
			const bool lives = !key.pid || process_name(static_cast<pid_t>(key.pid), key.start_ns);
			(lives ? living : ended).insert(space);
		}
	}
	for (const AddressSpace& space : ended_)
		symbols_.forget(space);
	ended_ = std::move(ended);
	maps_.keep_stacks(used);
}

std::string StackTeller::sentence()
{
	constexpr const char* kWhy[] = {"", "of the kernel, which hides its addresses",
		"of processes that ended before they could be looked at", "in files without a symbol for them",
		"outside of any file (code made at run time, or no code: programs without frame pointers)"};
	std::string text;
	uint64_t sum = 0;
	for (size_t i = 1; i < std::size(kWhy); i++) {
		if (!unnamed_[i])
			continue;
		sum += unnamed_[i];
		text += (text.empty() ? ": " : ", ") + std::to_string(unnamed_[i]) + " " + kWhy[i];
	}
	if (!sum)
		return "";
	const std::string problem = unnamed_[1] ? symbols_.kernel_problem() : "";
	return std::to_string(sum) + " frames have no name" + text + (problem.empty() ? "" : "; " + problem);
}

} // namespace corescope
