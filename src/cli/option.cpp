// SPDX-License-Identifier: BSD-2-Clause
// Options by argp, built from declarations. argp's own two-line errors are replaced by one line each; to know what
// was wrong, the words where it stopped are looked at again.
#include "cli/option.h"

#include "base/error.h"
#include "cli/version.h"
#include "output/escape.h"

#include <algorithm>
#include <argp.h>
#include <cstring>
#include <exception>
#include <list>
#include <vector>

namespace corescope {

namespace {

constexpr int kFirstKey = 0x100; // above all letters

struct Known {
	const OptionSpec* spec;
	void* target;
	int key;
	std::span<const std::string_view> only{};
};

std::function<void(const CommandLine&)> declaration_reader;

bool want_help, want_usage, want_version;
// What every command has.
constexpr OptionSpec kStandard[] = {
	{'?', "help", "", "print this help", [](void*, const char*) { want_help = true; }},
	{0, "usage", "", "print a short usage message", [](void*, const char*) { want_usage = true; }},
	{'V', "version", "", "print the version", [](void*, const char*) { want_version = true; }},
};

struct Parse {
	const CommandLine& command;
	std::vector<Known> known;
	size_t positionals = 0;
	int stopped_at = 0;
	std::string problem;
	std::exception_ptr thrown{}; // argp is C: nothing may be thrown through it
};

// Whatever a user has typed, a message stays one line and steers no terminal.
std::string quoted(std::string_view text)
{
	Buffer out;
	escape_text(out, text);
	return "'" + std::string(out.view()) + "'";
}

bool is_optional(const char* arg) { return *arg == '['; }
bool contains(std::span<const std::string_view> words, std::string_view word)
{
	return std::find(words.begin(), words.end(), word) != words.end();
}
bool needs_argument(const OptionSpec& spec) { return *spec.arg && !is_optional(spec.arg); }

std::string see_help(const CommandLine& command) { return "; see " + command.program + " --help"; }

error_t parse_one(int key, char* text, argp_state* state)
{
	auto* parse = static_cast<Parse*>(state->input);
	const auto refuse = [&](const std::string& why) {
		parse->problem = why;
		return EINVAL;
	};
	if (key == ARGP_KEY_ERROR)
		parse->stopped_at = state->next;
	if (key == ARGP_KEY_ARG) {
		if (parse->positionals >= parse->command.positionals.size())
			return refuse("unexpected argument " + quoted(text) + see_help(parse->command));
		const PositionalSpec& spec = parse->command.positionals[parse->positionals];
		parse->positionals += !spec.repeats;
		try {
			spec.set(parse->command.positional_target, text);
		} catch (const BadValue& bad) {
			return refuse(std::string(spec.name) + ": " + quoted(text) + " " + bad.why);
		} catch (...) {
			parse->thrown = std::current_exception();
			return EINVAL;
		}
		return 0;
	}
	for (const Known& known : parse->known) {
		if (known.key != key)
			continue;
		if (text && !known.only.empty() && !contains(known.only, text)) {
			const std::vector<std::string> all = known.spec->shape().words;
			const bool elsewhere = std::find(all.begin(), all.end(), text) != all.end();
			return refuse(std::string("--") + known.spec->name + ": " + quoted(text) +
				(elsewhere ? " is for other commands; this one takes " : " is none of ") +
				joined_words(known.only));
		}
		try {
			known.spec->set(known.target, text || is_optional(known.spec->arg) ? text : "");
		} catch (const BadValue& bad) {
			return refuse(std::string("--") + known.spec->name + ": " + quoted(text) + " " + bad.why);
		} catch (...) {
			parse->thrown = std::current_exception();
			return EINVAL;
		}
		if (parse->command.given)
			parse->command.given->push_back({known.spec->name, text ? text : ""});
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

// What getopt could not like about a word; empty if nothing.
std::string problem_of(const Parse& parse, std::string_view word)
{
	const auto tell_missing = [](const OptionSpec& spec) {
		return std::string("--") + spec.name + ": needs an argument, " + spec.arg;
	};
	if (word.substr(0, 2) == "--") {
		const size_t equals = word.find('=');
		const std::string_view name = word.substr(2, equals == std::string_view::npos ? equals : equals - 2);
		size_t candidates = 0;
		const OptionSpec* match = nullptr;
		for (const Known& known : parse.known) {
			if (std::string_view(known.spec->name).substr(0, name.size()) != name || known.spec == match)
				continue;
			candidates++;
			match = known.spec;
			if (name == match->name) {
				candidates = 1;
				break;
			}
		}
		if (!match)
			return "unknown option " + quoted(word) + see_help(parse.command);
		if (candidates > 1)
			return quoted(word.substr(0, equals)) + " could be several options" + see_help(parse.command);
		if (needs_argument(*match) && equals == std::string_view::npos)
			return tell_missing(*match);
		if (!*match->arg && equals != std::string_view::npos)
			return std::string("--") + match->name + ": takes no argument";
		return "";
	}
	for (size_t i = 1; word[0] == '-' && i < word.size(); i++) {
		const auto known = std::find_if(parse.known.begin(), parse.known.end(),
			[&](const Known& k) { return k.key == static_cast<unsigned char>(word[i]); });
		if (known == parse.known.end())
			return "unknown option " + quoted("-" + std::string(1, word[i])) + see_help(parse.command);
		if (*known->spec->arg)
			return i + 1 == word.size() && needs_argument(*known->spec) ? tell_missing(*known->spec) : "";
	}
	return "";
}

// argp says only behind which word it stopped, and that is the one before while letters are left in a word.
std::string explain(const Parse& parse, std::span<char* const> words)
{
	const auto stopped = static_cast<size_t>(parse.stopped_at);
	for (const size_t at : {stopped - 1, stopped})
		if (at > 0 && at < words.size()) {
			std::string problem = problem_of(parse, words[at]);
			if (!problem.empty())
				return problem;
		}
	return "the command line makes no sense" + see_help(parse.command);
}

// What was asked for has been printed.
[[noreturn]] void leave()
{
	if (std::fflush(stdout) || std::ferror(stdout))
		throw Error(kIoError, "cannot write to standard output");
	std::exit(kOk);
}

[[noreturn]] void show_help(const argp& parser, const CommandLine& command, unsigned flags)
{
	std::string program = command.program;
	argp_help(&parser, stdout, flags, program.data());
	leave();
}

} // namespace

std::vector<ResolvedOption> resolve_options(const CommandLine& command)
{
	std::vector<ResolvedOption> options;
	for (const OptionSet& set : command.sets)
		for (const OptionSpec& spec : set.specs)
			if (spec.set)
				options.push_back({&spec, set.target, spec.letter, spec.only, &set});
	for (const OptionSet& set : command.sets)
		for (const OptionSpec& more : set.specs)
			for (ResolvedOption& option : options)
				if (!more.set && !std::strcmp(more.name, option.spec->name)) {
					option.letter = more.letter ? more.letter : option.letter;
					option.only = more.only.empty() ? option.only : more.only;
				}
	for (const OptionSpec& spec : kStandard) {
		const bool taken = std::any_of(options.begin(), options.end(),
			[&](const ResolvedOption& option) { return option.letter && option.letter == spec.letter; });
		options.push_back({&spec, nullptr, taken ? '\0' : spec.letter, {}, nullptr});
	}
	return options;
}

DeclarationReader::DeclarationReader(std::function<void(const CommandLine&)> read)
{
	declaration_reader = std::move(read);
}

DeclarationReader::~DeclarationReader() { declaration_reader = nullptr; }

void parse_command_line(const CommandLine& command, int argc, char** argv)
{
	if (declaration_reader) {
		declaration_reader(command);
		throw Declared{};
	}
	Parse parse{command, {}, 0, 0, {}};
	std::vector<argp_option> table;
	std::list<std::string> names; // of arguments that may be left out, without their brackets
	int next_key = kFirstKey;
	int group = 0;
	const OptionSet* set = nullptr;
	for (const ResolvedOption& option : resolve_options(command)) {
		const OptionSpec& spec = *option.spec;
		if (option.set != set && option.set) {
			group++;
			if (option.set->heading)
				table.push_back({nullptr, 0, nullptr, 0, option.set->heading, group});
		}
		set = option.set;
		const int key = option.letter ? static_cast<unsigned char>(option.letter) : next_key++;
		parse.known.push_back({&spec, option.target, key, option.only});
		const int at = set ? group : -1;
		if (is_optional(spec.arg)) {
			names.emplace_back(spec.arg + 1, std::strlen(spec.arg) - 2);
			table.push_back({spec.name, key, names.back().c_str(), OPTION_ARG_OPTIONAL, spec.doc, at});
		} else {
			table.push_back({spec.name, key, *spec.arg ? spec.arg : nullptr, 0, spec.doc, at});
		}
	}
	want_help = want_usage = want_version = false;
	const auto is_free = [&](int letter) {
		return std::none_of(
			parse.known.begin(), parse.known.end(), [&](const Known& known) { return known.key == letter; });
	};
	if (is_free('h')) { // what many try first; not told of, since a tool may come to use the letter
		parse.known.push_back({&kStandard[0], nullptr, 'h', {}});
		table.push_back({nullptr, 'h', nullptr, OPTION_HIDDEN, nullptr, -1});
	}
	table.push_back({});

	std::string words;
	for (const PositionalSpec& spec : command.positionals)
		words += (words.empty() ? "[" : " [") + std::string(spec.name) + (spec.repeats ? "..." : "");
	words.append(command.positionals.size(), ']');
	std::string doc = command.summary;
	if (command.details)
		doc += std::string("\v") + command.details;
	const argp parser{table.data(), parse_one, words.empty() ? nullptr : words.c_str(), doc.c_str(), nullptr,
		nullptr, nullptr};

	std::string program = command.program;
	std::vector<char*> arguments(argv, argv + argc);
	arguments[0] = program.data();
	arguments.push_back(nullptr);
	const error_t error =
		argp_parse(&parser, argc, arguments.data(), ARGP_NO_ERRS | ARGP_NO_HELP, nullptr, &parse);
	if (want_help)
		show_help(parser, command, ARGP_HELP_STD_HELP & ~(ARGP_HELP_EXIT_OK | ARGP_HELP_EXIT_ERR));
	if (want_usage)
		show_help(parser, command, ARGP_HELP_USAGE);
	if (want_version) {
		std::printf("%s\n", version_line().c_str());
		leave();
	}
	if (parse.thrown)
		std::rethrow_exception(parse.thrown);
	if (!parse.problem.empty())
		throw Error(kUsage, parse.problem);
	if (error)
		throw Error(kUsage, explain(parse, {arguments.data(), static_cast<size_t>(argc)}));
}

} // namespace corescope
