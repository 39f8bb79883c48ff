// SPDX-License-Identifier: BSD-2-Clause
// Stacks made one tree, for a flame graph: how much was met in each function by way of its callers. One side, or two
// that are compared. Names are kept once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace corescope::report {

// Sums are wider than 64 bits, as files may hold anything.
__extension__ typedef unsigned __int128 Weight;

class Stacks {
public:
	static constexpr size_t kMaxNodes = 2000000; // about 100 MB
	static constexpr size_t kMaxDepth = 2048;

	enum class FrameKind : uint8_t { other, user, kernel };
	struct Node {
		uint32_t name;
		uint32_t parent;
		uint32_t first_child = 0, last_child = 0, sibling = 0; // 0: none
		FrameKind kind = FrameKind::other;
		std::array<Weight, 2> self{};
	};
	struct Frame {
		std::string_view name;
		FrameKind kind;
	};

	Stacks();
	// Outermost first. side: 0, or 1 for the second one of two. Throws Error(kDataError) above the limits.
	void add(const std::vector<Frame>& frames, Weight weight, unsigned side);
	// "a;b;c 12". False where it is no such line.
	bool add_folded(std::string_view line, unsigned side);

	bool empty() const { return nodes_.size() == 1 && stacks_[0] + stacks_[1] == 0; }
	bool two_sides() const { return stacks_[1] > 0; }
	uint64_t stacks(unsigned side) const { return stacks_[side]; } // that were added
	const std::vector<Node>& nodes() const { return nodes_; }      // parents before children; 0 is the root
	const std::string& name(uint32_t index) const { return names_[index]; }
	size_t names() const { return names_.size(); }
	// Of each node, with all below it.
	std::vector<std::array<Weight, 2>> totals() const;

	struct Function {
		uint32_t name;
		std::array<Weight, 2> self{}, total{}; // total: of the stacks that it is in, each once
	};
	// Greatest total first.
	std::vector<Function> functions() const;

private:
	uint32_t name_of(std::string_view text);

	std::vector<Node> nodes_;
	std::vector<std::string> names_;
	std::unordered_map<std::string, uint32_t> name_index_;
	std::unordered_map<uint64_t, uint32_t> children_; // parent and name
	std::array<uint64_t, 2> stacks_{};
};

} // namespace corescope::report
