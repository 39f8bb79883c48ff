// SPDX-License-Identifier: BSD-2-Clause
// Snapshots of the histograms that a kernel half counts (bpf/lib/hist.bpf.h), read from mapped memory without a
// system call. The kernel goes on counting while they are read; nothing is reset.
#pragma once

#include "bpf/object.h"
#include "hist/snapshot.h"
#include "histmap.h"
#include "system/cgroup.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <sys/mman.h>

namespace corescope {

// The names of a key that a tool keeps histograms by and the runtime knows nothing of: labels, and what stands above
// the histogram.
using HistKeyNames = void (*)(KeyedHistogram& one, const hist_key& key);

class HistMaps {
public:
	// Sizes the maps before loading: one histogram for each CPU, or `max_keys` rows.
	static void set_sizes(const Object& object, hist_by by, uint64_t max_keys);

	// Maps them into memory and gives the rows out. Call between load and attach. Throws Error.
	// names: where `by` is one of the tool's own.
	HistMaps(const Object& object, hist_by by, HistKeyNames names);
	// Those that another process made and that still count: the map that fd_of() gave it. fd need only be good for
	// reading, and is from now on closed here; such a one cannot be mapped, so each reading copies. Throws Error,
	// kUnavailable where its rows are not laid out as here.
	HistMaps(int fd, hist_by by, HistKeyNames names);
	~HistMaps();
	HistMaps(const HistMaps&) = delete;
	HistMaps& operator=(const HistMaps&) = delete;

	static int fd_of(const Object& object, hist_by by) { return object.map_fd(map_name(by)); }

	// cgroups: names cgroups; label: what of them is told instead of their paths. The window's loss is filled in by whoever knows it.
	Snapshot read(uint64_t at_ns, CgroupResolver& cgroups, const CgroupLabel& label);

private:
	static const char* map_name(hist_by by) { return by == HIST_BY_ALL ? "hist_cpus" : "hist_rows"; }
	static size_t row_bytes(hist_by by) { return by == HIST_BY_ALL ? sizeof(hist_cpu) : sizeof(hist_row); }
	void map_memory(int fd);
	void copy();
	KeyedHistogram describe(const hist_row& row, CgroupResolver& cgroups, const CgroupLabel& label);
	std::string name_of(const hist_row& row);

	hist_by by_;
	HistKeyNames own_names_;
	int fd_ = -1; // to copy from
	void* memory_ = MAP_FAILED;
	size_t size_;
	size_t count_;
	std::map<HistKey, std::string> names_; // the last that were seen; a process may be gone when it is told
};

} // namespace corescope
