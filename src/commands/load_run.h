// SPDX-License-Identifier: BSD-2-Clause
// The life of `corescope load`: what its programs say is written as it comes, until something ends it.
#pragma once

#include "cli/job.h"
#include "commands/load.h"

#include <string>
#include <vector>

namespace corescope {

// arguments: of the command line, for `meta`. Returns the exit status; throws Error.
int run_load(const LoadOptions& options, const CommonOptions& common, const Job& job,
	const std::vector<std::string>& arguments);

} // namespace corescope
