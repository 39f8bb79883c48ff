// SPDX-License-Identifier: BSD-2-Clause
// What libbpf says while it works, kept instead of printed: its warnings tell which program failed and why, and its
// debug lines tell of each CO-RE relocation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace corescope {

// One relocation of a field, type or enumerator to this kernel.
struct CoreRelocation {
	std::string program;
	std::string what;     // "struct task_struct.tgid"
	std::string kind;     // "byte_off"
	std::string before;   // value that the compiler wrote: an offset in bytes, a size, 0 or 1 for "exists"
	std::string after;    // and what it is here
	std::string location; // "insn #5"
	bool failed = false;  // nothing of that name here: the instruction is made one that must not be reached
};

// While it lives, libbpf speaks to it and to nobody else. One at a time.
class LibbpfLog {
public:
	// relocations: also keep the debug lines that tell of them.
	explicit LibbpfLog(bool relocations);
	~LibbpfLog();
	LibbpfLog(const LibbpfLog&) = delete;
	LibbpfLog& operator=(const LibbpfLog&) = delete;

	const std::vector<std::string>& warnings() const { return warnings_; }
	const std::vector<CoreRelocation>& relocations() const { return relocations_; }
	// The first warning that has `words`, without libbpf's prefix; "" if there is none.
	std::string find(std::string_view words) const;

	void take(bool warning, std::string_view line); // for libbpf's callback

private:
	bool keep_relocations_;
	std::vector<std::string> warnings_;
	std::vector<CoreRelocation> relocations_;
};

// The program in libbpf's "prog 'NAME': …"; "" if the line is of another kind.
std::string program_in(std::string_view line);

} // namespace corescope
