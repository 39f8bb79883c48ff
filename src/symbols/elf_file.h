// SPDX-License-Identifier: BSD-2-Clause
// An ELF file: what its segments map to where, whose it is, and the symbols that it has. By libelf, which reads and
// does not map: a file that is cut meanwhile must not end us.
#pragma once

#include "symbols/symbol_table.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct Elf;

namespace corescope {

class ElfFile {
public:
	// fd stays the caller's, and must outlive it. Throws Error(kDataError) if it is no ELF file.
	explicit ElfFile(int fd);
	// Of bytes in memory, which must outlive it.
	explicit ElfFile(std::string& bytes);
	~ElfFile();
	ElfFile(const ElfFile&) = delete;
	ElfFile& operator=(const ElfFile&) = delete;
	Elf* elf() const { return elf_; }

	// The address that the linker gave to what lies at this place in the file, by the segments that are loaded.
	std::optional<uint64_t> address_of(uint64_t file_offset) const;

	struct Symbol {
		std::string_view name; // without a version
		uint64_t address, size;
		unsigned type, binding; // STT_…, STB_…
		bool code;              // lies in a section that is executed
	};
	// Those that are defined here, of the tables of this type: SHT_SYMTAB or SHT_DYNSYM. False if there is no such table.
	bool for_each_symbol(unsigned table, const std::function<void(const Symbol&)>& take) const;
	// Its functions into a table. True if there was one of this type.
	bool add_functions(unsigned table, SymbolTable& to) const;
	// What calls to other files pass through, as "name@plt".
	void add_plt(SymbolTable& to) const;

	std::string build_id() const; // raw bytes; "" if it has none
	struct DebugLink {
		std::string name;
		uint32_t crc = 0;
	};
	std::optional<DebugLink> debug_link() const; // .gnu_debuglink
	// The functions that .symtab had before it was stripped, as distributions keep them (.gnu_debugdata): an ELF file,
	// by xz. "" if there is none, or none that can be read.
	std::string mini_debug_info() const;

private:
	struct Segment {
		uint64_t offset, address, size;
		bool executable;
	};
	void read_segments();
	std::string_view section(const char* name) const; // its bytes; "" if there is none

	Elf* elf_ = nullptr;
	std::vector<Segment> segments_;
};

// The stream of xz that `packed` is; "" if it is none, or would become larger than `most` bytes.
std::string unxz(std::string_view packed, size_t most);

} // namespace corescope
