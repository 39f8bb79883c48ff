// SPDX-License-Identifier: BSD-2-Clause
// The files that processes have mapped, each once whatever its paths are, and their functions. A file is opened as soon
// as it is seen, so that it may be deleted, and its process and mount namespace may go; it is read when something in
// it is to be named. Of what was read the last 64 MiB are kept; of files that no process has mapped any more, the last 128.
#pragma once

#include "symbols/elf_file.h"
#include "symbols/process_maps.h"
#include "symbols/symbol_table.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <tuple>
#include <vector>

namespace corescope {

class Binaries {
public:
	Binaries();
	~Binaries();
	Binaries(const Binaries&) = delete;
	Binaries& operator=(const Binaries&) = delete;

	// The file behind a mapping of a process that lives, until it is released as often. None if it cannot be opened, or is
	// another one by now.
	std::optional<size_t> open(pid_t pid, const Mapping& mapping);
	void release(size_t file);

	struct Place {
		std::optional<SymbolTable::Found> function; // its name lives until the next call
		std::optional<uint64_t> address;            // as the linker gave it; none if the file is no ELF file
	};
	Place find(
		size_t file, uint64_t file_offset, bool call); // call: of a return address, what lies before it

private:
	using Identity = std::tuple<uint64_t, uint64_t, uint64_t, int64_t>; // device, inode, bytes, changed (ns)
	struct File {
		int fd = -1; // none: the place is free
		Identity identity;
		size_t users = 0; // mappings of processes that are known
		std::string path; // as the process saw it
		size_t root = 0;  // of roots_
		bool broken = false;
		std::unique_ptr<ElfFile> elf;
		std::unique_ptr<SymbolTable> functions;
		uint64_t used = 0;
	};
	size_t root_of(pid_t pid);
	void close_file(File& file);
	size_t close_oldest();
	void close_root(size_t root);
	size_t place_for_file();
	int open_below(size_t root, const std::string& path) const;
	void read(File& file);
	bool add_debug_file(const File& file, SymbolTable& to) const;
	bool add_from(int fd, const std::string& build_id, const uint32_t* crc, SymbolTable& to) const;
	void make_room(const File& keep);

	std::vector<File> files_;
	std::map<Identity, size_t> known_;
	size_t resting_ = 0;     // files without users
	std::vector<int> roots_; // O_PATH; -1: the place is free
	std::map<std::pair<uint64_t, uint64_t>, size_t> known_roots_;
	size_t most_files_;
	uint64_t clock_ = 0;
};

} // namespace corescope
