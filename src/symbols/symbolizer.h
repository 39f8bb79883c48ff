// SPDX-License-Identifier: BSD-2-Clause
// From addresses in stacks to functions. A process is looked at when its first stack comes, and again when one comes that
// lies outside of what is known, since it may have ended by the time when names are wanted. Naming itself is done when
// somebody asks, and remembered.
#pragma once

#include "symbols/binaries.h"
#include "symbols/frame.h"
#include "symbols/kernel_symbols.h"
#include "symbols/perf_map.h"

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <linux/capability.h>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace corescope {

// A process from one exec to the next.
struct AddressSpace {
	uint32_t pid = 0;
	uint32_t exec = 0;     // goes up with each exec
	uint64_t start_ns = 0; // of the process, since boot
	uint32_t nspid = 0;    // in its own PID namespace; 0: not known
	bool operator<(const AddressSpace& o) const
	{
		return std::tie(pid, start_ns, exec) < std::tie(o.pid, o.start_ns, o.exec);
	}
};

// The capabilities with which it looks at processes of others: their maps, and the files that are mapped.
inline constexpr std::initializer_list<int> kSymbolizerNeeds = {CAP_SYS_PTRACE, CAP_CHECKPOINT_RESTORE};

class Symbolizer {
public:
	Symbolizer();
	~Symbolizer();
	Symbolizer(const Symbolizer&) = delete;
	Symbolizer& operator=(const Symbolizer&) = delete;

	// A stack of a process that may still live.
	void notice(const AddressSpace& space, std::span<const uint64_t> ips);

	// Numbers of frames, for each address of a stack, leaf first. leaf_is_exact: the first one is where something was
	// interrupted; all others are where calls return to.
	std::vector<uint32_t> kernel(std::span<const uint64_t> ips, bool leaf_is_exact);
	std::vector<uint32_t> user(const AddressSpace& space, std::span<const uint64_t> ips);
	const Frame& frame(uint32_t number) const { return frames_[number]; }

	// Why no kernel frame has a name; "" if they have.
	std::string kernel_problem() { return kernel_.problem(); }
	// A process that has ended, and of which all is told. Numbers of frames stay good.
	void forget(const AddressSpace& space);
	// Where many were named, forgets them all: numbers of frames, and what frame() gave, are no longer good.
	void make_room();

private:
	struct Process;
	Process& process_of(const AddressSpace& space);
	void look(const AddressSpace& space, Process& process);
	Frame name_user(const AddressSpace& space, Process& process, uint64_t ip, bool call);
	Frame name_vdso(const Mapping& mapping, uint64_t ip, bool call);
	uint32_t number_of(Frame&& frame);

	KernelSymbols kernel_;
	Binaries binaries_;
	std::map<AddressSpace, std::unique_ptr<Process>> processes_;
	std::deque<Frame> frames_;
	std::unordered_map<std::string, uint32_t> numbers_; // by all that a frame says
	std::unordered_map<uint64_t, uint32_t> kernel_numbers_;
	std::string vdso_bytes_;
	std::unique_ptr<ElfFile> vdso_;
	SymbolTable vdso_functions_;
};

} // namespace corescope
