// SPDX-License-Identifier: BSD-2-Clause
// SQLite in the house's manner: handles that close themselves, and its error codes as our exit statuses.
#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

namespace corescope {

// SQLite says that the file is damaged, or no database at all. Not an Error: a writer sets the file aside and begins a
// new one, a reader gives up.
struct DamagedStore : std::exception {
	explicit DamagedStore(std::string text) : why(std::move(text)) {}
	const char* what() const noexcept override { return why.c_str(); }
	std::string why;
};

// One statement, bound and stepped again and again. Positions of parameters count from 1, of columns from 0. What
// column_* gives of text and blobs lives until the next step.
class Statement {
public:
	Statement() = default;
	explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

	Statement& bind(int at, int64_t value);
	Statement& bind(int at, uint64_t value) { return bind(at, static_cast<int64_t>(value)); }
	Statement& bind(int at, unsigned value) { return bind(at, int64_t{value}); }
	Statement& bind_null(int at);
	int parameters() const;                               // the greatest position
	Statement& bind_text(int at, std::string_view text);  // copied
	Statement& bind_blob(int at, std::string_view bytes); // copied

	bool step(); // whether there is a row; after the last, the statement is ready for the next use
	void run()
	{
		while (step()) {}
	}
	void reset(); // after leaving a loop of steps early

	int64_t integer(int column) const;
	uint64_t number(int column) const { return static_cast<uint64_t>(integer(column)); }
	bool is_null(int column) const;
	bool is_text(int column) const;
	std::string_view bytes(int column) const; // of text or blob
	std::string text(int column) const { return std::string(bytes(column)); }

private:
	void make_ready();
	struct Finalize {
		void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
	};
	std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
public:
	// name: a path, or with SQLITE_OPEN_URI a file: URI. busy_ms: how long a lock is waited for. Throws Error or
	// DamagedStore.
	Database(const std::string& name, int flags, uint64_t busy_ms);
	~Database();
	Database(const Database&) = delete;
	Database& operator=(const Database&) = delete;

	void execute(const char* sql); // one or more statements, results ignored
	Statement prepare(std::string_view sql);
	// Prepared once; sql is a literal, its address is its name.
	Statement& cached(const char* sql);
	int64_t integer(const char* sql); // the first column of the first row
	int64_t cached_integer(const char* sql);
	sqlite3* handle() const { return handle_; }

	// The files were renamed under us: closing must touch neither them nor those that took their names.
	void abandon();

private:
	struct Patience;
	std::unique_ptr<Patience> patience_;
	sqlite3* handle_ = nullptr;
	std::map<const char*, Statement> statements_;
};

// A write transaction: rolled back unless it was committed. Waits for other writers as long as the database says.
class Transaction {
public:
	explicit Transaction(Database& database);
	~Transaction();
	Transaction(const Transaction&) = delete;
	Transaction& operator=(const Transaction&) = delete;
	void commit();

private:
	Database* database_;
};

// Throws what the code means: Error (kTempFail, kIoError, kFailure), DamagedStore or std::bad_alloc.
[[noreturn]] void throw_sqlite_error(sqlite3* handle, int code);

} // namespace corescope
