// SPDX-License-Identifier: BSD-2-Clause
// The processes that hold programs, maps and links of BPF by a descriptor: told by an iterator over all open files, and
// where the kernel takes none, by /proc/PID/fdinfo.
#pragma once

#include "bpf/kernel_objects.h"
#include "holder.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

struct holders_bpf;

namespace corescope {

class HolderWalk {
public:
	// Loads the iterator, or finds out that it cannot be.
	HolderWalk();
	~HolderWalk();
	HolderWalk(const HolderWalk&) = delete;
	HolderWalk& operator=(const HolderWalk&) = delete;

	// One record for each descriptor, our own not among them.
	std::vector<holder> all();

	// A link of no use but for its id, which is the newest; -1 inside where there is no iterator.
	Descriptor another_link() const;

	bool by_iterator() const { return iterator_ >= 0; }
	// Processes that the last walk was not allowed to look into (0 with the iterator, which sees all).
	unsigned not_seen() const { return not_seen_; }
	// What the walk itself has in the kernel: of no interest to who looks for others' programs.
	bool own(ObjectKind kind, uint32_t id) const { return own_.count({kind, id}) != 0; }

private:
	std::vector<holder> by_fdinfo();
	void note_own();

	holders_bpf* skeleton_ = nullptr;
	int iterator_ = -1; // of its link
	int perf_ = -1;
	unsigned not_seen_ = 0;
	std::set<std::pair<ObjectKind, uint32_t>> own_;
};

} // namespace corescope
