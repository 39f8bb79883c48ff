// SPDX-License-Identifier: BSD-2-Clause
// Cgroups that were made while a tool traced (bpf/lib/filter.bpf.h): the one that it is asked for may be made anew, and
// others may be gone before their names are read.
#pragma once

#include "event.h"

#include <cstdint>
#include <string>

namespace corescope {

// The path of one of the last that were made; "" if it is none of them, or its path was too long to be kept.
std::string path_of_made_cgroup(const event_shared& shared, uint64_t id);

// From before to after tracing began it may have been made anew. id: as it was before; directory: where it lies.
void look_again_for_cgroup(event_shared& shared, uint64_t id, const std::string& directory);

} // namespace corescope
