// SPDX-License-Identifier: BSD-2-Clause
// What a failed load or attach means, and what would help. libbpf's own hints are often wrong ("try raising
// ulimit -l"), so its words are only shown on demand.
#pragma once

#include "base/error.h"
#include "bpf/surroundings.h"

#include <string>
#include <string_view>

namespace corescope {

// How far a program came.
enum class Stage { types, load, attach, run };
const char* stage_name(Stage stage);

struct Failure {
	Stage stage; // types: it needs some that this kernel does not describe; run: attached, but never ran
	int error;   // errno; 0 at Stage::run
	std::string section;     // of the program, such as "tp/syscalls/sys_exit_kill"; "" if it may be any
	bool trampoline = false; // fentry, fexit, fmod_ret, LSM
};

struct Diagnosis {
	int code;           // kUnavailable, kNoPermission or kFailure
	std::string cause;  // one line
	std::string remedy; // one line; "" where there is none
	std::string line() const { return remedy.empty() ? cause : cause + "; " + remedy; }
};
// Looks at nothing but its arguments.
Diagnosis diagnose(const Failure& failure, const Surroundings& here);

// What refused a program, as the one line that ends a run, and in its parts.
struct Refused : Error {
	Refused(const std::string& what, const Diagnosis& why)
		: Error(why.code, what + why.line()), diagnosis(why)
	{}
	Diagnosis diagnosis;
};

// Whether a program of that section goes through a trampoline.
bool is_trampoline(std::string_view section);

// error: negative errno, as libbpf returns it. trampoline: some of the programs are of that kind.
Refused explain_load(int error, bool trampoline);
Refused explain_no_btf(); // the kernel offers none, and there is no file
// A set that needs typed pointers, where libbpf and the verifier have not the same types.
Refused explain_typed_hooks(std::string_view hooks);
Refused explain_attach(int error, std::string_view section);

// With --verbose: "TOOL WHAT: WHY" on standard error.
void log_line(const char* tool, const std::string& what, const std::string& why);

} // namespace corescope
