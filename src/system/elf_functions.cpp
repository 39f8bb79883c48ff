// SPDX-License-Identifier: BSD-2-Clause
// By libelf: both symbol tables, and the notes of type stapsdt.
#include "system/elf_functions.h"

#include "base/error.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <fcntl.h>
#include <gelf.h>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <unistd.h>

namespace corescope {

namespace {

constexpr unsigned kStapsdt = 3; // n_type
constexpr char kOwnerText[] = "stapsdt";
constexpr std::string_view kOwner(kOwnerText, sizeof(kOwnerText)); // n_name counts the NUL

class Binary {
public:
	explicit Binary(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC))
	{
		if (fd_ < 0)
			throw Error(errno == EACCES || errno == EPERM ? kNoPermission : kUsage,
				path + ": " + std::strerror(errno));
		elf_version(EV_CURRENT);
		elf_ = elf_begin(fd_, ELF_C_READ_MMAP, nullptr);
		if (!elf_ || elf_kind(elf_) != ELF_K_ELF) {
			elf_end(elf_);
			close(fd_);
			throw Error(
				kDataError, path + ": is no ELF file: only programs and libraries have functions and probes");
		}
	}
	~Binary()
	{
		elf_end(elf_);
		close(fd_);
	}
	Binary(const Binary&) = delete;
	Binary& operator=(const Binary&) = delete;
	Elf* elf() const { return elf_; }

private:
	int fd_;
	Elf* elf_ = nullptr;
};

void read_symbols(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, std::vector<ElfFunction>& functions)
{
	Elf_Data* data = elf_getdata(section, nullptr);
	if (!data || !header.sh_entsize)
		return;
	const size_t count = std::min<size_t>(header.sh_size, data->d_size) / header.sh_entsize;
	for (size_t i = 0; i < count && i < INT32_MAX; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(data, static_cast<int>(i), &symbol))
			return;
		const unsigned type = GELF_ST_TYPE(symbol.st_info);
		if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol.st_shndx == SHN_UNDEF || !symbol.st_value)
			continue;
		const char* name = elf_strptr(elf, header.sh_link, symbol.st_name);
		if (!name || !*name)
			continue;
		const size_t end = std::string_view(name).find('@'); // name@@VERSION
		functions.push_back({std::string(name).substr(0, end), symbol.st_value, symbol.st_size});
	}
}

// The descriptor: three addresses (place, base, semaphore), then three strings: provider, name, arguments.
void read_note(
	Elf* elf, std::string_view descriptor, std::map<std::pair<std::string, std::string>, UsdtProbe>& probes)
{
	const size_t word = gelf_getclass(elf) == ELFCLASS64 ? 8 : 4;
	if (descriptor.size() < 3 * word)
		return;
	uint64_t numbers[3] = {};
	for (size_t i = 0; i < 3; i++)
		std::memcpy(&numbers[i], descriptor.data() + i * word, word);
	descriptor.remove_prefix(3 * word);
	std::string texts[3];
	for (std::string& text : texts) {
		const size_t end = descriptor.find('\0');
		if (end == std::string_view::npos)
			return;
		text = descriptor.substr(0, end);
		descriptor.remove_prefix(end + 1);
	}
	const auto [probe, added] = probes.try_emplace(
		{texts[0], texts[1]}, UsdtProbe{texts[0], texts[1], texts[2], numbers[0], 0, numbers[2] != 0});
	probe->second.places++;
}

void read_notes(Elf* elf, Elf_Scn* section, std::map<std::pair<std::string, std::string>, UsdtProbe>& probes)
{
	Elf_Data* data = elf_getdata(section, nullptr);
	if (!data || !data->d_buf)
		return;
	const std::string_view bytes(static_cast<const char*>(data->d_buf), data->d_size);
	GElf_Nhdr note;
	size_t at = 0, name = 0, descriptor = 0;
	while (at < bytes.size() && (at = gelf_getnote(data, at, &note, &name, &descriptor)) > 0)
		if (note.n_type == kStapsdt && bytes.substr(name, note.n_namesz) == kOwner)
			read_note(elf, bytes.substr(descriptor, note.n_descsz), probes);
}

} // namespace

ElfProbes elf_probes(const std::string& path)
{
	const Binary binary(path);
	ElfProbes found;
	found.stripped = true;
	std::map<std::pair<std::string, std::string>, UsdtProbe> usdt;
	for (Elf_Scn* section = nullptr; (section = elf_nextscn(binary.elf(), section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM) {
			read_symbols(binary.elf(), section, header, found.functions);
			found.stripped = found.stripped && header.sh_type != SHT_SYMTAB;
		} else if (header.sh_type == SHT_NOTE) {
			read_notes(binary.elf(), section, usdt);
		}
	}
	std::stable_sort(found.functions.begin(), found.functions.end(),
		[](const ElfFunction& a, const ElfFunction& b) { return a.name < b.name; });
	found.functions.erase(std::unique(found.functions.begin(), found.functions.end(),
							  [](const ElfFunction& a, const ElfFunction& b) { return a.name == b.name; }),
		found.functions.end());
	for (auto& [name, probe] : usdt)
		found.usdt.push_back(std::move(probe));
	return found;
}

std::vector<MappedFile> mapped_binaries(pid_t pid)
{
	const std::string process = "/proc/" + std::to_string(pid);
	FILE* maps = std::fopen((process + "/maps").c_str(), "re");
	if (!maps)
		throw Error(errno == ENOENT ? kUsage : kNoPermission,
			"process " + std::to_string(pid) + ": " +
				(errno == ENOENT ? "there is none" : std::strerror(errno)));
	std::vector<MappedFile> files;
	const std::string root = process + "/root";
	char* line = nullptr;
	size_t room = 0;
	while (getline(&line, &room, maps) > 0) {
		char flags[8] = {};
		int path = 0;
		line[std::strcspn(line, "\n")] = '\0';
		if (std::sscanf(line, "%*s %7s %*s %*s %*s %n", flags, &path) != 1 || flags[2] != 'x' ||
			line[path] != '/')
			continue;
		const std::string name = line + path;
		if (std::none_of(
				files.begin(), files.end(), [&](const MappedFile& file) { return file.path == name; }))
			files.push_back({name, root + name});
	}
	const bool failed = std::ferror(maps);
	std::free(line);
	std::fclose(maps);
	if (failed)
		throw Error(
			kNoPermission, "process " + std::to_string(pid) + ": its maps may not be read; run it as root");
	// Libraries may be mapped below the program.
	char own[4096] = {};
	if (readlink((process + "/exe").c_str(), own, sizeof(own) - 1) > 0)
		std::stable_partition(
			files.begin(), files.end(), [&](const MappedFile& file) { return file.path == own; });
	return files;
}

std::string demangled(const std::string& name)
{
	if (name.compare(0, 2, "_Z") != 0)
		return name;
	int status = 0;
	const std::unique_ptr<char, decltype(&std::free)> text(
		abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
	return text ? text.get() : name;
}

} // namespace corescope
