// SPDX-License-Identifier: BSD-2-Clause
// One option of a command, declared in one line: letters, argument, help text, and the member it sets. Parsing,
// --help, and whatever else tells of options come from this line alone.
#pragma once

#include "cli/values.h"

#include <span>
#include <string>
#include <vector>

namespace corescope {

struct OptionSpec {
	char letter = 0;       // 0: long name only
	const char* name = ""; // long name
	const char* arg =
		""; // what the argument is called; "" for none; "[FILE]" may be left out: set() gets null
	const char* doc = "";
	void (*set)(
		void* options, const char* text) = nullptr; // null: gives a common option of that name a letter
};

template <class>
struct MemberOf;
template <class O, class T>
struct MemberOf<T O::*> {
	using Owner = O;
};

// Owner is named beside Member, because g++ 12 takes a pointer to a member of an anonymous struct for something that all
// files share: with it alone the tools that have an `Options::pid` would all use one tool's, whatever its place in there.
template <class Owner, auto Member>
struct MemberSetter {
	static void set(void* options, const char* text)
	{
		parse_value(static_cast<Owner*>(options)->*Member, text);
	}
};

template <auto Member>
constexpr OptionSpec option(char letter, const char* name, const char* arg, const char* doc)
{
	using Owner = typename MemberOf<decltype(Member)>::Owner;
	return {letter, name, arg, doc, MemberSetter<Owner, Member>::set};
}

// A tool's own letter for an option that all tools have, as its namesake elsewhere has it.
constexpr OptionSpec letter_for(char letter, const char* common_name)
{
	return {letter, common_name, "", "", nullptr};
}

// A word without a dash, in its order.
struct PositionalSpec {
	const char* name = "";
	void (*set)(void* options, const char* text) = nullptr;
	bool repeats = false; // the last one: takes all words that are left
};

template <auto Member>
constexpr PositionalSpec positional(const char* name, bool repeats = false)
{
	using Owner = typename MemberOf<decltype(Member)>::Owner;
	return {name, MemberSetter<Owner, Member>::set, repeats};
}

// Options that are set in one object.
struct OptionSet {
	const char* heading; // above them in --help; null for none
	std::span<const OptionSpec> specs;
	void* target;
};

// An option as the user gave it.
struct GivenOption {
	std::string name; // the long one
	std::string value;
};

struct CommandLine {
	std::string program; // as messages name it
	const char* summary;
	const char* details; // more text for --help, paragraphs and examples; may be null
	std::span<const OptionSet> sets;
	std::span<const PositionalSpec> positionals;
	void* positional_target;
	std::vector<GivenOption>* given = nullptr; // also all that were given, in their order
};

// Parses argv[1..]. --help, --usage and --version print and exit. Anything that makes no sense throws Error(kUsage)
// with one line that names the option.
void parse_command_line(const CommandLine& command, int argc, char** argv);

} // namespace corescope
