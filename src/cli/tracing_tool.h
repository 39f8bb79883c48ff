// SPDX-License-Identifier: BSD-2-Clause
// What the tools of all archetypes have in common: a skeleton, options of their own, and what they decide of a run once
// these are known. Each archetype adds its own options, and how a run goes.
#pragma once

#include "bpf/object.h"
#include "cli/hook_choices.h"
#include "cli/tool.h"
#include "event.h"

#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace corescope {

// Skel: bpftool's skeleton. Options: the tool's own. Setup: of its archetype; begins with CommonOptions, and has `hooks`.
// Parts: what the tool declares.
template <class Skel, class Options, class Setup, class Parts>
class TracingTool : public Tool {
public:
	std::vector<HookTrial> try_hooks(const std::vector<std::string>& words) const override
	{
		CommandWords line(name(), words);
		return trials(line.argc(), line.argv());
	}
	std::string object_without_btf() const override { return unpack_raw_object(skeleton().packed()); }
	std::vector<HookChoice> hook_choices() const override
	{
		return find_hook_choices(parts_.options, [&](const OptionSpec* flag) {
			Options options;
			const CommonOptions common;
			Setup setup{common};
			if (flag)
				flag->set(&options, "");
			parts_.prepare(options, setup);
			return setup.hooks;
		});
	}
	std::vector<std::string> hook_places(const HookSet& hooks) const override
	{
		return corescope::hook_places(skeleton(), hooks);
	}

protected:
	explicit TracingTool(const Parts& parts) : Tool(parts.name, parts.group, parts.summary), parts_(parts) {}

	// try_hooks() for a whole command line.
	virtual std::vector<HookTrial> trials(int argc, char** argv) const = 0;

	SkeletonType skeleton() const { return skeleton_type<Skel>(name()); }
	// The tool's own options, then others.
	std::vector<OptionSpec> own_options_and(std::initializer_list<std::span<const OptionSpec>> others) const
	{
		std::vector<OptionSpec> all(parts_.options.begin(), parts_.options.end());
		for (const std::span<const OptionSpec> some : others)
			all.insert(all.end(), some.begin(), some.end());
		return all;
	}

	// What a run without types calls back with its skeleton.
	static Skel& filtered(void* typed, const CgroupFilter& filter)
	{
		auto& skel = *static_cast<Skel*>(typed);
		skel.rodata->filter_cgroup = filter.id;
		skel.rodata->filter_cgroup_level = filter.level;
		skel.bss->shared.cgroup = filter.id;
		if (filter.id && filter.level && filter.kernel_path.size() < sizeof(skel.rodata->filter_path)) {
			skel.rodata->filter_path_bytes = static_cast<__u32>(filter.kernel_path.size()) + 1;
			filter.kernel_path.copy(skel.rodata->filter_path, filter.kernel_path.size());
		}
		// Whatever the hook set is.
		bpf_program__set_autoload(
			skel.progs.cgroup_is_made, filter.for_names || skel.rodata->filter_path_bytes);
		return skel;
	}
	static event_shared* shared(void* typed) { return &static_cast<Skel*>(typed)->bss->shared; }

	const Parts parts_;
};

} // namespace corescope
