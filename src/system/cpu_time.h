// SPDX-License-Identifier: BSD-2-Clause
// Time on a CPU, shared out between user space and the kernel.
#pragma once

#include <algorithm>
#include <cstdint>

namespace corescope {

// Of run_ns, which the scheduler sums exactly, what was spent in the kernel, by the other books that it keeps (of any
// unit): it, too, takes these only to share the sum out (kernel/sched/cputime.c). The rest was in user space.
inline uint64_t kernel_share_ns(uint64_t run_ns, uint64_t kernel_time, uint64_t user_time)
{
	if (!kernel_time)
		return 0;
	if (!user_time)
		return run_ns;
	const double share = static_cast<double>(kernel_time) /
		(static_cast<double>(kernel_time) + static_cast<double>(user_time));
	return std::min(run_ns, static_cast<uint64_t>(static_cast<double>(run_ns) * share));
}

} // namespace corescope
