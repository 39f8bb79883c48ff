// SPDX-License-Identifier: BSD-2-Clause
// What `corescope report` reads: stores and files, whole or as two sides that are compared.
#pragma once

#include "commands/history_sides.h"
#include "report/page.h"

#include <span>
#include <string>
#include <vector>

namespace corescope {

struct SideOptions {
	TimeSpan before, after, split;
	std::vector<std::string> sides;
};
std::span<const OptionSpec> report_side_specs();

struct ReportInput {
	explicit ReportInput(size_t rows) : content(rows), other(rows) {}

	report::Content content; // of all, or of A; stacks of both sides
	report::Content other;   // of B
	bool two_contents = false;
	bool compared = false; // side_a and side_b have histograms
	report::ReportSide side_a, side_b;
	std::vector<std::string> sources, notes;
};

// Throws Error: kUsage for words that make no sense together, kDataError, kIoError and kUnavailable as readers do.
ReportInput read_report_input(const HistorySelection& selection, const SideOptions& options, size_t rows);

} // namespace corescope
