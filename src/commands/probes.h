// SPDX-License-Identifier: BSD-2-Clause
// The parts of `corescope probes`: what kinds of places to attach to there are, and what is found of each.
#pragma once

#include "cli/values.h"

#include <functional>
#include <string>
#include <vector>

namespace corescope {

struct KindList {
	std::vector<std::string> names; // none: all that make sense
	bool has(const std::string& name) const;
};
void parse_value(KindList& out, const char* text);

struct ProbesOptions {
	std::string glob;
	bool verbose = false, no_header = false;
	KindList kinds;
	Pid pid;
	std::string binary;
	OutputFormat output = OutputFormat::table;
};

// A way to attach to what is of a kind, and whether this kernel allows it, found by trial.
struct Way {
	const char* section; // its first part: "fentry"
	const char* trial;   // its name among hook_trials()
	enum class Answer { yes, no, unknown } answer = Answer::unknown;
	std::string why{}; // not, or not known

	std::string section_of(const std::string& probe) const;
};

struct ProbeKind {
	const char* name;
	const char* what;
	bool in_binary;
	std::vector<Way> ways; // the best first
	size_t found = 0;

	// The first that is allowed; where none is, the first.
	const Way& way() const;
};

struct Probe {
	const ProbeKind* kind;
	std::string name; // tracepoints: "sched/sched_switch"; of a binary: "PATH:name"
	std::string
		section; // as an object file's section for it is named; "" until it is known which way is allowed
	// Whether it, and not only its kind, can be attached to; unknown where the kernel hides its list of such.
	Way::Answer attachable;
	// Only with --verbose.
	std::string prototype{}; // as C; "" if it has none
	std::string arguments{}; // each closed by NUL
};

// Matches the name as it stands, or any way in which people write it ("sched:sched_switch", "sched_switch").
class ProbeGlob {
public:
	explicit ProbeGlob(const std::string& glob);
	bool matches(const char* text) const;
	bool all() const { return all_; }
	// It has a / or :, so sections are meant too. Else k* would mean every kprobe.
	bool with_section() const { return with_section_; }

private:
	std::string glob_;
	bool all_, exact_, with_section_;
};

using ProbeSink = std::function<void(Probe&&)>;

std::vector<ProbeKind> probe_kinds();
// Asks the kernel about every way of these kinds.
void try_ways(std::vector<ProbeKind*>& kinds);

// Both: what they could not look into goes to `unseen`, each a sentence.
void kernel_probes(const ProbesOptions& options, const std::vector<ProbeKind*>& kinds, const ProbeSink& sink,
	std::vector<std::string>& unseen);
void binary_probes(const ProbesOptions& options, const std::vector<ProbeKind*>& kinds, const ProbeSink& sink,
	std::vector<std::string>& unseen);

} // namespace corescope
