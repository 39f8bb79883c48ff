// SPDX-License-Identifier: BSD-2-Clause
// The kinds of places to attach to, and which of them this kernel lets one attach to: by trial, each way once.
#include "commands/probes.h"

#include "base/parse.h"
#include "bpf/surroundings.h"
#include "bpf/trial.h"
#include "system/privileges.h"

#include <algorithm>
#include <fnmatch.h>
#include <map>

namespace corescope {

std::vector<ProbeKind> probe_kinds()
{
	return {
		{"tracepoint", "static places in the kernel, with fields", false, {{"tp", "tracepoint"}}},
		{"tp_btf", "the same places, with the kernel's own arguments", false,
			{{"tp_btf", "tp_btf"}, {"raw_tp", "raw_tp"}}},
		{"syscall", "system calls", false,
			{{"ksyscall", "kprobe"}, {"tp/syscalls/sys_enter_", "syscall tracepoint"}}},
		{"lsm", "security hooks", false, {{"lsm", "lsm"}}},
		{"iter", "walks over what the kernel holds", false, {{"iter", "iterator"}}},
		{"function", "functions of the kernel", false, {{"fentry", "fentry"}, {"kprobe", "kprobe"}}},
		{"usdt", "places that a binary's author marked", true, {{"usdt", "usdt"}}},
		{"uprobe", "functions of a binary", true, {{"uprobe", "uprobe"}}},
	};
}

bool KindList::has(const std::string& name) const
{
	return std::find(names.begin(), names.end(), name) != names.end();
}

void parse_value(KindList& out, const char* text)
{
	const std::string list = text;
	std::string known;
	const std::vector<ProbeKind> kinds = probe_kinds();
	for (const ProbeKind& kind : kinds)
		known += (known.empty() ? "" : ", ") + std::string(kind.name);
	for (size_t from = 0; from <= list.size();) {
		const size_t end = std::min(list.find(',', from), list.size());
		const std::string name = list.substr(from, end - from);
		if (std::none_of(
				kinds.begin(), kinds.end(), [&](const ProbeKind& kind) { return name == kind.name; }))
			throw BadValue{"is no list of kinds, separated by commas: " + known};
		out.names.push_back(name);
		from = end + 1;
	}
}

std::string Way::section_of(const std::string& probe) const
{
	const std::string first = section;
	return first.back() == '_' ? first + probe : first + "/" + probe;
}

const Way& ProbeKind::way() const
{
	for (const Way& way : ways)
		if (way.answer == Way::Answer::yes)
			return way;
	return ways.front();
}

void try_ways(std::vector<ProbeKind*>& kinds)
{
	if (!may_load_bpf()) {
		for (ProbeKind* kind : kinds)
			for (Way& way : kind->ways)
				way.why = "not tried: that takes root, or the capabilities CAP_BPF and CAP_PERFMON";
		return;
	}
	std::optional<Surroundings> here; // only a refusal asks for it, and it takes trials of its own
	TrialGround ground;
	std::map<std::string, std::optional<Failure>> tried;
	for (ProbeKind* kind : kinds)
		for (Way& way : kind->ways) {
			auto known = tried.find(way.trial);
			if (known == tried.end()) {
				const auto trials = hook_trials();
				const auto trial = std::find_if(trials.begin(), trials.end(),
					[&](const Trial& t) { return std::string_view(t.name) == way.trial; });
				if (trial == trials.end()) {
					way.why = "not tried: no trial is known for it";
					continue;
				}
				known = tried.emplace(way.trial, try_hook(*trial, ground)).first;
			}
			way.answer = known->second ? Way::Answer::no : Way::Answer::yes;
			if (known->second) {
				if (!here)
					here = look_around();
				way.why = diagnose(*known->second, *here).line();
			} else if (way.section == std::string_view("fentry"))
				break; // a kprobe could do no more
		}
}

ProbeGlob::ProbeGlob(const std::string& glob)
	: glob_(glob), all_(glob.empty() || glob == "*"), exact_(glob.find_first_of("*?[") == std::string::npos),
	  with_section_(glob.find_first_of("/:") != std::string::npos)
{}

bool ProbeGlob::matches(const char* text) const
{
	return all_ || (exact_ ? glob_ == text : fnmatch(glob_.c_str(), text, 0) == 0);
}

} // namespace corescope
