// SPDX-License-Identifier: BSD-2-Clause
// See callers.h.
#include "symbols/callers.h"

#include "symbols/symbolizer.h"

#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <vector>

namespace corescope {

namespace {

constexpr size_t kProcesses = 1024; // that are remembered

class Callers {
public:
	std::string_view names(const AddressSpace& space, std::span<const uint64_t> ips)
	{
		remember(space);
		text_.clear();
		for (const uint32_t number : symbols_.user(space, ips))
			(text_ += symbols_.frame(number).name) += '\0';
		symbols_.make_room();
		return text_;
	}

private:
	// The one that came first goes first.
	void remember(const AddressSpace& space)
	{
		if (!known_.insert(space).second)
			return;
		order_.push_back(space);
		if (order_.size() <= kProcesses)
			return;
		symbols_.forget(order_.front());
		known_.erase(order_.front());
		order_.pop_front();
	}

	Symbolizer symbols_;
	std::set<AddressSpace> known_;
	std::deque<AddressSpace> order_;
	std::string text_;
};

} // namespace

std::string_view caller_names(uint32_t pid, uint32_t nspid, const user_callers& callers)
{
	if (callers.count <= 0)
		return {};
	static Callers all;
	const size_t count = std::min<size_t>(static_cast<size_t>(callers.count), CALLERS_MOST);
	const std::vector<uint64_t> ips(callers.ips, callers.ips + count);
	return all.names({pid, callers.exec, callers.start_ns, nspid}, ips);
}

} // namespace corescope
