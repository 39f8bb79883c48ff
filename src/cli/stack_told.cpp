// SPDX-License-Identifier: BSD-2-Clause
// See stack_told.h.
#include "cli/stack_told.h"

#include "symbols/tracing_frames.h"
#include "system/process.h"

#include <algorithm>
#include <cstring>

namespace corescope {

namespace {

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
	const KeptStack* stack = maps_.stack(id);
	if (!stack) {
		side.missing = id != STACK_NONE;
		return side;
	}
	side.truncated = stack->truncated;
	const auto numbers =
		space ? symbols_.user(*space, stack->ips) : symbols_.kernel(stack->ips, run_.setup.leaf_is_exact);
	for (const uint32_t number : numbers)
		side.frames.push_back(&symbols_.frame(number));
	if (!space && !run_.setup.leaf_is_exact) {
		const auto own = static_cast<ptrdiff_t>(tracing_frames(side.frames));
		side.frames.erase(side.frames.begin(), side.frames.begin() + own);
	}
	std::reverse(side.frames.begin(), side.frames.end());
	for (const Frame* frame : side.frames) {
		unnamed_[static_cast<size_t>(frame->named)]++;
	}
	return side;
}

// By unit, container or pod: that alone.
void StackTeller::label_by_part(StackRecord& record, const Attribution* found) const
{
	const auto part = [&](std::string Attribution::*of) -> std::string {
		return !found ? "(gone)" : (found->*of).empty() ? "(none)" : found->*of;
	};
	if (by_ == StackBy::unit)
		record.unit = part(&Attribution::unit);
	else if (by_ == StackBy::container)
		record.container = part(&Attribution::container);
	else
		record.pod = part(&Attribution::pod);
}

void StackTeller::label(StackRecord& record, const stack_key& key, const stack_value& value)
{
	const bool each = by_ == StackBy::pid || by_ == StackBy::tid;
	if (each) {
		record.pid = key.pid;
		record.nspid = value.nspid;
	}
	if (by_ == StackBy::tid)
		record.tid = key.tid;
	if (each || by_ == StackBy::comm)
		record.comm = std::string(key.comm, strnlen(key.comm, sizeof(key.comm)));
	if (by_ == StackBy::pidns)
		record.pidns = value.pidns;
	if (by_ == StackBy::comm || by_ == StackBy::pidns)
		return;
	const Attribution* found = cgroups_.lookup(key.cgroup);
	if (by_ > StackBy::cgroup)
		return label_by_part(record, found);
	record.cgroup_id = key.cgroup;
	if (found || by_ == StackBy::cgroup)
		record.cgroup = found ? found->path : "(gone)";
	if (!found)
		return;
	const auto known = [](const std::string& text) {
		return text.empty() ? std::nullopt : std::optional(text);
	};
	record.unit = known(found->unit);
	record.container = known(found->container);
	record.pod = known(found->pod);
}

StackRecord StackTeller::record_of(
	const stack_key& key, uint64_t count, uint64_t sum_ns, const stack_value& value)
{
	StackRecord record;
	label(record, key, value);
	if (run_.setup.state)
		record.state = run_.setup.state(key.detail & ~STACK_PARTIAL);
	record.partial = key.detail & STACK_PARTIAL;
	record.count = count;
	record.value_ns = sum_ns;
	record.kernel = side_of(key.kernel, kernel_, nullptr);
	const AddressSpace space = space_of(key, value.nspid);
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
	if (by_ > StackBy::cgroup)
		add(stack_root(r));
	add(std::to_string(r.pidns.value_or(0)));
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

std::vector<StackRecord> StackTeller::take(bool by_name)
{
	std::vector<StackRecord> records;
	std::map<std::string, size_t> places;
	const auto tell = [&](const stack_key& key, uint64_t count, uint64_t sum_ns, const stack_value& value) {
		StackRecord record = record_of(key, count, sum_ns, value);
		const auto [place, fresh] = places.try_emplace(identity(record, key, by_name), records.size());
		if (fresh) {
			records.push_back(std::move(record));
		} else {
			records[place->second].count += count;
			records[place->second].value_ns += sum_ns;
		}
	};
	for (const auto& [key, value] : left_)
		tell(key, value.count, value.sum_ns, value);
	left_.clear();
	resting_.clear();
	rows_ = maps_.read();
	for (const auto& [key, value] : rows_) {
		std::string bytes = bytes_of(key);
		Told& told = told_[bytes];
		const uint64_t count = value.count - told.count, sum_ns = value.sum_ns - told.sum_ns;
		told = {value.count, value.sum_ns};
		if (count)
			tell(key, count, sum_ns, value);
		else
			resting_.insert(std::move(bytes));
	}
	const bool values = run_.setup.values;
	std::stable_sort(records.begin(), records.end(), [&](const StackRecord& a, const StackRecord& b) {
		return values ? a.value_ns < b.value_ns : a.count < b.count;
	});
	return records;
}

void StackTeller::drop(const stack_key& key)
{
	const auto told = told_.find(bytes_of(key));
	if (auto last = maps_.drop(key); last && told != told_.end() && last->count != told->second.count) {
		last->count -= told->second.count;
		last->sum_ns -= told->second.sum_ns;
		left_.emplace_back(key, *last);
	}
	if (told != told_.end())
		told_.erase(told);
}

// Nothing is counted any more for a process that had ended before the rows were read, so none of it is lost; it is
// known to have ended then when it had at the last look. A stack that nobody counts under may go: if somebody is just
// about to, its frames are still known here for another interval. A row that rests goes only where rows are short: if
// somebody is just about to count in it, that one is told with whoever has the row next, or is lost.
void StackTeller::make_room(bool short_of_stacks)
{
	const bool short_of_rows = rows_.size() > maps_.most_rows() / 4 * 3;
	std::set<AddressSpace> ended, living;
	std::set<uint64_t> used;
	for (const auto& [key, value] : rows_) {
		const AddressSpace space = space_of(key, value.nspid);
		if (ended_.count(space) || (short_of_rows && resting_.count(bytes_of(key)))) {
			drop(key);
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
	for (const auto& [key, value] : left_)
		used.insert({key.kernel, key.user});
	maps_.keep_stacks(used, short_of_stacks);
	symbols_.make_room();
	rows_ = {};
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
