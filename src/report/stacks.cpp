// SPDX-License-Identifier: BSD-2-Clause
// See stacks.h.
#include "report/stacks.h"

#include "base/error.h"

#include <algorithm>

namespace corescope::report {

Stacks::Stacks()
{
	names_.emplace_back("all");
	nodes_.push_back({0, 0});
}

uint32_t Stacks::name_of(std::string_view text)
{
	const auto [place, is_new] =
		name_index_.try_emplace(std::string(text), static_cast<uint32_t>(names_.size()));
	if (is_new)
		names_.emplace_back(text);
	return place->second;
}

void Stacks::add(const std::vector<Frame>& frames, Weight weight, unsigned side)
{
	if (frames.size() > kMaxDepth)
		throw Error(kDataError, "a stack of more than " + std::to_string(kMaxDepth) + " frames");
	uint32_t at = 0;
	for (const Frame& frame : frames) {
		const uint32_t name = name_of(frame.name);
		const auto [place, is_new] =
			children_.try_emplace(uint64_t{at} << 32 | name, static_cast<uint32_t>(nodes_.size()));
		if (is_new) {
			if (nodes_.size() >= kMaxNodes)
				throw Error(kDataError,
					"more than " + std::to_string(kMaxNodes) +
						" different places in stacks; report a shorter time, or one process");
			Node& parent = nodes_[at];
			if (parent.last_child)
				nodes_[parent.last_child].sibling = place->second;
			else
				parent.first_child = place->second;
			parent.last_child = place->second;
			nodes_.push_back({name, at, 0, 0, 0, frame.kind, {}});
		}
		at = place->second;
	}
	nodes_[at].self[side] += weight;
	stacks_[side]++;
}

bool Stacks::add_folded(std::string_view line, unsigned side)
{
	const size_t blank = line.find_last_of(" \t");
	if (blank == std::string_view::npos || blank == 0 || blank + 1 == line.size())
		return false;
	uint64_t count = 0;
	for (const char c : line.substr(blank + 1))
		if (c < '0' || c > '9' || __builtin_mul_overflow(count, uint64_t{10}, &count) ||
			__builtin_add_overflow(count, static_cast<uint64_t>(c - '0'), &count))
			return false;
	std::vector<Frame> frames;
	std::string_view rest = line.substr(0, blank);
	for (;;) {
		const size_t end = rest.find(';');
		std::string_view name = rest.substr(0, end);
		FrameKind kind = frames.empty() ? FrameKind::other : FrameKind::user;
		if (name.ends_with("_[k]")) {
			name.remove_suffix(4);
			kind = FrameKind::kernel;
		}
		frames.push_back({name.empty() ? "[unknown]" : name, kind});
		if (end == std::string_view::npos)
			break;
		rest.remove_prefix(end + 1);
	}
	add(frames, count, side);
	return true;
}

std::vector<std::array<Weight, 2>> Stacks::totals() const
{
	std::vector<std::array<Weight, 2>> totals(nodes_.size());
	for (size_t i = nodes_.size(); i-- > 0;)
		for (const unsigned side : {0U, 1U}) {
			totals[i][side] += nodes_[i].self[side];
			if (i)
				totals[nodes_[i].parent][side] += totals[i][side];
		}
	return totals;
}

std::vector<Stacks::Function> Stacks::functions() const
{
	const std::vector<std::array<Weight, 2>> totals = this->totals();
	std::vector<Function> all(names_.size());
	for (uint32_t i = 0; i < all.size(); i++)
		all[i].name = i;
	// Down the tree without recursion; a name counts where it is not below itself already.
	std::vector<uint32_t> open(names_.size());
	uint32_t at = nodes_[0].first_child;
	while (at) {
		const Node& node = nodes_[at];
		Function& function = all[node.name];
		for (const unsigned side : {0U, 1U}) {
			function.self[side] += node.self[side];
			if (!open[node.name])
				function.total[side] += totals[at][side];
		}
		open[node.name]++;
		if (node.first_child) {
			at = node.first_child;
			continue;
		}
		while (at && !nodes_[at].sibling) {
			open[nodes_[at].name]--;
			at = nodes_[at].parent;
		}
		if (at) {
			open[nodes_[at].name]--;
			at = nodes_[at].sibling;
		}
	}
	const auto sum = [](const std::array<Weight, 2>& both) { return both[0] + both[1]; };
	std::erase_if(all, [&](const Function& one) { return sum(one.total) == 0; });
	std::stable_sort(all.begin(), all.end(),
		[&](const Function& a, const Function& b) { return sum(a.total) > sum(b.total); });
	return all;
}

} // namespace corescope::report
