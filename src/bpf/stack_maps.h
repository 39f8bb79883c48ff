// SPDX-License-Identifier: BSD-2-Clause
// The stacks that a kernel half keeps, and what it counts for them (bpf/lib/stack.bpf.h).
#pragma once

#include "bpf/object.h"
#include "stack.h"

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace corescope {

struct KeptStack {
	std::vector<uint64_t> ips; // leaf first
	bool truncated = false;
};

// Frames that the kernel gives at most (kernel.perf_event_max_stack).
uint32_t deepest_stack();

class StackMaps {
public:
	// Before loading. depth: frames that are kept, at most deepest_stack().
	static void set_sizes(const Object& object, uint64_t keys, uint64_t stacks, uint32_t depth);

	explicit StackMaps(const Object& object);

	// All rows, as they count now.
	std::vector<std::pair<stack_key, stack_value>> read() const;
	// A stack never changes. Null if there is none of this id.
	const KeptStack* stack(uint64_t id);

	size_t most_rows() const { return most_rows_; }
	// Takes a row away; as it counted last, none if it is not there.
	std::optional<stack_value> drop(const stack_key& key) const;
	// Makes room in the kernel of stacks that are not among these; what was known of them is known until the next time.
	// unknown: also of those that were never asked for, as of tasks that were not off for as long as is wanted.
	void keep_stacks(const std::set<uint64_t>& used, bool unknown);

private:
	int counts_, stacks_;
	size_t most_rows_;
	std::vector<char> value_;
	std::unordered_map<uint64_t, KeptStack> known_;
	std::set<uint64_t> dropped_;
};

} // namespace corescope
