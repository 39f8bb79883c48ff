// SPDX-License-Identifier: BSD-2-Clause
// See documented.h.
#include "documented.h"

#include <algorithm>
#include <map>

namespace corescope::test {

std::ostream& operator<<(std::ostream& out, const Option& o)
{
	return out << (o.letter.empty() ? "" : "-" + o.letter + ", ") << "--" << o.name << " " << o.argument;
}

namespace {

// "-x" and "--name ARG" in words; the second may also be "--name=ARG".
Option option_of(const std::vector<std::string>& parts)
{
	Option option;
	for (const std::string& part : parts) {
		if (part.compare(0, 2, "--") == 0) {
			const size_t end = part.find_first_of("= ");
			option.name = part.substr(2, end - 2);
			option.argument = end == std::string::npos ? "" : part.substr(end + 1);
		} else {
			option.letter = part.substr(1);
		}
	}
	return option;
}

} // namespace

std::vector<Option> options_in_help(const std::string& tool)
{
	std::vector<Option> options;
	for (const std::string& line : split(run_tool(tool + " --help").out, '\n')) {
		const size_t indent = line.find_first_not_of(' ');
		if (indent == 0 || indent > 6 || line[indent] != '-') // text begins further to the right
			continue;
		std::vector<std::string> parts;
		for (std::string word : words(line)) {
			if (word[0] != '-')
				break;
			if (word.back() == ',')
				word.pop_back();
			parts.push_back(word);
			if (word.compare(0, 2, "--") == 0)
				break;
		}
		options.push_back(option_of(parts));
	}
	REQUIRE(options.size() > 3);
	return options;
}

std::vector<Documented> options_in(const Lines& lines)
{
	std::vector<Documented> found;
	for (const auto& row : table_rows(lines)) {
		if (code_spans(row[0]).at(0)[0] != '-')
			continue; // another table
		Documented one{option_of(code_spans(row[0])), {}};
		for (const std::string& cell : row)
			for (const std::string& span : code_spans(cell))
				one.mentioned.push_back(span);
		found.push_back(one);
	}
	return found;
}

std::vector<Sample> samples_of(const std::string& page_path)
{
	std::vector<Sample> samples;
	for (const CodeBlock& block : code_blocks(page(page_path))) {
		if (block.language != "console")
			continue;
		for (const std::string& line : block.lines)
			if (line.rfind("# corescope ", 0) == 0)
				samples.push_back({line.substr(12), {}});
			else
				samples.back().output.push_back(line);
	}
	REQUIRE(!samples.empty());
	return samples;
}

namespace {

bool is_of(const Json& value, std::string type)
{
	const std::string or_null = " or null";
	if (type.size() > or_null.size() &&
		type.compare(type.size() - or_null.size(), or_null.size(), or_null) == 0) {
		if (value.is_null())
			return true;
		type.resize(type.size() - or_null.size());
	}
	const auto all = [&](bool (*is)(const Json&)) {
		return value.is_array() && std::all_of(value.begin(), value.end(), is);
	};
	if (type == "list of strings")
		return all([](const Json& item) { return item.is_string(); });
	if (type == "list of integers")
		return all([](const Json& item) { return item.is_number_integer(); });
	if (type == "list of objects")
		return all([](const Json& item) { return item.is_object(); });
	return (type == "string" && value.is_string()) || (type == "boolean" && value.is_boolean()) ||
		(type == "integer" && value.is_number_integer()) || (type == "decimal" && value.is_number());
}

// Keys of the record in its order, as its section of the page has them, and their types.
void check_keys(const std::string& page_path, const std::string& line)
{
	const auto record = nlohmann::ordered_json::parse(line);
	const std::string type = record.at("type");
	const auto rows = table_rows(section(page(page_path), type));
	INFO(page_path << ", record " << type << ": " << line);
	std::vector<std::string> documented, written;
	std::map<std::string, std::string> types;
	for (const auto& row : rows) {
		documented.push_back(code_spans(row[0]).at(0));
		types[documented.back()] = row.at(1);
	}
	for (const auto& [key, value] : record.items())
		if (key != "type") {
			written.push_back(key);
			INFO("key " << key << ", documented as " << types[key]);
			CHECK(is_of(Json::parse(value.dump()), types[key]));
		}
	CHECK(written == documented);
}

} // namespace

std::set<std::string> check_all_keys(const std::string& page_path, const std::string& records)
{
	std::set<std::string> types;
	for (const std::string& line : split(records, '\n')) {
		if (line.empty())
			continue;
		const std::string type = Json::parse(line).at("type");
		types.insert(type);
		if (type == "meta")
			CHECK(Json::parse(line).at("version") == words(run_tool("--version").out).at(1));
		else
			check_keys(page_path, line);
	}
	return types;
}

} // namespace corescope::test
