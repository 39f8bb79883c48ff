// SPDX-License-Identifier: BSD-2-Clause
// What is pinned where: every BPF file system that some process sees is walked.
#pragma once

#include "bpf/kernel_objects.h"

#include <string>
#include <vector>

namespace corescope {

struct PinnedObject {
	ObjectKind kind;
	uint32_t id;
	std::string path; // as this process can open it; of another mount namespace: below /proc/PID/root
};

// not_seen: how many processes' mounts could not be read.
std::vector<PinnedObject> pinned_objects(unsigned& not_seen);

} // namespace corescope
