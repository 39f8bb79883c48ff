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
#include <unistd.h>
#include <vector>

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

void HistMaps::map_memory(int fd)
{
	const size_t page = page_size();
	size_ = (count_ * row_bytes(by_) + page - 1) / page * page;
	memory_ = fd < 0
		? mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)
		: mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
	if (memory_ == MAP_FAILED)
		throw Error(kFailure, std::string("cannot map the histograms: ") + std::strerror(errno));
}

HistMaps::HistMaps(int fd, hist_by by, HistKeyNames names) : by_(by), own_names_(names), fd_(fd)
{
	bpf_map_info about = {};
	__u32 size = sizeof(about);
	try {
		if (bpf_obj_get_info_by_fd(fd, &about, &size))
			throw Error(kFailure, std::string("cannot look at the histograms: ") + std::strerror(errno));
		if (about.type != BPF_MAP_TYPE_ARRAY || about.value_size != row_bytes(by))
			throw Error(kUnavailable, "the histograms are laid out in another way");
		count_ = about.max_entries;
		map_memory(-1);
	} catch (...) {
		close(fd);
		throw;
	}
}

void HistMaps::copy()
{
	std::vector<__u32> keys(count_);
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	__u32 token = 0;
	for (size_t done = 0; done < count_;) {
		__u32 count = static_cast<__u32>(count_ - done);
		char* to = static_cast<char*>(memory_) + done * row_bytes(by_);
		const int error =
			bpf_map_lookup_batch(fd_, done ? &token : nullptr, &token, keys.data(), to, &count, &opts);
		done += error && errno != ENOENT ? 0 : count;
		if (error && errno != ENOENT && errno != EINTR)
			throw Error(kFailure, std::string("cannot read the histograms: ") + std::strerror(errno));
		if (error && errno == ENOENT)
			break; // that was the last
	}
}

HistMaps::HistMaps(const Object& object, hist_by by, HistKeyNames names)
	: by_(by), own_names_(names), count_(object.max_entries(map_name(by)))
{
	map_memory(fd_of(object, by));
	if (by == HIST_BY_ALL)
		return;
	const int free_rows = object.map_fd("hist_free");
	for (uint32_t row = 0; row < count_; row++)
		if (bpf_map_update_elem(free_rows, nullptr, &row, 0))
			throw Error(kFailure, std::string("cannot give out rows: ") + std::strerror(errno));
}

HistMaps::~HistMaps()
{
	munmap(memory_, size_);
	if (fd_ >= 0)
		close(fd_);
}

Snapshot HistMaps::read(uint64_t at_ns, CgroupResolver& cgroups, const CgroupLabel& label)
{
	if (fd_ >= 0)
		copy();
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
		KeyedHistogram one = describe(rows[i], cgroups, label);
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

KeyedHistogram HistMaps::describe(const hist_row& row, CgroupResolver& cgroups, const CgroupLabel& group)
{
	KeyedHistogram one;
	one.key = {{row.key.a, row.key.b}};
	if (by_ >= HIST_BY_OWN) {
		own_names_(one, row.key);
	} else if (by_ == HIST_BY_PIDNS) {
		const std::string number = std::to_string(row.key.a);
		one.name = "pidns = " + number;
		one.labels = {{"pidns", number, true}};
	} else if (by_ == HIST_BY_COMM) {
		char comm[TASK_COMM_BYTES];
		std::memcpy(comm, &row.key, sizeof(comm));
		one.name = "comm = " + std::string(comm_of(comm));
		one.labels = {{"comm", std::string(comm_of(comm)), false}};
	} else if (by_ == HIST_BY_CGROUP) {
		const Attribution* found = cgroups.lookup(row.key.a);
		const std::string path = found ? found->path : "(gone)";
		const std::string id = std::to_string(row.key.a);
		if (group.of) {
			const std::string part = !found  ? "(gone)"
				: (found->*group.of).empty() ? "(none)"
											 : found->*group.of;
			one.name = std::string(group.key) + " = " + part;
			one.labels = {{group.key, part, false}};
		} else {
			one.name = "cgroup = " + path;
			one.labels = {{"cgroup_id", id, true}, {"cgroup", path, false}};
		}
	} else if (row.key.a & kIdle) {
		const std::string cpu = std::to_string(row.key.a & ~kIdle);
		one.name = "cpu = " + cpu + " idle";
		one.labels = {{by_ == HIST_BY_PID ? "pid" : "tid", "0", true}, {"comm", "swapper/" + cpu, false},
			{"nspid", "0", true}};
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
