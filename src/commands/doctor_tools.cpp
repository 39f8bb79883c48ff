// SPDX-License-Identifier: BSD-2-Clause
// Each tool's own programs, loaded and attached as the tool would, and taken off again.
#include "base/error.h"
#include "cli/hook_choices.h"
#include "cli/tool.h"
#include "commands/doctor.h"

namespace corescope {

namespace {

ToolCheck try_tool(const Tool& tool, const std::string& option)
{
	ToolCheck check{tool.name(), option, Answer::no, kUnavailable, {}};
	check.tried = tool.try_hooks(option.empty() ? std::vector<std::string>() : std::vector{option});
	if (check.tried.empty())
		return check;
	check.code = check.tried.back().code;
	if (check.code == kOk)
		check.answer = check.tried.size() == 1 ? Answer::yes : Answer::limited;
	return check;
}

} // namespace

std::vector<ToolCheck> tool_checks(const Tool& tool)
{
	std::vector<ToolCheck> checks;
	for (const HookChoice& choice : tool.hook_choices())
		checks.push_back(try_tool(tool, choice.option.empty() ? "" : "--" + choice.option));
	return checks;
}

std::string tool_detail(const ToolCheck& check)
{
	if (check.tried.empty())
		return "";
	const HookTrial& last = check.tried.back();
	if (check.answer == Answer::no)
		return last.problem;
	std::string text = last.hooks.name;
	if (check.answer == Answer::limited)
		text += " in place of " + check.tried.front().hooks.name + " (" + check.tried.front().problem + ")";
	if (!last.hooks.cost.empty())
		text += "; cost: " + last.hooks.cost;
	return text;
}

} // namespace corescope
