// SPDX-License-Identifier: BSD-2-Clause
// Writes the JSON Schema of what a tool prints with --output json: `schema TOOL`. What differs from tool to tool comes
// from the tool's own declaration; the records that all tools have in common are here. Not part of corescope itself.
#include "cli/describe.h"
#include "cli/histogram.h"
#include "cli/tool.h"
#include "output/escape.h"
#include "output/hist_writer.h"

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

using namespace corescope;

namespace {

const std::string kCount = R"("type": "integer", "minimum": 0)";
const std::string kBound = R"("type": ["integer", "null"], "minimum": 0)";
const std::string kText = R"("type": "string")";
const std::string kTime = R"("$ref": "#/$defs/time")";
const std::string kTexts = R"("type": "array", "items": {"type": "string"})";

struct Key {
	std::string name;
	std::string type; // members of its schema
	std::string doc;
	bool optional = false;
};
using Keys = std::vector<Key>;

const Keys kMeta = {
	{"schema", R"("const": 1)", "version of these records"},
	{"ts", kTime, "when it began"},
	{"tool", kText, "name of the tool"},
	{"version", kText, "version of corescope"},
	{"hooks", kText, "which of the tool's hook variants this kernel took"},
	{"kernel", kText, "kernel release"},
	{"host", kText, "host name"},
	{"boot_id", kText, "a UUID that is new with each boot"},
	{"argv", kTexts, "the command line"},
};

const Keys kLost = {
	{"ts", kTime, "when it was noticed"},
	{"count", kCount, "how many"},
	{"reason", kText, "why"},
};

const Keys kSummary = {
	{"ts", kTime, "when it ended"},
	{"records", kCount, "event, row, hist or stack records that were written"},
	{"window_ns", kCount, "time really traced"},
	{"cpu_ns", kCount, "CPU time of the tool itself, with its start"},
	{"lost_by_reason", R"("type": "object", "additionalProperties": {"type": "integer", "minimum": 0})",
		"what was lost in the whole run, by reason"},
	{"lost", kCount, "the sum of these"},
	{"end", kText, "why it ended"},
};

const Keys kHist = {
	{"other", kCount, "only in the record of the rest (--top): how many keys it stands for", true},
	{"value_unit", kText, "unit of values"},
	{"scheme", R"("const": "log-linear")", "how values fall into buckets"},
	{"p", kCount, "2^p buckets to each power of two"},
	{"limit", kBound, "the greatest value that has a bucket of its own; null: all have"},
	{"count", kCount, "how many values"},
	{"sum", R"("type": "number", "minimum": 0)", "their exact sum, before they were rounded to the unit"},
	{"window_ns", kCount, "the time in which they were counted"},
	{"lost", kCount, "values that were not counted at all, in this interval, of all keys"},
	{"dropped_keys", kCount, "values whose key found no room, likewise"},
	{"reset_keys", kCount, "keys that vanished, or began anew, within the interval", true},
	{"p50", kBound, "50 % of the values are no greater; null without values, or above limit"},
	{"p90", kBound, "the same for 90 %"},
	{"p99", kBound, "the same for 99 %"},
	{"p99_9", kBound, "the same for 99.9 %"},
	{"max", kBound, "upper bound of the greatest value"},
	{"slots",
		R"("type": "array", "items": {"type": "array", "prefixItems": [{"type": ["integer", "null"], "minimum": 0}, {"type": "integer", "minimum": 1}], "minItems": 2, "maxItems": 2})",
		"[upper, count] for each bucket that is not empty, upwards; upper is inclusive, null above limit"},
};

const std::string kFrames = R"("type": ["array", "null"], "items": {"type": "string"})";
const std::string kModules = R"("type": ["array", "null"], "items": {"type": ["string", "null"]})";
const std::string kOffsets = R"("type": ["array", "null"], "items": {"type": "integer", "minimum": 0})";
const std::string kNumberOrNull = R"("type": ["integer", "null"], "minimum": 0)";
const std::string kTextOrNull = R"("type": ["string", "null"])";

const Keys kStack = {
	{"ts", kTime, "end of the interval"},
	{"pid", kNumberOrNull, "process"},
	{"tid", kNumberOrNull, "thread"},
	{"comm", kTextOrNull, "the thread's name"},
	{"comm_b64", kText, "its exact bytes, only where they are not UTF-8", true},
	{"nspid", kNumberOrNull, "the process in its own PID namespace"},
	{"pidns", kNumberOrNull, "with --by pidns: the PID namespace, by its inode number"},
	{"cgroup_id", kNumberOrNull, "id of the cgroup (v2)"},
	{"cgroup", kTextOrNull, "its path below the cgroup2 mount"},
	{"cgroup_b64", kText, "its exact bytes, only where they are not UTF-8", true},
	{"unit", kTextOrNull, "the innermost systemd unit in that path"},
	{"container", kTextOrNull, "the container's id in that path"},
	{"pod", kTextOrNull, "the pod's uid in that path"},
	{"state", kTextOrNull, "why the task was off, as ps has it"},
	{"partial", R"("type": "boolean")", "had not ended when tracing did"},
	{"count", kCount, "how often"},
	{"value_ns", kNumberOrNull, "their sum; null where only the number counts"},
	{"kernel", kFrames, "functions of the kernel, outermost first; null: not asked for"},
	{"kernel_b64", kTexts, "the exact bytes, only where some are not UTF-8", true},
	{"kernel_modules", kModules, "of each, the module"},
	{"kernel_offsets", kOffsets, "of each, bytes from the function's beginning"},
	{"user", kFrames, "functions of the process, outermost first; null: not asked for"},
	{"user_b64", kTexts, "the exact bytes, only where some are not UTF-8", true},
	{"user_modules", kModules, "of each, the path of its file"},
	{"user_offsets", kOffsets, "of each, bytes from the function's beginning"},
	{"truncated", kTexts, "kernel, user: where outer functions are missing"},
	{"missing", kTexts, "kernel, user: where the stack could not be kept"},
	{"unnamed", kCount, "frames without a function's name"},
};

std::string quoted(std::string_view text)
{
	Buffer out;
	json_string(out, text);
	return std::string(out.view());
}

std::string type_of(FieldType type, bool always)
{
	if (type == FieldType::time)
		return kTime;
	if (type == FieldType::any)
		return R"("type": ["null", "boolean", "number", "string", "array", "object"])";
	const char* name = "number"; // seconds
	switch (type) {
	case FieldType::number: name = "integer"; break;
	case FieldType::text: name = "string"; break;
	case FieldType::boolean: name = "boolean"; break;
	case FieldType::list: name = "array"; break;
	default: break;
	}
	std::string json = R"("type": )";
	json += always ? quoted(name) : "[" + quoted(name) + R"(, "null"])";
	if (type == FieldType::list)
		json += R"(, "items": {"type": "string"})";
	return json;
}

// Text that is not valid UTF-8 has its exact bytes beside it.
void add_key(Keys& keys, Key key, FieldType type)
{
	const std::string name = key.name;
	keys.push_back(std::move(key));
	if (type == FieldType::text)
		keys.push_back({name + "_b64", std::string(kText) + R"(, "contentEncoding": "base64")",
			"the exact bytes of " + name + ", only where they are not UTF-8", true});
	if (type == FieldType::list)
		keys.push_back(
			{name + "_b64", R"("type": "array", "items": {"type": "string", "contentEncoding": "base64"})",
				"the exact bytes of " + name + ", only where some are not UTF-8", true});
}

Keys event_keys(const Tool& tool)
{
	Keys keys;
	for (const Field& field : tool.fields())
		if (field.flags & kInData)
			add_key(keys, {field.key, type_of(field.type, field.always), field.doc}, field.type);
	return keys;
}

// A histogram's names depend on --by; the numbers among them are null in the record of the rest.
Keys hist_keys(const Tool& tool)
{
	Keys keys{{"ts", kTime, "end of the interval"}};
	const auto has = [&](std::string_view name) {
		for (const Key& key : keys)
			if (key.name == name)
				return true;
		return false;
	};
	const std::vector<CommandDescription> described = describe(tool);
	for (const std::string& word : described.front().option("by")->shape.words) {
		HistBy by;
		parse_value(by, word.c_str());
		for (const std::string_view label : hist_labels(by)) {
			if (has(label))
				continue;
			const FieldType type = hist_label_is_number(label) ? FieldType::number : FieldType::text;
			add_key(keys,
				{std::string(label), type_of(type, type == FieldType::text), "of the key, with --by", true},
				type);
		}
	}
	keys.insert(keys.end(), kHist.begin(), kHist.end());
	return keys;
}

void print_record(const char* type, const char* doc, const Keys& keys, bool last = false)
{
	std::string required = R"("type")";
	std::printf(
		"    \"%s\": {\n      \"description\": %s,\n      \"type\": \"object\",\n      \"properties\": {\n"
		"        \"type\": {\"const\": \"%s\"}",
		type, quoted(doc).c_str(), type);
	for (const Key& key : keys) {
		std::printf(",\n        \"%s\": {%s, \"description\": %s}", key.name.c_str(), key.type.c_str(),
			quoted(key.doc).c_str());
		if (!key.optional)
			required += ", " + quoted(key.name);
	}
	std::printf("\n      },\n      \"required\": [%s]\n    }%s\n", required.c_str(), last ? "" : ",");
}

void print_schema(const Tool& tool)
{
	const bool stacks = tool.output() == Tool::Output::stacks;
	const bool stream = !tool.fields().empty();
	const bool rows = tool.output() == Tool::Output::rows;
	const std::string name = tool.name();
	std::printf(
		"{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
		"  \"$id\": \"urn:corescope:1:%s\",\n  \"title\": %s,\n  \"description\": %s,\n  \"oneOf\": [",
		name.c_str(), quoted("a line of corescope " + name + " --output json").c_str(),
		quoted(name + ": " + tool.summary() + ". New keys may come with any version.").c_str());
	const char* type_of_records = stacks ? "stack" : rows ? "row" : stream ? "event" : "hist";
	for (const char* type : {"meta", type_of_records, "lost", "summary"})
		if (stream || stacks || std::string_view(type) != "lost")
			std::printf("%s{\"$ref\": \"#/$defs/%s\"}", std::string_view(type) == "meta" ? "" : ", ", type);
	std::printf("],\n  \"$defs\": {\n"
				"    \"time\": {\"type\": \"string\", \"format\": \"date-time\", \"pattern\": \"%s\"},\n",
		"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\\\.[0-9]{9}Z$");
	print_record("meta", "the run, once everything is attached: the first record", kMeta);
	if (stream) {
		if (rows)
			print_record("row", "what was counted in an interval", event_keys(tool));
		else
			print_record("event", "what happened", event_keys(tool));
		print_record("lost", "events that could not be told", kLost);
	} else if (stacks) {
		print_record("stack", "what was counted for one stack", kStack);
		print_record("lost", "what could not be counted, or kept", kLost);
	} else {
		print_record("hist", "one key's values of an interval", hist_keys(tool));
	}
	print_record("summary", "the last record", kSummary, true);
	std::printf("  }\n}\n");
}

} // namespace

int main(int argc, char** argv)
{
	const Tool* tool = argc == 2 ? find_tool(argv[1]) : nullptr;
	if (!tool || !tool->traces()) {
		std::fprintf(stderr, "usage: schema TOOL\n");
		return 64;
	}
	print_schema(*tool);
	return std::fflush(stdout) ? 74 : 0;
}
