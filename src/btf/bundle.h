// SPDX-License-Identifier: BSD-2-Clause
// Minimal BTF of many kernels in one compressed file. It says what it can answer, so that a corescope that asks more
// notices: to a question that was not foreseen a minimal BTF would say no, and that may be a lie.
#pragma once

#include "btf/file.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

struct BtfBundle {
	struct Entry {
		KernelName kernel; // version "": of any build of that release
		std::string raw;   // BTF
	};

	std::string made_by; // version of corescope
	std::set<std::string> questions;
	std::vector<Entry> entries; // in order of their kernels

	// Takes the place of what there was for this kernel.
	void add(Entry entry);
	// The one of that very build, or else of any build; null if there is none.
	const Entry* find(const KernelName& kernel) const;
	// Of these questions one that it was not made for; "" if there is none.
	std::string cannot_answer(const std::set<BtfQuestion>& asked) const;
};

std::string pack_bundle(const BtfBundle& bundle);
// name: how messages call it. Throws Error(kDataError).
BtfBundle unpack_bundle(std::string_view bytes, const std::string& name);
// Whether a file begins like a bundle. Throws Error(kUsage) where it cannot be opened.
bool is_bundle(const std::string& path);
BtfBundle read_bundle(const std::string& path); // throws Error

} // namespace corescope
