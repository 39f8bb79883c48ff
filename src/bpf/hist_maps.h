// SPDX-License-Identifier: BSD-2-Clause
// Snapshots of the histograms that a kernel half counts (bpf/lib/hist.bpf.h), read from mapped memory without a
// system call. The kernel goes on counting while they are read; nothing is reset.
#pragma once

#include "bpf/object.h"
#include "hist/snapshot.h"
#include "histmap.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace corescope {

class CgroupResolver;

class HistMaps {
public:
	// Sizes the maps before loading: one histogram for each CPU, or `max_keys` rows.
	static void set_sizes(const Object& object, hist_by by, uint64_t max_keys);

	// Maps them into memory and gives the rows out. Call between load and attach. Throws Error.
	HistMaps(const Object& object, hist_by by);
	~HistMaps();
	HistMaps(const HistMaps&) = delete;
	HistMaps& operator=(const HistMaps&) = delete;

	// cgroups: names cgroups; by_unit: their units instead. The window's loss is filled in by whoever knows it.
	Snapshot read(uint64_t at_ns, CgroupResolver& cgroups, bool by_unit);

private:
	KeyedHistogram describe(const hist_row& row, CgroupResolver& cgroups, bool by_unit);
	std::string name_of(const hist_row& row);

	hist_by by_;
	void* memory_;
	size_t size_;
	size_t count_;
	std::map<HistKey, std::string> names_; // the last that were seen; a process may be gone when it is told
};

} // namespace corescope
