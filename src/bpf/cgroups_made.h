// SPDX-License-Identifier: BSD-2-Clause
// Cgroups that were made while a tool traced (bpf/lib/filter.bpf.h): the one that it is asked for may be made anew, and
// others may be gone before their names are read.
#pragma once

#include "event.h"
#include "system/cgroup.h"

#include <cstdint>
#include <string>

namespace corescope {

// From before to after tracing began it may have been made anew. id: as it was before; directory: where it lies.
void look_again_for_cgroup(event_shared& shared, uint64_t id, const std::string& directory);

// The same, and `names` also knows the last that were made, as long as `shared` lives.
void follow_cgroups(event_shared* shared, uint64_t id, const std::string& directory, CgroupResolver& names);

} // namespace corescope
