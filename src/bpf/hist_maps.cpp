// SPDX-License-Identifier: BSD-2-Clause
// From rows of slots in shared memory to named histograms; see hist_maps.h.
#include "bpf/hist_maps.h"

#include "base/error.h"
#include "system/cgroup.h"
#include "system/host.h"
#include "system/process.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstring>
#include <sys/mman.h>

namespace corescope {

namespace {

constexpr uint64_t kIdle = 1ULL << 63; // hist_key_of() in bpf/lib/hist.bpf.h

std::string_view comm_of(const char* comm) { return {comm, strnlen(comm, TASK_COMM_BYTES)}; }

} // namespace

void HistMaps::set_sizes(const Object& object, hist_by by, uint64_t max_keys)
{
	object.set_max_entries("hist_cpus", possible_cpus());
	if (by == HIST_BY_ALL)
		return;
	object.set_max_entries("hist_rows", max_keys);
	object.set_max_entries("hist_keys", max_keys);
	object.set_max_entries("hist_free", max_keys);
}

HistMaps::HistMaps(const Object& object, hist_by by) : by_(by)
{
	const char* name = by == HIST_BY_ALL ? "hist_cpus" : "hist_rows";
	const size_t page = page_size();
	count_ = object.max_entries(name);
	size_ = count_ * (by == HIST_BY_ALL ? sizeof(hist_cpu) : sizeof(hist_row));
	size_ = (size_ + page - 1) / page * page;
	memory_ = mmap(nullptr, size_, PROT_READ, MAP_SHARED, object.map_fd(name), 0);
	if (memory_ == MAP_FAILED)
		throw Error(kFailure, std::string("cannot map the histograms: ") + std::strerror(errno));
	if (by == HIST_BY_ALL)
		return;
	const int free_rows = object.map_fd("hist_free");
	for (uint32_t row = 0; row < count_; row++)
		if (bpf_map_update_elem(free_rows, nullptr, &row, 0))
			throw Error(kFailure, std::string("cannot give out rows: ") + std::strerror(errno));
}

HistMaps::~HistMaps() { munmap(memory_, size_); }

Snapshot HistMaps::read(uint64_t at_ns, CgroupResolver& cgroups, bool by_unit)
{
	Snapshot snapshot;
	snapshot.at_ns = at_ns;
	if (by_ == HIST_BY_ALL) {
		KeyedHistogram all;
		const auto* cpus = static_cast<const hist_cpu*>(memory_);
		all.histogram = Histogram::from_map(cpus[0].counts);
		for (size_t i = 1; i < count_; i++)
			all.histogram.merge(Histogram::from_map(cpus[i].counts));
		snapshot.histograms.push_back(std::move(all));
		return snapshot;
	}
	const auto* rows = static_cast<const hist_row*>(memory_);
	for (size_t i = 0; i < count_; i++) {
		if (!rows[i].key.a && !rows[i].key.b)
			continue;
		KeyedHistogram one = describe(rows[i], cgroups, by_unit);
		one.histogram = Histogram::from_map(rows[i].counts);
		snapshot.histograms.push_back(std::move(one));
	}
	return snapshot;
}

std::string HistMaps::name_of(const hist_row& row)
{
	std::string& name = names_[{{row.key.a, row.key.b}}];
	if (auto living = process_name(static_cast<pid_t>(row.key.a), row.key.b))
		name = std::move(*living);
	else if (name.empty() || !comm_of(row.comm).empty())
		name = comm_of(row.comm); // the kernel renamed the row when the process ended
	return name;
}

KeyedHistogram HistMaps::describe(const hist_row& row, CgroupResolver& cgroups, bool by_unit)
{
	KeyedHistogram one;
	one.key = {{row.key.a, row.key.b}};
	if (by_ == HIST_BY_COMM) {
		char comm[TASK_COMM_BYTES];
		std::memcpy(comm, &row.key, sizeof(comm));
		one.name = "comm = " + std::string(comm_of(comm));
		one.labels = {{"comm", std::string(comm_of(comm)), false}};
	} else if (by_ == HIST_BY_CGROUP) {
		const Attribution* found = cgroups.lookup(row.key.a);
		const std::string path = found ? found->path : "(gone)";
		const std::string id = std::to_string(row.key.a);
		if (by_unit) {
			const std::string unit = !found ? "(gone)" : found->unit.empty() ? "(none)" : found->unit;
			one.name = "unit = " + unit;
			one.labels = {{"unit", unit, false}};
		} else {
			one.name = "cgroup = " + path;
			one.labels = {{"cgroup_id", id, true}, {"cgroup", path, false}};
		}
	} else if (row.key.a & kIdle) {
		const std::string cpu = std::to_string(row.key.a & ~kIdle);
		one.name = "cpu = " + cpu + " idle";
		one.labels = {{by_ == HIST_BY_PID ? "pid" : "tid", "0", true}, {"comm", "swapper/" + cpu, false}, {"nspid", "0", true}};
	} else {
		const char* label = by_ == HIST_BY_PID ? "pid" : "tid";
		const std::string number = std::to_string(row.key.a);
		const std::string comm = name_of(row);
		one.name = std::string(label) + " = " + number + " " + comm;
		const std::string own = std::to_string(row.nspid);
		if (row.nspid && own != number)
			one.name += " (" + own + " in its PID namespace)";
		one.labels = {{label, number, true}, {"comm", comm, false}, {"nspid", own, true}};
	}
	return one;
}

} // namespace corescope
