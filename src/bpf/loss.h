// SPDX-License-Identifier: BSD-2-Clause
// The counters of loss that the kernel half keeps, as users read them.
#pragma once

#include "bpf/object.h"
#include "event.h"
#include "output/records.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace corescope {

using LossCounts = std::array<uint64_t, LOSS_CAUSES>;

const char* loss_reason(unsigned cause); // "ring buffer full"
const char* loss_remedy(unsigned cause); // "a larger --buffer-size helps"; "" if nothing does

// Values of all causes; those that are 0 are left out.
std::vector<Loss> losses_of(const LossCounts& counts);
// One line for standard error, "" when nothing was lost.
std::string loss_sentence(const LossCounts& counts, const char* what);

// Tells what was lost since it was last asked.
class LossWatch {
public:
	LossWatch(const event_shared* shared, const Object& object) : shared_(shared), object_(object) {}

	// Asks the kernel for what it counts itself, which costs some microseconds.
	void look();

	// What is lost from now on does not count: the run has ended.
	void freeze();
	bool any_new() const;
	std::vector<Loss> take(); // since the last take()
	LossCounts counts() const;
	std::vector<Loss> total() const { return losses_of(counts()); }
	std::string sentence(const char* what) const { return loss_sentence(counts(), what); }

private:
	uint64_t now(unsigned cause) const
	{
		if (frozen_)
			return final_[cause];
		return cause == LOSS_BUSY ? busy_ : __atomic_load_n(&shared_->lost[cause], __ATOMIC_RELAXED);
	}

	const event_shared* shared_;
	const Object& object_;
	uint64_t busy_ = 0;
	bool frozen_ = false;
	uint64_t final_[LOSS_CAUSES] = {};
	uint64_t told_[LOSS_CAUSES] = {};
};

} // namespace corescope
