// SPDX-License-Identifier: BSD-2-Clause
// One line of JSON, read strictly (RFC 8259) and without copies: a row of nodes that point into the line. Numbers stay
// the digits that were written, so that nothing is rounded on the way. Any bytes may come; what is refused says where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace corescope::report {

class JsonLine {
public:
	enum class Kind : uint8_t { null, boolean, number, string, array, object };
	struct Node {
		Kind kind;
		uint32_t next;         // the node behind this one and all that is in it
		std::string_view text; // the number, the word, or the string with its escapes and without its quotes
	};
	static constexpr unsigned kMaxDepth = 64;

	// False where it is no JSON; why() and at() then tell. The line must stay where it is.
	bool parse(std::string_view line);
	const char* why() const { return why_; }
	size_t at() const { return at_; }

	const Node& node(uint32_t index) const { return nodes_[index]; }
	bool is(uint32_t index, Kind kind) const { return nodes_[index].kind == kind; }
	// Node 0 is the whole. Of an object each name is followed by its value.
	template <class Each>
	void members(uint32_t object, Each&& each) const
	{
		for (uint32_t i = object + 1; i < nodes_[object].next; i = nodes_[i + 1].next)
			each(nodes_[i].text, i + 1);
	}
	template <class Each>
	void items(uint32_t array, Each&& each) const
	{
		for (uint32_t i = array + 1; i < nodes_[array].next; i = nodes_[i].next)
			each(i);
	}
	// The last of that name, as most readers have it; 0 if there is none.
	uint32_t find(uint32_t object, std::string_view name) const;

	// Decoded; a lone surrogate becomes U+FFFD. For any other kind its text.
	std::string string(uint32_t index) const;
	// A whole number without sign, fraction or exponent that fits.
	std::optional<uint64_t> u64(uint32_t index) const;

private:
	bool value(unsigned depth);
	bool text();
	bool number();
	bool word(std::string_view expected, Kind kind);
	bool fail(const char* why);
	void blanks();

	std::vector<Node> nodes_;
	std::string_view line_;
	size_t at_ = 0;
	const char* why_ = "";
};

} // namespace corescope::report
