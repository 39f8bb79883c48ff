// SPDX-License-Identifier: BSD-2-Clause
// A store where it may not be at home: without room, without permission, beside another that holds it, behind the filter
// of system calls; and what people see of it.
#include "store_trouble.h"

#include "skip.h"
#include "system/privileges.h"

#include <csignal>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>

using namespace corescope;
using namespace corescope::test;

TEST_CASE("store: without room nothing is lost that was stored, and it is said")
{
	const Folder folder;
	const int status = in_child([&] {
		HistStore store = HistStore::open(folder.path(), {});
		put(store, some_records(10));
		signal(SIGXFSZ, SIG_IGN);
		const rlimit limit = {300000, 300000};
		setrlimit(RLIMIT_FSIZE, &limit);
		int stored = 10;
		const Refusal refusal = refusal_of([&] {
			for (int i = 0; i < 1000; i++, stored += 10)
				put(store, some_records(10));
		});
		if (refusal.code != kIoError || refusal.message.find('\n') != std::string::npos)
			return 1;
		if (stored < 20 || static_cast<int>(all_of(store).size()) != stored) // all of an append, or nothing
			return 2;
		put_content(folder.path("stored"), std::to_string(stored));
		return 0;
	});
	REQUIRE(status == 0);
	CHECK(std::to_string(rows_of(folder.path())) == content(folder.path("stored")));
	CHECK(sql(folder.path(), "PRAGMA integrity_check") == "ok\n");
	fill(folder.path(), 1); // there is room again
	CHECK(rows_of(folder.path()) == std::stoi(content(folder.path("stored"))) + 1);
}

TEST_CASE("store: another writer is waited for, but not for ever")
{
	const Folder folder;
	fill(folder.path(), 1);
	HistStore store = HistStore::open(folder.path(), {.busy_ms = 100});
	sqlite3* other = nullptr;
	REQUIRE(sqlite3_open(folder.path().c_str(), &other) == SQLITE_OK);
	REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
	const Refusal refusal = refusal_of([&] { put(store, some_records()); });
	CHECK(refusal.code == kTempFail);
	CHECK(refusal.message.find(folder.path()) != std::string::npos);
	CHECK(rows_of(folder.path()) == 1); // readers wait for nobody
	sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr);
	sqlite3_close(other);
	put(store, some_records());
	CHECK(rows_of(folder.path()) == 2);

	const int lock = open((folder.path() + "-lock").c_str(), O_RDWR | O_CLOEXEC);
	REQUIRE(flock(lock, LOCK_EX) == 0);
	CHECK(refusal_of([&] { put(store, some_records()); }).code == kTempFail);
	CHECK(refusal_of([&] { HistStore::open(folder.path(), {.busy_ms = 100}); }).code == kTempFail);
	close(lock);
	put(store, some_records());
	CHECK(rows_of(folder.path()) == 3);
}

TEST_CASE("store: folder and files are made for all to read, whatever the umask")
{
	const Folder folder;
	const std::string path = folder.path("a/b/history.db");
	REQUIRE(in_child([&] {
		umask(077);
		fill(path, 1);
		return 0;
	}) == 0);
	const auto mode = [&](const std::string& name) {
		struct stat status;
		REQUIRE(stat(folder.path(name).c_str(), &status) == 0);
		return status.st_mode & 07777;
	};
	CHECK(mode("a") == 0755);
	CHECK(mode("a/b") == 0755);
	for (const char* end : {"", "-wal", "-shm"})
		CHECK(mode("a/b/history.db" + std::string(end)) == 0644);
	for (const char* end : {"", "-wal", "-shm", "-lock"})
		unlink((path + end).c_str());
	rmdir(folder.path("a/b").c_str());
	rmdir(folder.path("a").c_str());
}

TEST_CASE("store: who may only read reads all of it, and leaves nothing behind")
{
	if (geteuid() != 0)
		SKIP_TEST("needs root, to become somebody else");
	const Folder folder;
	std::optional<HistStore> writer(HistStore::open(folder.path(), {}));
	put(*writer, some_records(5));
	const auto read_as_nobody = [&](int rows) {
		const std::set<std::string> before = folder.names();
		CHECK(in_child([&] {
			become_nobody();
			return rows_of(folder.path());
		}) == rows);
		CHECK(rows_of(folder.path()) == rows);
		CHECK(folder.names() == before);
	};
	REQUIRE(chmod(folder.path("").c_str(), 0755) == 0);
	SECTION("while a writer has it open")
	{
		read_as_nobody(5);
		put(*writer, some_records(2));
		read_as_nobody(7);
	}
	SECTION("after the writer has closed it")
	{
		writer.reset();
		read_as_nobody(5);
	}
	SECTION("a writer that was killed: all is in the log")
	{
		writer.reset();
		CHECK(in_child([&]() -> int {
			HistStore store = HistStore::open(folder.path(), {});
			put(store, some_records(3));
			raise(SIGKILL);
			return 0;
		}) == 128 + SIGKILL);
		REQUIRE(content(folder.path() + "-wal").size() > 4096);
		SECTION("as it lies") { CHECK(folder.names().count("history.db-shm") == 1); }
		SECTION("a copy without the log's index")
		{
			CHECK(unlink(folder.path("history.db-shm").c_str()) == 0);
		}
		read_as_nobody(8);
	}
	SECTION("a copy of the file alone")
	{
		writer.reset();
		for (const char* end : {"-wal", "-shm", "-lock"})
			unlink((folder.path() + end).c_str());
		read_as_nobody(5);
		CHECK(folder.names() == std::set<std::string>{"history.db"});
	}
	SECTION("a name with signs that mean something in a URI")
	{
		writer.reset();
		REQUIRE(rename(folder.path().c_str(), folder.path("a?b#c%41.db").c_str()) == 0);
		CHECK(rows_of(folder.path("a?b#c%41.db")) == 5);
	}
	SECTION("who may not write is told so")
	{
		CHECK(in_child([&] {
			become_nobody();
			fill(folder.path(), 1);
			return 0;
		}) == kIoError);
		REQUIRE(chmod(folder.path().c_str(), 0600) == 0);
		CHECK(in_child([&] {
			become_nobody();
			return rows_of(folder.path());
		}) == kNoPermission);
	}
}

TEST_CASE("store: it is written without capabilities and behind the filter of system calls")
{
	const Folder folder;
	CHECK(in_child([&] {
		HistStore store = HistStore::open(folder.path(), {.max_bytes = 200000});
		drop_privileges();
		if (!restrict_syscalls())
			return 77;
		for (int i = 0; i < 100; i++)
			put(store, some_records(10));
		unlink(folder.path().c_str()); // begun anew there too
		put(store, some_records(10));
		return all_of(store).size() == 10 ? 0 : 1;
	}) == 0);
	CHECK(rows_of(folder.path()) == 10);
}

TEST_CASE("store: people read it with the sqlite3 program")
{
	const Folder folder;
	Histogram histogram(3, uint64_t{1} << 36);
	for (const uint64_t us : {10, 20, 30, 40})
		histogram.add(us, us * 1000);
	HistStore store = HistStore::open(folder.path(), {});
	put(store,
		std::vector<HistRecord>{a_record(
			a_source(), 1732104000 * kSecond, histogram, {{"pid", "7", true}, {"comm", "a\"b", false}})});
	CHECK(
		sql(folder.path(),
			"SELECT start || ' ' || window_s || ' ' || tool || ' ' || labels || ' ' || count || ' ' || p50 || ' '"
			" || max || ' ' || mean || ' ' || unit FROM histograms") ==
		"2024-11-20T12:00:00Z 10.0 cpudist {\"pid\":7,\"comm\":\"a\\\"b\"} 4 20 40 25.0 us\n");
}
