// SPDX-License-Identifier: BSD-2-Clause
// The tables of a store, and how those of an older version become today's. PRAGMA application_id says that a database
// is a store, PRAGMA user_version which version of the tables it has.
#pragma once

#include "hist/sqlite.h"

namespace corescope {

inline constexpr int64_t kStoreApplicationId = 0x436f5363; // "CoSc"
int64_t store_schema_version();                            // what this build writes

enum class StoreState {
	current,
	empty,   // a new file: no tables yet
	older,   // migrate_store() is due
	newer,   // of a later corescope
	foreign, // a database, but no store
};
// Reads, and changes nothing. Throws DamagedStore.
StoreState store_state(Database& database);

// Makes the tables, or brings them up to date, in one transaction: afterwards the state is current, or all is as before.
void migrate_store(Database& database);

} // namespace corescope
