// SPDX-License-Identifier: BSD-2-Clause
// What a page says of a command, to be compared with what the command says: options, samples, keys.
#pragma once

#include "pages.h"

#include <ostream>
#include <set>

namespace corescope::test {

struct Option {
	std::string letter, name, argument;
	bool operator==(const Option& other) const
	{
		return letter == other.letter && name == other.name && argument == other.argument;
	}
};
std::ostream& operator<<(std::ostream& out, const Option& o);

std::vector<Option> options_in_help(const std::string& tool);

struct Documented {
	Option option;
	std::vector<std::string> mentioned; // all code in its row
};
std::vector<Documented> options_in(const Lines& lines);

// A command of a page's console blocks, which root types ("# corescope …"), and what stands below it.
struct Sample {
	std::string command;
	Lines output;
};
std::vector<Sample> samples_of(const std::string& page_path);

// Each record has the keys of the page's section named like its type (meta has none), in that order and of these types.
// Returns the types that there were.
std::set<std::string> check_all_keys(const std::string& page_path, const std::string& records);

} // namespace corescope::test
