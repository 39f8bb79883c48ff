// SPDX-License-Identifier: BSD-2-Clause
// The three writers over one declaration: JSON of which every line parses, CSV that comes back, and in each of them
// what was lost. The table has a test of its own.
#include "json.h"
#include "output/escape.h"
#include "record_trial.h"

using namespace corescope;
using namespace corescope::test;
using Json = nlohmann::json;

TEST_CASE("JSON: every line parses, type comes first, keys are the declared ones", "[records]")
{
	Writer writer(Format::json);
	const std::string line = writer.event(make());
	CHECK(line.rfind("{\"type\":\"event\",\"ts\":\"", 0) == 0);
	const Json event = Json::parse(line);
	CHECK(rfc3339_ns(event.at("ts")) == kOffset + static_cast<int64_t>(kStart) + 1500000000);
	CHECK(event.at("comm") == "name");
	CHECK(event.at("pid") == 4711);
	CHECK(event.at("ret") == 0);
	CHECK(event.at("error").is_null());
	CHECK(event.at("path") == "/x");
	CHECK(event.at("flag") == true);
	CHECK(event.at("args") == Json({"a", "b c"}));
	CHECK(event.size() == 9); // the elapsed column is none of its keys
	Event failed = make("x", {});
	failed.ret = -1;
	failed.path = "";
	const Json other = Json::parse(writer.event(failed));
	CHECK(other.at("ret") == -1);
	CHECK(other.at("error") == "EPERM");
	CHECK(other.at("path").is_null());
	CHECK(other.at("args") == Json::array());
	writer.chosen().flags = false;
	CHECK(Json::parse(writer.event(failed)).at("flag").is_null());
}

TEST_CASE("JSON: any bytes parse, and come back exactly, by KEY_b64 where they are no UTF-8", "[records]")
{
	std::mt19937 random(11);
	Writer writer(Format::json);
	for (int i = 0; i < 3000; i++) {
		const Event event = random_event(random);
		const std::string line = writer.event(event);
		INFO(line);
		for (const char c : line)
			REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
		const Json json = Json::parse(line);
		const auto text = [&](const char* key, const std::string& bytes) {
			CHECK(json.contains(std::string(key) + "_b64") == !valid_utf8(bytes));
			return json.contains(std::string(key) + "_b64") ? from_base64(json.at(std::string(key) + "_b64"))
															: json.at(key).get<std::string>();
		};
		CHECK(text("comm", comm_of(event)) == comm_of(event));
		if (event.path.empty())
			CHECK(json.at("path").is_null());
		else
			CHECK(text("path", event.path) == event.path);
		bool exact = true;
		for (const std::string& item : items(event))
			exact = exact && valid_utf8(item);
		CHECK(json.contains("args_b64") == !exact);
		Strings args;
		for (const Json& item : json.at(exact ? "args" : "args_b64"))
			args.push_back(exact ? item.get<std::string>() : from_base64(item));
		CHECK(args == items(event));
		CHECK(json.at("args").size() == args.size());
		CHECK(json.at("pid") == event.pid);
		CHECK(json.at("ret") == event.ret);
	}
}

TEST_CASE("CSV: heading and rows agree, and any bytes come back exactly", "[records]")
{
	std::mt19937 random(12);
	Writer writer(Format::csv);
	const std::string heading = writer.heading();
	CHECK(heading == "type,ts,comm,pid,ret,error,path,flag,args,lost,reason");
	for (int i = 0; i < 3000; i++) {
		const Event event = random_event(random);
		const std::string line = writer.event(event);
		INFO(line);
		for (const char c : line)
			REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
		const Row row = csv_row(heading, line);
		CHECK(row.at("type") == "event");
		CHECK(rfc3339_ns(row.at("ts")) == kOffset + static_cast<int64_t>(event.ts));
		CHECK(unescaped(row.at("comm")) == comm_of(event));
		CHECK(row.at("pid") == std::to_string(event.pid));
		CHECK(row.at("ret") == std::to_string(event.ret));
		CHECK(row.at("error") == (event.ret < 0 ? "EPERM" : ""));
		CHECK(unescaped(row.at("path")) == event.path);
		CHECK(row.at("flag") == (event.flag ? "true" : "false"));
		CHECK(quoted_list(row.at("args")) == items(event));
		CHECK((row.at("lost").empty() && row.at("reason").empty()));
	}
	CHECK(Writer(Format::csv, {}, {}, false).heading().empty());
}

TEST_CASE("a writer that has written much writes the next record as a new one would", "[records]")
{
	std::mt19937 random(14);
	for (const Format format : {Format::table, Format::json, Format::csv}) {
		Writer old(format, {"ts", "elapsed"});
		Event event = random_event(random);
		for (int i = 0; i < 3000; i++) {
			// Some fields change, most do not.
			const Event other = random_event(random);
			switch (random() % 8) {
			case 0: event.pid = other.pid; break;
			case 1: event.ret = other.ret; break;
			case 2: memcpy(event.comm, other.comm, sizeof(event.comm)); break;
			case 3: event.path = other.path; break;
			case 4: event.list = other.list; break;
			case 5: event.ts = random() % 2 ? event.ts + random() % 2000000000 : other.ts; break;
			case 6: event.flag = !event.flag; break;
			default: event = other; break;
			}
			Writer fresh(format, {"ts", "elapsed"});
			REQUIRE(old.event(event) == fresh.event(event));
		}
	}
}

TEST_CASE("meta and summary: JSON tells them, a table and CSV have a heading instead", "[records]")
{
	Writer json(Format::json);
	const std::string line = json.heading();
	CHECK(line.rfind("{\"type\":\"meta\",", 0) == 0);
	const Json meta = Json::parse(line);
	CHECK(meta.at("tool") == "trial");
	CHECK(meta.at("hooks") == "hook");
	CHECK(meta.at("argv") == Json({"trial", "-x"}));
	CHECK(rfc3339_ns(meta.at("ts")) == kOffset);
	CHECK(meta.at("schema").is_number_unsigned());
	for (const char* key : {"version", "kernel", "host", "boot_id"})
		CHECK(meta.at(key).is_string());
	const Summary told{7, 1500, 99, {{"ring buffer full", 3}, {"table full", 2}}, "SIGINT", kOffset};
	const Json summary = Json::parse(json.summary(told));
	CHECK(summary.at("type") == "summary");
	CHECK(summary.at("records") == 7);
	CHECK(summary.at("window_ns") == 1500);
	CHECK(summary.at("cpu_ns") == 99);
	CHECK(summary.at("lost") == 5);
	CHECK(summary.at("lost_by_reason") == Json({{"ring buffer full", 3}, {"table full", 2}}));
	CHECK(summary.at("end") == "SIGINT");
	const Json clean = Json::parse(json.summary({0, 0, 0, {}, "count", kOffset}));
	CHECK(clean.at("lost") == 0);
	CHECK(clean.at("lost_by_reason") == Json::object());
	CHECK(Writer(Format::table).summary(told).empty());
	CHECK(Writer(Format::csv).summary(told).empty());
}

TEST_CASE("what was lost is a record in every format", "[records]")
{
	const Loss loss{"ring buffer full", 18446744073709551615U};
	const Json json = Json::parse(Writer(Format::json).lost(loss));
	CHECK(json.at("type") == "lost");
	CHECK(json.at("count") == 18446744073709551615U);
	CHECK(json.at("reason") == "ring buffer full");
	CHECK(rfc3339_ns(json.at("ts")) == kOffset);
	Writer csv(Format::csv);
	const Row row = csv_row(csv.heading(), csv.lost(loss));
	CHECK(row.at("type") == "lost");
	CHECK(row.at("lost") == "18446744073709551615");
	CHECK(row.at("reason") == "ring buffer full");
	CHECK(rfc3339_ns(row.at("ts")) == kOffset);
	CHECK(row.at("pid").empty());
	CHECK(Writer(Format::table).lost(loss) == "# lost 18446744073709551615: ring buffer full");
}
