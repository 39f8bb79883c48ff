// SPDX-License-Identifier: BSD-2-Clause
// The counters of loss that the kernel half keeps, as users read them.
#pragma once

#include "event.h"
#include "output/records.h"

#include <vector>

namespace corescope {

const char* loss_reason(unsigned cause); // "ring buffer full"
const char* loss_remedy(unsigned cause); // "a larger --buffer-size helps"; "" if nothing does

// Tells what was lost since it was last asked.
class LossWatch {
public:
	explicit LossWatch(const event_shared* shared) : shared_(shared) {}

	// What is lost from now on does not count: the run has ended.
	void freeze();
	bool any_new() const;
	std::vector<Loss> take(); // since the last take()
	std::vector<Loss> total() const;
	uint64_t sum() const;
	// One line for standard error, "" when nothing was lost.
	std::string sentence(const char* what) const;

private:
	uint64_t now(unsigned cause) const
	{
		return frozen_ ? final_[cause] : __atomic_load_n(&shared_->lost[cause], __ATOMIC_RELAXED);
	}

	const event_shared* shared_;
	bool frozen_ = false;
	uint64_t final_[LOSS_CAUSES] = {};
	uint64_t told_[LOSS_CAUSES] = {};
};

} // namespace corescope
