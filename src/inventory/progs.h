// SPDX-License-Identifier: BSD-2-Clause
// The parts of `corescope progs`: what it shows once, what it measures, what it waits for.
#pragma once

#include "cli/values.h"
#include "inventory/inventory.h"

#include <string>
#include <vector>

namespace corescope {

struct ProgsOptions {
	bool maps = false, links = false, watch = false, no_header = false;
	Duration stats;
	Count count;
	OutputFormat output = OutputFormat::table;
};

// All three throw Error, and write to standard output.
void progs_list(const ProgsOptions& options, const std::vector<std::string>& arguments);
void progs_stats(const ProgsOptions& options, const std::vector<std::string>& arguments);
void progs_watch(const ProgsOptions& options, const std::vector<std::string>& arguments);

// Text of one program for a column; lists are strings closed by NUL each.
std::string processes_list(const std::vector<HoldingProcess>& processes, bool own);
std::string attached_list(const SeenProg& prog);

// `,"processes":[{"pid":1,"comm":"x"}]`
class Buffer;
void append_processes(Buffer& out, const std::vector<HoldingProcess>& processes);
void append_ids(Buffer& out, const char* key, const std::vector<uint32_t>& ids);
// The first JSON record.
void append_progs_meta(Buffer& out, const std::vector<std::string>& arguments);

} // namespace corescope
