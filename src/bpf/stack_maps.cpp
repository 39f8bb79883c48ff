// SPDX-License-Identifier: BSD-2-Clause
// See stack_maps.h.
#include "bpf/stack_maps.h"

#include "base/error.h"
#include "base/files.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace corescope {

namespace {

constexpr uint32_t kUsualDepth = 127; // PERF_MAX_STACK_DEPTH

// With room for the frame that tells that there are more.
uint32_t asked_frames(uint32_t depth) { return std::min(depth + 1, std::max(deepest_stack(), depth)); }

size_t value_bytes(uint32_t depth) { return sizeof(stack_frames) + asked_frames(depth) * sizeof(uint64_t); }

} // namespace

uint32_t deepest_stack()
{
	const long told = std::strtol(first_line("/proc/sys/kernel/perf_event_max_stack").c_str(), nullptr, 10);
	return told > 0 ? static_cast<uint32_t>(std::min(told, 1000000L)) : kUsualDepth;
}

void StackMaps::set_sizes(const Object& object, uint64_t keys, uint64_t stacks, uint32_t depth)
{
	object.set_max_entries("stack_counts", keys);
	object.set_max_entries("stacks", stacks);
	for (const char* name : {"stacks", "stack_scratch"})
		if (const int error =
				bpf_map__set_value_size(object.map(name), static_cast<__u32>(value_bytes(depth))))
			throw Error(kFailure, std::string("map '") + name + "': " + std::strerror(-error));
}

StackMaps::StackMaps(const Object& object)
	: counts_(object.map_fd("stack_counts")), stacks_(object.map_fd("stacks")),
	  most_rows_(object.max_entries("stack_counts")), value_(bpf_map__value_size(object.map("stacks")))
{}

std::vector<std::pair<stack_key, stack_value>> StackMaps::read() const
{
	// All at once: a chain of rows that does not fit into what is left would be refused.
	std::vector<stack_key> keys(most_rows_);
	std::vector<stack_value> values(most_rows_);
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	std::vector<std::pair<stack_key, stack_value>> rows;
	__u32 token = 0, count;
	for (bool first = true;; first = false) {
		count = static_cast<__u32>(most_rows_);
		const int error = bpf_map_lookup_batch(
			counts_, first ? nullptr : &token, &token, keys.data(), values.data(), &count, &opts);
		const int why = errno;
		if (error && why != ENOENT) {
			if (why == EINTR)
				continue;
			throw Error(kFailure, std::string("cannot read what was counted: ") + std::strerror(why));
		}
		for (__u32 i = 0; i < count; i++)
			rows.emplace_back(keys[i], values[i]);
		if (error)
			return rows; // those were the last
	}
}

const KeptStack* StackMaps::stack(uint64_t id)
{
	if (id <= STACK_LOST)
		return nullptr;
	const auto known = known_.find(id);
	if (known != known_.end())
		return &known->second;
	if (bpf_map_lookup_elem(stacks_, &id, value_.data()))
		return nullptr;
	stack_frames head;
	std::memcpy(&head, value_.data(), sizeof(head));
	KeptStack& kept = known_[id];
	kept.truncated = head.truncated;
	kept.ips.resize(std::min<size_t>(head.count, (value_.size() - sizeof(head)) / sizeof(uint64_t)));
	std::memcpy(kept.ips.data(), value_.data() + sizeof(head), kept.ips.size() * sizeof(uint64_t));
	return &kept;
}

// Both at once since 5.14.
std::optional<stack_value> StackMaps::drop(const stack_key& key) const
{
	stack_value last;
	if (!bpf_map_lookup_and_delete_elem(counts_, &key, &last))
		return last;
	if (bpf_map_lookup_elem(counts_, &key, &last))
		return std::nullopt;
	bpf_map_delete_elem(counts_, &key);
	return last;
}

void StackMaps::keep_stacks(const std::set<uint64_t>& used, bool unknown)
{
	for (const uint64_t id : dropped_)
		if (!used.count(id))
			known_.erase(id);
	dropped_.clear();
	for (const auto& [id, stack] : known_)
		if (!used.count(id)) {
			bpf_map_delete_elem(stacks_, &id);
			dropped_.insert(id);
		}
	if (!unknown)
		return;
	std::vector<uint64_t> unused;
	uint64_t id;
	for (const uint64_t* before = nullptr; !bpf_map_get_next_key(stacks_, before, &id); before = &id)
		if (!used.count(id))
			unused.push_back(id);
	for (const uint64_t each : unused)
		bpf_map_delete_elem(stacks_, &each);
}

} // namespace corescope
