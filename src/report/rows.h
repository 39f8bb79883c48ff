// SPDX-License-Identifier: BSD-2-Clause
// Records of one type of one tool, for a table: the first of them as they are, all of them counted.
#pragma once

#include "report/json_line.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace corescope::report {

class Rows {
public:
	static constexpr size_t kMaxColumns = 200;
	static constexpr size_t kMaxCell = 4096;

	struct Cell {
		std::string text;
		bool number = false;
	};

	explicit Rows(size_t most) : most_(most) {}
	// An object; `type` is left out, and so are exact bytes in base64 beside their text.
	void add(const JsonLine& line);

	uint64_t count() const { return count_; }
	bool all_shown() const { return rows_.size() == count_; }
	uint64_t cut_cells() const { return cut_; }
	bool columns_missing() const { return columns_missing_; }
	const std::vector<std::string>& columns() const { return columns_; }
	const std::vector<std::vector<Cell>>& rows() const { return rows_; } // may be shorter than columns()

private:
	size_t most_;
	uint64_t count_ = 0, cut_ = 0;
	bool columns_missing_ = false;
	std::vector<std::string> columns_;
	std::unordered_map<std::string, size_t> index_;
	std::vector<std::vector<Cell>> rows_;
};

} // namespace corescope::report
