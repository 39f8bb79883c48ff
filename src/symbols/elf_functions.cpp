// SPDX-License-Identifier: BSD-2-Clause
// Both symbol tables, and the notes of type stapsdt.
#include "symbols/elf_functions.h"

#include "base/error.h"
#include "symbols/elf_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <gelf.h>
#include <map>
#include <optional>
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
		try {
			file_.emplace(fd_);
		} catch (const Error& error) {
			close(fd_);
			throw Error(error.code, path + ": " + error.message);
		}
	}
	~Binary()
	{
		file_.reset();
		close(fd_);
	}
	Binary(const Binary&) = delete;
	Binary& operator=(const Binary&) = delete;
	const ElfFile& file() const { return *file_; }
	Elf* elf() const { return file_->elf(); }

private:
	int fd_;
	std::optional<ElfFile> file_;
};

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
	for (const unsigned table : {SHT_SYMTAB, SHT_DYNSYM}) {
		const bool there = binary.file().for_each_symbol(table, [&](const ElfFile::Symbol& symbol) {
			if (symbol.type == STT_FUNC || symbol.type == STT_GNU_IFUNC)
				found.functions.push_back({std::string(symbol.name), symbol.address, symbol.size});
		});
		found.stripped = found.stripped && !(there && table == SHT_SYMTAB);
	}
	for (Elf_Scn* section = nullptr; (section = elf_nextscn(binary.elf(), section));) {
		GElf_Shdr header;
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE)
			read_notes(binary.elf(), section, usdt);
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

} // namespace corescope
