// SPDX-License-Identifier: BSD-2-Clause
// What the tests of pins share: names of their own, gone at the end whatever happened, and what the kernel itself
// knows of the programs behind them.
#pragma once

#include "harness.h"
#include "unprivileged.h"

#include <string>
#include <vector>

namespace corescope::test {

using Words = std::vector<std::string>;

// A name that no other test has; what is pinned under it is removed.
class OwnPin {
public:
	explicit OwnPin(const std::string& what);
	~OwnPin();
	OwnPin(const OwnPin&) = delete;
	OwnPin& operator=(const OwnPin&) = delete;

	const std::string& name() const { return name_; }
	std::string folder() const; // in the BPF file system

private:
	std::string name_;
};

struct Done {
	int status = 0;
	std::string out, err;
};
// corescope arguments…, to its end.
Done corescope(const Words& arguments, const Process::Setup& setup = {});
// The same, which must succeed in silence but for its output.
std::string must(const Words& arguments);

// What `corescope pinned read NAME arguments… --output json` says: all its records. stderr goes to *errors.
std::vector<Json> read_pin(
	const std::string& name, const Words& arguments = {}, std::string* errors = nullptr);

// What `pinned list` says of one; null if it isn't there.
Json listed_pin(const std::string& name);

// Ids of the programs behind a pin's links.
std::vector<uint32_t> programs_of_pin(const std::string& folder);
bool program_exists(uint32_t id);
// The kernel frees programs a grace period after their last reference.
bool programs_go(const std::vector<uint32_t>& ids);

bool is_one_line(const std::string& text);

} // namespace corescope::test
