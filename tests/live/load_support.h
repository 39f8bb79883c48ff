// SPDX-License-Identifier: BSD-2-Clause
// Objects for `corescope load` (docs/examples, as make has built them), and small processes that give them something to
// see.
#pragma once

#include "harness.h"
#include "pin_folder.h"

#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace corescope::test {

// Its object file, or "" where it was not built (in a guest without the examples).
std::string example_path(const std::string& name);

#define NEEDS_EXAMPLES()                               \
	if (const auto why = cannot_trace(); !why.empty()) \
		SKIP_TEST(why);                                \
	if (example_path("hello").empty())                 \
	SKIP_TEST("the examples (build/examples) are not here")

// `load` of an example, with more words behind it.
std::vector<std::string> example_command(const std::string& name, const std::vector<std::string>& more = {});

// A child that waits in its own code until go(), then does what it was made for and ends; wait() returns its exit
// status, or 128 + signal.
class Child {
public:
	explicit Child(std::function<void()> act);
	~Child();
	Child(const Child&) = delete;
	Child& operator=(const Child&) = delete;

	pid_t pid() const { return pid_; }
	void go();
	int wait();

private:
	pid_t pid_ = -1;
	int gate_ = -1;
	bool waited_ = false;
};

// One that executes /bin/true.
class ExecChild : public Child {
public:
	ExecChild();
};

// What a command says and how it ends.
struct LoadSaid {
	int status;
	std::string out, errors;
};
LoadSaid run_load(std::vector<std::string> arguments);

// What was written of a map: records of type row or hist.
std::vector<Json> rows(const Tool& tool, const std::string& map);

// Lines of bpf_printk that a thread has caused.
std::vector<std::string> said_by(const Tool& tool, pid_t tid);

} // namespace corescope::test
