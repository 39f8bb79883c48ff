// SPDX-License-Identifier: BSD-2-Clause
// Which rows go, and how the file becomes smaller for it.
#pragma once

#include "hist/sqlite.h"
#include "hist/store.h"

namespace corescope {

// " WHERE …" for rows of `interval` (with ids: and `hist`) that the query means, its parameters ?1 … bound by bind_query(). Labels are not in it.
std::string where_of(const HistQuery& query);
void bind_query(Statement& to, const HistQuery& query);

// Deletes in small transactions, so that no writer waits for long. What is in interval `newest` or a later one stays.
struct Retention {
	uint64_t removed = 0;          // histograms
	uint64_t forgotten_totals = 0; // of labels long gone, where rows alone did not make enough room
};
Retention apply_retention(
	Database& database, uint64_t keep_ns, uint64_t max_bytes, int64_t newest, int64_t now_unix_ns);
// How many there were.
uint64_t delete_rows(Database& database, const std::vector<int64_t>& ids);
void delete_empty_intervals(Database& database, const HistQuery& query);

// Gives free pages back to the file system, as far as readers let it.
void shrink(Database& database);
uint64_t database_bytes(Database& database);

} // namespace corescope
