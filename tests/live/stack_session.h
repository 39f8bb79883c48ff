// SPDX-License-Identifier: BSD-2-Clause
// What tests of stacks tools share: the records of one process, and how much of them lies below a function.
#pragma once

#include "harness.h"

#include <algorithm>
#include <string>
#include <vector>

namespace corescope::test {

// Of type stack, for this process.
inline std::vector<Json> stacks_of(const Tool& tool, pid_t pid)
{
	std::vector<Json> found;
	for (const Json& record : tool.records())
		if (record.at("type") == "stack" && record.at("pid") == pid)
			found.push_back(record);
	return found;
}

// Whether a frame of that side has this name, or begins with it where it ends in '*'.
inline bool has_frame(const Json& stack, const char* side, const std::string& name)
{
	const bool begins = !name.empty() && name.back() == '*';
	const Json& frames = stack.at(side);
	return std::any_of(frames.begin(), frames.end(), [&](const Json& frame) {
		const std::string text = frame;
		return begins ? text.compare(0, name.size() - 1, name, 0, name.size() - 1) == 0 : text == name;
	});
}

// The sum of a number over those that have this frame; all if it is "".
inline int64_t sum_below(const std::vector<Json>& stacks, const char* number, const char* side = "user",
	const std::string& name = "")
{
	int64_t sum = 0;
	for (const Json& stack : stacks)
		if (name.empty() || has_frame(stack, side, name))
			sum += stack.at(number).get<int64_t>();
	return sum;
}

} // namespace corescope::test
