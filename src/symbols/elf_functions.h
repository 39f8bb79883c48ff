// SPDX-License-Identifier: BSD-2-Clause
// What a uprobe can be put at in a binary: its functions, and the places that its author marked (USDT).
#pragma once

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace corescope {

struct ElfFunction {
	std::string name; // as the linker knows it, without a version
	uint64_t address;
	uint64_t size;
};
struct UsdtProbe {
	std::string provider, name;
	std::string arguments; // as the note has them: "-4@%edi 8@%rsi"
	uint64_t address;      // of the first place of this name
	unsigned places = 1;
	bool semaphore = false; // costs nothing until somebody raises it
};
struct ElfProbes {
	std::vector<ElfFunction> functions; // by name, each once
	std::vector<UsdtProbe> usdt;        // by provider and name
	bool stripped = false;              // has only the names that other binaries link to
};

// Throws Error(kDataError) if it is no ELF file, kUsage if it cannot be opened.
ElfProbes elf_probes(const std::string& path);

// The binary of a process and the libraries that it has mapped, its own first. Throws Error(kUsage) if there is no such
// process, kNoPermission if its maps may not be read.
struct MappedFile {
	std::string path; // as the process sees it
	std::string open; // as we can open it, also where it is in another mount namespace
};
std::vector<MappedFile> mapped_binaries(pid_t pid);

} // namespace corescope
