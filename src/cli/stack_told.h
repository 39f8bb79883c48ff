// SPDX-License-Identifier: BSD-2-Clause
// From rows in the kernel to records that can be told: differences between readings, names, and what --by makes one.
#pragma once

#include "bpf/stack_maps.h"
#include "cli/stacks.h"
#include "output/stack_record.h"
#include "symbols/symbolizer.h"
#include "system/cgroup.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace corescope {

class StackTeller {
public:
	// object: loaded. by: not StackBy::usual.
	StackTeller(const StackRun& run, const Object& object, StackBy by, bool kernel, bool user);

	CgroupResolver& cgroups() { return cgroups_; }
	// A stack that is new, of a process that may not live long.
	void notice(const stack_seen& seen);
	// What was counted since the last time, the heaviest last. by_name: stacks of the same functions are one. Their frames
	// are good until make_room().
	std::vector<StackRecord> take(bool by_name);
	// Where it will be asked again: of what was read last, forgets what has ended, and what rests where rows are short.
	// short_of_stacks: also stacks under which nothing is counted.
	void make_room(bool short_of_stacks);
	// "12 of 300 frames have no name: …", "" if all have.
	std::string sentence();

private:
	StackRecord record_of(const stack_key& key, uint64_t count, uint64_t sum_ns, const stack_value& value);
	void label(StackRecord& record, const stack_key& key, const stack_value& value);
	void label_by_part(StackRecord& record, const Attribution* found) const;
	StackSide side_of(uint64_t id, bool asked, const AddressSpace* space);
	void drop(const stack_key& key);
	std::string identity(const StackRecord& record, const stack_key& key, bool by_name) const;

	const StackRun& run_;
	StackBy by_;
	bool kernel_, user_;
	StackMaps maps_;
	Symbolizer symbols_;
	CgroupResolver cgroups_;
	struct Told {
		uint64_t count = 0, sum_ns = 0;
	};
	using Rows = std::vector<std::pair<stack_key, stack_value>>;
	Rows rows_;                     // as they were read last
	Rows left_;                     // what rows that were dropped still had to tell
	std::set<std::string> resting_; // that did not count between the last two readings, by the bytes of a key
	std::map<std::string, Told> told_; // likewise
	std::set<AddressSpace> ended_;     // that had ended when it was last looked
	uint64_t unnamed_[5] = {};         // by Frame::Named
};

} // namespace corescope
