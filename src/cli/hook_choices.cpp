// SPDX-License-Identifier: BSD-2-Clause
// Hook sets by asking, and where they hang by opening the object; see hook_choices.h.
#include "cli/hook_choices.h"

#include "base/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace corescope {

namespace {

bool same(const std::vector<HookSet>& a, const std::vector<HookSet>& b)
{
	return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const HookSet& x, const HookSet& y) {
		return x.name == y.name &&
			std::equal(x.programs.begin(), x.programs.end(), y.programs.begin(), y.programs.end(),
				[](const char* p, const char* q) { return !std::strcmp(p, q); });
	});
}

} // namespace

std::vector<HookChoice> find_hook_choices(
	std::span<const OptionSpec> own, const std::function<std::vector<HookSet>(const OptionSpec*)>& ask)
{
	std::vector<HookChoice> choices = {{"", with_raw_twins(ask(nullptr))}};
	for (const OptionSpec& spec : own) {
		if (!spec.set || *spec.arg)
			continue;
		try {
			std::vector<HookSet> hooks = with_raw_twins(ask(&spec));
			if (!same(hooks, choices.front().hooks))
				choices.push_back({spec.name, std::move(hooks)});
		} catch (const Error&) {
			// Alone it makes no sense.
		}
	}
	return choices;
}

std::vector<std::string> hook_places(const SkeletonType& skeleton, const HookSet& hooks)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	const std::unique_ptr<void, void (*)(void*)> typed(skeleton.open(&opts), skeleton.destroy);
	if (!typed)
		throw Error(kFailure, std::string("cannot open the BPF object: ") + std::strerror(errno));
	std::vector<std::string> places;
	const auto add = [&](std::string place) {
		if (std::find(places.begin(), places.end(), place) == places.end())
			places.push_back(std::move(place));
	};
	bpf_object* object = *skeleton.skeleton(typed.get())->obj;
	for (const char* name : hooks.programs) {
		const bpf_program* program = bpf_object__find_program_by_name(object, name);
		if (!program)
			throw Error(kFailure, std::string("the BPF object has no program '") + name + "'");
		std::string place = bpf_program__section_name(program);
		constexpr std::string_view kTyped = "tp_btf/";
		if (hooks.raw && place.rfind(kTyped, 0) == 0)
			place.replace(0, kTyped.size(), "raw_tp/"); // as in the other object, whose programs are the same
		add(std::move(place));
	}
	for (const HookSet::Tracepoint& one : hooks.also)
		add(std::string("tp/") + one.category + "/" + one.name);
	return places;
}

} // namespace corescope
