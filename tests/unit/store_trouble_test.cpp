// SPDX-License-Identifier: BSD-2-Clause
// A store when things go wrong: older and newer files, damaged and foreign ones, no room, no permission, another that
// holds it, files that vanish, a writer that is killed.
#include "store_trial.h"

#include "base/error.h"
#include "system/privileges.h"
#include "skip.h"

#include <csignal>
#include <fcntl.h>
#include <functional>
#include <grp.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace corescope;
using namespace corescope::test;

namespace {

std::vector<HistRecord> some_records(int n = 1, int64_t start = kDay)
{
	static std::mt19937_64 random(1);
	std::vector<HistRecord> records;
	for (int i = 0; i < n; i++)
		records.push_back(a_record(a_source(), start + i * kSecond, some_histogram(random)));
	return records;
}

void fill(const std::string& path, int n)
{
	HistStore store = HistStore::open(path, {});
	put(store, some_records(n));
}

struct Refusal {
	int code = 0;
	std::string message;
};
Refusal refusal_of(const std::function<void()>& work)
{
	try {
		work();
	} catch (const Error& error) {
		return {error.code, error.message};
	}
	return {};
}

// What work answers in a process of its own, 0..125, or 128 + signal; 126 for an exception.
int in_child(const std::function<int()>& work)
{
	const pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		int status = 126;
		try {
			status = work();
		} catch (const Error& error) {
			status = error.code;
		} catch (...) { // NOLINT(bugprone-empty-catch): told as 126
		}
		_exit(status);
	}
	int status = 0;
	REQUIRE(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void become_nobody()
{
	if (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
		_exit(125);
}

int rows_of(const std::string& path)
{
	HistStore store = HistStore::open_for_reading(path);
	return static_cast<int>(all_of(store).size());
}

std::string set_aside_name(const Folder& folder, const std::string& end = "")
{
	for (const std::string& name : folder.names())
		if (name.find("history.db.corrupt-") == 0 && name.size() == std::string("history.db.corrupt-20261120T120000Z").size() + end.size()
			&& name.substr(name.size() - end.size()) == end)
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
	SECTION("a store of a newer version") {
		fill(folder.path(), 3);
		sql(folder.path(), "PRAGMA user_version = 99");
		const std::string before = content(folder.path());
		for (const auto& use : std::vector<std::function<void()>>{
				 [&] { HistStore::open(folder.path(), {}); }, [&] { HistStore::open_for_reading(folder.path()); }}) {
			const Refusal refusal = refusal_of(use);
			CHECK(refusal.code == kUnavailable);
			CHECK(refusal.message.find("newer") != std::string::npos);
			CHECK(refusal.message.find('\n') == std::string::npos);
		}
		CHECK(content(folder.path()) == before);
	}
	SECTION("a database of another program") {
		sql(folder.path(), "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
		const std::string before = content(folder.path());
		CHECK(refusal_of([&] { HistStore::open(folder.path(), {}); }).code == kDataError);
		CHECK(refusal_of([&] { HistStore::open_for_reading(folder.path()); }).code == kDataError);
		CHECK(content(folder.path()) == before);
	}
	SECTION("a file that is no database, and is not called one") {
		put_content(folder.path("passwd"), "root:x:0:0\n");
		for (int i = 0; i < 2; i++) { // the second time there must be nothing that makes it look like ours
			const Refusal refusal = refusal_of([&] { HistStore::open(folder.path("passwd"), {}); });
			CHECK(refusal.code == kDataError);
			CHECK(folder.names() == std::set<std::string>{"passwd"});
		}
		CHECK(refusal_of([&] { HistStore::open_for_reading(folder.path("passwd")); }).code == kDataError);
		CHECK(content(folder.path("passwd")) == "root:x:0:0\n");
	}
	SECTION("a folder, a device, nothing") {
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
	SECTION("no database any more, found when it is opened") {
		put_content(folder.path(), std::string(50000, 'x'));
		HistStore store = HistStore::open(folder.path(), options);
		put(store, some_records());
		CHECK(content(set_aside_name(folder)) == std::string(50000, 'x'));
		check_new(1);
	}
	SECTION("damaged inside, found when it is written") {
		damage(folder.path());
		const std::string before = content(folder.path());
		HistStore store = HistStore::open(folder.path(), options);
		put(store, some_records(2));
		CHECK(content(set_aside_name(folder)) == before);
		check_new(2);
	}
	SECTION("cut short while another has it open") {
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
	SECTION("a reader only says so") {
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
		files += name.find(".corrupt-") != std::string::npos && name.find("-wal") == std::string::npos
			&& name.find("-shm") == std::string::npos;
	CHECK(files == 1);
	CHECK(rows_of(folder.path()) == kWriters * 5);
	CHECK(sql(folder.path(), "PRAGMA integrity_check") == "ok\n");
}

TEST_CASE("store: a file that somebody removed or replaced is begun anew, and not written to unseen")
{
	const Folder folder;
	std::vector<std::string> warnings;
	HistStore store = HistStore::open(folder.path(), {.warn = [&](const std::string& text) { warnings.push_back(text); }});
	put(store, some_records(4));
	SECTION("all files") {
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
	SECTION("while a writer has it open") {
		read_as_nobody(5);
		put(*writer, some_records(2));
		read_as_nobody(7);
	}
	SECTION("after the writer has closed it") {
		writer.reset();
		read_as_nobody(5);
	}
	SECTION("a writer that was killed: all is in the log") {
		writer.reset();
		CHECK(in_child([&]() -> int {
			HistStore store = HistStore::open(folder.path(), {});
			put(store, some_records(3));
			raise(SIGKILL);
			return 0;
		}) == 128 + SIGKILL);
		REQUIRE(content(folder.path() + "-wal").size() > 4096);
		SECTION("as it lies") { CHECK(folder.names().count("history.db-shm") == 1); }
		SECTION("a copy without the log's index") { CHECK(unlink(folder.path("history.db-shm").c_str()) == 0); }
		read_as_nobody(8);
	}
	SECTION("a copy of the file alone") {
		writer.reset();
		for (const char* end : {"-wal", "-shm", "-lock"})
			unlink((folder.path() + end).c_str());
		read_as_nobody(5);
		CHECK(folder.names() == std::set<std::string>{"history.db"});
	}
	SECTION("a name with signs that mean something in a URI") {
		writer.reset();
		REQUIRE(rename(folder.path().c_str(), folder.path("a?b#c%41.db").c_str()) == 0);
		CHECK(rows_of(folder.path("a?b#c%41.db")) == 5);
	}
	SECTION("who may not write is told so") {
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
	put(store, std::vector<HistRecord>{a_record(a_source(), 1732104000 * kSecond, histogram, {{"pid", "7", true}, {"comm", "a\"b", false}})});
	CHECK(sql(folder.path(), "SELECT start || ' ' || window_s || ' ' || tool || ' ' || labels || ' ' || count || ' ' || p50 || ' '"
							 " || max || ' ' || mean || ' ' || unit FROM histograms")
		== "2024-11-20T12:00:00Z 10.0 cpudist {\"pid\":7,\"comm\":\"a\\\"b\"} 4 20 40 25.0 us\n");
}
