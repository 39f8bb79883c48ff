// SPDX-License-Identifier: BSD-2-Clause
// One option of a command, declared in one line: letters, argument, help text, and the member it sets. Parsing,
// --help, and whatever else tells of options come from this line alone.
#pragma once

#include "cli/values.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

struct OptionSpec {
	char letter = 0;       // 0: long name only
	const char* name = ""; // long name
	const char* arg =
		""; // what the argument is called; "" for none; "[FILE]" may be left out: set() gets null. Text that has
			// FILE, DIR, PATH or STORE in this name is completed as such
	const char* doc = "";
	void (*set)(void* options, const char* text) = nullptr; // null: says more of a common option of that name
	ArgumentShape (*shape)() = nullptr;                     // null: it is text
	std::span<const std::string_view> only{}; // of the words that its type takes, those that are taken here
};

template <class>
struct MemberOf;
template <class O, class T>
struct MemberOf<T O::*> {
	using Owner = O;
	using Type = T;
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

template <class T>
ArgumentShape shape_of()
{
	if constexpr (requires { argument_shape(static_cast<const T*>(nullptr)); })
		return argument_shape(static_cast<const T*>(nullptr));
	else
		return {};
}

template <auto Member>
constexpr OptionSpec option(char letter, const char* name, const char* arg, const char* doc,
	std::span<const std::string_view> only = {})
{
	using M = MemberOf<decltype(Member)>;
	return {letter, name, arg, doc, MemberSetter<typename M::Owner, Member>::set, shape_of<typename M::Type>,
		only};
}

// A tool's own letter for an option that all tools have, as its namesake elsewhere has it.
constexpr OptionSpec letter_for(char letter, const char* common_name)
{
	return {letter, common_name, "", "", nullptr};
}

// The words that it takes of those that others take for that option.
constexpr OptionSpec words_for(const char* common_name, std::span<const std::string_view> only)
{
	return {0, common_name, "", "", nullptr, nullptr, only};
}

// A word without a dash, in its order.
struct PositionalSpec {
	const char* name = "";
	void (*set)(void* options, const char* text) = nullptr;
	bool repeats = false; // the last one: takes all words that are left
	ArgumentShape (*shape)() = nullptr;
};

template <auto Member>
constexpr PositionalSpec positional(const char* name, bool repeats = false)
{
	using M = MemberOf<decltype(Member)>;
	return {name, MemberSetter<typename M::Owner, Member>::set, repeats, shape_of<typename M::Type>};
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

// An option with all that is decided only where the sets of a command come together.
struct ResolvedOption {
	const OptionSpec* spec;
	void* target;
	char letter;                            // its own, or what the tool gives it; 0 for none
	std::span<const std::string_view> only; // likewise
	const OptionSet* set;                   // null: every command has it (--help …)
};
// In the order of the sets, and those that every command has behind them.
std::vector<ResolvedOption> resolve_options(const CommandLine& command);

// While it lives, parse_command_line() hands it what a command declares, and throws Declared instead of parsing: so
// whoever runs a command learns what it takes, and it goes no further.
struct Declared {};
class DeclarationReader {
public:
	explicit DeclarationReader(std::function<void(const CommandLine&)> read);
	~DeclarationReader();
	DeclarationReader(const DeclarationReader&) = delete;
	DeclarationReader& operator=(const DeclarationReader&) = delete;
};

// Parses argv[1..]. --help, --usage and --version print and exit. Anything that makes no sense throws Error(kUsage)
// with one line that names the option.
void parse_command_line(const CommandLine& command, int argc, char** argv);

} // namespace corescope
