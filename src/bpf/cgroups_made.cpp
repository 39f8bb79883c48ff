// SPDX-License-Identifier: BSD-2-Clause
// See cgroups_made.h.
#include "bpf/cgroups_made.h"

#include "base/error.h"
#include "system/cgroup.h"

#include <cstring>

namespace corescope {

std::string path_of_made_cgroup(const event_shared& shared, uint64_t id)
{
	for (const cgroup_made& one : shared.made) {
		if (__atomic_load_n(&one.id, __ATOMIC_ACQUIRE) != id)
			continue;
		const std::string path(one.path, strnlen(one.path, sizeof(one.path)));
		// The next may just be written over it.
		const bool whole =
			__atomic_load_n(&one.id, __ATOMIC_ACQUIRE) == id && path.size() + 1 < sizeof(one.path);
		return whole ? path : "";
	}
	return "";
}

void look_again_for_cgroup(event_shared& shared, uint64_t id, const std::string& directory)
{
	if (!id)
		return;
	try {
		const uint64_t now = cgroup_id(directory);
		__atomic_compare_exchange_n(&shared.cgroup, &id, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	} catch (const Error&) { // it is not there just now
	}
}

} // namespace corescope
