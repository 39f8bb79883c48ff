// SPDX-License-Identifier: BSD-2-Clause
// The manual: a page for each tool and command, in section 8, made from what they declare and from what docs/ says of
// them; and one for each subject of docs/, in section 7.
#pragma once

#include "cli/describe.h"
#include "docs/lib/markdown.h"

#include <map>
#include <string>
#include <vector>

namespace corescope::docs {

struct Edition {
	std::string version;
	std::string date; // YYYY-MM-DD
};

// The pages under docs/ that operators need, by name: "output" for docs/output.md. A page that is called like a command
// is told in that command's manual, `tools` in those of the tools; the others have one of their own.
using Subjects = std::map<std::string, std::vector<Section>>;

class Manual {
public:
	// readme: of which the requirements are told.
	Manual(Edition edition, Subjects subjects, std::vector<Section> readme);

	// File names and what stands in them.
	std::map<std::string, std::string> pages() const;

private:
	RoffPage begin(const std::string& name, int section, const std::string& summary) const;
	std::string main_page() const;
	std::string subject_page(const std::string& name) const;
	std::string command_page(const Tool& tool, const CommandDescription& command,
		const std::vector<CommandDescription>& all) const;

	void description(RoffPage& page, const Tool& tool, const CommandDescription& command) const;
	void subject_sections(RoffPage& page, const Tool& tool, const std::vector<CommandDescription>& all) const;
	void options(RoffPage& page, const CommandDescription& command) const;
	void fields(RoffPage& page, const Tool& tool, const CommandDescription& command) const;
	void hooks(RoffPage& page, const Tool& tool) const;
	void exit_status(RoffPage& page) const;
	void see_also(RoffPage& page, const std::string& self) const;

	const Section* section_of(
		const std::string& subject, const std::string& heading) const; // null if there is none
	LinkTarget links_from(std::string self) const;

	Edition edition_;
	Subjects subjects_;
	std::vector<Section> readme_;
};

} // namespace corescope::docs
