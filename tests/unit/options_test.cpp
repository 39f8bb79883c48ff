// SPDX-License-Identifier: BSD-2-Clause
// Options: taken in every spelling, every mistake is one line that names its option, and what a declaration says is
// what --help says. What their arguments may be is tested in values_test.cpp.
#include "base/error.h"
#include "cli/option.h"

#include <catch2/catch.hpp>
#include <iostream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace corescope;

namespace {

struct Options {
	bool time = false, all = false;
	Pid pid;
	Count count;
	Duration duration;
	Bytes bytes;
	UserId user;
	Regex regex;
	OutputFormat format = OutputFormat::table;
	std::string text;
};
struct More {
	bool verbose = false;
	std::string cgroup;
};
struct Words {
	Duration interval;
	Count count;
};

constexpr OptionSpec kOptions[] = {
	option<&Options::time>('T', "time", "", "a column with the time"),
	option<&Options::all>('a', "all", "", "everything"),
	option<&Options::pid>('p', "pid", "PID", "only this process"),
	option<&Options::count>('n', "number", "N", "so many"),
	option<&Options::duration>('d', "duration", "TIME", "so long"),
	option<&Options::bytes>(0, "buffer-size", "BYTES", "so large"),
	option<&Options::user>('u', "user", "USER", "only this user"),
	option<&Options::regex>('l', "line", "REGEX", "only what matches"),
	option<&Options::format>(0, "output", "FORMAT", "how it is written"),
	option<&Options::text>(0, "text", "TEXT", "any words"),
	letter_for('c', "cgroup"),
};
constexpr OptionSpec kMore[] = {
	option<&More::verbose>('v', "verbose", "", "more words"),
	option<&More::cgroup>(0, "cgroup", "PATH", "only this cgroup"),
};
constexpr PositionalSpec kWords[] = {
	positional<&Words::interval>("interval"), positional<&Words::count>("count")};

struct Parsed {
	Options options{};
	More more{};
	Words words{};
};

void parse_into(Parsed& parsed, std::vector<std::string> arguments)
{
	arguments.insert(arguments.begin(), "own-name");
	std::vector<char*> argv;
	for (std::string& argument : arguments)
		argv.push_back(argument.data());
	const int argc = static_cast<int>(argv.size());
	argv.push_back(nullptr);
	const OptionSet sets[] = {{nullptr, kOptions, &parsed.options}, {"More options:", kMore, &parsed.more}};
	parse_command_line(
		{"trial", "what it does", "Examples:\n  trial -T   with the time", sets, kWords, &parsed.words}, argc,
		argv.data());
}

Parsed parse(const std::vector<std::string>& arguments)
{
	Parsed parsed;
	parse_into(parsed, arguments);
	return parsed;
}

std::string shown(const std::vector<std::string>& arguments)
{
	std::string text;
	for (const std::string& argument : arguments)
		text += "[" + argument + "] ";
	return text;
}

// The message of what must be refused: one line of printable text.
std::string refusal(const std::vector<std::string>& arguments)
{
	INFO("arguments: " << shown(arguments));
	try {
		parse(arguments);
	} catch (const Error& error) {
		CHECK(error.code == kUsage);
		CHECK_FALSE(error.message.empty());
		for (const char c : error.message)
			CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
		return error.message;
	}
	FAIL("not refused");
	return "";
}

void check_refused(const std::vector<std::string>& arguments, const std::string& begin)
{
	const std::string message = refusal(arguments);
	INFO("arguments: " << shown(arguments) << "\nmessage: " << message);
	CHECK(message.rfind(begin, 0) == 0);
}

// What a call prints that ends the process, and its exit status.
std::pair<std::string, int> printed(const std::vector<std::string>& arguments)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	std::cout.flush(); // what waits there would be written by both
	std::fflush(nullptr);
	const pid_t pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		Parsed parsed;
		try {
			parse_into(parsed, arguments);
		} catch (const Error&) {}
		_exit(99); // it should not have come back
	}
	close(ends[1]);
	std::string text;
	char chunk[4096];
	for (ssize_t n; (n = read(ends[0], chunk, sizeof(chunk))) > 0;)
		text.append(chunk, static_cast<size_t>(n));
	close(ends[0]);
	int status = 0;
	REQUIRE(waitpid(pid, &status, 0) == pid);
	return {text, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

} // namespace

TEST_CASE("options are taken by letter, by name, joined, abbreviated and in any order", "[options]")
{
	CHECK(parse({"-T"}).options.time);
	CHECK(parse({"--time"}).options.time);
	CHECK_FALSE(parse({}).options.time);
	CHECK(parse({"-p", "12"}).options.pid.value == 12);
	CHECK(parse({"-p12"}).options.pid.value == 12);
	CHECK(parse({"--pid=12"}).options.pid.value == 12);
	CHECK(parse({"--pid", "12"}).options.pid.value == 12);
	CHECK(parse({"--pi", "12"}).options.pid.value == 12);
	CHECK(parse({"--buf", "1K"}).options.bytes.value == 1024);
	CHECK(parse({"-p", "1", "-p", "2"}).options.pid.value == 2);
	const Parsed joined = parse({"-Tavp12"});
	CHECK(
		(joined.options.time && joined.options.all && joined.more.verbose && joined.options.pid.value == 12));
	const Parsed mixed = parse({"2", "-T", "7", "--output", "csv"});
	CHECK((mixed.options.time && mixed.options.format == OutputFormat::csv));
	CHECK(mixed.words.interval.ns == 2000000000);
	CHECK(mixed.words.count.value == 7);
	CHECK(parse({"-T", "--", "3"}).words.interval.ns == 3000000000);
	CHECK(parse({"--text=a=b"}).options.text == "a=b");
	CHECK(parse({"--text", "--time"}).options.text ==
		"--time"); // what follows is its argument, whatever it looks like
	CHECK(parse({"-l", "a b"}).options.regex.matches("xa by"));
}

TEST_CASE("a tool's letter for an option that all tools have", "[options]")
{
	CHECK(parse({"-c", "/x"}).more.cgroup == "/x");
	CHECK(parse({"--cgroup", "/x"}).more.cgroup == "/x");
	CHECK(parse({"-Tc/x"}).more.cgroup == "/x");
	check_refused({"-c"}, "--cgroup: needs an argument, PATH");
	check_refused({"-Tc"}, "--cgroup: needs an argument, PATH");
}

TEST_CASE("a value that makes no sense is refused by the option's name, with what would", "[options]")
{
	check_refused({"-p", "12x"}, "--pid: '12x' is not a whole number");
	check_refused({"--pid=0"}, "--pid: '0' must lie between 1 and 4194304");
	check_refused({"-n", "0"}, "--number: '0' must lie between 1");
	check_refused({"-d", "abc"}, "--duration: 'abc' is not a time (such as");
	check_refused({"--duration=0"}, "--duration: '0' is too short");
	check_refused({"--buffer-size", "1X"}, "--buffer-size: '1X' is not a size (such as");
	check_refused({"-u", "nobodyy"}, "--user: 'nobodyy' is neither a user");
	check_refused({"-l", "["}, "--line: '[' is no regular expression: ");
	check_refused({"--output", "xml"}, "--output: 'xml' is none of table, json, csv");
	check_refused({"--text="}, "--text: '' is empty");
	check_refused({"x"}, "interval: 'x' is not a time");
	check_refused({"1", "x"}, "count: 'x' is not a whole number");
	check_refused({"1", "2", "third"}, "unexpected argument 'third'; see trial --help");
}

TEST_CASE("an option that there is not, or not so, is named", "[options]")
{
	check_refused({"--nosuch"}, "unknown option '--nosuch'; see trial --help");
	check_refused({"--nosuch=5"}, "unknown option '--nosuch=5'");
	check_refused({"-z"}, "unknown option '-z'");
	for (const char* joined : {"-zT", "-Tz", "-TzT", "-zp", "-Tzp", "-zp12"}) {
		INFO(joined);
		check_refused({joined}, "unknown option '-z'");
		check_refused({"-T", joined, "-a"}, "unknown option '-z'");
		check_refused({"-p", "12", joined}, "unknown option '-z'");
		check_refused({"1", joined}, "unknown option '-z'");
	}
	check_refused({"-p"}, "--pid: needs an argument, PID");
	check_refused({"-Tp"}, "--pid: needs an argument, PID");
	check_refused({"--pid"}, "--pid: needs an argument, PID");
	check_refused({"-T", "1", "--pid"}, "--pid: needs an argument, PID");
	check_refused({"--time=yes"}, "--time: takes no argument");
	check_refused({"--t"}, "'--t' could be several options"); // time, text
	check_refused({"--t=1"}, "'--t' could be several options");
}

TEST_CASE("a message stays one line of text, whatever was typed", "[options]")
{
	for (const std::string hostile : {"\n", "a\nb", "\x1b[31m", "\xff", "\xe2\x80\xae", "\r\n", "'; '"})
		for (const std::string before : {"--", "-", "", "--pid=", "--user=", "-l[", "--output="}) {
			if (before + hostile ==
				"-\xff") // glibc's argp takes it for -?, since the letter is its own end mark
				continue;
			const std::string message = refusal({before + hostile});
			CHECK(message.find("\xff") == std::string::npos);
			CHECK(message.find("\xe2\x80\xae") == std::string::npos);
		}
}

TEST_CASE("--help tells every option, its letter, its argument and what it does, in 80 columns", "[options]")
{
	const auto [text, status] = printed({"--help"});
	CHECK(status == 0);
	for (const OptionSet& set : {OptionSet{nullptr, kOptions, nullptr}, OptionSet{nullptr, kMore, nullptr}})
		for (const OptionSpec& spec : set.specs) {
			if (!spec.set)
				continue;
			INFO(spec.name);
			std::string form = std::string("--") + spec.name + (*spec.arg ? std::string("=") + spec.arg : "");
			if (spec.letter)
				form = std::string("-") + spec.letter + ", " + form;
			CHECK(text.find(form) != std::string::npos);
			CHECK(text.find(spec.doc) != std::string::npos);
		}
	CHECK(text.find("-c, --cgroup=PATH") != std::string::npos);
	CHECK(text.find("More options:") != std::string::npos);
	CHECK(text.find("what it does") != std::string::npos);
	CHECK(text.find("Examples:\n  trial -T   with the time\n") != std::string::npos);
	CHECK(text.rfind("Usage: trial [OPTION...] [interval [count]]", 0) == 0);
	std::istringstream lines(text);
	for (std::string line; std::getline(lines, line);)
		CHECK(line.size() < 80);
	CHECK(printed({"-?"}).first == text);
	CHECK(printed({"-h"}) == std::pair<std::string, int>(text, 0));
	CHECK(printed({"-T", "--help", "1"}).first == text);
}

TEST_CASE("--usage and --version print and end", "[options]")
{
	const auto [usage, status] = printed({"--usage"});
	CHECK(status == 0);
	CHECK(usage.rfind("Usage: trial ", 0) == 0);
	CHECK(usage.back() == '\n');
	const auto [version, version_status] = printed({"--version"});
	CHECK(version_status == 0);
	CHECK(version.find("corescope") != std::string::npos);
	CHECK(std::count(version.begin(), version.end(), '\n') == 1);
	CHECK(printed({"-V"}).first == version);
}

namespace {

constexpr std::string_view kFew[] = {"json", "csv"};
constexpr OptionSpec kNarrow[] = {
	option<&Options::format>('o', "output", "FORMAT", "how it is written", kFew)};
constexpr OptionSpec kNarrowed[] = {words_for("output", kFew)};

std::string refused_output(
	std::span<const OptionSpec> first, std::span<const OptionSpec> second, const std::string& given)
{
	Options options;
	std::string name = "x", option = "--output", word = given;
	char* argv[] = {name.data(), option.data(), word.data(), nullptr};
	const OptionSet sets[] = {{nullptr, first, &options}, {nullptr, second, &options}};
	try {
		parse_command_line({"trial", "what it does", nullptr, sets, {}, nullptr}, 3, argv);
	} catch (const Error& error) {
		return error.message;
	}
	return "";
}

} // namespace

TEST_CASE("an option may take only some of its type's words, by its own line or by the tool's", "[options]")
{
	constexpr auto kAll = std::span<const OptionSpec>(kOptions);
	for (const auto& [first, second] :
		{std::pair<std::span<const OptionSpec>, std::span<const OptionSpec>>{kNarrow, {}}, {kAll, kNarrowed},
			{kNarrowed, kAll}}) {
		CHECK(refused_output(first, second, "json").empty());
		CHECK(refused_output(first, second, "table") ==
			"--output: 'table' is for other commands; this one takes json, csv");
		CHECK(refused_output(first, second, "xml") == "--output: 'xml' is none of json, csv");
	}
	CHECK(refused_output(kAll, {}, "table").empty());
}

TEST_CASE("what is declared can be read without parsing: options as they are resolved, and nothing is set",
	"[options]")
{
	std::vector<std::string> read;
	Parsed parsed;
	{
		const DeclarationReader reader([&](const CommandLine& command) {
			for (const ResolvedOption& option : resolve_options(command))
				read.push_back(std::string(option.letter ? 1 : 0, option.letter) + " " + option.spec->name);
		});
		CHECK_THROWS_AS(parse_into(parsed, {"--time", "--nonsense"}), Declared);
	}
	CHECK_FALSE(parsed.options.time);
	CHECK(read ==
		std::vector<std::string>{"T time", "a all", "p pid", "n number", "d duration", " buffer-size",
			"u user", "l line", " output", " text", "v verbose", "c cgroup", "? help", " usage",
			"V version"});
	parse_into(parsed, {"--time"}); // and then it parses again
	CHECK(parsed.options.time);
}
