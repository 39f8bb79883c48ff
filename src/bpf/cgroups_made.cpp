// SPDX-License-Identifier: BSD-2-Clause
// See cgroups_made.h.
#include "bpf/cgroups_made.h"

#include "base/error.h"

#include <cstring>

namespace corescope {

namespace {

// The path of one of the last that were made; "" if it is none of them, or its path was too long to be kept.
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

} // namespace

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

void follow_cgroups(event_shared* shared, uint64_t id, const std::string& directory, CgroupResolver& names)
{
	look_again_for_cgroup(*shared, id, directory);
	names.ask_also([shared](uint64_t one) { return path_of_made_cgroup(*shared, one); });
}

} // namespace corescope
