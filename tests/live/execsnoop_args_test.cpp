// SPDX-License-Identifier: BSD-2-Clause
// execsnoop: arguments of every size and of any bytes, exact to the last one or flagged as cut, in the table, in JSON
// and in CSV. The numbers E4… are those defects of libbpf-tools' execsnoop that a case would show there.
#include "exec_support.h"

#include <numeric>
#include <random>
#include <unistd.h>

using namespace corescope::test;

namespace {

std::string joined(const Strings& list)
{
	std::string text;
	for (size_t i = 0; i < list.size(); i++)
		text += (i ? " " : "") + list[i];
	return text;
}

size_t bytes_of(const Strings& list)
{
	return std::accumulate(
		list.begin(), list.end(), size_t{0}, [](size_t n, const std::string& s) { return n + s.size() + 1; });
}

void check_whole(const Shown& shown, const Strings& argv)
{
	CHECK(shown.json == argv);
	CHECK(shown.csv == argv);
	CHECK(shown.table == argv);
	CHECK_FALSE(shown.json_cut);
	CHECK_FALSE(shown.csv_cut);
	CHECK(shown.note.empty());
}

void check_cut(const Shown& shown, const Strings& argv, const std::string& note)
{
	CHECK(shown.json == argv);
	CHECK(shown.csv == argv);
	CHECK(shown.table == argv);
	CHECK(shown.json_cut);
	CHECK(shown.csv_cut);
	CHECK(shown.note == " ..." + note);
}

} // namespace

TEST_CASE("execsnoop: exactly as many arguments as --max-args is not cut, one more is (E6)", "[execsnoop]")
{
	TRACE_OR_SKIP(all, {"exactly20"});
	CHECK(all.event().at("args") == all.truth.at("final_argv"));
	CHECK(all.event().at("args_truncated") == false);
	TRACE_OR_SKIP(run, {"exactly20"}, {"--max-args", "20"});
	CHECK(run.event().at("args") == run.truth.at("final_argv"));
	CHECK(run.event().at("args_truncated") == false);
	TRACE_TEXT_OR_SKIP(table, {"exactly20"}, {"--max-args", "20"});
	REQUIRE(table.lines.size() == 1);
	CHECK(table_row(table.heading, table.lines[0]).at("ARGS") ==
		joined(table.truth.at("final_argv").get<Strings>()));
	TRACE_OR_SKIP(cut, {"exactly20"}, {"--max-args", "19"});
	CHECK(cut.event().at("args").size() == 19);
	CHECK(cut.event().at("args_truncated") == true);
}

TEST_CASE("execsnoop: an argument of 399 bytes is whole (E7)", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"long399"});
	CHECK(exact_list(run.event(), "args") == exact_list(run.truth, "final_argv"));
	CHECK(run.event().at("args_truncated") == false);
	CHECK(run.event().at("args").at(1).get<std::string>().size() == 399);
}

TEST_CASE("execsnoop: 1,000 arguments, and one of 100 KiB, are exact with --max-arg-bytes 131072 (E7)",
	"[execsnoop]")
{
	for (const char* name : {"args1000", "arg100k"}) {
		INFO(name);
		TRACE_OR_SKIP(run, {name}, {"--max-arg-bytes", "131072"});
		CHECK(exact_list(run.event(), "args") == exact_list(run.truth, "final_argv"));
		CHECK(run.event().at("args_truncated") == false);
		CHECK(run.event().at("args_bytes") == run.truth.at("final_bytes"));
		TRACE_TEXT_OR_SKIP(table, {name}, {"--max-arg-bytes", "131072", "-q"});
		REQUIRE(table.lines.size() == 1);
		CHECK(quoted_list(table_row(table.heading, table.lines[0]).at("ARGS")) ==
			exact_list(table.truth, "final_argv"));
	}
}

TEST_CASE("execsnoop: what --max-arg-bytes cuts, 4096 by default, is flagged in table, JSON and CSV (E7)",
	"[execsnoop]")
{
	for (const char* name : {"args1000", "arg100k"}) {
		INFO(name);
		TRACE_OR_SKIP(run, {name});
		const Strings argv = exact_list(run.truth, "final_argv");
		const size_t total = bytes_of(argv);
		CHECK(exact_list(run.event(), "args") == first_bytes(argv, 4096));
		CHECK(run.event().at("args_truncated") == true);
		CHECK(run.event().at("args_bytes") == total);
		check_cut(show_arguments(argv, {}), first_bytes(argv, 4096),
			"[4096 of " + std::to_string(total) + " bytes]");
		check_cut(show_arguments(argv, {"--max-arg-bytes", "100"}), first_bytes(argv, 100),
			"[100 of " + std::to_string(total) + " bytes]");
	}
}

TEST_CASE("execsnoop: --max-arg-bytes cuts at its very byte and not before", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Strings argv = {"quiet", "one", "two"}; // 14 bytes with their NULs
	check_whole(show_arguments(argv, {"--max-arg-bytes", "14"}), argv);
	check_cut(show_arguments(argv, {"--max-arg-bytes", "13"}), argv, "[13 of 14 bytes]");
	check_cut(show_arguments(argv, {"--max-arg-bytes", "8"}), {"quiet", "on"}, "[8 of 14 bytes]");
	check_cut(show_arguments(argv, {"--max-arg-bytes", "6"}), {"quiet"}, "[6 of 14 bytes]");
	check_cut(show_arguments(argv, {"--max-arg-bytes", "1"}), {"q"}, "[1 of 14 bytes]");
}

TEST_CASE("execsnoop: --max-args is flagged in table, JSON and CSV, with how many there are", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Strings argv = {"quiet", "", "two three", "four"};
	check_whole(show_arguments(argv, {"--max-args", "4"}), argv);
	check_cut(show_arguments(argv, {"--max-args", "3"}), {"quiet", "", "two three"}, "[3 of 4 arguments]");
	check_cut(show_arguments(argv, {"--max-args", "1"}), {"quiet"}, "[1 of 4 arguments]");
	check_cut(show_arguments(argv, {"--max-args", "1", "--max-arg-bytes", "10"}), {"quiet"},
		"[1 of 3 or more arguments]");
	check_cut(show_arguments(argv, {"--max-args", "3", "--max-arg-bytes", "10"}), {"quiet", "", "two"},
		"[10 of 22 bytes]");
}

TEST_CASE("execsnoop: every size of arguments up to 128 KiB is exact, above it is flagged", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	// The kernel half has records of several sizes: all bounds, and what lies around them.
	std::vector<size_t> sizes = {2, 3, 7};
	for (const size_t bound : {256u, 1024u, 4096u, 65536u, 131072u})
		for (const size_t size : {bound - 1, bound, bound + 1, bound + 4095})
			sizes.push_back(size);
	for (const bool data : {true, false}) {
		Strings options = {
			"--max-arg-bytes", "128K", "--buffer-size", "32M", "-P", std::to_string(getpid()), "-q"};
		if (data)
			options.insert(options.end(), {"--output", "json"});
		TextTool tool(options);
		std::map<pid_t, Strings> made;
		for (const size_t size : sizes) {
			Strings argv;
			for (size_t left = size; left > 0;) {
				// Halves, so that no argument is longer than the kernel takes; each differs from place to place.
				const size_t piece = left > 100 ? left / 2 : left;
				std::string text;
				while (text.size() < piece - 1)
					text += std::to_string(left - text.size()) + "/";
				text.resize(piece - 1);
				argv.push_back(text);
				left -= piece;
			}
			REQUIRE(bytes_of(argv) == size);
			made[run_file(load_path("quiet"), argv)] = argv;
		}
		size_t seen = 0;
		for (const std::string& line : tool.stop()) {
			Strings shown;
			std::string note;
			pid_t pid = 0;
			if (data) {
				const Json event = Json::parse(line);
				if (event.at("type") != "event")
					continue;
				pid = event.at("pid").get<pid_t>();
				REQUIRE(made.count(pid));
				shown = exact_list(event, "args");
				CHECK(event.at("args_bytes") == bytes_of(made[pid]));
				CHECK(event.at("args_truncated") == (bytes_of(made[pid]) > 131072));
			} else {
				const Row row = table_row(tool.heading(), line);
				pid = std::stoi(row.at("PID"));
				REQUIRE(made.count(pid));
				shown = quoted_list(row.at("ARGS"), &note);
				CHECK(note.empty() == (bytes_of(made[pid]) <= 131072));
			}
			INFO("bytes: " << bytes_of(made[pid]));
			CHECK((shown == first_bytes(made[pid], 131072)));
			seen++;
		}
		CHECK(seen == sizes.size());
	}
}

TEST_CASE(
	"execsnoop: hostile bytes come back exactly from JSON, CSV and the quoted table (E12)", "[execsnoop]")
{
	TRACE_OR_SKIP(run, {"hostile"});
	const Strings argv = exact_list(run.truth, "final_argv");
	CHECK(exact_list(run.event(), "args") == argv);
	const Shown shown = show_arguments(argv, {});
	check_whole(shown, argv);
	// Nothing in any line steers a terminal, turns text around, or is not UTF-8 (nlohmann refuses what is not).
	for (const char* active :
		{"\x1b", "\x07", "\r", "\t", "\x7f", "\x01", "\xc2\x9b", "\xe2\x80\xae", "\xe2\x81\xa6"}) {
		INFO("byte " << static_cast<int>(active[0]));
		CHECK(shown.raw.find(active) == std::string::npos);
	}
	CHECK(std::count(shown.raw.begin(), shown.raw.end(), '\n') == 3);
	CHECK_NOTHROW(Json(shown.raw).dump());
}

TEST_CASE("execsnoop: in the plain table too one exec is one line, and reversible (E13)", "[execsnoop]")
{
	TRACE_TEXT_OR_SKIP(table, {"hostile"}, {});
	const Strings argv = exact_list(table.truth, "final_argv");
	REQUIRE(table.lines.size() == 1);
	for (const char c : table.lines[0])
		CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
	CHECK_NOTHROW(Json(table.lines[0]).dump());
	CHECK(unescaped(table_row(table.heading, table.lines[0]).at("ARGS")) == joined(argv));
	CHECK(table.lines[0].find("line 4711") != std::string::npos); // it is there, but begins no line
}

TEST_CASE("execsnoop: -q puts every argument in quotes that balance, also when cut (E12)", "[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Strings argv = {"QM1", "a \"b\" c", "back\\slash", "\\", "\"", "", "last\\\""};
	check_whole(show_arguments(argv, {}), argv);
	for (size_t bytes = 1; bytes < bytes_of(argv); bytes += 5)
		check_cut(show_arguments(argv, {"--max-arg-bytes", std::to_string(bytes)}), first_bytes(argv, bytes),
			"[" + std::to_string(bytes) + " of " + std::to_string(bytes_of(argv)) + " bytes]");
	TRACE_TEXT_OR_SKIP(table, {"execve"}, {"-q"});
	REQUIRE(table.lines.size() == 1);
	CHECK(table_row(table.heading, table.lines[0]).at("ARGS") == "\"quiet\" \"one\" \"two\"");
	TRACE_TEXT_OR_SKIP(plain, {"execve"}, {});
	REQUIRE(plain.lines.size() == 1);
	CHECK(table_row(plain.heading, plain.lines[0]).at("ARGS") == "quiet one two");
}

TEST_CASE("execsnoop: arguments of random bytes come back exactly from JSON, CSV and the quoted table",
	"[execsnoop]")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	std::mt19937 random(20261120);
	for (int round = 0; round < 4; round++) {
		Strings argv;
		for (int i = 0; i < 40; i++) {
			std::string text;
			for (size_t size = random() % 60; size > 0; size--)
				text += static_cast<char>(1 + random() % 255); // a NUL would end it
			argv.push_back(text);
		}
		check_whole(show_arguments(argv, {}), argv);
	}
}

TEST_CASE("execsnoop: a CSV row holds the same as the truth, field by field (X2)", "[execsnoop]")
{
	TRACE_TEXT_OR_SKIP(csv, {"pidns"}, {"--output", "csv"});
	REQUIRE(csv.lines.size() == 1);
	const Row row = csv_row(csv.heading, csv.lines[0]);
	CHECK(row.at("type") == "event");
	for (const char* key : {"pid", "tid", "ppid", "nspid", "uid", "gid", "ret"}) {
		INFO(key);
		CHECK(row.at(key) == std::to_string(csv.truth.at(key).get<int64_t>()));
	}
	for (const char* key : {"comm", "file", "exe", "cwd"}) {
		INFO(key);
		CHECK(unescaped(row.at(key)) == csv.truth.at(key).get<std::string>());
	}
	CHECK(row.at("pcomm") == "execload");
	CHECK(row.at("args_bytes") == std::to_string(csv.truth.at("final_bytes").get<int64_t>()));
	CHECK(quoted_list(row.at("args")) == exact_list(csv.truth, "final_argv"));
	CHECK(row.at("error").empty());
	CHECK(row.at("lost").empty());
	CHECK(rfc3339_ns(row.at("ts")) >= csv.truth.at("not_before_ns").get<int64_t>());
	CHECK(rfc3339_ns(row.at("ts")) <= csv.truth.at("not_after_ns").get<int64_t>());
}
