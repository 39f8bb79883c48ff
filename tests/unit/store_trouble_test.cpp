// SPDX-License-Identifier: BSD-2-Clause
// A store when things go wrong: older and newer files, damaged and foreign ones, files that vanish, a writer that is
// killed.
#include "store_trouble.h"

#include "skip.h"
#include "system/privileges.h"

#include <csignal>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>

using namespace corescope;
using namespace corescope::test;

namespace {

std::string set_aside_name(const Folder& folder, const std::string& end = "")
{
	for (const std::string& name : folder.names())
		if (name.starts_with("history.db.corrupt-") &&
			name.size() == std::string("history.db.corrupt-20261120T120000Z").size() + end.size() &&
			name.substr(name.size() - end.size()) == end)
			return folder.path(name);
	return "";
}

// A whole database in which what SQLite needs to find its rows is overwritten.
void damage(const std::string& path)
{
	std::string bytes = content(path);
	REQUIRE(bytes.size() > 20000);
	for (size_t i = 4096; i < bytes.size(); i++)
		bytes[i] = static_cast<char>(i * 7 + i / 251);
	put_content(path, bytes);
}

} // namespace

TEST_CASE("store: one of an older version is brought up to date, with all that is in it")
{
	const Folder folder;
	fill(folder.path(), 3);
	// As the first version had it: without what the second one added.
	sql(folder.path(), "DROP TABLE total; DROP TABLE runs; DROP TABLE state; PRAGMA user_version = 1");
	CHECK(refusal_of([&] { rows_of(folder.path()); }).code == kUnavailable); // a reader changes nothing
	CHECK(sql(folder.path(), "PRAGMA user_version") == "1\n");
	HistStore store = HistStore::open(folder.path(), {});
	CHECK(all_of(store).size() == 3);
	put(store, some_records(2));
	store.run_ended(a_source(), 1, true);
	CHECK(all_of(store).size() == 5);
	CHECK(store.totals(*a_source()).size() == 1);
	CHECK(sql(folder.path(), "PRAGMA user_version") == "2\n");
	CHECK(sql(folder.path(), "PRAGMA integrity_check") == "ok\n");
}

TEST_CASE("store: a migration that fails changes nothing")
{
	const Folder folder;
	fill(folder.path(), 3);
	// `state` is in the way of the last table that the step makes.
	sql(folder.path(), "DROP TABLE total; DROP TABLE runs; PRAGMA user_version = 1");
	CHECK(refusal_of([&] { HistStore::open(folder.path(), {}); }).code == kFailure);
	CHECK(sql(folder.path(), "PRAGMA user_version") == "1\n");
	CHECK(sql(folder.path(), "SELECT count(*) FROM sqlite_schema WHERE name IN ('total', 'runs')") == "0\n");
	CHECK(sql(folder.path(), "SELECT count(*) FROM hist") == "3\n");
}

TEST_CASE("store: what is newer, or another's, is refused and left as it is")
{
	const Folder folder;
	SECTION("a store of a newer version")
	{
		fill(folder.path(), 3);
		sql(folder.path(), "PRAGMA user_version = 99");
		const std::string before = content(folder.path());
		for (const auto& use : std::vector<std::function<void()>>{[&] { HistStore::open(folder.path(), {}); },
				 [&] { HistStore::open_for_reading(folder.path()); }}) {
			const Refusal refusal = refusal_of(use);
			CHECK(refusal.code == kUnavailable);
			CHECK(refusal.message.find("newer") != std::string::npos);
			CHECK(refusal.message.find('\n') == std::string::npos);
		}
		CHECK(content(folder.path()) == before);
	}
	SECTION("a database of another program")
	{
		sql(folder.path(), "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
		const std::string before = content(folder.path());
		CHECK(refusal_of([&] { HistStore::open(folder.path(), {}); }).code == kDataError);
		CHECK(refusal_of([&] { HistStore::open_for_reading(folder.path()); }).code == kDataError);
		CHECK(content(folder.path()) == before);
	}
	SECTION("a file that is no database, and is not called one")
	{
		put_content(folder.path("passwd"), "root:x:0:0\n");
		for (int i = 0; i < 2; i++) { // the second time there must be nothing that makes it look like ours
			const Refusal refusal = refusal_of([&] { HistStore::open(folder.path("passwd"), {}); });
			CHECK(refusal.code == kDataError);
			CHECK(folder.names() == std::set<std::string>{"passwd"});
		}
		CHECK(refusal_of([&] { HistStore::open_for_reading(folder.path("passwd")); }).code == kDataError);
		CHECK(content(folder.path("passwd")) == "root:x:0:0\n");
	}
	SECTION("a folder, a device, nothing")
	{
		CHECK(refusal_of([&] { HistStore::open(folder.path("."), {}); }).code == kIoError);
		CHECK(refusal_of([&] { HistStore::open("/dev/null", {}); }).code == kIoError);
		CHECK(refusal_of([&] { HistStore::open("", {}); }).code == kIoError);
		CHECK(refusal_of([&] { HistStore::open("/proc/corescope/history.db", {}); }).code == kIoError);
		CHECK(refusal_of([&] { HistStore::open_for_reading(folder.path("none.db")); }).code == kIoError);
		CHECK(refusal_of([&] { HistStore::open_for_reading(folder.path(".")); }).code != 0);
		put_content(folder.path("empty.db"), "");
		CHECK(refusal_of([&] { HistStore::open_for_reading(folder.path("empty.db")); }).code == kDataError);
	}
}

TEST_CASE("store: a damaged file is set aside, and a new one begun")
{
	const Folder folder;
	std::vector<std::string> warnings;
	const HistStore::Options options{.warn = [&](const std::string& text) { warnings.push_back(text); }};
	fill(folder.path(), 500);
	const auto check_new = [&](int rows) {
		REQUIRE(warnings.size() == 1);
		CHECK(warnings[0].find(set_aside_name(folder)) != std::string::npos);
		CHECK(warnings[0].find('\n') == std::string::npos);
		CHECK(rows_of(folder.path()) == rows);
		CHECK(sql(folder.path(), "PRAGMA integrity_check") == "ok\n");
	};
	SECTION("no database any more, found when it is opened")
	{
		put_content(folder.path(), std::string(50000, 'x'));
		HistStore store = HistStore::open(folder.path(), options);
		put(store, some_records());
		CHECK(content(set_aside_name(folder)) == std::string(50000, 'x'));
		check_new(1);
	}
	SECTION("damaged inside, found when it is written")
	{
		damage(folder.path());
		const std::string before = content(folder.path());
		HistStore store = HistStore::open(folder.path(), options);
		put(store, some_records(2));
		CHECK(content(set_aside_name(folder)) == before);
		check_new(2);
	}
	SECTION("cut short while another has it open")
	{
		HistStore other = HistStore::open(folder.path(), {});
		put(other, some_records());
		const std::string log = content(folder.path() + "-wal");
		CHECK(log.size() > 4096);
		const bool to_nothing = GENERATE(false, true);
		REQUIRE(truncate(folder.path().c_str(), to_nothing ? 0 : 4999) == 0);
		HistStore store = HistStore::open(folder.path(), options);
		put(store, some_records(3));
		CHECK(content(set_aside_name(folder, "-wal")) == log); // what the log held is there too
		put(other, some_records());
		check_new(4);
	}
	SECTION("a reader only says so")
	{
		damage(folder.path());
		const std::string before = content(folder.path());
		const std::set<std::string> names = folder.names();
		CHECK(refusal_of([&] { rows_of(folder.path()); }).code == kDataError);
		CHECK(content(folder.path()) == before);
		CHECK(folder.names() == names);
	}
}

TEST_CASE("store: several writers that find it damaged at once set it aside once")
{
	const Folder folder;
	fill(folder.path(), 500);
	constexpr int kWriters = 8;
	std::vector<pid_t> children;
	int gate[2];
	REQUIRE(pipe(gate) == 0);
	for (int i = 0; i < kWriters; i++) {
		children.push_back(fork());
		if (children.back() == 0) {
			close(gate[1]);
			int status = 0;
			try {
				std::optional<HistStore> store;
				if (i % 2) // half of them have it open when it happens
					store.emplace(HistStore::open(folder.path(), {}));
				char c;
				while (read(gate[0], &c, 1) > 0) {}
				if (!store)
					store.emplace(HistStore::open(folder.path(), {}));
				for (int n = 0; n < 5; n++)
					put(*store, some_records());
			} catch (const Error& error) {
				fprintf(stderr, "%s\n", error.message.c_str());
				status = error.code;
			}
			_exit(status);
		}
	}
	close(gate[0]);
	damage(folder.path());
	close(gate[1]);
	for (const pid_t child : children) {
		int status = 0;
		REQUIRE(waitpid(child, &status, 0) == child);
		CHECK(status == 0);
	}
	int files = 0;
	for (const std::string& name : folder.names())
		files += name.find(".corrupt-") != std::string::npos && name.find("-wal") == std::string::npos &&
			name.find("-shm") == std::string::npos;
	CHECK(files == 1);
	CHECK(rows_of(folder.path()) == kWriters * 5);
	CHECK(sql(folder.path(), "PRAGMA integrity_check") == "ok\n");
}

TEST_CASE("store: a file that somebody removed or replaced is begun anew, and not written to unseen")
{
	const Folder folder;
	std::vector<std::string> warnings;
	HistStore store =
		HistStore::open(folder.path(), {.warn = [&](const std::string& text) { warnings.push_back(text); }});
	put(store, some_records(4));
	SECTION("all files")
	{
		CHECK(folder.names().size() == 4);
		for (const std::string& name : folder.names())
			unlink(folder.path(name).c_str());
	}
	SECTION("the file alone") { CHECK(unlink(folder.path().c_str()) == 0); }
	SECTION("moved away") { CHECK(rename(folder.path().c_str(), folder.path("old.db").c_str()) == 0); }
	put(store, some_records(2));
	CHECK_FALSE(warnings.empty());
	CHECK(rows_of(folder.path()) == 2);
	CHECK(sql(folder.path(), "PRAGMA integrity_check") == "ok\n");
}
