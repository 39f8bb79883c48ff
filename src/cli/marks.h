// SPDX-License-Identifier: BSD-2-Clause
// The user half of bpf/lib/mark.bpf.h: which maps there are, and how large.
#pragma once

#include "system/host.h"

#include <bpf/libbpf.h>

#include <cstdint>

namespace corescope {

// One place for each task where there are few enough numbers (a power of two; 256 KiB), else for one in many.
inline uint32_t mark_places(uint32_t usual)
{
	constexpr uint32_t kMost = 32768; // the usual pid_max, but for large 64-bit hosts under systemd
	const uint64_t most_tasks = pid_max();
	return most_tasks && most_tasks <= kMost ? kMost : usual;
}

// Called by a tool's configure(). by_storage: of the hook set's programs; place_for_each: whether the tool would rather
// have a place for each task, where it has memory to spare. Maps that only another hook set needs would take memory, or (task storage, before
// 5.11) cannot even be made.
template <class Skel>
void configure_marks(Skel& skel, bool by_storage, bool place_for_each)
{
	const uint32_t usual = bpf_map__max_entries(skel.maps.marks);
	const uint32_t places = place_for_each ? mark_places(usual) : usual;
	bpf_map__set_max_entries(skel.maps.marks, places);
	skel.rodata->mark_places = places;
	bpf_map__set_autocreate(skel.maps.marks, by_storage);
	bpf_map__set_autocreate(skel.maps.marks_over, by_storage);
	bpf_map__set_autocreate(skel.maps.marks_hash, !by_storage);
}

} // namespace corescope
