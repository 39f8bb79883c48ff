// SPDX-License-Identifier: BSD-2-Clause
// What every tool prints: records that any reader understands, at once, whatever the bytes that a process bears, and
// the truth about what is missing.
#include "behaviour.h"

#include "cli/tool.h"
#include "unit/utf8_oracle.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <set>

namespace corescope::test {

namespace {

const char kHostile[] =
	"a\x1b[2J\n\xff,\"\xc3"; // clears a screen, ends a line, is no UTF-8, and is cut within a character

// CSV as RFC 4180 has it, line by line: a line feed within quotes would show as a quote that does not end.
Words csv_cells(const std::string& line)
{
	INFO(line);
	Words cells(1);
	bool quoted = false;
	for (size_t i = 0; i < line.size(); i++) {
		if (quoted && line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"')
			cells.back() += line[++i];
		else if (line[i] == '"')
			quoted = !quoted;
		else if (line[i] == ',' && !quoted)
			cells.emplace_back();
		else
			cells.back() += line[i];
	}
	CHECK_FALSE(quoted);
	return cells;
}

std::set<std::string> keys_of(const Json& record)
{
	std::set<std::string> keys;
	for (const auto& [key, value] : record.items())
		keys.insert(key);
	return keys;
}

bool is_rfc3339_utc(const std::string& ts)
{
	const std::string shape = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
	if (ts.size() != shape.size())
		return false;
	for (size_t i = 0; i < ts.size(); i++)
		if (shape[i] == 'd' ? !isdigit(static_cast<unsigned char>(ts[i])) : ts[i] != shape[i])
			return false;
	return true;
}

} // namespace

TEST_CASE(
	"every tool --output json: each line is one flat object with a type, meta first and summary last (X2, X17)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const Quarters quarters;
	Words words = with(with({tool}, lively(tool)), quarters.filter());
	Tool traced(words);
	Stimulus stimulus({.quarters = &quarters, .times = 30});
	stimulus.join();
	traced.stop();
	const Json& meta = traced.meta();
	CHECK(meta.at("schema").is_number_unsigned());
	CHECK(meta.at("tool") == tool);
	Words argv = meta.at("argv");
	REQUIRE(argv.size() >= words.size());
	CHECK(std::equal(words.begin() + 1, words.end(), argv.begin() + 1));
	for (const char* key : {"ts", "version", "hooks", "kernel", "host", "boot_id"})
		CHECK_FALSE(meta.at(key).get<std::string>().empty());

	std::set<std::string> declared = {"type"};
	for (const Field& field : find_tool(tool)->fields())
		if (field.flags & kInData)
			declared.insert(field.key);
	std::set<std::string> first;
	size_t events = 0;
	for (const Json& record : traced.records()) {
		CAPTURE(record.dump());
		REQUIRE(record.is_object());
		const std::string type = record.at("type");
		CHECK(std::set<std::string>({"event", "row", "hist", "stack", "lost", "summary"}).count(type) == 1);
		CHECK(is_rfc3339_utc(record.at("ts")));
		if (type == "event" || type == "row") {
			events++;
			std::set<std::string> keys = keys_of(record);
			for (const auto& [key, value] : record.items()) {
				CHECK_FALSE(value.is_object());
				if (key.size() > 4 && key.substr(key.size() - 4) == "_b64" &&
					declared.count(key.substr(0, key.size() - 4)))
					keys.erase(key);
			}
			CHECK(keys == declared); // all of them in every record, and none that is not declared
		} else if (type == "hist") {
			events++;
			for (const char* key : {"value_unit", "count", "sum", "window_ns", "lost", "dropped_keys", "p50",
					 "p90", "p99", "max", "slots"})
				CHECK(record.contains(key));
			std::set<std::string> keys = keys_of(record);
			if (first.empty())
				first = keys;
			CHECK(keys == first);
		} else if (type == "stack") {
			events++;
			for (const auto& [key, value] : record.items())
				CHECK_FALSE(value.is_object());
			for (const char* key : {"count", "value_ns", "kernel", "user", "truncated", "missing", "unnamed"})
				CHECK(record.contains(key));
		}
	}
	const Json& summary = traced.summary();
	CHECK(summary.at("records") == events);
	CHECK(summary.at("lost") == 0);
	CHECK(summary.at("end") == "SIGINT");
	CHECK(summary.at("cpu_ns") > 0);
	CHECK(events >= 1);
}

TEST_CASE("every tool --output json: records lie in the time of their run, and meta is before them")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const Quarters quarters;
	Tool traced(with(with({tool}, lively(tool)), quarters.filter()));
	Stimulus stimulus({.quarters = &quarters, .times = 5});
	stimulus.join();
	traced.stop();
	const std::string from = traced.meta().at("ts"), to = traced.summary().at("ts");
	for (const Json& record : traced.records()) {
		CHECK(record.at("ts").get<std::string>() >= from); // of equal length: text compares as time
		CHECK(record.at("ts").get<std::string>() <= to);
	}
}

TEST_CASE("every tool --output csv: a heading, and rows that are as long as it is")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const Quarters quarters;
	Process process(with(with(command(tool, {"--output", "csv"}), lively(tool)), quarters.filter()));
	const auto heading = process.line();
	REQUIRE(heading);
	Stimulus stimulus({.quarters = &quarters, .comm = kHostile, .times = 10});
	stimulus.join();
	process.signal(SIGINT);
	const auto lines = lines_of(process.rest());
	CHECK(process.wait() == 0);
	const Words names = csv_cells(*heading);
	CHECK(names.size() >= 3);
	CHECK(names[0] == "type");
	CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
	CHECK(lines.size() >= 1);
	for (const std::string& line : lines)
		CHECK(csv_cells(line).size() == names.size());
}

TEST_CASE("every tool --no-header: leaves out the heading and nothing else")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names())), format = GENERATE("table", "csv");
	CAPTURE(tool, format);
	const Quarters quarters;
	if (!quarters.exist())
		SKIP_TEST("needs a cgroup in which nothing happens");
	const Words words = with(command(tool, {"--output", format, "--duration", "50ms"}), quarters.filter());
	const auto plain = lines_of(run(words).out), bare = lines_of(run(with(words, {"--no-header"})).out);
	if (has_intervals(tool) && find_tool(tool)->fields().empty() && format == "table")
		CHECK(bare.size() == plain.size()); // its heading belongs to the histogram
	else
		CHECK(bare.size() + 1 == plain.size());
	if (!has_intervals(tool))
		CHECK(bare.empty());
}

TEST_CASE(
	"every tool: a record reaches a pipe at once, as it reaches a terminal, without waiting for more (X1)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names())), format = GENERATE("table", "json", "csv");
	const auto out = GENERATE(Process::Out::pipe, Process::Out::terminal);
	CAPTURE(tool, format, out == Process::Out::pipe);
	if (const auto why = no_terminal(); out == Process::Out::terminal && !why.empty())
		SKIP_TEST(why);
	const Quarters quarters;
	Process::Setup setup;
	setup.out = out;
	Process process(with(with(command(tool, {"--output", format}), lively(tool)), quarters.filter()), setup);
	REQUIRE(process.line()); // heading, meta, or an interval
	Stimulus stimulus({.quarters = &quarters, .times = 1});
	const int64_t start = monotonic_ms();
	CHECK(process.line()); // far less than a buffer full, and the tool runs on
	CHECK(monotonic_ms() - start < 2000);
	CHECK_FALSE(process.ended());
	stimulus.join();
	process.signal(SIGINT);
	process.rest();
	CHECK(process.wait() == 0);
}

TEST_CASE("every tool: a hostile name never reaches the output raw, in no format, and makes no second line")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names())), format = GENERATE("table", "json", "csv");
	const std::string by = GENERATE("comm", "pid", "tid");
	CAPTURE(tool, format, by);
	Words more = {"--output", format};
	if (has_option(tool, "by")) {
		more = with(more, {"--by", by});
	} else if (by != "comm") {
		SUCCEED("once for each tool that has no --by");
		return;
	}
	const Quarters quarters;
	Process process(with(with(command(tool, more), lively(tool)), quarters.filter()));
	const Stimulus stimulus({.quarters = &quarters, .comm = kHostile});
	std::vector<std::string> lines;
	while (lines.size() < 60) {
		const auto line = process.line();
		REQUIRE(line);
		lines.push_back(*line);
	}
	process.signal(SIGTERM);
	for (const std::string& line : lines_of(process.rest()))
		lines.push_back(line);
	CHECK(process.wait() == 0);
	static const Oracle oracle;
	bool shown = false;
	for (const std::string& line : lines) {
		CAPTURE(line);
		const bool clean = std::none_of(
			line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; });
		CHECK(clean);
		CHECK(oracle.valid(line));
		CHECK((!line.empty() || format == "table"));
		shown = shown || line.find("[2J") != std::string::npos;
		if (format == "json")
			CHECK(Json::parse(line).contains("type"));
	}
	CHECK(shown); // escaped, but there
}

TEST_CASE("every tool: libbpf's words appear with --verbose, and never without")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	CAPTURE(tool);
	const Ran plain = run(command(tool, {"--duration", "20ms"}));
	CHECK(plain.status == 0);
	CHECK(plain.err.empty());
	const Ran verbose = run(command(tool, {"--duration", "20ms", "--verbose", "--output", "json"}));
	CHECK(verbose.status == 0);
	CHECK(verbose.err.find("libbpf: ") != std::string::npos);
	CHECK(verbose.err.find(" insns (limit ") != std::string::npos); // what the verifier did
	CHECK(verbose.out.find("libbpf: ") == std::string::npos);
	CHECK(run(command(tool, {"--duration", "20ms", "-v"})).err.find("libbpf: ") != std::string::npos);
}

TEST_CASE(
	"every tool with a ring buffer: of what a slow reader cannot take, shown and lost are together what was issued")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const std::string tool = GENERATE(from_range(tool_names()));
	if (!has_option(tool, "buffer-size")) {
		SUCCEED("has no ring buffer");
		return;
	}
	CAPTURE(tool);
	// What makes a known number of its events, in one burst. A tool that is not named here is tested for what it says
	// of itself, below.
	struct Burst {
		const char* load;
		std::vector<std::string> arguments;
		std::vector<std::string> filter; // PID: the load's
		uint64_t events;
	};
	const std::map<std::string, Burst> bursts = {
		{"execsnoop", {"execload", {"burst", "4000"}, {"-P", "PID"}, 4000}},
		{"killsnoop", {"sigload", {"burst", "30000"}, {"-p", "PID", "-s", "USR1"}, 30000}},
		{"sigsnoop", {"sigload", {"burst", "30000"}, {"-p", "PID", "-s", "USR1"}, 30000}},
	};
	const auto found = bursts.find(tool);
	Words words = {tool, "--buffer-size", "4096"};
	std::unique_ptr<Load> load;
	std::vector<std::unique_ptr<Stimulus>> crowd;
	if (found != bursts.end()) {
		load = std::make_unique<Load>(found->second.load, found->second.arguments, true);
		for (const std::string& word : found->second.filter)
			words.push_back(word == "PID" ? std::to_string(load->pid()) : word);
	}
	Tool traced(words); // from here on nobody reads
	if (load) {
		load->go();
		CHECK(load->truth(1).size() == 1);
	} else {
		for (int i = 0; i < 4; i++)
			crowd.push_back(std::make_unique<Stimulus>(Stimulus::Setup{.times = 2000, .pause_us = 0}));
		for (const auto& one : crowd)
			one->join();
	}
	traced.stop(SIGTERM);
	uint64_t shown = 0, lost = 0;
	for (const Json& record : traced.records()) {
		shown += record.at("type") == "event";
		if (record.at("type") == "lost") {
			lost += record.at("count").get<uint64_t>();
			CHECK(record.at("reason") == "ring buffer full");
		}
	}
	CAPTURE(shown, lost);
	CHECK(lost > 0);
	CHECK(shown > 0);
	CHECK(traced.summary().at("lost") == lost);
	CHECK(traced.summary().at("lost_by_reason").at("ring buffer full") == lost);
	CHECK(traced.summary().at("records") == shown);
	CHECK(traced.process().errors().find("lost " + std::to_string(lost) + " events: ring buffer full") !=
		std::string::npos);
	if (load) {
		CHECK(shown + lost == found->second.events);
		CHECK(load->finish() == 0);
	}
}

} // namespace corescope::test
