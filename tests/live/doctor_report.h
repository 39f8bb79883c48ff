// SPDX-License-Identifier: BSD-2-Clause
// What `corescope doctor` says, as its tests ask for it: check by check.
#pragma once

#include "pages.h"
#include "places.h"

#include <set>
#include <string>
#include <unistd.h>
#include <vector>

namespace corescope::test {

struct Report {
	int status = 0;
	std::vector<Json> records;
	std::string err;

	const Json& check(const std::string& name) const
	{
		for (const Json& record : records)
			if (record.at("type") == "check" && record.at("name") == name)
				return record;
		FAIL("no check " << name);
		return records.front();
	}
	std::string answer(const std::string& name) const { return check(name).at("answer"); }
	std::vector<Json> of(const std::string& type) const
	{
		std::vector<Json> found;
		for (const Json& record : records)
			if (record.at("type") == type)
				found.push_back(record);
		return found;
	}
};

inline Report doctor(const Process::Setup& setup = {}, std::vector<std::string> tools = {})
{
	std::vector<std::string> words = {public_corescope(), "doctor", "--output", "json"};
	words.insert(words.end(), tools.begin(), tools.end());
	Process process(words, setup);
	Report report;
	while (const auto line = process.line())
		report.records.push_back(Json::parse(*line));
	report.status = process.wait();
	report.err = process.errors();
	return report;
}

// In order: meta, checks, tools, summary; where something is lacking there is a cause.
inline void check_form(const Report& report)
{
	INFO("stderr: " << report.err);
	CHECK(report.err.empty());
	REQUIRE(report.records.size() > 30);
	CHECK(report.records.front().at("type") == "meta");
	CHECK(report.records.front().at("tool") == "doctor");
	CHECK(report.records.back().at("type") == "summary");
	CHECK(report.records.back().at("records") == report.records.size() - 2);
	const std::set<std::string> answers = {"yes", "limited", "no", "unknown", "info"};
	std::set<std::string> names;
	for (const Json& record : report.records) {
		if (!record.contains("answer"))
			continue;
		INFO(record.dump());
		CHECK(answers.count(record.at("answer")) == 1);
		if (record.at("answer") == "no" || record.at("answer") == "limited")
			CHECK(!record.at("cause").is_null());
		if (record.at("type") == "check")
			CHECK(names.insert(record.at("name")).second);
	}
}

inline bool exists(const char* path) { return access(path, F_OK) == 0; }
inline std::string yes_if(bool yes) { return yes ? "yes" : "no"; }

} // namespace corescope::test
