// SPDX-License-Identifier: BSD-2-Clause
// docs/output.md has every key and column that a tool prints, with its type and in its order, and no other.
#include "pages.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

std::vector<std::string> documented_keys(const std::string& heading)
{
	std::vector<std::string> keys;
	for (const auto& row : table_rows(section(page("docs/output.md"), heading)))
		keys.push_back(code_spans(row[0]).at(0));
	return keys;
}

std::map<std::string, std::string> documented_types(const std::string& heading)
{
	std::map<std::string, std::string> types;
	const bool columns = heading.find(" of ") != std::string::npos;
	for (const auto& row : table_rows(section(page("docs/output.md"), heading)))
		types[code_spans(row[0]).at(0)] = row.at(columns ? 2 : 1);
	return types;
}

bool is_of_type(const Json& value, const std::string& type)
{
	const auto all_strings = [&] {
		return std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
	};
	return value.is_null() || (type == "string" && value.is_string()) ||
		(type == "boolean" && value.is_boolean()) || (type == "integer" && value.is_number_integer()) ||
		(type == "decimal" && value.is_number()) || (type == "object" && value.is_object()) ||
		(type == "list" && value.is_array()) ||
		(type == "list of strings" && value.is_array() && all_strings());
}

// Every key of the record is documented, with its type. Returns the keys.
std::set<std::string> check_record(const std::string& tool, const Json& record)
{
	const std::string type = record.at("type");
	const auto types = documented_types(type == "event" || type == "row" ? type + " of " + tool : type);
	std::set<std::string> keys;
	for (const auto& [key, value] : record.items()) {
		const std::string end = "_b64";
		if (key.size() > end.size() && key.compare(key.size() - end.size(), end.size(), end) == 0)
			continue;
		INFO(tool << ", record " << type << ", key " << key << ": " << value.dump());
		keys.insert(key);
		const auto known = types.find(key);
		CHECK(known != types.end());
		if (known != types.end())
			CHECK(is_of_type(value, known->second));
	}
	return keys;
}

// A process that starts and one that is killed: something for most tools to tell.
void make_events()
{
	CHECK(say("true; sleep 60 & kill -9 $!").status == 0);
	char name[] = "/var/tmp/corescope-keys-XXXXXX"; // likely to lie on a disk
	const int file = mkstemp(name);
	CHECK(write(file, "x", 1) == 1);
	fsync(file);
	close(file);
	unlink(name);
}

// The words that a histogram tool's --by takes, as it says itself.
std::vector<std::string> by_words(const std::string& tool)
{
	const std::string refusal = say(corescope_path() + " " + tool + " --by no-such-key 2>&1").out;
	const size_t at = refusal.find("is none of ");
	REQUIRE(at != refusal.npos);
	std::string list = refusal.substr(at + 11);
	std::replace_if(
		list.begin(), list.end(), [](char c) { return c == ',' || c == '\n'; }, ' ');
	return words(list);
}

const std::set<std::string> kRare = {"reset_keys"}; // not to be had at will

// All that a run writes, and that it wrote everything that is documented for these records.
std::map<std::string, std::set<std::string>> keys_of_run(
	const std::string& tool, std::vector<std::string> arguments)
{
	arguments.insert(arguments.begin(), tool);
	Tool run(arguments);
	make_events();
	std::vector<Json> records = run.stop();
	records.push_back(run.meta());
	std::map<std::string, std::set<std::string>> keys;
	for (const Json& record : records)
		keys[record.at("type")].merge(check_record(tool, record));
	return keys;
}

void check_all_told(const std::string& heading, const std::set<std::string>& told)
{
	INFO(heading);
	for (const std::string& key : documented_keys(heading)) {
		INFO("documented, but never written: " << key);
		CHECK((told.count(key) || kRare.count(key)));
	}
}

std::string csv_heading(const std::string& tool)
{
	return split(run_tool(tool + " --output csv --duration 1ms").out, '\n').at(0);
}

} // namespace

TEST_CASE(
	"docs/output.md has the keys of each tool's events in the order of CSV, and the columns of its table")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	for (const std::string& tool : tool_names()) {
		std::vector<std::string> written = split(csv_heading(tool), ',');
		INFO(tool);
		if (contains(written, "kernel")) { // a stack, with the keys of JSON but for the longest
			std::vector<std::string> keys = documented_keys("stack");
			keys.erase(std::remove_if(keys.begin(), keys.end(),
						   [](const std::string& key) {
							   return key.find("_modules") != std::string::npos ||
								   key.find("_offsets") != std::string::npos;
						   }),
				keys.end());
			keys.insert(keys.end(), {"lost", "reason"});
			CHECK(written == keys);
			continue;
		}
		if (contains(written, "value_unit")) {
			const Lines csv = section(page("docs/output.md"), "CSV");
			std::string text;
			for (const std::string& line : csv)
				text += line + " ";
			for (const std::string& key : written) {
				INFO("column " << key);
				CHECK(contains(code_spans(text), key));
			}
			continue;
		}
		REQUIRE(written.size() > 3);
		CHECK(written.back() == "reason");
		written.pop_back();
		CHECK(written.back() == "lost");
		written.pop_back();
		const std::string heading = (contains(written, "rows") ? "row of " : "event of ") + tool;
		CHECK(written == documented_keys(heading));

		std::string all;
		for (const std::string& line : section(page("docs/output.md"), heading))
			all += line + " ";
		for (const std::string& column : words(split(run_tool(tool + " --duration 1ms").out, '\n').at(0))) {
			INFO("column " << column);
			CHECK((all.find("| " + column + " |") != std::string::npos ||
				all.find(" " + column + ", ") != std::string::npos));
		}
	}
}

TEST_CASE(
	"every key that a tool prints in JSON is in docs/output.md with its type, and every key there is printed")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	std::set<std::string> of_histograms; // of all tools together: some keep theirs by what others do not know
	for (const std::string& tool : tool_names()) {
		auto told = keys_of_run(tool, {});
		check_all_told("meta", told["meta"]);
		check_all_told("summary", told["summary"]);
		for (const std::string type : {"event", "row"})
			if (!told[type].empty())
				check_all_told(type + " of " + tool, told[type]);
		if (!told["stack"].empty())
			check_all_told("stack", told["stack"]);
		if (told["hist"].empty())
			continue;
		for (const std::string& by : by_words(tool))
			told["hist"].merge(keys_of_run(tool, {"--by", by, "--top", "1"})["hist"]);
		of_histograms.merge(told["hist"]);
	}
	if (!of_histograms.empty())
		check_all_told("hist", of_histograms);
}

TEST_CASE("a lost record has the keys of docs/output.md")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	Tool tool({"sigsnoop", "-p", std::to_string(getpid()), "-s", "URG", "--buffer-size", "4096"});
	tool.process().signal(SIGSTOP);
	siginfo_t stopped;
	REQUIRE(waitid(P_PID, static_cast<id_t>(tool.process().pid()), &stopped, WSTOPPED) == 0);
	for (int i = 0; i < 200; i++) // each is told, ignored as it is
		kill(getpid(), SIGURG);
	tool.process().signal(SIGCONT);
	const Json& lost = tool.until([](const Json& record) { return record.at("type") == "lost"; });
	check_all_told("lost", check_record("sigsnoop", lost));
	CHECK(lost.at("reason") == "ring buffer full");
	tool.stop();
}
