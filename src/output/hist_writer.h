// SPDX-License-Identifier: BSD-2-Clause
// How a run tells its histograms, interval by interval. Each writer appends whole lines to a buffer and never writes
// anywhere.
#pragma once

#include "hist/record.h"
#include "output/buffer.h"
#include "output/records.h"

#include <memory>
#include <string_view>
#include <vector>

namespace corescope {

struct HistStyle {
	std::vector<std::string_view> labels; // that the keys of this run bear: in CSV a column each
	bool header = true;
	bool timestamp = false; // the time of day above each interval of a table
	bool extension = false; // average and total above the figures
};

// An interval of a run, or all of it.
struct HistInterval {
	const Snapshot& counted;
	int64_t start_unix_ns;
	int64_t end_unix_ns;
};

class HistWriter {
public:
	virtual ~HistWriter() = default;
	virtual void begin(Buffer& out, const Meta& meta);
	virtual void interval(Buffer& out, const HistInterval& interval) = 0;
	virtual void end(Buffer& out, const Summary& summary);
};

// Labels that are numbers stay so: where several keys are one, they have none.
bool hist_label_is_number(std::string_view label);

std::unique_ptr<HistWriter> hist_table_writer(const HistSource& source, const HistStyle& style);
std::unique_ptr<HistWriter> hist_json_writer(const HistSource& source, const HistStyle& style);
std::unique_ptr<HistWriter> hist_csv_writer(const HistSource& source, const HistStyle& style);

} // namespace corescope
