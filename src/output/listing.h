// SPDX-License-Identifier: BSD-2-Clause
// Records that are all known before the first is written: a table whose columns are as wide as what is in them, JSON Lines
// or CSV, from the same declarations of fields as the tools' records.
#pragma once

#include "output/buffer.h"
#include "output/field.h"
#include "system/clock.h"

#include <span>
#include <vector>

namespace corescope {

// Flag of a field: a column in tables and CSV of what JSON has as numbers and objects (Listing::nested).
constexpr unsigned kFlat = 16;
// And of a column that a narrow terminal goes without; the last such goes first.
constexpr unsigned kIfRoom = 32;

struct Listing {
	const char* type; // of its JSON records
	std::span<const Field> fields;
	// What a field cannot hold, as `,"key":value…`; may be null.
	void (*nested)(Buffer& out, const void* row) = nullptr;
};

// width: columns of the terminal, where columns are left out, and the last is cut (with "..." at its end), to fit; 0:
// everything is shown.
void append_table(
	Buffer& out, const Listing& listing, std::span<const void* const> rows, bool header, unsigned width);
void append_json(Buffer& out, const Listing& listing, std::span<const void* const> rows);
void append_csv(Buffer& out, const Listing& listing, std::span<const void* const> rows, bool header);

// Pointers to all of them.
template <class Row>
std::vector<const void*> pointers(const std::vector<Row>& rows)
{
	std::vector<const void*> result;
	result.reserve(rows.size());
	for (const Row& row : rows)
		result.push_back(&row);
	return result;
}

// Columns of the terminal that standard output is, 0 if it is none.
unsigned cut_width();

} // namespace corescope
