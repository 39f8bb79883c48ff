// SPDX-License-Identifier: BSD-2-Clause
// By libelf; see elf_file.h. A file may be anything at all: what does not fit is left out.
#include "symbols/elf_file.h"

#include "base/error.h"

#include <algorithm>
#include <cstring>
#include <gelf.h>
#include <lzma.h>

namespace corescope {

namespace {

constexpr size_t kMostMiniDebug = 64 << 20; // bytes, unpacked
constexpr uint64_t kMostLzmaMemory = 128 << 20;

std::string_view bytes_of(Elf_Scn* section)
{
	Elf_Data* data = elf_rawdata(section, nullptr);
	if (!data || !data->d_buf)
		return {};
	return {static_cast<const char*>(data->d_buf), data->d_size};
}

// Marks of the assembler, which name no function: "$x", "$d.1" of arm, ".L…".
bool is_mark(std::string_view name) { return name.empty() || name[0] == '$' || name.substr(0, 2) == ".L"; }

unsigned rank_of(const ElfFile::Symbol& symbol)
{
	const unsigned binding = symbol.binding == STB_GLOBAL ? 2 : symbol.binding == STB_WEAK ? 1 : 0;
	// Names with a leading '_' are mostly a library's own for what others call otherwise.
	return (symbol.type == STT_NOTYPE ? 0 : 8) + binding * 2 + (symbol.name[0] != '_');
}

} // namespace

ElfFile::ElfFile(int fd)
{
	elf_version(EV_CURRENT);
	elf_ = elf_begin(fd, ELF_C_READ, nullptr);
	read_segments();
}

ElfFile::ElfFile(std::string& bytes)
{
	elf_version(EV_CURRENT);
	elf_ = elf_memory(bytes.data(), bytes.size());
	read_segments();
}

ElfFile::~ElfFile() { elf_end(elf_); }

void ElfFile::read_segments()
{
	if (!elf_ || elf_kind(elf_) != ELF_K_ELF) {
		elf_end(elf_);
		elf_ = nullptr;
		throw Error(kDataError, "is no ELF file: only programs and libraries have functions and probes");
	}
	size_t count = 0;
	if (elf_getphdrnum(elf_, &count))
		return;
	for (size_t i = 0; i < count && i < 4096; i++) {
		GElf_Phdr header;
		if (gelf_getphdr(elf_, static_cast<int>(i), &header) && header.p_type == PT_LOAD)
			segments_.push_back(
				{header.p_offset, header.p_vaddr, header.p_filesz, (header.p_flags & PF_X) != 0});
	}
}

std::optional<uint64_t> ElfFile::address_of(uint64_t file_offset) const
{
	for (const bool executable : {true, false})
		for (const Segment& segment : segments_)
			if (segment.executable == executable && file_offset >= segment.offset &&
				file_offset - segment.offset < segment.size)
				return file_offset - segment.offset + segment.address;
	return std::nullopt;
}

bool ElfFile::for_each_symbol(unsigned table, const std::function<void(const Symbol&)>& take) const
{
	bool found = false;
	std::vector<bool> code; // of each section
	for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section));) {
		GElf_Shdr header;
		code.resize(elf_ndxscn(section) + 1);
		if (gelf_getshdr(section, &header))
			code.back() = header.sh_flags & SHF_EXECINSTR;
	}
	for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header) || header.sh_type != table || !header.sh_entsize)
			continue;
		Elf_Data* data = elf_getdata(section, nullptr);
		if (!data || !data->d_buf)
			continue;
		found = true;
		const size_t count = std::min<size_t>(header.sh_size, data->d_size) / header.sh_entsize;
		for (size_t i = 0; i < count && i < INT32_MAX; i++) {
			GElf_Sym symbol;
			if (!gelf_getsym(data, static_cast<int>(i), &symbol))
				break;
			if (symbol.st_shndx == SHN_UNDEF || !symbol.st_value)
				continue;
			const char* name = elf_strptr(elf_, header.sh_link, symbol.st_name);
			if (!name || !*name)
				continue;
			std::string_view text = name;
			if (const size_t end = text.find('@'); end != std::string_view::npos && end) // name@@VERSION
				text = text.substr(0, end);
			take({text, symbol.st_value, symbol.st_size, static_cast<unsigned>(GELF_ST_TYPE(symbol.st_info)),
				static_cast<unsigned>(GELF_ST_BIND(symbol.st_info)),
				symbol.st_shndx < code.size() && code[symbol.st_shndx]});
		}
	}
	return found;
}

bool ElfFile::add_functions(unsigned table, SymbolTable& to) const
{
	return for_each_symbol(table, [&](const Symbol& symbol) {
		const bool function = symbol.type == STT_FUNC || symbol.type == STT_GNU_IFUNC;
		// What was written in assembly often says nothing of what it is.
		if (function || (symbol.type == STT_NOTYPE && symbol.code && !is_mark(symbol.name)))
			to.add(symbol.address, symbol.size, symbol.name, rank_of(symbol));
	});
}

void ElfFile::add_plt(SymbolTable& to) const
{
	Elf_Scn *plt = nullptr, *relocations = nullptr;
	size_t names = 0;
	uint64_t first = 0, entry = 16, size = 0;
	if (elf_getshdrstrndx(elf_, &names))
		return;
	GElf_Ehdr header;
	const bool arm = gelf_getehdr(elf_, &header) && header.e_machine == EM_AARCH64;
	for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section));) {
		GElf_Shdr about;
		const char* name = gelf_getshdr(section, &about) ? elf_strptr(elf_, names, about.sh_name) : nullptr;
		if (!name)
			continue;
		// x86-64 with CET calls through .plt.sec, which has no entry for the linker's own use.
		if (!std::strcmp(name, ".plt.sec") || (!std::strcmp(name, ".plt") && !plt)) {
			plt = section;
			first = about.sh_addr + (name[4] ? 0 : arm ? 32 : 16);
			size = about.sh_addr + about.sh_size - first;
		} else if (!std::strcmp(name, ".rela.plt")) {
			relocations = section;
		}
	}
	GElf_Shdr about;
	if (!plt || !relocations || !gelf_getshdr(relocations, &about) || !about.sh_entsize)
		return;
	Elf_Data* data = elf_getdata(relocations, nullptr);
	Elf_Scn* symbols = elf_getscn(elf_, about.sh_link);
	GElf_Shdr symbol_header;
	Elf_Data* symbol_data = symbols ? elf_getdata(symbols, nullptr) : nullptr;
	if (!data || !symbol_data || !gelf_getshdr(symbols, &symbol_header))
		return;
	const size_t count = std::min<size_t>(data->d_size / about.sh_entsize, size / entry);
	for (size_t i = 0; i < count && i < INT32_MAX; i++) {
		GElf_Rela relocation;
		GElf_Sym symbol;
		if (!gelf_getrela(data, static_cast<int>(i), &relocation) ||
			!gelf_getsym(symbol_data, static_cast<int>(GELF_R_SYM(relocation.r_info)), &symbol))
			continue;
		const char* name = elf_strptr(elf_, symbol_header.sh_link, symbol.st_name);
		if (name && *name)
			to.add(first + i * entry, entry, std::string(name) + "@plt", 0);
	}
}

std::string_view ElfFile::section(const char* wanted) const
{
	size_t names = 0;
	if (elf_getshdrstrndx(elf_, &names))
		return {};
	for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
			continue;
		const char* name = elf_strptr(elf_, names, header.sh_name);
		if (name && !std::strcmp(name, wanted))
			return bytes_of(section);
	}
	return {};
}

std::string ElfFile::build_id() const
{
	const auto in = [](Elf_Data* data) -> std::string {
		GElf_Nhdr note;
		size_t name = 0, text = 0;
		for (size_t at = 0; data && data->d_buf && (at = gelf_getnote(data, at, &note, &name, &text)) > 0;) {
			const char* bytes = static_cast<const char*>(data->d_buf);
			if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !std::memcmp(bytes + name, "GNU", 4))
				return {bytes + text, note.n_descsz};
		}
		return "";
	};
	for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		if (std::string id = in(elf_getdata(section, nullptr)); !id.empty())
			return id;
	}
	size_t count = 0; // a file without sections has it in its segments
	if (elf_getphdrnum(elf_, &count))
		return "";
	for (size_t i = 0; i < count && i < 4096; i++) {
		GElf_Phdr header;
		if (!gelf_getphdr(elf_, static_cast<int>(i), &header) || header.p_type != PT_NOTE ||
			header.p_filesz > 1 << 20)
			continue;
		if (std::string id = in(elf_getdata_rawchunk(
				elf_, static_cast<int64_t>(header.p_offset), header.p_filesz, ELF_T_NHDR));
			!id.empty())
			return id;
	}
	return "";
}

std::optional<ElfFile::DebugLink> ElfFile::debug_link() const
{
	const std::string_view bytes = section(".gnu_debuglink");
	const size_t end = bytes.find('\0');
	if (end == std::string_view::npos || !end || bytes.find('/') < end)
		return std::nullopt;
	const size_t at = (end + 4) / 4 * 4; // the checksum follows the NUL, aligned
	if (at + 4 > bytes.size())
		return std::nullopt;
	DebugLink link{std::string(bytes.substr(0, end))};
	std::memcpy(&link.crc, bytes.data() + at, 4);
	return link;
}

std::string ElfFile::mini_debug_info() const { return unxz(section(".gnu_debugdata"), kMostMiniDebug); }

std::string unxz(std::string_view packed, size_t most)
{
	if (packed.empty())
		return "";
	std::string out;
	lzma_stream stream = LZMA_STREAM_INIT;
	if (lzma_stream_decoder(&stream, kMostLzmaMemory, 0) != LZMA_OK)
		return "";
	stream.next_in = reinterpret_cast<const uint8_t*>(packed.data());
	stream.avail_in = packed.size();
	lzma_ret result = LZMA_OK;
	while (result == LZMA_OK && out.size() <= most) {
		const size_t done = out.size();
		out.resize(done + 65536 + done / 2);
		stream.next_out = reinterpret_cast<uint8_t*>(out.data()) + done;
		stream.avail_out = out.size() - done;
		result = lzma_code(&stream, LZMA_FINISH);
		out.resize(out.size() - stream.avail_out);
	}
	lzma_end(&stream);
	return result == LZMA_STREAM_END && out.size() <= most ? out : "";
}

} // namespace corescope
