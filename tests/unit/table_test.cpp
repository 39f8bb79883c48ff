// SPDX-License-Identifier: BSD-2-Clause
// The table: every column in line with its heading, every record one line, whatever bytes are in it.
#include "output/escape.h"
#include "record_trial.h"

using namespace corescope;
using namespace corescope::test;

TEST_CASE("table: every column begins under its heading, numbers to the right end there", "[records]")
{
	for (const auto& shown : {std::vector<std::string_view>{}, {"ts"}, {"elapsed"}, {"ts", "elapsed"}}) {
		Writer writer(Format::table, shown);
		const std::string heading = writer.heading();
		Event event = make("name", {"one"});
		event.ret = -13;
		const std::string line = writer.event(event);
		INFO(heading << "\n" << line);
		const auto begins = [&](const std::string& name, const std::string& value) {
			CHECK(heading.find(name) == line.find(value));
		};
		const auto ends = [&](const std::string& name, const std::string& value) {
			CHECK(heading.find(name) + name.size() == line.find(value) + value.size());
		};
		begins("COMM", "name");
		begins("PID", "4711");
		ends("RET", "-13");
		begins("ERROR", "EPERM");
		begins("PATH", "/x");
		ends("FLAG", " yes");
		begins("ARGS", "one");
		CHECK((heading.find("TIME(s)") != std::string::npos) ==
			(shown.size() == 2 || (shown.size() == 1 && shown[0] == "elapsed")));
		if (heading.find("TIME(s)") != std::string::npos)
			begins("TIME(s)", "1.500");
		CHECK(line.back() != ' ');
	}
}

TEST_CASE("table: columns are shown and hidden by key, and the heading can be left out", "[records]")
{
	Writer writer(Format::table, {}, {"comm", "args", "flag", "path", "error"});
	CHECK(writer.heading() == "PID      RET");
	CHECK(writer.event(make()) == "4711       0");
	CHECK(Writer(Format::table, {}, {}, false).heading().empty());
}

TEST_CASE("table: wide characters take two columns, combining ones none, and long values push the rest",
	"[records]")
{
	Writer writer(Format::table);
	const size_t at = writer.heading().find("PID");
	for (const std::string comm : {"", "ascii", "caf\xc3\xa9", "\xe6\x97\xa5\xe6\x9c\xac", "e\xcc\x81",
			 "\xff", "\x1b[1m", "back\\slash", "sixteen-bytes-xx"}) {
		INFO(comm);
		const std::string line = writer.event(make(comm));
		const size_t pid = line.find("4711");
		REQUIRE(pid != std::string::npos);
		CHECK(display_width(line.substr(0, pid)) == at);
	}
	const std::string wide = writer.event(make("\n\n\n\n\n\n\n\n\n\n\n")); // 22 columns when escaped
	CHECK(wide.find("\\n 4711") != std::string::npos);
	Event large = make();
	large.ret = INT32_MIN;
	CHECK(writer.event(large).find(" -2147483648 EPERM") != std::string::npos);
}

TEST_CASE("table: lists are plain or in quotes, and what was cut is noted behind them", "[records]")
{
	Writer writer(Format::table);
	const size_t at = writer.heading().find("ARGS");
	Event event = make("name", {"a", "", "b \"c\"", "d\\", "\n"});
	CHECK(writer.event(event).substr(at) == "a  b \"c\" d\\\\ \\n");
	event.note = "[3 of 4 arguments]";
	CHECK(writer.event(event).substr(at) == "a  b \"c\" d\\\\ \\n ...[3 of 4 arguments]");
	writer.context().quote = true;
	std::string rest;
	CHECK(quoted_list(writer.event(event).substr(at), &rest) == items(event));
	CHECK(rest == " ...[3 of 4 arguments]");
	event.note = "";
	CHECK(quoted_list(writer.event(event).substr(at)) == items(event));
}

TEST_CASE("table: any bytes stay on one line without a control character, and come back", "[records]")
{
	std::mt19937 random(13);
	Writer writer(Format::table, {"ts", "elapsed"});
	writer.context().quote = true;
	for (int i = 0; i < 3000; i++) {
		const Event event = random_event(random);
		const std::string line = writer.event(event);
		INFO(line);
		for (const char c : line)
			REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
		REQUIRE(valid_utf8(line));
		CHECK(line.find('\x1b') == std::string::npos);
		// From the back: the list is the only thing in quotes unless a name or path has some.
		if (comm_of(event).find('"') == std::string::npos && event.path.find('"') == std::string::npos &&
			!items(event).empty()) {
			std::string rest;
			CHECK(quoted_list(line.substr(line.find('"')), &rest) == items(event));
			CHECK(rest == (event.note.empty() ? "" : " ..." + event.note));
		}
	}
}
