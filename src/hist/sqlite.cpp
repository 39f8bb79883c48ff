// SPDX-License-Identifier: BSD-2-Clause
// See sqlite.h. Messages carry no path: whoever knows which store it is puts that before them.
#include "hist/sqlite.h"

#include "base/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <random>
#include <time.h>
#include <utility>

namespace corescope {

namespace {

uint64_t now_ms()
{
	timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

} // namespace

// Waits a random while, up to twice as long as it takes a disk to sync: SQLite's own handler grows to 100 ms, and of
// many writers those that have waited longest then ask least often.
struct Database::Patience {
	uint64_t busy_ms = 0;
	uint64_t since_ms = 0;
	std::minstd_rand random{std::random_device()()};

	static int wait(void* self, int tries)
	{
		auto& patience = *static_cast<Patience*>(self);
		const uint64_t now = now_ms();
		if (tries == 0)
			patience.since_ms = now;
		if (now - patience.since_ms >= patience.busy_ms)
			return 0;
		const timespec nap = {0, 500000 + static_cast<long>(patience.random() % 10000000)};
		nanosleep(&nap, nullptr);
		return 1;
	}
};

void throw_sqlite_error(sqlite3* handle, int code)
{
	const int system_error = handle ? sqlite3_system_errno(handle) : 0;
	const char* said = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
	switch (code & 0xff) {
	case SQLITE_NOMEM: throw std::bad_alloc();
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: throw DamagedStore(said);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL: throw Error(kTempFail, "other processes hold it for too long; try again later");
	case SQLITE_FULL: throw Error(kIoError, "no space is left; nothing was changed");
	case SQLITE_READONLY: throw Error(kIoError, "it can be read but not written");
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_IOERR:
		throw Error(kIoError,
			std::string(said) + (system_error ? std::string(": ") + std::strerror(system_error) : ""));
	default: throw Error(kFailure, std::string("SQLite: ") + said);
	}
}

// What an exception left in the middle of its rows could not be bound anew.
void Statement::make_ready()
{
	if (sqlite3_stmt_busy(statement_.get()))
		sqlite3_reset(statement_.get());
}

Statement& Statement::bind(int at, int64_t value)
{
	make_ready();
	sqlite3_bind_int64(statement_.get(), at, value);
	return *this;
}

Statement& Statement::bind_null(int at)
{
	make_ready();
	sqlite3_bind_null(statement_.get(), at);
	return *this;
}

int Statement::parameters() const { return sqlite3_bind_parameter_count(statement_.get()); }

Statement& Statement::bind_text(int at, std::string_view text)
{
	make_ready();
	const int code = sqlite3_bind_text64(
		statement_.get(), at, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
	if (code != SQLITE_OK)
		throw_sqlite_error(sqlite3_db_handle(statement_.get()), code);
	return *this;
}

Statement& Statement::bind_blob(int at, std::string_view bytes)
{
	make_ready();
	const int code = sqlite3_bind_blob64(
		statement_.get(), at, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_TRANSIENT);
	if (code != SQLITE_OK)
		throw_sqlite_error(sqlite3_db_handle(statement_.get()), code);
	return *this;
}

bool Statement::step()
{
	const int code = sqlite3_step(statement_.get());
	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE) {
		try {
			throw_sqlite_error(sqlite3_db_handle(statement_.get()), code);
		} catch (...) {
			sqlite3_reset(statement_.get());
			throw;
		}
	}
	sqlite3_reset(statement_.get());
	return false;
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

bool Statement::is_null(int column) const
{
	return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

bool Statement::is_text(int column) const
{
	return sqlite3_column_type(statement_.get(), column) == SQLITE_TEXT;
}

std::string_view Statement::bytes(int column) const
{
	const void* data = sqlite3_column_blob(statement_.get(), column);
	const int size = sqlite3_column_bytes(statement_.get(), column);
	return data ? std::string_view(static_cast<const char*>(data), static_cast<size_t>(size))
				: std::string_view();
}

Database::Database(const std::string& name, int flags, uint64_t busy_ms)
{
	const int code = sqlite3_open_v2(name.c_str(), &handle_, flags | SQLITE_OPEN_EXRESCODE, nullptr);
	if (code != SQLITE_OK) {
		try {
			throw_sqlite_error(handle_, code);
		} catch (...) {
			sqlite3_close(handle_);
			throw;
		}
	}
	patience_ = std::make_unique<Patience>();
	patience_->busy_ms = busy_ms;
	sqlite3_busy_handler(handle_, Patience::wait, patience_.get());
	// Sorting must not need a temporary folder, and a store from elsewhere may hold anything in its schema.
	sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
	sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
	sqlite3_exec(handle_, "PRAGMA temp_store = MEMORY", nullptr, nullptr, nullptr);
}

Database::~Database()
{
	statements_.clear();
	sqlite3_close(handle_);
}

void Database::execute(const char* sql)
{
	const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
	if (code != SQLITE_OK)
		throw_sqlite_error(handle_, code);
}

Statement Database::prepare(std::string_view sql)
{
	sqlite3_stmt* statement = nullptr;
	const int code =
		sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
	if (code != SQLITE_OK)
		throw_sqlite_error(handle_, code);
	return Statement(statement);
}

Statement& Database::cached(const char* sql)
{
	const auto found = statements_.find(sql);
	if (found != statements_.end())
		return found->second;
	return statements_.emplace(sql, prepare(sql)).first->second;
}

int64_t Database::integer(const char* sql)
{
	Statement statement = prepare(sql);
	return statement.step() ? statement.integer(0) : 0;
}

int64_t Database::cached_integer(const char* sql)
{
	Statement& statement = cached(sql);
	const int64_t value = statement.step() ? statement.integer(0) : 0;
	statement.reset();
	return value;
}

void Database::abandon() { sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

Transaction::Transaction(Database& database) : database_(&database)
{
	database.cached("BEGIN IMMEDIATE").run();
}

Transaction::~Transaction()
{
	// A failed statement may have rolled back already.
	if (database_ && !sqlite3_get_autocommit(database_->handle()))
		sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit()
{
	database_->cached("COMMIT").run();
	database_ = nullptr;
}

} // namespace corescope
