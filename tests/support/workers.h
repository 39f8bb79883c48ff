// SPDX-License-Identifier: BSD-2-Clause
// A suite run by several processes at once, which Catch2 2 cannot do: its test cases go in batches to workers that are the
// same program. Each case is run once; one during which its worker dies or hangs fails, and the others go on.
#pragma once

#include <string>
#include <vector>

namespace corescope::test {

struct Case {
	std::string name;
	bool alone = false; // tag [alone]: what it looks at, or changes, is the whole machine's
};

struct Workers {
	unsigned at_once = 1;
	unsigned batch = 5;        // cases to a worker
	unsigned patience_s = 300; // for one case
	// So many failed cases are run once more, alone; where more failed, one died or hung, or a sanitizer spoke, none.
	unsigned again = 0;
	std::vector<std::string> command; // of a worker; `--batch CASES TOLD` is put behind the first word
};

// What goes to one worker: every case in one batch, those with [alone] in batches of their own, at the end. Which case is
// in which batch depends on the list alone; neighbours, which tend to take equally long, are dealt to different batches.
std::vector<std::vector<Case>> batches(const std::vector<Case>& cases, unsigned size);

// Runs them, prints what the workers say, batch by batch, and the sum. Returns the number of failed cases. One that fails
// beside others and passes alone counts as passed, and is named in a line `UNSTEADY NAME`.
// Throws std::system_error where no process can be had.
unsigned run_workers(const std::vector<Case>& cases, const Workers& setup);

// The worker's half. Its cases are the lines of the file open as `cases`; what happens is told to the pipe `told`.
std::vector<std::string> begin_batch(int cases, int told);
void tell_begin(const std::string& name);
enum class Outcome : char { passed = 'p', failed = 'f', skipped = 's' };
void tell_end(const std::string& name, Outcome outcome);

} // namespace corescope::test
