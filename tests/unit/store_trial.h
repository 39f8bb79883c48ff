// SPDX-License-Identifier: BSD-2-Clause
// What the tests of the store share: a folder that goes away, records with something in every field, and SQLite to look
// at a file from the side.
#pragma once

#include "hist/record.h"
#include "hist/store.h"

#include <sqlite3.h>

#include <cstdlib>
#include <dirent.h>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

namespace corescope::test {

constexpr int64_t kSecond = 1000000000;
constexpr int64_t kDay = 86400 * kSecond;
constexpr int64_t kNoon = 1795176000 * kSecond; // 2026-11-20 12:00:00 UTC

// n times the same.
inline Histogram values(int n, uint64_t us)
{
	Histogram histogram(3, uint64_t{1} << 36);
	for (int i = 0; i < n; i++)
		histogram.add(us, HistSum{us} * 1000);
	return histogram;
}

class Folder {
public:
	Folder()
	{
		char name[] = "/tmp/corescope-store-XXXXXX";
		REQUIRE(mkdtemp(name));
		path_ = name;
	}
	~Folder()
	{
		for (const std::string& name : names())
			unlink((path_ + "/" + name).c_str());
		rmdir(path_.c_str());
	}
	Folder(const Folder&) = delete;
	Folder& operator=(const Folder&) = delete;

	std::string path(const std::string& name = "history.db") const { return path_ + "/" + name; }
	std::set<std::string> names() const
	{
		std::set<std::string> found;
		DIR* folder = opendir(path_.c_str());
		while (const dirent* entry = readdir(folder))
			if (entry->d_name[0] != '.')
				found.insert(entry->d_name);
		closedir(folder);
		return found;
	}

private:
	std::string path_;
};

inline std::shared_ptr<const HistSource> a_source(
	const std::string& host = "web1", const std::string& options = "")
{
	return std::make_shared<HistSource>(HistSource{"cpudist", "oncpu", "on-CPU time", options, "0.1.0",
		"tp_btf/sched_switch", host, "f00d", kMicroseconds});
}

inline Histogram some_histogram(
	std::mt19937_64& random, unsigned p = 3, uint64_t limit = uint64_t{1} << 36, int values = 200)
{
	Histogram histogram(p, limit);
	for (int i = 0; i < values; i++) {
		const uint64_t value = random() >> (random() % 64);
		histogram.add(value, HistSum{value} * 1000);
	}
	return histogram;
}

inline HistRecord a_record(const std::shared_ptr<const HistSource>& source, int64_t start_ns,
	const Histogram& histogram, std::vector<HistLabel> labels = {})
{
	return {source, std::move(labels), 0, start_ns, {10 * kSecond, 0, 0, 0}, histogram};
}

inline std::vector<HistRecord> all_of(HistStore& store, const HistQuery& query = {})
{
	std::vector<HistRecord> records;
	store.each(query, [&](int64_t, const HistRecord& record) {
		records.push_back(record);
		return true;
	});
	return records;
}

inline void put(HistStore& store, const std::vector<HistRecord>& records,
	const std::optional<HistStore::State>& state = {})
{
	if (records.empty())
		store.append(a_source(), 0, {}, records, state);
	else
		store.append(records[0].source, records[0].start_unix_ns, records[0].window, records, state);
}

// Another program's view of the file: the values of the first column, a line each.
inline std::string sql(const std::string& path, const std::string& statements)
{
	sqlite3* raw = nullptr;
	REQUIRE(sqlite3_open(path.c_str(), &raw) == SQLITE_OK);
	const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(raw, sqlite3_close);
	sqlite3_busy_timeout(raw, 10000);
	std::string result;
	char* why = nullptr;
	const int code = sqlite3_exec(
		raw, statements.c_str(),
		[](void* to, int n, char** values, char**) {
			*static_cast<std::string*>(to) += std::string(n && values[0] ? values[0] : "NULL") + "\n";
			return 0;
		},
		&result, &why);
	INFO(statements << ": " << (why ? why : ""));
	sqlite3_free(why);
	REQUIRE(code == SQLITE_OK);
	return result;
}

inline std::string content(const std::string& path)
{
	std::ostringstream text;
	text << std::ifstream(path, std::ios::binary).rdbuf();
	return text.str();
}

inline void put_content(const std::string& path, const std::string& text)
{
	std::ofstream(path, std::ios::binary) << text << std::flush;
}

} // namespace corescope::test
