// SPDX-License-Identifier: BSD-2-Clause
// Words for the causes of loss; see loss.h.
#include "bpf/loss.h"

namespace corescope {

const char* loss_reason(unsigned cause)
{
	switch (cause) {
	case LOSS_RING_FULL: return "ring buffer full";
	case LOSS_TABLE_FULL: return "table full";
	case LOSS_BUSY: return "program busy";
	case LOSS_STACK_FULL: return "stack table full";
	}
	return "unknown";
}

const char* loss_remedy(unsigned cause)
{
	switch (cause) {
	case LOSS_RING_FULL: return "a larger --buffer-size, or a faster reader, helps";
	case LOSS_TABLE_FULL: return "a larger --max-keys helps";
	case LOSS_STACK_FULL: return "counted without their stack; a larger --stack-storage-size helps";
	}
	return "";
}

void LossWatch::look() { busy_ = object_.passed_over(); }

void LossWatch::freeze()
{
	look();
	for (unsigned i = 0; i < LOSS_CAUSES; i++)
		final_[i] = now(i);
	frozen_ = true;
}

bool LossWatch::any_new() const
{
	for (unsigned i = 0; i < LOSS_CAUSES; i++)
		if (now(i) != told_[i])
			return true;
	return false;
}

std::vector<Loss> LossWatch::take()
{
	std::vector<Loss> found;
	for (unsigned i = 0; i < LOSS_CAUSES; i++) {
		const uint64_t count = now(i);
		if (count != told_[i])
			found.push_back({loss_reason(i), count - told_[i]});
		told_[i] = count;
	}
	return found;
}

LossCounts LossWatch::counts() const
{
	LossCounts all;
	for (unsigned i = 0; i < LOSS_CAUSES; i++)
		all[i] = now(i);
	return all;
}

std::vector<Loss> losses_of(const LossCounts& counts)
{
	std::vector<Loss> found;
	for (unsigned i = 0; i < LOSS_CAUSES; i++)
		if (counts[i])
			found.push_back({loss_reason(i), counts[i]});
	return found;
}

std::string loss_sentence(const LossCounts& counts, const char* what)
{
	std::string text;
	for (unsigned i = 0; i < LOSS_CAUSES; i++) {
		if (!counts[i])
			continue;
		text +=
			(text.empty() ? "lost " : "; ") + std::to_string(counts[i]) + " " + what + ": " + loss_reason(i);
		if (*loss_remedy(i))
			text += std::string(" (") + loss_remedy(i) + ")";
	}
	return text;
}

} // namespace corescope
