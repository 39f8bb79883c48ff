// SPDX-License-Identifier: BSD-2-Clause
// What of SQLite is left out of this binary. A distribution's static library is for everybody: each new connection
// registers full-text search, R-trees, JSON, virtual tables of statistics and loadable extensions, half a megabyte that
// no statement of the store names. A static library is linked object by object, and an object whose every wanted function
// is found here is not linked at all. Where the library is one object (SQLite's amalgamation) these are its own, hidden
// functions, and what stands here is not called. The mathematical functions of SQL are sent here by the linker (--wrap in the
// Makefile), and are null; tests/size sees to it that nobody but SQLite asks for them.
#include <limits>

struct sqlite3;

extern "C" {

// Each answers that it has registered all it has: SQLITE_OK.
int sqlite3Fts3Init(sqlite3*);
int sqlite3Fts5Init(sqlite3*);
int sqlite3RtreeInit(sqlite3*);
int sqlite3JsonTableFunctions(sqlite3*);
int sqlite3DbstatRegister(sqlite3*);
int sqlite3StmtVtabInit(sqlite3*);
void sqlite3RegisterJsonFunctions();
void sqlite3AutoLoadExtensions(sqlite3*);
void sqlite3CloseExtensions(sqlite3*);
int sqlite3_load_extension(sqlite3*, const char* file, const char* entry, char** error);
void sqlite3_reset_auto_extension();

int sqlite3Fts3Init(sqlite3*) { return 0; }
int sqlite3Fts5Init(sqlite3*) { return 0; }
int sqlite3RtreeInit(sqlite3*) { return 0; }
int sqlite3JsonTableFunctions(sqlite3*) { return 0; }
int sqlite3DbstatRegister(sqlite3*) { return 0; }
int sqlite3StmtVtabInit(sqlite3*) { return 0; }
void sqlite3RegisterJsonFunctions() {}
void sqlite3AutoLoadExtensions(sqlite3*) {}
void sqlite3CloseExtensions(sqlite3*) {}
void sqlite3_reset_auto_extension() {}
int sqlite3_load_extension(sqlite3*, const char*, const char*, char**) { return 1; } // SQLITE_ERROR

// NOLINTBEGIN(bugprone-reserved-identifier,cppcoreguidelines-macro-usage): the linker's names
#define LEFT_OUT(name)            \
	double __wrap_##name(double); \
	double __wrap_##name(double) { return std::numeric_limits<double>::quiet_NaN(); }

LEFT_OUT(acos)
LEFT_OUT(acosh)
LEFT_OUT(asin)
LEFT_OUT(asinh)
LEFT_OUT(atan)
LEFT_OUT(atanh)
LEFT_OUT(cos)
LEFT_OUT(cosh)
LEFT_OUT(sin)
LEFT_OUT(sinh)
LEFT_OUT(tan)
LEFT_OUT(tanh)

double __wrap_atan2(double, double);
double __wrap_atan2(double, double) { return std::numeric_limits<double>::quiet_NaN(); }
// NOLINTEND(bugprone-reserved-identifier,cppcoreguidelines-macro-usage)
}
