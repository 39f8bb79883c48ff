// SPDX-License-Identifier: BSD-2-Clause
// See id_account.h.
#include "base/id_account.h"

#include <algorithm>
#include <limits>

namespace corescope {

namespace {

// Ids begin again at 1 behind the greatest int: whoever is that much smaller is the younger one.
bool is_later(uint32_t a, uint32_t b)
{
	constexpr uint32_t kHalf = std::numeric_limits<int32_t>::max() / 2;
	return a > b ? a - b < kHalf : b - a > kHalf;
}

} // namespace

IdAccount::IdAccount(const std::vector<uint32_t>& present, uint32_t newest)
	: present_(present.begin(), present.end()), newest_(newest)
{}

std::vector<IdChange> IdAccount::look(const std::vector<uint32_t>& present, uint32_t newest)
{
	std::vector<IdChange> changes;
	const std::set<uint32_t> now(present.begin(), present.end());
	const auto vanished = [&](uint32_t until) { // given out since the last look, below `until`, and gone
		for (uint32_t id = newest_ + 1; newest_ && id < until; id++)
			if (id != newest && !present_.count(id) && !now.count(id)) {
				changes.push_back({id, true});
				changes.push_back({id, false});
			}
	};
	for (const uint32_t id : now) {
		if (present_.count(id))
			continue;
		vanished(id);
		changes.push_back({id, true});
		if (!newest_ || is_later(id, newest_))
			newest_ = id;
	}
	if (newest && newest_ && is_later(newest, newest_)) {
		vanished(newest);
		newest_ = newest;
	}
	for (const uint32_t id : present_)
		if (!now.count(id))
			changes.push_back({id, false});
	present_ = now;
	return changes;
}

} // namespace corescope
