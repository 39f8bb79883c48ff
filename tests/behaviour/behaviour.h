// SPDX-License-Identifier: BSD-2-Clause
// What every tool must do, whatever it traces. The tools are those that `corescope` itself lists, so a new one is
// tested here from its first day; what it must add is a line in Stimulus if nothing there makes an event for it.
#pragma once

#include "live/harness.h"
#include "live/ran.h"
#include "live/unprivileged.h"

#include <string>
#include <vector>

namespace corescope::test {

using Words = std::vector<std::string>;

constexpr int kSoonMs = 5000; // "at once", also on a machine that others keep busy

// As `corescope` lists them.
struct Listed {
	std::string name, group, summary;
};
const std::vector<Listed>& listed_tools();
std::vector<std::string> tool_names();

// Takes [INTERVAL [COUNT]], and so tells what it counted at times and not each event.
bool has_intervals(const std::string& tool);
bool has_option(const std::string& tool, const std::string& name);

// corescope TOOL more…
Words command(const std::string& tool, const Words& more = {});
// What makes it print soon and again and again: an interval where it has intervals.
Words lively(const std::string& tool);
// What makes it tell each so many seconds, if it has intervals.
Words interval(const std::string& tool, const std::string& seconds);
Words with(Words words, const Words& more);

// Whether it is one line, of the tool or of corescope, that says something.
bool is_one_line(const std::string& errors);

std::vector<std::string> lines_of(const std::string& text);

// A cgroup in which there is nothing but what we put there: a tool that is confined to it is idle. `filter` is empty
// where there is no cgroup2, and tools then see everything.
class Quarters {
public:
	Quarters();
	~Quarters();
	Quarters(const Quarters&) = delete;
	Quarters& operator=(const Quarters&) = delete;
	Words filter() const;
	bool exist() const { return !directory_.empty(); }
	void enter() const; // the calling process

private:
	std::string directory_;
};

// A process that does a little of everything that tools trace: it starts programs, fails to, sends signals, opens
// files, connects, sleeps.
class Stimulus {
public:
	struct Setup {
		const Quarters* quarters = nullptr;
		std::string comm = "stimulus";
		int times = 0; // 0: until it is destroyed
		long pause_us = 1000;
	};
	Stimulus() : Stimulus(Setup()) {}
	explicit Stimulus(const Setup& setup);
	~Stimulus();
	Stimulus(const Stimulus&) = delete;
	Stimulus& operator=(const Stimulus&) = delete;
	void join(); // with `times`: until they are done

private:
	pid_t pid_;
};

// Waits up to kSoonMs for an end, without reading its output; -1 if there is none.
int end_of(Process& process);
// Waits until the condition holds; false after kPatienceMs.
bool until(const std::function<bool()>& condition);
int64_t monotonic_ms();

} // namespace corescope::test
