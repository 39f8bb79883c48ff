// SPDX-License-Identifier: BSD-2-Clause
// What `corescope doctor` finds out: about this host, by trial about its kernel, and by their own programs about tools.
#pragma once

#include "bpf/object.h"
#include "bpf/surroundings.h"
#include "bpf/trial.h"

#include <optional>
#include <string>
#include <vector>

namespace corescope {

// limited: with a loss or at a price, which the detail tells. info: neither good nor bad.
enum class Answer { yes, limited, no, unknown, info };
const char* answer_name(Answer answer);

struct Check {
	const char* group; // "place", "setting", "hook", "part"
	std::string name;
	Answer answer;
	std::string value{}; // what was found, "" if the answer says all
	std::string cause{}, remedy{};
	std::optional<Failure> failure{}; // of a trial
};

std::vector<Check> place_checks(const Surroundings& here);   // host, user, container, mounts
std::vector<Check> setting_checks(const Surroundings& here); // sysctls and limits
std::vector<Check> hook_checks(const Surroundings& here, TrialGround& ground);
std::vector<Check> part_checks(const Surroundings& here, TrialGround& ground); // maps and helpers

struct ToolCheck {
	std::string tool;
	std::string option; // the flag that brings other hook sets, "--offcpu"; "" for none
	Answer answer;
	int code = 0; // exit status of the tool
	std::vector<HookTrial> tried;
};
class Tool;
// The tool as it runs without options, then with each flag that makes it hook in differently.
std::vector<ToolCheck> tool_checks(const Tool& tool);
std::string tool_detail(const ToolCheck& check); // in words, one line

class Buffer;
void append_checks_table(Buffer& out, const std::vector<Check>& checks);
void append_tools_table(Buffer& out, const std::vector<ToolCheck>& checks);
void append_check_json(Buffer& out, const Check& check);
void append_tool_json(Buffer& out, const ToolCheck& check); // its hook sets, then itself

} // namespace corescope
