// SPDX-License-Identifier: BSD-2-Clause
// Argument vectors: cut, redacted and matched as their options say, over tables of cases and over random vectors.
#include "output/arguments.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

using namespace corescope;

namespace {

using Strings = std::vector<std::string>;

std::string flat(const Strings& list)
{
	std::string bytes;
	for (const std::string& item : list)
		bytes += item + '\0';
	return bytes;
}

Regex regex(const char* text)
{
	Regex compiled;
	parse_value(compiled, text);
	return compiled;
}

Strings items(const Value& value)
{
	REQUIRE(value.kind == Value::Kind::list);
	Strings list;
	for_each_item(value.bytes, [&](std::string_view item) { list.emplace_back(item); });
	return list;
}

struct Shown {
	Strings list;
	std::string note;
};

// bytes: of the vector that the kernel half has handed over.
Shown show(const Strings& argv, size_t bytes, uint64_t max_args, const Regex& redact, bool unreadable = false)
{
	const std::string all = flat(argv);
	const std::string taken = all.substr(0, bytes);
	const ArgumentsView view{taken, all.size(), taken.size() < all.size(), unreadable};
	const Value value = show_arguments(view, max_args, redact);
	return {items(value), std::string(value.note())};
}
Shown show(const Strings& argv, uint64_t max_args = 0, const Regex& redact = {})
{
	return show(argv, SIZE_MAX, max_args, redact);
}

Strings redact(const Strings& argv, const char* expression) { return show(argv, 0, regex(expression)).list; }

ArgumentsView view_of(const std::string& bytes) { return {bytes, bytes.size(), false, false}; }

} // namespace

TEST_CASE("items of a list: empty ones count, and a last one that is not closed", "[arguments]")
{
	const auto split = [](std::string_view bytes) {
		Strings list;
		for_each_item(bytes, [&](std::string_view item) { list.emplace_back(item); });
		return list;
	};
	CHECK(split("").empty());
	CHECK(split(std::string_view("\0", 1)) == Strings{""});
	CHECK(split(std::string_view("a\0", 2)) == Strings{"a"});
	CHECK(split("a") == Strings{"a"});
	CHECK(split(std::string_view("a\0\0b", 4)) == Strings{"a", "", "b"});
	CHECK(split(std::string_view("a\0b\0", 4)) == Strings{"a", "b"});
}

TEST_CASE("arguments are shown whole, and noted when they were cut", "[arguments]")
{
	const Strings argv = {"prog", "", "two three", "four"}; // 21 bytes
	CHECK(show(argv).list == argv);
	CHECK(show(argv).note.empty());
	CHECK(show(argv, 4).list == argv);
	CHECK(show(argv, 4).note.empty());
	CHECK(show(argv, 5).note.empty());
	CHECK(show(argv, 3).list == Strings{"prog", "", "two three"});
	CHECK(show(argv, 3).note == "[3 of 4 arguments]");
	CHECK(show(argv, 2).list == Strings{"prog", ""});
	CHECK(show(argv, 1).list == Strings{"prog"});
	CHECK(show(argv, 8, 0, {}).list == Strings{"prog", "", "tw"});
	CHECK(show(argv, 8, 0, {}).note == "[8 of 21 bytes]");
	CHECK(show(argv, 8, 3, {}).note == "[8 of 21 bytes]");
	CHECK(show(argv, 8, 2, {}).note == "[2 of 3 or more arguments]");
	CHECK(show(argv, 21, 0, {}, true).note == "[unreadable]");
	CHECK(show(argv, 8, 0, {}, true).note == "[8 of 21 bytes][unreadable]");
	CHECK(show({}).list.empty());
	CHECK(show({""}).list == Strings{""});
	// A failed exec: how many bytes there were is not known.
	const Value failed = show_arguments({std::string_view("a\0b", 3), 0, true, false}, 0, {});
	CHECK(items(failed) == Strings{"a", "b"});
	CHECK(failed.note() == "[cut]");
}

TEST_CASE("whether arguments were cut, by the kernel half or by a count", "[arguments]")
{
	const std::string bytes = flat({"a", "b", "c"});
	CHECK_FALSE(arguments_cut({bytes, 6, false, false}, 0));
	CHECK_FALSE(arguments_cut({bytes, 6, false, false}, 3));
	CHECK(arguments_cut({bytes, 6, false, false}, 2));
	CHECK(arguments_cut({bytes, 9, true, false}, 0));
	CHECK_FALSE(arguments_cut({bytes, 6, false, true}, 0)); // not readable is another matter
}

TEST_CASE("redaction: the whole match, or its first group, each time", "[arguments]")
{
	CHECK(redact({"x", "a secret b"}, "secret") == Strings{"x", "a [redacted] b"});
	CHECK(redact({"secret", "secretsecret"}, "secret") == Strings{"[redacted]", "[redacted]"});
	CHECK(
		redact({"--pw=one", "--pw=two,x"}, "pw=([^, ]*)") == Strings{"--pw=[redacted]", "--pw=[redacted],x"});
	CHECK(redact({"k1=v1 k2=v2"}, "k[0-9]=(v[0-9])") == Strings{"k1=[redacted] k2=[redacted]"});
	CHECK(redact({"a", "b"}, "^a$") == Strings{"[redacted]", "b"});
	CHECK(redact({"ab"}, "(x)|b") == Strings{"a[redacted]"});
	CHECK(redact({"a", ""}, "z") == Strings{"a", ""});
	CHECK(redact({"ab", ""}, "x*") == Strings{"ab", ""});
	CHECK(redact({"aba"}, "a|b") == Strings{"[redacted]"}); // neighbours are one
}

TEST_CASE("redaction over the ends of arguments, which stay where they were", "[arguments]")
{
	CHECK(redact({"db", "--pw", "one", "two"}, "--pw ([^ ]*)") == Strings{"db", "--pw", "[redacted]", "two"});
	CHECK(redact({"db", "--pw", "one", "two"}, "--pw (.*)") ==
		Strings{"db", "--pw", "[redacted]", "[redacted]"});
	CHECK(redact({"a", "b", "c"}, "a b") == Strings{"[redacted]", "[redacted]", "c"});
	CHECK(
		redact({"--pw", "", "x"}, "--pw ([^ ]*) ") == Strings{"--pw", "", "x"}); // an empty value stays empty
	CHECK(redact({"a b", "c"}, "b c") == Strings{"a [redacted]", "[redacted]"});
}

TEST_CASE("redaction sees what a count cuts, and hides the rest of what the kernel half cut", "[arguments]")
{
	CHECK(
		show({"db", "one", "pw-before"}, 2, regex("([^ ]*) pw-before")).list == Strings{"db", "[redacted]"});
	const Strings argv = {"db", "token=abcdef"};
	for (size_t bytes = 4; bytes < 15; bytes++) {
		INFO(bytes);
		CHECK(show(argv, bytes, 0, regex("token=(abcdef)")).list == Strings{"db", "[redacted]"});
	}
	CHECK(show(argv, 3, 0, regex("token=(abcdef)")).list ==
		Strings{"db"}); // cut between two: what is there is whole
	CHECK(show(argv, 15, 0, regex("token=(abcdef)")).list ==
		Strings{"db", "[redacted]"}); // only its NUL is missing
	CHECK(show(argv, 16, 0, regex("token=(abcdef)")).list == Strings{"db", "token=[redacted]"});
}

TEST_CASE("redaction of random vectors: no secret stays, nothing else changes, as many arguments as before",
	"[arguments]")
{
	std::mt19937 random(7);
	const Regex secret = regex("s3cr3t[0-9]*");
	for (int round = 0; round < 2000; round++) {
		Strings argv, expected;
		for (size_t count = 1 + random() % 5; count > 0; count--) {
			std::string text, hidden;
			bool after_secret = false;
			for (size_t pieces = random() % 5; pieces > 0; pieces--) {
				if (random() % 3 == 0) {
					text += "s3cr3t" + std::string(random() % 3, '7');
					hidden += after_secret ? "" : "[redacted]";
					after_secret = true;
				} else {
					const std::string other(
						1 + random() % 3, static_cast<char>("ab= \n\xff\\\""[random() % 8]));
					text += other;
					hidden += other;
					after_secret = false;
				}
			}
			argv.push_back(text);
			expected.push_back(hidden);
		}
		const Shown shown = show(argv, 0, secret);
		REQUIRE(shown.list == expected);
		CHECK(shown.note.empty());
	}
}

TEST_CASE("a name matches by comm, by the last part of a path, or by any argument", "[arguments]")
{
	const std::string argv = flat({"/opt/x/own-name", "one", "two three"});
	const auto matches = [&](const char* expression) {
		return name_matches(regex(expression), "comm-name", "/usr/bin/file-name", view_of(argv));
	};
	for (const char* yes : {"^comm-name$", "^file-name$", "^own-name$", "^one$", "two", "^two three$",
			 "^/opt/x/own-name$", "x/own"}) {
		INFO(yes);
		CHECK(matches(yes));
	}
	for (const char* no : {"usr", "bin/file", "^three$", "one two", "comm-name2", "^$"}) {
		INFO(no);
		CHECK_FALSE(matches(no));
	}
	CHECK(name_matches(regex("^x$"), "x", "", view_of("")));
	CHECK(name_matches(regex("^file$"), "", "file", view_of("")));
	CHECK_FALSE(name_matches(regex("z"), "x", "y", view_of("")));
}

TEST_CASE("a line is the arguments joined by blanks", "[arguments]")
{
	const std::string argv = flat({"rm", "-rf", "", "a b"});
	const auto matches = [&](const char* expression) {
		return line_matches(regex(expression), view_of(argv));
	};
	for (const char* yes : {"^rm -rf  a b$", "rf  a", "rm .*b$", "^rm"}) {
		INFO(yes);
		CHECK(matches(yes));
	}
	for (const char* no : {"^-rf", "rm$", "rf a", "b $", "RM"}) {
		INFO(no);
		CHECK_FALSE(matches(no));
	}
	CHECK(line_matches(regex("^$"), view_of("")));
	CHECK(line_matches(regex("^ab$"), view_of("ab"))); // cut before its NUL
}

TEST_CASE("a path is put together from the leaf up; one that was cut is never another path", "[arguments]")
{
	const auto shown = [](const std::string& components, bool cut) {
		const Value value = show_path(components, cut);
		return value.kind == Value::Kind::none ? std::string("none") : std::string(value.bytes);
	};
	CHECK(shown(flat({"ls", "bin", "usr"}), false) == "/usr/bin/ls");
	CHECK(shown(flat({"ls"}), false) == "/ls");
	CHECK(shown("", false) == "none");
	CHECK(shown(flat({"c", "b"}), true) == ".../b/c");
	CHECK(shown(flat({"a\nb", "\xff"}), false) == "/\xff/a\nb");
}

TEST_CASE("a relative path is told from the directory that it begins at", "[arguments]")
{
	const std::string base("c\0b\0", 4);
	const auto told = [&](bool known, bool cut, std::string_view given) {
		return std::string(show_path_from(base, known, cut, given).bytes);
	};
	CHECK(told(true, false, "x/y") == "/b/c/x/y");
	CHECK(told(true, true, "x") == ".../b/c/x");
	CHECK(told(false, false, "x") == "?/x");
	CHECK(told(true, false, "/x") == "/x");
	CHECK(told(true, false, "") == "");
	CHECK(show_path_from("", true, false, "x").bytes == "/x"); // the root has no components
}
