// SPDX-License-Identifier: BSD-2-Clause
// execsnoop: what --redact and --no-args take out of command lines is nowhere in the output, in no format.
#include "exec_support.h"

#include <unistd.h>

using namespace corescope::test;

namespace {

void check_redacted(
	const Strings& argv, const std::string& regex, const Strings& expected, const Strings& more = {})
{
	INFO("--redact '" << regex << "'");
	Strings options = {"--redact", regex};
	options.insert(options.end(), more.begin(), more.end());
	const Shown shown = show_arguments(argv, options);
	CHECK(shown.json == expected);
	CHECK(shown.csv == expected);
	CHECK(shown.table == expected);
	// Neither as it is nor in base64, whatever stands before it there.
	CHECK(shown.raw.find("hunter2") == std::string::npos);
	for (const Strings& list : {shown.json, shown.csv, shown.table})
		for (const std::string& text : list)
			CHECK(text.find("hunter2") == std::string::npos);
}

} // namespace

TEST_CASE("execsnoop: --redact takes out the whole match, each time", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	check_redacted({"curl", "-u", "me:hunter2"}, "hunter[0-9]", {"curl", "-u", "me:[redacted]"});
	check_redacted({"hunter2hunter2", "xhunter2yhunter2z", "hunter2"}, "hunter2",
		{"[redacted]", "x[redacted]y[redacted]z", "[redacted]"});
	check_redacted({"x", "hunter2"}, "^hunter2$", {"x", "[redacted]"});
}

TEST_CASE("execsnoop: --redact takes out the first group where there is one", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	check_redacted({"db", "--password=hunter2", "--user=me"}, "password=([^ ]*)",
		{"db", "--password=[redacted]", "--user=me"});
	check_redacted({"x", "pw=hunter2;pw=hunter2;q"}, "pw=([^; ]*)", {"x", "pw=[redacted];pw=[redacted];q"});
	check_redacted({"x", "key hunter2", "token:hunter2"}, "(hunter2)|nothing",
		{"x", "key [redacted]", "token:[redacted]"});
}

TEST_CASE("execsnoop: --redact finds a value in the argument behind its option", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	check_redacted({"db", "--password", "hunter2", "--user", "me"}, "--password ([^ ]*)",
		{"db", "--password", "[redacted]", "--user", "me"});
	// The match goes over an argument's end, which stays.
	check_redacted(
		{"a", "hunter2", "hunter2", "b"}, "hunter2 hunter2", {"a", "[redacted]", "[redacted]", "b"});
	check_redacted({"db", "-p", "hunter2 hunter2", "x"}, "-p (.*)", {"db", "-p", "[redacted]", "[redacted]"});
}

TEST_CASE("execsnoop: --redact also where bytes are no UTF-8, and where they are escaped", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	check_redacted({"x", "\xff\xfe=hunter2", "pass=hunter2\n\x1b[0m\xc3"}, "=(hunter2)",
		{"x", "\xff\xfe=[redacted]", "pass=[redacted]\n\x1b[0m\xc3"});
	check_redacted({"x", "pass=\xff\"hunter2\\\n"}, "pass=(.*)", {"x", "pass=[redacted]"});
}

TEST_CASE("execsnoop: --redact comes before --max-args cuts", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	check_redacted(
		{"db", "hunter2", "before", "me"}, "([^ ]*) before", {"db", "[redacted]"}, {"--max-args", "2"});
}

TEST_CASE("execsnoop: with --redact an argument that was cut does not show a part of a secret", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	// The rest of the secret is beyond --max-arg-bytes, so the expression cannot match what is there.
	const Strings argv = {"db", "token=hunter2-0123456789-end", "me"};
	for (int bytes = 4; bytes < 31; bytes += 3) {
		const Shown shown = show_arguments(
			argv, {"--redact", "token=([a-z0-9-]*end)", "--max-arg-bytes", std::to_string(bytes)});
		INFO("bytes: " << bytes << "\n" << shown.raw);
		CHECK(shown.json[0] == "db");
		CHECK(shown.raw.find("hunter2") == std::string::npos);
		CHECK(shown.raw.find("token=h") == std::string::npos);
		CHECK(shown.json_cut);
		CHECK(shown.csv_cut);
	}
	check_redacted(argv, "token=([a-z0-9-]*end)", {"db", "token=[redacted]", "me"});
}

TEST_CASE(
	"execsnoop: an expression that matches nothing, or the empty string, changes nothing", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Strings argv = {"quiet", "", "one two", "\xff"};
	for (const char* regex : {"never", "x*", "(x*)", "^", "$"}) {
		const Shown shown = show_arguments(argv, {"--redact", regex});
		INFO(regex);
		CHECK(shown.json == argv);
		CHECK(shown.csv == argv);
		CHECK(shown.table == argv);
	}
}

TEST_CASE("execsnoop: --redact hides the arguments of failed execs as well", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Shown shown = show_arguments(
		{"db", "--password", "hunter2"}, {"-x", "--redact", "--password ([^ ]*)"}, "/no/such/program");
	CHECK(shown.event.at("error") == "ENOENT");
	CHECK(shown.json == Strings{"db", "--password", "[redacted]"});
	CHECK(shown.csv == shown.json);
	CHECK(shown.table == shown.json);
	CHECK(shown.raw.find("hunter2") == std::string::npos);
}

TEST_CASE("execsnoop: --no-args tells of every exec and of no argument", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string me = std::to_string(getpid());
	for (const char* file : {"quiet", "no-such-program"}) {
		Strings lines;
		for (const char* format : {"json", "csv", "table"}) {
			INFO(file << " " << format);
			TextTool tool({"--no-args", "-x", "-P", me, "--output", format});
			const pid_t pid = run_file(load_path(file), {"name", "hunter2"});
			const Strings found = tool.stop();
			REQUIRE(!found.empty());
			CHECK(found[0].find("hunter2") == std::string::npos);
			if (format[0] == 'j') {
				const Json event = Json::parse(found[0]);
				CHECK(event.at("pid") == pid);
				CHECK(event.at("args").is_null());
				CHECK(event.at("args_truncated").is_null());
				CHECK_FALSE(event.contains("args_b64"));
				CHECK(event.at("file") == load_path(file));
			} else if (format[0] == 'c') {
				const Row row = csv_row(tool.heading(), found[0]);
				CHECK(row.at("pid") == std::to_string(pid));
				CHECK(row.at("args").empty());
				CHECK(row.at("args_truncated").empty());
			} else {
				CHECK(table_row(tool.heading(), found[0]).at("ARGS") == "-");
			}
		}
	}
}

TEST_CASE("execsnoop: --no-args and a filter on arguments exclude each other", "[execsnoop]")
{
	Process tool({corescope_path(), "execsnoop", "--no-args", "-l", "x"});
	CHECK(tool.rest().empty());
	CHECK(tool.wait() == 64);
	CHECK(tool.errors().find("--no-args") != std::string::npos);
	CHECK(tool.errors().find("--line") != std::string::npos);
}
