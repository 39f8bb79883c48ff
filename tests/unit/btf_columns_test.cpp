// SPDX-License-Identifier: BSD-2-Clause
// Structs that only BTF describes, through the same writers as the tools' own events.
#include "btf/columns.h"

#include "base/error.h"
#include "btf_trial.h"
#include "decode.h"
#include "json.h"
#include "output/records.h"

using namespace corescope;
using namespace corescope::test;
using Json = nlohmann::json;

namespace {

struct [[gnu::packed]] Event {
	uint64_t ts;
	uint32_t pid;
	int32_t type;
	char comm[8];
	uint8_t failed;
	uint8_t fruit;
	int16_t low;
	uint16_t ports[3];
	uint16_t flag : 1;
	uint16_t small : 4;
	uint16_t rest : 11;
	uint64_t where;
	float load;
	char path[16]; // where the type has a flexible array
};
constexpr size_t kFixed = offsetof(Event, path);

int add_event(Btf& btf, bool flexible)
{
	const int fruit = btf.enumeration("fruit", 1, {{"APPLE", 0}, {"PEAR", 5}});
	const int limits = btf.record("limits", 2, {{"low", btf.s16, 0}});
	std::vector<Btf::Member> members = {{"ts", btf.u64, 0}, {"pid", btf.u32, 64}, {"type", btf.s32, 96},
		{"comm", btf.array(btf.character, 8), 128}, {"failed", btf.boolean, 192}, {"fruit", fruit, 200},
		{"limits", limits, 208}, {"ports", btf.array(btf.u16, 3), 224}, {"flag", btf.u16, 272, 1},
		{"small", btf.u16, 273, 4}, {"where", btf.pointer(0), 288},
		{"load", btf__add_float(btf.raw(), "float", 4), 352}};
	if (flexible)
		members.push_back({"path", btf.array(btf.character, 0), 384});
	return btf.record("event", kFixed, members);
}

Event make_event()
{
	Event e = {};
	e.ts = 123;
	e.pid = 4711;
	e.type = -3;
	std::memcpy(e.comm, "a b,c", 5);
	e.failed = 1;
	e.fruit = 5;
	e.low = -9;
	e.ports[0] = 80;
	e.ports[1] = 443;
	e.flag = 1;
	e.small = 9;
	e.where = 0xffffffff81000000;
	e.load = 0.5;
	std::memcpy(e.path, "/bin/sh", 8);
	return e;
}

struct Trial {
	Trial(bool flexible, const BtfColumns::Options& options = {})
		: columns(types.at(static_cast<uint32_t>(add_event(btf, flexible))), options),
		  json(json_writer(columns.fields(), context, clock)),
		  csv(csv_writer(columns.fields(), true, context, clock)),
		  table(table_writer(columns.fields(), {}, {}, true, context, clock))
	{}

	static std::string line(RecordWriter& writer, std::string_view bytes)
	{
		// A heap copy of exactly that length, so that a sanitizer sees a read past it.
		const std::vector<char> copy(bytes.begin(), bytes.end());
		const BtfRecord record{{copy.data(), copy.size()}};
		Buffer out;
		writer.event(out, &record);
		return std::string(out.view());
	}
	static std::string header(RecordWriter& writer)
	{
		Buffer out;
		writer.meta(out, {});
		return std::string(out.view());
	}

	Btf btf;
	BtfTypes types{btf.raw()};
	FieldContext context;
	WallClock clock;
	BtfColumns columns;
	std::unique_ptr<RecordWriter> json, csv, table;
};

} // namespace

TEST_CASE("BTF columns: JSON has each member with its value, in order, nested ones by path", "[btf]")
{
	Trial trial(false);
	const Event event = make_event();
	const std::string line = Trial::line(*trial.json, bytes_of(event).substr(0, kFixed));
	CHECK(line ==
		R"({"type":"event","ts":123,"pid":4711,"type_":-3,"comm":"a b,c","failed":true,"fruit":"PEAR","limits.low":-9,)"
		R"("ports":[80,443,0],"flag":1,"small":9,"where":"0xffffffff81000000","load":0.5,"missing_bytes":null,)"
		R"("extra_bytes":null})"
		"\n");
}

TEST_CASE("BTF columns: the table has headings and escapes, CSV comes back", "[btf]")
{
	Trial trial(true);
	const Event event = make_event();
	const std::string header = Trial::header(*trial.table);
	CHECK(header.find("LIMITS.LOW") != std::string::npos);
	CHECK(header.find("MISSING") == std::string::npos);
	std::istringstream headings(header), cells(Trial::line(*trial.table, bytes_of(event)));
	std::vector<std::string> words;
	for (std::string word; cells >> word;)
		words.push_back(word);
	CHECK(words ==
		std::vector<std::string>{"123", "4711", "-3", "a", "b,c", "yes", "PEAR", "-9", "[80,443,0]", "1", "9",
			"0xffffffff81000000", "0.5", "/bin/sh"});
	// Columns stand under their headings.
	CHECK(header.find(" PID") + 4 == Trial::line(*trial.table, bytes_of(event)).find("4711") + 4);
	CHECK(Trial::header(*trial.csv) ==
		"type,ts,pid,type_,comm,failed,fruit,limits.low,ports,flag,small,where,load,path,missing_bytes,extra_bytes,lost,"
		"reason\n");
	CHECK(Trial::line(*trial.csv, bytes_of(event)) ==
		"event,123,4711,-3,\"a b,c\",true,PEAR,-9,\"[80,443,0]\",1,9,0xffffffff81000000,0.5,/bin/sh,,,,\n");
}

TEST_CASE("BTF columns: what a short record lacks is null, at every length, and said", "[btf]")
{
	Trial trial(false);
	const Event event = make_event();
	const std::pair<const char*, size_t> ends[] = {{"ts", 8}, {"pid", 12}, {"type_", 16}, {"comm", 24},
		{"failed", 25}, {"fruit", 26}, {"limits.low", 28}, {"ports", 34}, {"flag", 35}, {"small", 35},
		{"where", 44}, {"load", 48}};
	size_t keys = 0;
	for (size_t length = 0; length <= kFixed; length++) {
		const std::string_view bytes = bytes_of(event).substr(0, length);
		const Json json = Json::parse(Trial::line(*trial.json, bytes));
		INFO(length);
		for (const auto& [key, end] : ends)
			CHECK(json.at(key).is_null() == (length < end));
		CHECK(json.at("missing_bytes") == (length < kFixed ? Json(kFixed - length) : Json()));
		CHECK(json.at("extra_bytes").is_null());
		CHECK(trial.columns.mismatch(bytes).empty() == (length == kFixed));
		CHECK((keys == 0 || json.size() == keys));
		keys = json.size();
		CHECK_FALSE(Trial::line(*trial.table, bytes).empty());
		CHECK_FALSE(Trial::line(*trial.csv, bytes).empty());
	}
	CHECK(trial.columns.mismatch(bytes_of(event).substr(0, 12)) ==
		"record of 12 bytes: struct event has 48, the last 36 are missing");
}

TEST_CASE(
	"BTF columns: what lies behind a record is told, unless it is padding or a flexible array's", "[btf]")
{
	const Event event = make_event();
	const std::string_view longer = bytes_of(event).substr(0, kFixed + 3);
	Trial plain(false);
	CHECK(Json::parse(Trial::line(*plain.json, longer)).at("extra_bytes") == "2f6269");
	CHECK(
		plain.columns.mismatch(longer) == "record of 51 bytes: struct event has 48, the last 3 are not told");
	Trial padded(false, {.padding = 7});
	CHECK(Json::parse(Trial::line(*padded.json, longer)).at("extra_bytes").is_null());
	CHECK(padded.columns.mismatch(longer).empty());
	CHECK(
		Json::parse(Trial::line(*padded.json, bytes_of(event))).at("extra_bytes").get<std::string>().size() ==
		32);
	Trial flexible(true);
	const Json json = Json::parse(Trial::line(*flexible.json, bytes_of(event)));
	CHECK(json.at("path") == "/bin/sh");
	CHECK(json.at("extra_bytes").is_null());
	CHECK(flexible.columns.mismatch(bytes_of(event)).empty());
}

TEST_CASE("BTF columns: strings of any bytes are exact in JSON and CSV, in arrays too", "[btf]")
{
	Btf btf;
	const int string = btf.array(btf.character, 4);
	const int record = btf.record("s", 12, {{"one", string, 0}, {"two", btf.array(string, 2), 32}});
	BtfTypes types(btf.raw());
	BtfColumns columns(types.at(static_cast<uint32_t>(record)));
	FieldContext context;
	WallClock clock;
	const auto json = json_writer(columns.fields(), context, clock);
	const auto csv = csv_writer(columns.fields(), false, context, clock);
	const std::string bytes("\xff\n\"\0ab\0\0\xfe,\0\0", 12);
	const Json parsed = Json::parse(Trial::line(*json, bytes));
	CHECK(from_base64(parsed.at("one_b64")) == "\xff\n\"");
	CHECK(from_base64(parsed.at("two_b64").at(0)) == "ab");
	CHECK(from_base64(parsed.at("two_b64").at(1)) == "\xfe,");
	CHECK(Trial::line(*csv, bytes) == "event,\"\\xff\\n\"\"\",\"[\"\"ab\"\",\"\"\\xfe,\"\"]\",,,,\n");
	const Json plain = Json::parse(Trial::line(*json, std::string(12, 'x')));
	CHECK_FALSE(plain.contains("one_b64"));
	CHECK_FALSE(plain.contains("two_b64"));
	CHECK(plain.at("two") == Json({"xxxx", "xxxx"}));
}

TEST_CASE(
	"BTF columns: names in use are not used twice, values without members are a column, no type is too much",
	"[btf]")
{
	Btf btf;
	const int inner = btf.record("inner", 4, {{"b", btf.u32, 0}});
	const int record = btf.record("r", 16,
		{{"lost", btf.u32, 0}, {"map", btf.u32, 32}, {"map_", btf.u32, 64}, {"missing_bytes", btf.u32, 96}});
	std::vector<Btf::Member> many;
	for (uint32_t i = 0; i < 1100; i++)
		many.push_back({nullptr, inner, i * 32});
	const int anonymous = btf.record("many", 4400, many);
	BtfTypes types(btf.raw());
	const std::string_view taken[] = {"map"};
	BtfColumns columns(types.at(static_cast<uint32_t>(record)), {.taken = taken});
	std::vector<std::string> keys;
	for (const Field& field : columns.fields())
		keys.push_back(field.key);
	CHECK(keys ==
		std::vector<std::string>{"lost_", "map_", "map__", "missing_bytes", "missing_bytes_", "extra_bytes"});
	BtfColumns number(types.at(static_cast<uint32_t>(btf.u32)));
	CHECK(std::string(number.fields()[0].key) == "value");
	BtfColumns nothing(types.at(static_cast<uint32_t>(btf.record("empty", 0, {}))));
	FieldContext context;
	WallClock clock;
	CHECK(Trial::line(*table_writer(nothing.fields(), {}, {}, true, context, clock), "") == "{}\n");
	CHECK_THROWS_AS(BtfColumns(types.at(static_cast<uint32_t>(anonymous))), Error);
}
