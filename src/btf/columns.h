// SPDX-License-Identifier: BSD-2-Clause
// A struct that only its BTF describes, as fields for the writers of records: each scalar or string member one
// column, those of nested structs and unions as `outer.inner`; arrays are one column each.
#pragma once

#include "btf/type.h"
#include "output/field.h"

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

// What a field of BtfColumns reads from: its `event` points to one. May be the base of a struct with more.
struct BtfRecord {
	std::string_view bytes; // as many as came
};

class BtfColumns {
public:
	struct Options {
		// Keys that are in use besides; a member of such a name gets `_` behind it. `type`, `lost` and `reason`,
		// which the writers use, need not be named.
		std::span<const std::string_view> taken{};
		// Bytes that may follow a record without being part of it: 7 for perf buffers, which round up.
		size_t padding = 0;
	};

	// type: what a record is. One without members is one column `value`. It must live as long as this.
	BtfColumns(const BtfType& type, const Options& options);
	explicit BtfColumns(const BtfType& type) : BtfColumns(type, Options()) {}
	~BtfColumns();
	BtfColumns(const BtfColumns&) = delete;
	BtfColumns& operator=(const BtfColumns&) = delete;

	// One for each column, in the struct's order, and `missing_bytes` and `extra_bytes` (in data only): how many
	// bytes the record is short of the type, null if none, and those behind it in hexadecimal, null if there are
	// none. A member that is not wholly there is null, in a table `-`.
	std::span<const Field> fields() const { return fields_; }

	// What is wrong with a record's length in words, as "record of 12 bytes: struct event has 24, the last 12 are
	// missing"; empty if nothing is.
	std::string mismatch(std::string_view bytes) const;

	struct Column;

private:
	void add_members(const BtfType& type, uint32_t bit_offset, const std::string& path, bool tail);
	void add(const BtfType& type, uint32_t bit_offset, uint32_t bits, const std::string& path, bool tail);
	Column& named(const BtfType& type, uint32_t bit_offset, uint32_t bits, const std::string& path);

	const BtfType& type_;
	size_t padding_;
	std::vector<std::string> taken_;
	std::deque<Column> columns_; // fields point to them
	std::vector<Field> fields_;
};

} // namespace corescope
