// SPDX-License-Identifier: BSD-2-Clause
// Which objects came and went between two looks at a list of ids. The kernel gives ids out one after the other (maps, links:
// idr_alloc_cyclic), so that one that is missing below the newest was given out and is free again: what lived for a moment
// between two looks is not overlooked. Knows nothing of the kernel.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

namespace corescope {

struct IdChange {
	uint32_t id;
	bool came; // else it went
};

class IdAccount {
public:
	// present: all that is there now, ascending. newest: an id known to have been given out just before (0: not known;
	// then what went before the first id that comes is not told, since nobody knows when that was).
	IdAccount(const std::vector<uint32_t>& present, uint32_t newest);

	// What has changed since the last look: new ids in their order, each at once followed by its end if it is gone
	// already; then the ends of others. newest: was given out before `present` was read, and is no one else's; 0: none.
	std::vector<IdChange> look(const std::vector<uint32_t>& present, uint32_t newest);

private:
	std::set<uint32_t> present_;
	uint32_t newest_; // 0: not known
};

} // namespace corescope
