// SPDX-License-Identifier: BSD-2-Clause
// Places in a binary, or in all that a process has mapped.
#include "commands/probes.h"

#include "base/error.h"
#include "symbols/demangle.h"
#include "symbols/elf_functions.h"

#include <algorithm>
#include <string_view>

namespace corescope {

void binary_probes(const ProbesOptions& options, const std::vector<ProbeKind*>& kinds, const ProbeSink& sink,
	std::vector<std::string>& unseen)
{
	const ProbeGlob glob(options.glob);
	std::vector<MappedFile> files;
	if (options.pid)
		files = mapped_binaries(options.pid.value);
	else
		files.push_back({options.binary, options.binary});
	for (const MappedFile& file : files) {
		ElfProbes found;
		try {
			found = elf_probes(file.open);
		} catch (const Error& error) {
			if (!options.pid)
				throw;
			unseen.push_back(error.message);
			continue;
		}
		for (const ProbeKind* kind : kinds) {
			const bool usdt = kind->name == std::string_view("usdt");
			if (!usdt) {
				for (const ElfFunction& function : found.functions) {
					const std::string readable = options.verbose ? demangled(function.name) : function.name;
					Probe probe{kind, file.path + ":" + function.name,
						"uprobe/" + file.path + ":" + function.name, Way::Answer::yes};
					if (!glob.matches(function.name.c_str()) &&
						!(glob.with_section() && glob.matches(probe.section.c_str())) &&
						!glob.matches(readable.c_str()))
						continue;
					if (readable != function.name)
						probe.prototype = readable;
					sink(std::move(probe));
				}
				if (found.stripped && !options.pid)
					unseen.push_back(file.path + " is stripped: only the functions that it exports are told");
				continue;
			}
			for (const UsdtProbe& place : found.usdt) {
				const std::string name = place.provider + ":" + place.name;
				Probe probe{kind, file.path + ":" + name, "usdt/" + file.path + ":" + name, Way::Answer::yes};
				if (!glob.matches(name.c_str()) && !glob.matches(place.name.c_str()) &&
					!(glob.with_section() && glob.matches(probe.section.c_str())))
					continue;
				if (options.verbose)
					for (size_t from = 0; from < place.arguments.size();) {
						const size_t end = std::min(place.arguments.find(' ', from), place.arguments.size());
						probe.arguments += place.arguments.substr(from, end - from) + '\0';
						from = end + 1;
					}
				sink(std::move(probe));
			}
		}
	}
}

} // namespace corescope
